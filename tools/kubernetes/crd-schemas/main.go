// crd-schemas writes the JSON Schema of each version of each custom resource, for kubeconform.
//
//	crd-schemas OUT CRD.yaml...
//
// The file is OUT/{group}/{kind}_{version}.json, in lower case. A key that the resource does not name is
// refused, which a cluster would silently drop.
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

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: crd-schemas OUT CRD.yaml..."))
	}
	written := 0
	for _, path := range os.Args[2:] {
		text, err := os.ReadFile(path)
		fail(err)
		for _, document := range bytes.Split(text, []byte("\n---")) {
			var crd definition
			fail(yaml.Unmarshal(document, &crd))
			if crd.Kind != "CustomResourceDefinition" {
				continue
			}
			for _, version := range crd.Spec.Versions {
				schema := version.Schema.OpenAPIV3Schema
				close(schema)
				text, err := json.MarshalIndent(schema, "", "  ")
				fail(err)
				name := fmt.Sprintf("%s_%s.json", crd.Spec.Names.Kind, version.Name)
				file := filepath.Join(os.Args[1], crd.Spec.Group, strings.ToLower(name))
				fail(os.MkdirAll(filepath.Dir(file), 0o755))
				fail(os.WriteFile(file, text, 0o644))
				written++
			}
		}
	}
	if written == 0 {
		fail(fmt.Errorf("no custom resource is defined in %s", strings.Join(os.Args[2:], " ")))
	}
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
		fmt.Fprintln(os.Stderr, "crd-schemas:", err)
		os.Exit(1)
	}
}
