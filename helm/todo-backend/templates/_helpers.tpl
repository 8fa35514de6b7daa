{{- define "todo.publicUrl" -}}
{{- .Values.api.publicUrl | default (printf "%s://%s" (ternary "https" "http" .Values.ingress.tls.enabled) .Values.ingress.host) }}
{{- end }}

{{- define "todo.api.replicas" -}}
{{- if .Values.api.autoscaling.enabled }}{{ .Values.api.autoscaling.minReplicas }}{{ else }}{{ .Values.api.replicas }}{{ end }}
{{- end }}

{{- define "todo.postgresql.host" -}}
{{ .Release.Name }}-postgresql
{{- end }}

{{- /* The class that a controller usually has. */ -}}
{{- define "todo.ingress.className" -}}
{{- $usual := dict "nginx" "nginx" "webapprouting" "webapprouting.kubernetes.azure.com" "traefik" "traefik" "gce" "gce" "other" "" -}}
{{- .Values.ingress.className | default (get $usual .Values.ingress.controller) }}
{{- end }}

{{- /* What a stream, and an import, need of a controller. */ -}}
{{- define "todo.ingress.annotations" -}}
{{- $ingress := .Values.ingress -}}
{{- if has $ingress.controller (list "nginx" "webapprouting") }}
nginx.ingress.kubernetes.io/proxy-buffering: "off"
nginx.ingress.kubernetes.io/proxy-read-timeout: {{ $ingress.streamTimeoutSeconds | quote }}
nginx.ingress.kubernetes.io/proxy-send-timeout: {{ $ingress.streamTimeoutSeconds | quote }}
nginx.ingress.kubernetes.io/proxy-body-size: {{ $ingress.maxBody | quote }}
{{- else if eq $ingress.controller "gce" }}
{{- if $ingress.tls.enabled }}
networking.gke.io/v1beta1.FrontendConfig: {{ .Release.Name }}
{{- end }}
{{- else if eq $ingress.controller "traefik" }}
{{- if $ingress.tls.enabled }}
traefik.ingress.kubernetes.io/router.entrypoints: websecure
{{- end }}
{{- end }}
{{- with $ingress.annotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
