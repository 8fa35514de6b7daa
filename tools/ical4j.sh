#!/usr/bin/env bash
# Prints the folder with ical4j's jars: ICAL4J_LIBS, else those of tools/ical4j, which Maven fetches once,
# into the cache (3 MB).
set -euo pipefail
cd "$(dirname "$0")/ical4j"
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}

if [ -n "${ICAL4J_LIBS:-}" ]; then
    echo "$ICAL4J_LIBS"
    exit
fi
folder=$cache/ical4j/$(sha256sum pom.xml | cut -c 1-12)
if [ ! -d "$folder" ]; then
    for program in javac mvn; do
        command -v "$program" >/dev/null || {
            echo "ical4j: needs a JDK of Java 17 and Maven; $program is not there" >&2
            exit 1
        }
    done
    echo "fetching ical4j, once" >&2
    mkdir -p "$cache/ical4j"
    unfinished=$(mktemp -d "$cache/ical4j/new.XXXXXX")
    trap 'rm -rf "$unfinished"' EXIT
    mvn --quiet --batch-mode --file pom.xml dependency:copy-dependencies \
        -DoutputDirectory="$unfinished/libs" >&2
    mv -T "$unfinished/libs" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
