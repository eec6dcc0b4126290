{{- define "operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* A release may have a dot in its name, and a Service may not. */ -}}
{{- define "operator.fullname" -}}
{{- $name := include "operator.name" . }}
{{- $release := .Release.Name | replace "." "-" }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name $release }}
{{- $release | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" $release $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* Cluster-wide objects of releases in two namespaces must not meet. */ -}}
{{- define "operator.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "operator.fullname" .) }}
{{- end }}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.labels" -}}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* Another name than the operator's: its labels say who may read the assistants' ports for operations. */ -}}
{{- define "operator.canarySelectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . | trunc 56 | trimSuffix "-" }}-canary
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.canaryLabels" -}}
{{ include "operator.canarySelectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is required where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Call with (list . image): repository:tag, and @digest where one is given. */ -}}
{{- define "operator.image" -}}
{{- $chart := index . 0 }}
{{- $image := index . 1 }}
{{- $repository := $image.repository }}
{{- /* Values that an older release is upgraded with (--reuse-values) have no `global`. */ -}}
{{- with (default dict $chart.Values.global).imageRegistry }}
{{- $parts := splitList "/" $repository }}
{{- /* A first part with a dot or a colon is a registry, as in every reference of an image; without one it is Docker's. */ -}}
{{- if and (gt (len $parts) 1) (regexMatch "[.:]|^localhost$" (first $parts)) }}{{ $parts = rest $parts }}{{ end }}
{{- $repository = printf "%s/%s" . (join "/" $parts) }}
{{- end }}
{{- printf "%s:%s" $repository (default $chart.Chart.AppVersion $image.tag) }}
{{- with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* Labels as the operator's flags take them: k=v,k=v. */ -}}
{{- define "operator.pairs" -}}
{{- $pairs := list }}
{{- range $key, $value := . }}{{ $pairs = append $pairs (printf "%s=%s" $key $value) }}{{ end }}
{{- join "," $pairs }}
{{- end }}

{{- /* Names of all image pull Secrets: v,v. */ -}}
{{- define "operator.pullSecrets" -}}
{{- $names := list }}
{{- range concat (default list (default dict .Values.global).imagePullSecrets) .Values.imagePullSecrets }}
{{- if kindIs "map" . }}{{ $names = append $names .name }}{{ else }}{{ $names = append $names . }}{{ end }}
{{- end }}
{{- join "," (uniq $names) }}
{{- end }}

{{- /* The same as a pod's imagePullSecrets. */ -}}
{{- define "operator.imagePullSecrets" -}}
{{- with include "operator.pullSecrets" . }}
imagePullSecrets:
  {{- range splitList "," . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Of the pod of `helm test`: what it may reach is the operator's port for operations. */ -}}
{{- define "operator.testSelectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
