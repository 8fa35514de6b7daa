#!/usr/bin/env bash
# Prints the folder with the jars that tools/NAME/pom.xml pins, which Maven fetches once, into the cache.
#   tools/maven.sh NAME PROGRAM      PROGRAM of Java 17 is what the jars are run with
set -euo pipefail
name=$1 program=$2
cd "$(dirname "$0")/$name"
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}

folder=$cache/$name/$(sha256sum pom.xml | cut -c 1-12)
if [ ! -d "$folder" ]; then
    for needed in "$program" mvn; do
        command -v "$needed" >/dev/null || {
            echo "$name: needs $program of Java 17, and Maven; $needed is not there" >&2
            exit 1
        }
    done
    echo "fetching $name, once" >&2
    mkdir -p "$cache/$name"
    unfinished=$(mktemp -d "$cache/$name/new.XXXXXX")
    trap 'rm -rf "$unfinished"' EXIT
    mvn --quiet --batch-mode --file pom.xml dependency:copy-dependencies \
        -DoutputDirectory="$unfinished/libs" >&2
    mv -T "$unfinished/libs" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
