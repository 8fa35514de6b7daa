#!/usr/bin/env bash
# Prints the folder with ical4j's jars: ICAL4J_LIBS, else those of tools/ical4j (3 MB).
set -euo pipefail
if [ -n "${ICAL4J_LIBS:-}" ]; then
    echo "$ICAL4J_LIBS"
else
    exec "$(dirname "$0")/maven.sh" ical4j javac
fi
