#!/usr/bin/env bash
# Runs every test against a PostgreSQL of its own and says how many ran.
#   tools/test.sh PATH-OF-LOCAL [ARGUMENT OF cargo test...]
set -uo pipefail
cd "$(dirname "$0")/.."
local_binary=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$local_binary" postgres --ephemeral -- cargo test --workspace --no-fail-fast "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

count() { grep -E '^test result:' "$log" | grep -oE "[0-9]+ $1" | awk '{ sum += $1 } END { print sum + 0 }'; }
passed=$(count passed) failed=$(count failed)
if [ "$passed" = 0 ]; then
    echo "no test ran" >&2
    status=1
fi
printf '\n%s passed, %s failed\n' "$passed" "$failed"
exit "$status"
