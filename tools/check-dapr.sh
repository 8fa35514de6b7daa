#!/usr/bin/env bash
# Checks dapr/ and the examples against Dapr's own custom resource definitions, of the pinned release: every key is known,
# every type is right. dapr.yaml is the CLI's and no resource; a test follows it instead.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}

cd tools/dapr
version=$(go list -mod=readonly -m -f '{{.Version}}' github.com/dapr/dapr)
crds=$(go mod download -json "github.com/dapr/dapr@$version" | sed -nE 's/.*"Dir": "(.*)",?/\1/p')/charts/dapr/crds
schemas=$cache/schemas/dapr-$version
cd ../kubernetes
rm -rf "$schemas"
go run -mod=readonly ./crd-schemas "$schemas" "$crds"/*.yaml
mapfile -t files < <(find "$root/dapr" "$root/examples" -name '*.yaml' ! -name dapr.yaml)
go run -mod=readonly github.com/yannh/kubeconform/cmd/kubeconform -strict -summary \
    -schema-location "$schemas/{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json" "${files[@]}"
