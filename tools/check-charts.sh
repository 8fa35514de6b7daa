#!/usr/bin/env bash
# Checks both charts without a cluster: with every values file and every switch they lint, render and make only what
# Kubernetes and its extensions know, to the last key; they say the same as dapr/; their unit tests pass; what they
# watch is PromQL about metrics that there are; and k8s/ is what they render.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(tools/kubernetes.sh)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
export HELM_CACHE_HOME=$made HELM_CONFIG_HOME=$made HELM_DATA_HOME=$made

fail() {
    echo "check-charts: $*" >&2
    exit 1
}

# Google's own kinds: no Go module holds their definitions. Nothing else is skipped.
google=BackendConfig,FrontendConfig,GCPBackendPolicy,HealthCheckPolicy
known() {
    "$tools/kubeconform" -strict -summary -skip "$google" \
        -schema-location "$tools/schemas/{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json" "$@"
}

# What is the same in both is one file.
for same in templates/_shared.tpl values.schema.json .helmignore; do
    cmp helm/todo-backend/$same helm/todo-reminder-worker/$same
done

# A name, and what is set.
variants=(
    'defaults'
    'local --values helm/values-local.yaml'
    'aks --values helm/values-aks.yaml'
    'gke --values helm/values-gke.yaml'
    'k8s --values k8s/values.yaml'
    'registry --set image.registry=ghcr.io/you,image.pullSecrets={one}'
    'nginx --set ingress.mode=ingress,ingress.controller=nginx,ingress.tls.secretName=todo-tls'
    'webapprouting --set ingress.mode=ingress,ingress.controller=webapprouting'
    'traefik --set ingress.mode=ingress,ingress.controller=traefik'
    'gce --set ingress.mode=ingress,ingress.controller=gce,ingress.tls.secretName=any'
    'plain --set ingress.mode=ingress,ingress.controller=other,ingress.tls.enabled=false'
    'gateway --set ingress.mode=gateway,ingress.gateway.namespace=infra,ingress.gateway.sectionName=https'
    'own-gateway --set ingress.mode=gateway,ingress.gateway.create=true,ingress.gateway.className=any,ingress.tls.secretName=any'
    'monitoring --set monitoring.serviceMonitor.enabled=true,monitoring.rules.enabled=true,monitoring.dashboard.enabled=true'
    'prometheus --set monitoring.serviceMonitor.enabled=true,monitoring.serviceMonitor.labels.release=prometheus'
    'mail --set secrets.mail.name=todo-mail,worker.mailFrom=todo@example.org'
    'web-push --set secrets.webPush.name=todo-web-push,worker.webPushSubject=mailto:ops@example.org'
    'llm --set api.llm.baseUrl=http://ollama.models.svc:11434/v1,api.llm.model=any,secrets.llm.name=todo-llm'
    'keda --set worker.keda.enabled=true,worker.keda.minReplicas=2'
    'autoscaling --set api.autoscaling.enabled=true'
    'replicas --set api.replicas=3,worker.replicas=3'
    'open --set networkPolicy.enabled=false'
    'hold --set api.eventBus=hold,monitoring.rules.enabled=true'
    'green --set bus.component.create=false,ingress.mode=ingress,ingress.create=false'
    'blue --set ingress.mode=gateway,ingress.service=todo-green'
    'topics-checked --set bus.topics.create=false'
    'password --set bus.topics.check=false,bus.component.authType=password,bus.component.metadata[0].name=saslUsername,bus.component.metadata[0].value=you'
    'migrated --set database.migrate=false'
)
for variant in "${variants[@]}"; do
    read -r name arguments <<<"$variant"
    read -ra arguments <<<"$arguments"
    for chart in todo-backend todo-reminder-worker; do
        "$tools/helm" lint --strict --quiet "helm/$chart" "${arguments[@]}" >"$made/said" 2>&1 ||
            fail "helm lint helm/$chart ${arguments[*]}: $(cat "$made/said")"
        "$tools/helm" template "$chart" "helm/$chart" --namespace todo "${arguments[@]}" >"$made/$chart.$name.yaml" ||
            fail "helm template helm/$chart ${arguments[*]}"
    done
