{{- define "noetl.serverUrl" -}}
{{- default (printf "http://noetl.%s.svc.cluster.local:%v" .Release.Namespace .Values.server.service.port) .Values.serverUrl -}}
{{- end }}

{{- define "noetl.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}

{{- define "noetl.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "noetl.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end }}

{{/* Labels by which pods are spread and selected: a map. */}}
{{- define "noetl.spread" -}}
{{- $labels := . -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- toYaml $labels | nindent 6 }}
{{- end }}
{{- end }}

{{/* A secret's folder in a pod: what is in the environment, children inherit. */}}
{{- define "noetl.secretMount" -}}
- name: secrets
  mountPath: /run/noetl
  readOnly: true
{{- end }}

{{- define "noetl.secretFile" -}}
- name: {{ .variable }}
  value: /run/noetl/{{ .key }}
{{- end }}
