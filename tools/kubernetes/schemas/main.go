// schemas writes the JSON Schema of each version of each kind, for kubeconform.
//
//	schemas OUT FILE...
//
// A FILE is a CustomResourceDefinition (.yaml), or a group of Kubernetes' own OpenAPI (_openapi.json). What it
// writes is OUT/{group}/{kind}_{version}.json, in lower case; the group of Kubernetes' core is named `v1`, as
// kubeconform names it. A key that a kind does not know is refused, which a cluster would silently drop.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

const (
	reference  = "#/components/schemas/"
	objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
)

type definition struct {
	Kind string
	Spec struct {
		Group string
		Names struct{ Kind string }

		Versions []struct {
			Name   string
			Schema struct {
				OpenAPIV3Schema map[string]any
			}
		}
	}
}

type openAPI struct {
	Components struct{ Schemas map[string]any }
}

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: schemas OUT FILE..."))
	}
	out := os.Args[1]
	// What metadata may hold: a CustomResourceDefinition leaves that to Kubernetes.
	metadata := map[string]any{}
	for _, path := range os.Args[2:] {
		if schemas := read(path); schemas[objectMeta] != nil {
			metadata[objectMeta] = schemas[objectMeta]
			collect(metadata[objectMeta], schemas, metadata)
			break
		}
	}
	for _, path := range os.Args[2:] {
		written := 0
		if strings.HasSuffix(path, ".json") {
			written = writeOwn(out, read(path))
		} else {
			written = writeCustom(out, path, metadata)
		}
		if written == 0 {
			fail(fmt.Errorf("no kind is defined in %s", path))
		}
	}
}

// read gives the schemas of a group of Kubernetes' OpenAPI, and none of another file.
func read(path string) map[string]any {
	if !strings.HasSuffix(path, ".json") {
		return nil
	}
	text, err := os.ReadFile(path)
	fail(err)
	var document openAPI
	fail(json.Unmarshal(text, &document))
	close(document.Components.Schemas)
	return document.Components.Schemas
}

// writeOwn writes Kubernetes' own kinds, each with all that it refers to.
func writeOwn(out string, schemas map[string]any) int {
	written := 0
	for _, schema := range schemas {
		schema := schema.(map[string]any)
		kinds, _ := schema["x-kubernetes-group-version-kind"].([]any)
		// Those of every group, such as DeleteOptions, are nobody's manifest.
		if len(kinds) != 1 {
			continue
		}
		kind := kinds[0].(map[string]any)
		group := kind["group"].(string)
		if group == "" {
			group = "v1"
		}
		definitions := map[string]any{}
		collect(schema, schemas, definitions)
		write(out, group, kind["kind"].(string), kind["version"].(string), schema, definitions)
		written++
	}
	return written
}

// writeCustom writes the custom resources of a file.
func writeCustom(out, path string, metadata map[string]any) int {
	text, err := os.ReadFile(path)
	fail(err)
	written := 0
	for _, document := range bytes.Split(text, []byte("\n---")) {
		var crd definition
		fail(yaml.Unmarshal(document, &crd))
		if crd.Kind != "CustomResourceDefinition" {
			continue
		}
		for _, version := range crd.Spec.Versions {
			schema := version.Schema.OpenAPIV3Schema
			close(schema)
			properties := schema["properties"].(map[string]any)
			properties["apiVersion"] = map[string]any{"type": "string"}
			properties["kind"] = map[string]any{"type": "string"}
			if len(metadata) > 0 {
				properties["metadata"] = map[string]any{"$ref": reference + objectMeta}
			}
			schema["additionalProperties"] = false
			write(out, crd.Spec.Group, crd.Spec.Names.Kind, version.Name, schema, metadata)
			written++
		}
	}
	return written
}

// collect adds to found what a schema refers to, and what that refers to.
func collect(node any, schemas, found map[string]any) {
	switch node := node.(type) {
	case []any:
		for _, each := range node {
			collect(each, schemas, found)
		}
	case map[string]any:
		if target, isReference := node["$ref"].(string); isReference {
			name := strings.TrimPrefix(target, reference)
			if _, isKnown := found[name]; !isKnown {
				found[name] = schemas[name]
				collect(schemas[name], schemas, found)
			}
		}
		for _, each := range node {
			collect(each, schemas, found)
		}
	}
}

func write(out, group, kind, version string, schema, definitions map[string]any) {
	schema["components"] = map[string]any{"schemas": definitions}
	text, err := json.Marshal(schema)
	fail(err)
	name := fmt.Sprintf("%s_%s.json", kind, version)
	file := filepath.Join(out, group, strings.ToLower(name))
	fail(os.MkdirAll(filepath.Dir(file), 0o755))
	fail(os.WriteFile(file, text, 0o644))
	delete(schema, "components")
}

// close refuses what an object does not name, all the way down.
func close(node any) {
	switch node := node.(type) {
	case []any:
		for _, each := range node {
			close(each)
		}
	case map[string]any:
		_, hasProperties := node["properties"].(map[string]any)
		isOpen, _ := node["x-kubernetes-preserve-unknown-fields"].(bool)
		if _, isMap := node["additionalProperties"]; hasProperties && !isMap && !isOpen {
			node["additionalProperties"] = false
		}
		for _, each := range node {
			close(each)
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "schemas:", err)
		os.Exit(1)
	}
}
