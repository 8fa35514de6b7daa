#!/usr/bin/env bash
# Prints the folder with Kafka's jars: KAFKA_LIBS, else those of tools/kafka, which Maven fetches once,
# into the cache (130 MB).
set -euo pipefail
cd "$(dirname "$0")/kafka"
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}

if [ -n "${KAFKA_LIBS:-}" ]; then
    echo "$KAFKA_LIBS"
    exit
fi
folder=$cache/kafka/$(sha256sum pom.xml | cut -c 1-12)
if [ ! -d "$folder" ]; then
    for program in java mvn; do
        command -v "$program" >/dev/null || {
            echo "kafka: needs Java 17 and Maven; $program is not there" >&2
            exit 1
        }
    done
    echo "fetching Kafka, once" >&2
    mkdir -p "$cache/kafka"
    unfinished=$(mktemp -d "$cache/kafka/new.XXXXXX")
    trap 'rm -rf "$unfinished"' EXIT
    mvn --quiet --batch-mode --file pom.xml dependency:copy-dependencies \
        -DoutputDirectory="$unfinished/libs" >&2
    mv -T "$unfinished/libs" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
