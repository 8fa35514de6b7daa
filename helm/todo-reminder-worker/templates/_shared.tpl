{{- /*
What both charts share. The file is the same in both, and `make check` holds it to that: each can be installed,
packaged and read by itself.
*/ -}}

{{- define "todo.labels" -}}
{{ include "todo.selector" . }}
app.kubernetes.io/part-of: todo
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "todo.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* The image of a name. Dict: root, name. */ -}}
{{- define "todo.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ . | trimSuffix "/" }}/{{ end }}{{ .name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "todo.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* What the restricted Pod Security profile asks of a pod, and of a container. */ -}}
{{- define "todo.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "todo.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* A variable from a Secret. Dict: name, secret ({name, key}). */ -}}
{{- define "todo.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret.name }}
      key: {{ .secret.key | default "token" }}
{{- end }}

{{- /*
The sidecar. Dict: root, appId, service (values of api or worker).
On SIGTERM the sidecar goes on until the service is gone, so that what was committed on the way is still published.
*/ -}}
{{- define "todo.daprAnnotations" -}}
dapr.io/enabled: "true"
dapr.io/app-id: {{ .appId }}
dapr.io/app-port: "3001"
dapr.io/app-protocol: http
dapr.io/config: todo
# Subscriptions pause while the service is not there, instead of trying each record again and again.
dapr.io/enable-app-health-check: "true"
dapr.io/app-health-check-path: /healthz
# In seconds, milliseconds, and in a row. A pause of a second is no reason to leave the consumer group; but a service
# that is away when its sidecar asks it what it subscribes to gets nothing until a check has failed, and the sidecar
# asks for three seconds.
dapr.io/app-health-probe-interval: "1"
dapr.io/app-health-probe-timeout: "1000"
dapr.io/app-health-threshold: "2"
dapr.io/app-token-secret: {{ .root.Values.secrets.appApiToken.name }}
dapr.io/api-token-secret: {{ .root.Values.secrets.daprApiToken.name }}
dapr.io/block-shutdown-duration: 40s
dapr.io/graceful-shutdown-seconds: "10"
# The service has 9090.
dapr.io/metrics-port: "9095"
dapr.io/log-as-json: "true"
dapr.io/disable-builtin-k8s-secret-store: "true"
dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
{{- with .service.sidecarResources }}
{{- with .requests }}
{{- with .cpu }}
dapr.io/sidecar-cpu-request: {{ . | quote }}
{{- end }}
{{- with .memory }}
dapr.io/sidecar-memory-request: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .limits }}
{{- with .cpu }}
dapr.io/sidecar-cpu-limit: {{ . | quote }}
{{- end }}
{{- with .memory }}
dapr.io/sidecar-memory-limit: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What both services read from the environment. Dict: root, service (values), database (secret). */ -}}
{{- define "todo.environment" -}}
{{ include "todo.secretVariable" (dict "name" "DATABASE_URL" "secret" .database) }}
{{ include "todo.secretVariable" (dict "name" "SEALING_KEYS" "secret" .root.Values.secrets.sealingKeys) }}
{{ include "todo.secretVariable" (dict "name" "APP_API_TOKEN" "secret" .root.Values.secrets.appApiToken) }}
{{ include "todo.secretVariable" (dict "name" "DAPR_API_TOKEN" "secret" .root.Values.secrets.daprApiToken) }}
- {name: DATABASE_MAX_CONNECTIONS, value: {{ .service.databaseConnections | quote }}}
- {name: PUBSUB_NAME, value: {{ .root.Values.bus.component.name }}}
- {name: HEALTH_ADDR, value: "0.0.0.0:9090"}
- {name: APP_ADDR, value: "127.0.0.1:3001"}
- {name: RUST_LOG, value: {{ .service.log | quote }}}
{{- with .service.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Liveness, readiness and the end of a container, the same for both services. */ -}}
{{- define "todo.probes" -}}
# A database or a bus that is away is no reason to be started again.
livenessProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
# Ready: the database answers, and has what this release needs.
readinessProbe:
  httpGet: {path: /readyz, port: health}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 3
startupProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 1
  failureThreshold: 60
{{- end }}

{{- /* Replicas apart from each other, where there is more than one node or zone. */ -}}
{{- define "todo.placement" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "todo.selector" $.root | nindent 8 }}
        app.kubernetes.io/component: {{ $.component }}
  {{- end }}
{{- with .service.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .service.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .service.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .service.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- /*
The Job that migrates a database. Dict: root, binary, image, database, service.
Named by what it does, so that the same release makes no second one, and another one does not have to change it,
which Kubernetes refuses.
*/ -}}
{{- define "todo.migrateJob" -}}
{{- $spec := include "todo.migrateSpec" . -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ printf "%s-migrate-%s" .root.Release.Name (sha256sum $spec | trunc 8) }}
  labels:
    {{- include "todo.labels" .root | nindent 4 }}
    app.kubernetes.io/component: migrate
spec:
{{ $spec | indent 2 }}
{{- end }}

{{- define "todo.migrateSpec" -}}
backoffLimit: 5
template:
  metadata:
    labels:
      {{- include "todo.selector" .root | nindent 6 }}
      app.kubernetes.io/component: migrate
  spec:
    restartPolicy: Never
    automountServiceAccountToken: false
    securityContext:
      {{- include "todo.podSecurity" .root | nindent 6 }}
    {{- with include "todo.pullSecrets" .root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    containers:
      - name: migrate
        image: {{ include "todo.image" (dict "root" .root "name" .image) }}
        imagePullPolicy: {{ .root.Values.image.pullPolicy }}
        # Waits for the database, however long it takes to come.
        args: [migrate]
        env:
          {{- include "todo.secretVariable" (dict "name" "DATABASE_URL" "secret" .database) | nindent 10 }}
        securityContext:
          {{- include "todo.containerSecurity" .root | nindent 10 }}
        resources:
          requests: {cpu: 10m, memory: 16Mi}
          limits: {memory: 64Mi}
{{- end }}

{{- /*
Whether there is a cluster to look at: `helm template` has none, and must never fail for what a cluster lacks.
Without one Helm knows groups and versions, with one it knows kinds too.
*/ -}}
{{- define "todo.hasCluster" -}}
{{- if .Capabilities.APIVersions.Has "v1/Pod" }}yes{{ end }}
{{- end }}

{{- define "todo.requireDapr" -}}
{{- if and (include "todo.hasCluster" .) (not (.Capabilities.APIVersions.Has "dapr.io/v1alpha1/Component")) }}
{{- fail "Dapr is not installed in this cluster. Install it first: `dapr init -k --wait`, or its chart: `helm install dapr dapr/dapr --namespace dapr-system --create-namespace --wait` (docs/deploy-minikube.md)." }}
{{- end }}
{{- end }}

{{- /* Dict: root, secret ({name, key}), how (a command that makes it). */ -}}
{{- define "todo.requireSecret" -}}
{{- if include "todo.hasCluster" .root }}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret.name }}
{{- $key := .secret.key | default "token" }}
{{- if not $found }}
{{- fail (printf "The Secret %s is missing in the namespace %s. Make it first: kubectl --namespace %s create secret generic %s --from-literal=%s=%s" .secret.name .root.Release.Namespace .root.Release.Namespace .secret.name $key .how) }}
{{- else if not (hasKey ($found.data | default dict) $key) }}
{{- fail (printf "The Secret %s in the namespace %s has no key %q, which is to hold %s." .secret.name .root.Release.Namespace $key .how) }}
{{- end }}
{{- end }}
{{- end }}
