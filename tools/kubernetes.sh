#!/usr/bin/env bash
# Prints the folder of what checks manifests: helm, helm-unittest, kubeconform with
# schemas/, agree, promql and alerts.test (the programs beside this file).
# It is made once, outside the checkout (five minutes on two cores), and asks no network afterwards.
set -euo pipefail
cd "$(dirname "$0")"
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}

# Another pin is another folder: nothing has to be thrown away, and two checkouts can differ.
made_of=(kubernetes.sh kubernetes/go.{mod,sum} kubernetes/{agree,schemas}/main.go kubernetes/definitions/go.{mod,sum}
    promql/{go.mod,go.sum,main.go,alerts_test.go} dapr/go.{mod,sum})
folder=$cache/kubernetes/$(cat "${made_of[@]}" | sha256sum | cut -c 1-12)
if [ -d "$folder" ]; then
    echo "$folder"
    exit
fi
command -v go >/dev/null || {
    echo "helm: can't be built; install Go 1.24" >&2
    exit 1
}

mkdir -p "$cache/kubernetes"
unfinished=$(mktemp -d "$cache/kubernetes/new.XXXXXX")
trap 'rm -rf "$unfinished"' EXIT
chmod 755 "$unfinished"
export GOFLAGS=-mod=readonly
build() { go build -trimpath -buildvcs=false -ldflags "-s -w ${3:-}" -o "$unfinished/$1" "$2"; }

# The folder of a module's files, held to go.sum; nothing of what it depends on is fetched.
module() {
    local version
    version=$(go mod edit -json | tr -d '\n' | grep -oE "\"$1\",[[:space:]]*\"Version\": \"[^\"]*" | sed 's/.*"//')
    go mod download -json "$1@$version" | sed -nE 's/.*"Dir": "(.*)",?/\1/p'
}

cd kubernetes
version=$(go list -m -f '{{.Version}}' helm.sh/helm/v3)
kubernetes=$(cd definitions && module k8s.io/kubernetes)
echo "building helm $version, once" >&2
# By itself it would believe in Kubernetes 1.20, and the charts ask for a newer one.
release=${kubernetes##*@v}
minor=${release#1.}
helm=helm.sh/helm/v3
build helm $helm/cmd/helm "-X $helm/internal/version.version=$version \
    -X $helm/pkg/chartutil.k8sVersionMajor=1 -X $helm/pkg/chartutil.k8sVersionMinor=${minor%%.*}"
# helm-unittest renders by the same code.
build helm-unittest github.com/helm-unittest/helm-unittest/cmd/helm-unittest \
    "-X $helm/pkg/chartutil.k8sVersionMajor=1 -X $helm/pkg/chartutil.k8sVersionMinor=${minor%%.*}"
build kubeconform github.com/yannh/kubeconform/cmd/kubeconform
build schemas ./schemas
build agree ./agree
(cd ../promql && build promql . && go test -c -trimpath -buildvcs=false -ldflags '-s -w' -o "$unfinished/alerts.test" .)

api=$kubernetes/api/openapi-spec/v3
"$unfinished/schemas" "$unfinished/schemas.new" "$api"/api__v1_openapi.json "$api"/apis__*__v[12]_openapi.json \
    "$(cd ../dapr && module github.com/dapr/dapr)"/charts/dapr/crds/*.yaml \
    "$(cd definitions && module sigs.k8s.io/gateway-api)"/config/crd/standard/*.yaml \
    "$(cd definitions && module github.com/prometheus-operator/prometheus-operator)"/example/prometheus-operator-crd/*.yaml \
    "$(cd definitions && module github.com/kedacore/keda/v2)"/config/crd/bases/keda.sh_*.yaml
rm "$unfinished/schemas"
mv "$unfinished/schemas.new" "$unfinished/schemas"
# Somebody else may have made it meanwhile.
mv -T "$unfinished" "$folder" 2>/dev/null || [ -d "$folder/schemas" ]
echo "$folder"
