#!/usr/bin/env bash
# Tests the charts on the cluster of the current kubectl context, as `make test-cluster` does.
#   tools/test-cluster.sh
# The cluster has Dapr, a Kafka or Redpanda without our topics as redpanda.redpanda.svc.cluster.local:9092, and an
# ingress controller. The test owns the namespace `todo`. Settings are environment variables:
#   IMAGE_LOADER      a program that brings an image in: IMAGE_LOADER NAME:TAG ARCHIVE; `minikube` by default
#   IMAGE_PROFILE     release, or dev, which is what CI has built already
#   INGRESS_ADDRESS   where the controller answers HTTPS on this machine, host:port
#   GATEWAY_CLASS     the GatewayClass of its Gateways; traefik by default
set -euo pipefail
cd "$(dirname "$0")/.."
: "${INGRESS_ADDRESS:?where the ingress controller answers, host:port}"
profile=${IMAGE_PROFILE:-release}
version=$(sed -nE 's/^version = "(.*)"/\1/p' Cargo.toml | head -n 1)
HELM=${HELM:-$(tools/kubernetes.sh)/helm}
export HELM

load() { # NAME:TAG ARCHIVE
    if [ -n "${IMAGE_LOADER:-}" ]; then
        "$IMAGE_LOADER" "$1" "$2"
    else
        minikube image load "$2" && minikube image tag "$(basename "$2" .tar):$version" "$1"
    fi
}

kubectl version --request-timeout=10s >/dev/null
cargo build --quiet --workspace --all-targets
tools/images.sh --profile "$profile" --tag "$version"
tools/images.sh --binary "${CARGO_TARGET_DIR:-target}/debug/webhook-sink" --name webhook-sink --tag "$version"
for service in chat-api reminder-worker; do
    # A second name for the same: what an update brings.
    for tag in "$version" "$version-next"; do load "$service:$tag" "target/images/$service.tar"; done
done
load "webhook-sink:$version" target/images/webhook-sink.tar

cargo test --workspace --test cluster -- --nocapture
