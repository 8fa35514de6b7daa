#!/usr/bin/env bash
# Builds the web page into web/dist, with which chat-api is compiled. Nothing is done where nothing has changed.
#   tools/web.sh build [--if-packages]    the page; with the flag it does without where npm's packages can't be had,
#                                         unless CI=true, and chat-api says at / that the page is not built
#   tools/web.sh packages                 what npm installs for it, by web/package-lock.json
set -euo pipefail
cd "$(dirname "$0")/.."
# Vite empties the folder before it builds, so a build by hand, which compresses nothing, leaves none.
stamp=web/dist/.built

# npm writes its own list last, whether it installed what the lock file says or wrote that too.
installed=web/node_modules/.package-lock.json
packages() {
    if [ -f "$installed" ] && [ ! web/package-lock.json -nt "$installed" ]; then return; fi
    local log
    log=$(mktemp)
    (cd web && npm ci --loglevel error --prefer-offline --no-audit --no-fund) >"$log" 2>&1 || {
        head -n 5 "$log" >&2
        rm "$log"
        echo "web: npm's packages can't be had on this machine" >&2
        return 1
    }
    rm "$log"
}

# All that the page is made of, each with a checksum.
inputs() {
    node --version
    find web docs/openapi.json tools/web.sh tools/web \
        \( -path web/node_modules -o -path web/dist -o -path web/e2e -o -name '*.test.ts' \
        -o -path web/src/lib/api/schema.d.ts -o -name '*.md' \) -prune -o -type f -print | LC_ALL=C sort |
        while read -r file; do cksum "$file"; done
}

build() {
    local now log
    now=$(inputs)
    if [ -f "$stamp" ] && [ "$now" = "$(cat "$stamp")" ]; then return; fi
    log=$(mktemp)
    if ! { (cd web && npm run build) && node tools/web/compress.mjs web/dist; } >"$log" 2>&1; then
        cat "$log" >&2
        rm "$log"
        echo "web: the page could not be built" >&2
        return 1
    fi
    rm "$log"
    echo "$now" >"$stamp"
    echo "web: built web/dist" >&2
}

case ${1:-}${2:-} in
packages) packages ;;
build) packages && build ;;
build--if-packages)
    if packages; then
        build
    elif [ "${CI:-false}" != false ]; then
        exit 1
    fi
    ;;
*)
    echo "web: build [--if-packages], or packages" >&2
    exit 2
    ;;
esac
