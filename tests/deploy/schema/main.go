// Writes the JSON Schema that rendered manifests are checked with (tests/deploy/kubernetes.schema.json), from the Go types
// of the Kubernetes version in go.mod; with file names as arguments it also holds their pods against the standard
// `restricted` of pod security, by Kubernetes' own evaluator.
//
//	go run . > ../kubernetes.schema.json
//	go run . ../rendered/*.yaml
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	psapi "k8s.io/pod-security-admission/api"
	pspolicy "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

var kinds = map[string]any{
	"v1/Namespace":                            corev1.Namespace{},
	"v1/ConfigMap":                            corev1.ConfigMap{},
	"v1/Secret":                               corev1.Secret{},
	"v1/Service":                              corev1.Service{},
	"v1/ServiceAccount":                       corev1.ServiceAccount{},
	"apps/v1/Deployment":                      appsv1.Deployment{},
	"apps/v1/StatefulSet":                     appsv1.StatefulSet{},
	"batch/v1/Job":                            batchv1.Job{},
	"policy/v1/PodDisruptionBudget":           policyv1.PodDisruptionBudget{},
	"networking.k8s.io/v1/NetworkPolicy":      networkingv1.NetworkPolicy{},
	"autoscaling/v2/HorizontalPodAutoscaler":  autoscalingv2.HorizontalPodAutoscaler{},
	"keda.sh/v1alpha1/ScaledObject":           scaledObject{},
	"keda.sh/v1alpha1/TriggerAuthentication":  triggerAuthentication{},
	"monitoring.coreos.com/v1/ServiceMonitor": monitoringv1.ServiceMonitor{},
	"monitoring.coreos.com/v1/PrometheusRule": monitoringv1.PrometheusRule{},
}

// KEDA's own types pull in half of its world; these are the fields of keda.sh/v1alpha1 (2.17).
type scaledObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              scaledObjectSpec `json:"spec"`
}

type triggerAuthentication struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              triggerAuthenticationSpec `json:"spec"`
}

type triggerAuthenticationSpec struct {
	SecretTargetRef []struct {
		Parameter string `json:"parameter"`
		Name      string `json:"name"`
		Key       string `json:"key"`
	} `json:"secretTargetRef"`
}

type scaledObjectSpec struct {
	ScaleTargetRef struct {
		Name                   string `json:"name"`
		APIVersion             string `json:"apiVersion"`
		Kind                   string `json:"kind"`
		EnvSourceContainerName string `json:"envSourceContainerName"`
	} `json:"scaleTargetRef"`
	PollingInterval       int32 `json:"pollingInterval"`
	InitialCooldownPeriod int32 `json:"initialCooldownPeriod"`
	CooldownPeriod        int32 `json:"cooldownPeriod"`
	IdleReplicaCount      int32 `json:"idleReplicaCount"`
	MinReplicaCount       int32 `json:"minReplicaCount"`
	MaxReplicaCount       int32 `json:"maxReplicaCount"`
	Advanced              struct {
		HorizontalPodAutoscalerConfig struct {
			Behavior autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
			Name     string                                        `json:"name"`
		} `json:"horizontalPodAutoscalerConfig"`
		RestoreToOriginalReplicaCount bool `json:"restoreToOriginalReplicaCount"`
		ScalingModifiers              struct {
			Formula          string `json:"formula"`
			Target           string `json:"target"`
			ActivationTarget string `json:"activationTarget"`
			MetricType       string `json:"metricType"`
		} `json:"scalingModifiers"`
	} `json:"advanced"`
	Triggers []struct {
		Type              string            `json:"type"`
		Name              string            `json:"name"`
		UseCachedMetrics  bool              `json:"useCachedMetrics"`
		Metadata          map[string]string `json:"metadata"`
		AuthenticationRef struct {
			Name string `json:"name"`
			Kind string `json:"kind"`
		} `json:"authenticationRef"`
		MetricType string `json:"metricType"`
	} `json:"triggers"`
	Fallback struct {
		FailureThreshold int32  `json:"failureThreshold"`
		Replicas         int32  `json:"replicas"`
		Behavior         string `json:"behavior"`
	} `json:"fallback"`
}

type object = map[string]any

var definitions = object{}

// A field's name in JSON, and whether its members belong to the struct around it.
func nameOf(field reflect.StructField) (name string, isInline bool) {
	parts := strings.Split(field.Tag.Get("json"), ",")
	for _, part := range parts[1:] {
		isInline = isInline || part == "inline"
	}
	return parts[0], isInline || (field.Anonymous && parts[0] == "")
}

func addFields(properties object, of reflect.Type) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, isInline := nameOf(field)
		switch {
		case isInline:
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			addFields(properties, inner)
		case name != "" && name != "-" && name != "status" && name != "managedFields":
			properties[name] = schemaOf(field.Type)
		}
	}
}

func schemaOf(of reflect.Type) any {
	switch of.Kind() {
	case reflect.Pointer:
		return schemaOf(of.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64, reflect.Uint8:
		return object{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		if of.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string"}
		}
		return object{"type": "array", "items": schemaOf(of.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(of.Elem())}
	case reflect.Interface:
		return object{}
	}
	switch of.Name() { // these spell themselves
	case "Quantity", "IntOrString":
		return object{"type": []string{"string", "integer"}}
	case "Time", "MicroTime", "Duration":
		return object{"type": "string"}
	case "RawExtension", "JSON", "FieldsV1":
		return object{}
	}
	if of.Name() == "" {
		properties := object{}
		addFields(properties, of)
		return object{"type": "object", "additionalProperties": false, "properties": properties}
	}
	name := strings.NewReplacer("/", ".", "~", ".").Replace(of.PkgPath() + "." + of.Name())
	name = name[strings.LastIndex(strings.TrimSuffix(name, "."+of.Name()), ".")+1:]
	if _, isKnown := definitions[name]; !isKnown {
		properties := object{}
		definitions[name] = object{"type": "object", "additionalProperties": false, "properties": properties}
		addFields(properties, of)
	}
	return object{"$ref": "#/definitions/" + name}
}

func writeSchema() {
	byKind := object{}
	for kind, value := range kinds {
		byKind[kind] = schemaOf(reflect.TypeOf(value))
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object{"kinds": byKind, "definitions": definitions}); err != nil {
		panic(err)
	}
	os.Stdout.Write(out.Bytes())
}

func podOf(document []byte) (string, *corev1.PodTemplateSpec) {
	var head struct {
		metav1.TypeMeta
		Metadata metav1.ObjectMeta
		Spec     struct{ Template corev1.PodTemplateSpec }
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		return "", nil
	}
	if head.Kind != "Deployment" && head.Kind != "StatefulSet" && head.Kind != "Job" {
		return "", nil
	}
	return head.Kind + "/" + head.Metadata.Name, &head.Spec.Template
}

func checkPods(files []string) (failures int) {
	evaluator, err := pspolicy.NewEvaluator(pspolicy.DefaultChecks())
	if err != nil {
		panic(err)
	}
	restricted := psapi.LevelVersion{Level: psapi.LevelRestricted, Version: psapi.LatestVersion()}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		for _, document := range bytes.Split(text, []byte("\n---\n")) {
			name, pod := podOf(document)
			if pod == nil {
				continue
			}
			result := pspolicy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec))
			fmt.Printf("%s %s: allowed by restricted: %v %s\n", file, name, result.Allowed, result.ForbiddenDetail())
			if !result.Allowed {
				failures++
			}
		}
	}
	return failures
}

func main() {
	if len(os.Args) == 1 {
		writeSchema()
		return
	}
	os.Exit(min(1, checkPods(os.Args[1:])))
}