done
known "$made"/*.yaml

# All of it can fail: a misspelt key is found in Kubernetes' kinds, in custom ones and in values.
refused() {
    sed -E "$2" "$made/$1.yaml" >"$made/misspelt"
    ! cmp --quiet "$made/$1.yaml" "$made/misspelt" || fail "nothing was misspelt by $2"
    ! known - <"$made/misspelt" >"$made/said" || fail "what $2 misspells is not refused"
    grep -q 'additional properties .* not allowed' "$made/said" || fail "$2: $(cat "$made/said")"
}
refused todo-backend.defaults 's/terminationGracePeriodSeconds/terminationGracePeriodSecond/'
refused todo-backend.defaults 's/^( +)runAsNonRoot/\1runAsNoRoot/'
refused todo-backend.defaults 's/^  routes:/  route:/'
refused todo-backend.gke '/^kind: Gateway/,/^spec/ s/^  labels:/  label:/'
refused todo-backend.gke 's/certificateRefs/certificateRef/'
refused todo-backend.monitoring '/^kind: PrometheusRule/,$ s/^( +- )?alert:/\1alerts:/'
refused todo-reminder-worker.keda 's/minReplicaCount/minReplicasCount/'
! "$tools/helm" template x helm/todo-backend --set api.replica=2 >"$made/said" 2>&1 || fail 'a misspelt value is not refused'

# Kubernetes changes no Job: the one that migrates has another name exactly where it does something else.
migrating() { grep -oE 'name: .*-migrate-[0-9a-f]{8}$' "$made/$1.yaml"; }
for chart in todo-backend todo-reminder-worker; do
    [ "$(migrating $chart.defaults)" = "$(migrating $chart.nginx)" ] || fail "$chart: an upgrade migrates again for nothing"
    [ "$(migrating $chart.defaults)" != "$(migrating $chart.registry)" ] || fail "$chart: a Job would have to be changed"
done

# The charts' bus is that of dapr/.
bus() { "$tools/agree" dapr/components/kafka-pubsub.yaml dapr/config.yaml dapr/subscriptions/*.yaml; }
cat "$made"/todo-*.defaults.yaml | bus
for change in 's/value: oldest/value: newest/' 's/,dead-letter;/;/' 's/rawPayload: "true"/rawPayload: "false"/' \
    's,/events/receipts,/events/receipt,' 's/name: chat-api-receipts/name: chat-api-receipt/' 's/samplingRate: "1"/samplingRate: "0"/'; do
    ! cat "$made"/todo-*.defaults.yaml | sed "$change" | bus 2>"$made/said" || fail "$change is not noticed"
done

# Alerts, dashboards and their runbooks.
watched() { "$tools/promql" docs/metrics.md docs/operations.md; }
watched <"$made/todo-backend.monitoring.yaml"
for change in 's/todo_live_streams/todo_dead_streams/' 's/max by (job)/max by job)/' 's/alert: TodoApiDown/alert: TodoApiUp/' \
    's/severity: critical/severity: high/' 's/outcome="failed"/result="failed"/' 's/namespace, job, topic/namespace, job, kind/'; do
    ! sed "$change" "$made/todo-backend.monitoring.yaml" | watched >"$made/said" 2>&1 || fail "$change is not noticed"
done

# Each alert fires, and only for what it is about.
(cd tools/promql && "$tools/alerts.test" -test.v) >"$made/said" || fail "$(cat "$made/said")"
grep -c '^    --- PASS' "$made/said" | sed 's/$/ alerts fire/'

tools/render-k8s.sh check

"$tools/helm-unittest" --strict --color=false helm/todo-backend helm/todo-reminder-worker
