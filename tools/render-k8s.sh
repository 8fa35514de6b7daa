#!/usr/bin/env bash
# Renders the charts to k8s/, for who has no Helm: what is Helm's own is left out, and what must be there first stands
# first, since kubectl applies a file from its beginning to its end.
#   tools/render-k8s.sh write|check
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(tools/kubernetes.sh)

render() {
    echo "# $1 without Helm; README.md beside this file says what comes first."
    echo "# Written by \`make generate\`: change the chart or k8s/values.yaml instead."
    "$tools/helm" template "$1" "helm/$1" --values k8s/values.yaml --skip-tests |
        grep -vE '^# Source: |^ +helm\.sh/|^ +app\.kubernetes\.io/managed-by: Helm$|^ +# What it says when it fails is what' |
        awk '
            # The documents, each without an annotations: that nothing follows.
            function add(line) { document = document line "\n" }
            function indent(line) { match(line, /^ */); return RLENGTH }
            function flush_held() { if (held != "") { add(held); held = "" } }
            function done() {
                if (document ~ /[^\n ]/) documents[++count] = document
                document = ""
            }
            /^---/ { held = ""; done(); next }
            held != "" && indent($0) <= indent(held) { held = "" }
            { flush_held() }
            /^ *annotations:$/ { held = $0; next }
            { add($0) }
            END {
                held = ""; done()
                # A sidecar reads its component and subscriptions when it starts, and ends where a topic is missing.
                for (i = 1; i <= count; i++) first[i] = documents[i] ~ /apiVersion: dapr\.io|component: topics/
                for (turn = 1; turn >= 0; turn--)
                    for (i = 1; i <= count; i++) if (first[i] == turn) printf "---\n%s", documents[i]
            }'
}

for chart in todo-backend todo-reminder-worker; do
    case ${1:-} in
    write) render $chart >k8s/$chart.yaml ;;
    check)
        render $chart | diff -u k8s/$chart.yaml - >&2 || {
            echo "k8s/$chart.yaml is not what the chart renders; run make generate" >&2
            exit 1
        }
        ;;
    *) echo "usage: tools/render-k8s.sh write|check" >&2 && exit 2 ;;
    esac
done
