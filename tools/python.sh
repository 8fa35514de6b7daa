#!/usr/bin/env bash
# Prints the folder of a Python environment with what tools/NAME/requirements.txt pins, which pip fetches once,
# into the cache.
#   tools/python.sh NAME
set -euo pipefail
name=$1
cd "$(dirname "$0")/$name"
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}

# An environment knows its own path: it is made where it stays, and the file says that all of it is there.
folder=$cache/python/$name-$(sha256sum requirements.txt | cut -c 1-12)
if [ ! -e "$folder/installed" ]; then
    echo "fetching the Python packages of $name, once" >&2
    python3 -m venv "$folder" >&2 || {
        echo "$name: needs Python 3.11 or newer with venv" >&2
        exit 1
    }
    "$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
        --requirement requirements.txt >&2
    touch "$folder/installed"
fi
echo "$folder"
