#!/usr/bin/env bash
# Runs every test against a PostgreSQL of its own, says how many ran, and names what did not.
#   tools/test.sh PATH-OF-LOCAL [ARGUMENT OF cargo test...]
# Where a part is missing on this machine, the rest runs; with CI=true that is a failure. Go, Java, Python
# and Node make or fetch what is pinned under tools/, the first time.
set -uo pipefail
cd "$(dirname "$0")/.."
local_binary=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# What needs the real bus skips itself where that can't be had.
with_kafka=()
if daprd=$(tools/daprd.sh --pinned) && kafka_libs=$(tools/kafka.sh); then
    export TEST_DAPRD=$daprd KAFKA_LIBS=$kafka_libs
    with_kafka=("$local_binary" kafka --ephemeral --)
fi

# So does what other people's programs read, serve or know better.
if ical4j_libs=$(tools/ical4j.sh); then
    export ICAL4J_LIBS=$ical4j_libs
fi
if schemathesis=$(tools/python.sh schemathesis); then
    export SCHEMATHESIS=$schemathesis/bin/schemathesis
fi
for name in dateutil mail push; do
    if folder=$(tools/python.sh "$name"); then
        export "${name^^}_PYTHON=$folder/bin/python"
    fi
done

for tool in chrono mcp; do
    (cd "tools/$tool" && npm ci --silent --no-audit --no-fund) || echo "tools/$tool can't be had on this machine" >&2
done

has_postgres() { "$local_binary" postgres --ephemeral -- true >"$log" 2>&1; }

without_postgres=
# The second look is for what the preflight may have fetched.
if has_postgres || { tools/preflight.sh; has_postgres; }; then
    "$local_binary" postgres --ephemeral -- "${with_kafka[@]}" \
        cargo test --workspace --no-fail-fast "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
else
    cat "$log" >&2
    without_postgres="every test that needs PostgreSQL: of chat-api, reminder-worker, messaging, local and e2e"
    cargo test --workspace --no-fail-fast --lib --bins --test contracts --test recurrence "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
fi

# The page's own tests. The count that vitest ends with is added to ours.
page_log=$(mktemp)
trap 'rm -f "$log" "$page_log"' EXIT
without_page=
if tools/web.sh packages; then
    (cd web && NO_COLOR=1 npm run --silent test) 2>&1 | tee "$page_log"
    page_status=${PIPESTATUS[0]}
    [ "$page_status" = 0 ] || status=$page_status
else
    without_page="every test of the web page by itself: npm's packages can't be had"
fi

# A test that skips itself says `skipped: NAME: WHY`, and passes.
skipped=$(grep -oE '\bskipped: .*' "$log" | sed 's/^skipped: //' | sort -u)
ignored=$(sed -nE 's/^test (.*) \.\.\. ignored(, (.*))?$/\1: ignored: \3/p' "$log" | sort -u)

lines() { grep -c . <<<"$1"; }
# cargo's lines, one for each program, and vitest's one.
count() {
    { grep -E '^test result:' "$log"; grep -E '^ *Tests ' "$page_log"; } |
        grep -oE "[0-9]+ $1" | awk '{ sum += $1 } END { print sum + 0 }'
}
passed=$(($(count passed) - $(lines "$skipped"))) failed=$(count failed)
if [ "$passed" = 0 ]; then
    echo "no test ran" >&2
    status=1
fi
printf '\n%s passed, %s failed\n' "$passed" "$failed"

page_skipped=$(grep -E '^ *Tests ' "$page_log" | grep -oE '[0-9]+ (skipped|todo)' | sed 's/$/ of the tests of the web page/')
not_run=$(printf '%s\n' "$without_postgres" "$without_page" "$page_skipped" "$skipped" "$ignored" | grep .)
if [ -n "$not_run" ]; then
    {
        printf '\n*** NOT RUN on this machine:\n'
        printf '%s\n' "$not_run" | sed 's/^/***   /'
    } >&2
    if [ "${CI:-false}" != false ]; then
        echo "*** CI runs every test, or it has shown nothing" >&2
        status=1
    fi
fi
exit "$status"
