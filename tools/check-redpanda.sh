#!/usr/bin/env bash
# Checks what Redpanda's chart makes of helm/redpanda-values.yaml: one broker, found at the address that our charts
# expect, that creates no topic by itself, within what one node has.
#   tools/check-redpanda.sh CHART        a folder or a .tgz: `helm pull redpanda/redpanda --version 26.2.1`
# By hand, and not in `make check`: no package registry but its own has the chart. Last done with 26.2.1, from
# redpanda-data/redpanda-operator at 0ab80199, charts/redpanda/chart with charts/console/chart in its charts/.
set -euo pipefail
cd "$(dirname "$0")/.."
chart=${1:?usage: tools/check-redpanda.sh CHART}
rendered=$("$(tools/kubernetes.sh)/helm" template redpanda "$chart" --namespace redpanda \
    --values helm/redpanda-values.yaml)

failed=
has() { grep -qE -- "$2" <<<"$rendered" || { echo "redpanda: $1" >&2 && failed=yes; }; }
lacks() { ! grep -qE -- "$2" <<<"$rendered" || { echo "redpanda: $1" >&2 && failed=yes; }; }

grep -oE 'helm.sh/chart: redpanda-.*' <<<"$rendered" | head -n 1
# The service is headless: its name leads to the brokers, and the port is theirs.
has 'the Service is not named redpanda' '^  name: redpanda$'
has 'the Service has no port 9092' '^    port: 9092$'
has 'the broker does not announce 9092' '\\"name\\":\\"internal\\",\\"port\\":9092'
lacks 'something is at 9093' '9093'
has 'topics are created by themselves' '"auto_create_topics_enabled":"false"'
has 'there is more than one broker' '^  replicas: 1$'
has 'the broker has more than one core' '^ +cpu: 1$'
has 'the broker has more than 2.5 GiB' '^ +memory: 2.5Gi$'
has 'the volume has another size' '^ +storage: 5Gi$'
lacks 'a container is privileged' 'privileged: true'
lacks 'there are certificates' '^kind: (Certificate|Issuer)$'
lacks 'the console is installed' 'kind: Deployment|redpanda-console'
lacks 'the broker can be reached from outside' 'type: (NodePort|LoadBalancer)$'
[ -z "$failed" ]
