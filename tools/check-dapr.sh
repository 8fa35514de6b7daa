#!/usr/bin/env bash
# Checks dapr/ and the examples against Dapr's own custom resource definitions, of the pinned release: every key is known,
# every type is right. dapr.yaml is the CLI's and no resource; a test follows it instead.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(tools/kubernetes.sh)
mapfile -t files < <(find dapr examples -name '*.yaml' ! -name dapr.yaml)
"$tools/kubeconform" -strict -summary \
    -schema-location "$tools/schemas/{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json" "${files[@]}"
