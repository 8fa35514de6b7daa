#!/usr/bin/env bash
# Prints the folder with Kafka's jars: KAFKA_LIBS, else those of tools/kafka (130 MB).
set -euo pipefail
if [ -n "${KAFKA_LIBS:-}" ]; then
    echo "$KAFKA_LIBS"
else
    exec "$(dirname "$0")/maven.sh" kafka java
fi
