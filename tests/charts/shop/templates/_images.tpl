{{- define "shop.bitnami" -}}
{{- $registry := default .image.registry .global.imageRegistry -}}
{{- $end := .image.digest | empty | ternary (printf ":%v" .image.tag) (printf "@%s" .image.digest) -}}
{{- printf "%s/%s%s" $registry .image.repository $end -}}
{{- end -}}

{{- define "shop.ingress" -}}
{{- printf "%s/%s:%s" (.global.imageRegistry | default .image.registry) .image.image .image.tag -}}{{- with .image.digest -}}@{{ . }}{{- end -}}
{{- end -}}
