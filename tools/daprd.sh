#!/usr/bin/env bash
# Prints where the Dapr sidecar is: DAPRD, else the one on PATH, else the Dapr CLI's, else the pinned
# one of tools/dapr, which is built once, into the cache (three minutes on two cores).
#   tools/daprd.sh [--pinned]      the pinned one only
set -euo pipefail
cd "$(dirname "$0")/dapr"
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}

if [ "${1:-}" != --pinned ]; then
    for found in "${DAPRD:-}" "$(command -v daprd || true)" "$HOME/.dapr/bin/daprd"; do
        if [ -n "$found" ] && [ -x "$found" ]; then
            echo "$found"
            exit
        fi
    done
fi

# Another pin is another folder: nothing has to be thrown away, and two checkouts can differ.
folder=$cache/daprd/$(cat go.mod go.sum | sha256sum | cut -c 1-12)
if [ ! -x "$folder/daprd" ]; then
    command -v go >/dev/null || {
        echo "daprd: neither installed nor can it be built; install the Dapr CLI (dapr init --slim) or Go 1.24" >&2
        exit 1
    }
    version=$(go list -mod=readonly -m -f '{{.Version}}' github.com/dapr/dapr)
    echo "building daprd $version, once" >&2
    mkdir -p "$folder"
    unfinished=$(mktemp -d "$folder/new.XXXXXX")
    trap 'rm -rf "$unfinished"' EXIT
    go build -mod=readonly -trimpath -tags stablecomponents \
        -ldflags "-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=${version#v}" \
        -o "$unfinished/daprd" github.com/dapr/dapr/cmd/daprd
    mv "$unfinished/daprd" "$folder/daprd"
fi
echo "$folder/daprd"
