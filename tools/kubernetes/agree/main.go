// agree checks that a chart's Dapr resources say what dapr/ says.
//
//	helm template … | agree FILE...
//
// Each resource of the files is among the rendered ones, with the same spec and scopes, and no other of their kinds
// is. Where the brokers are is each one's own matter.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

type resource struct {
	APIVersion string `json:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       map[string]any
	Scopes     []string
}

var separator = regexp.MustCompile(`(?m)^---.*$`)

func main() {
	text, err := io.ReadAll(os.Stdin)
	fail(err)
	rendered := read(text)
	wrong := false
	complain := func(format string, arguments ...any) {
		wrong = true
		fmt.Fprintf(os.Stderr, "agree: "+format+"\n", arguments...)
	}
	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		fail(err)
		for name, ours := range read(text) {
			theirs, isThere := rendered[name]
			if !isThere {
				complain("%s of %s is in no chart", name, path)
			} else if ours != theirs {
				complain("%s differs\n  %s: %s\n  the chart: %s", name, path, ours, theirs)
			}
			delete(rendered, name)
		}
	}
	for name := range rendered {
		complain("%s is in a chart only", name)
	}
	if wrong {
		os.Exit(1)
	}
}

// read gives Dapr's resources, by kind and name, as text that is the same where they mean the same.
func read(text []byte) map[string]string {
	found := map[string]string{}
	for _, document := range separator.Split(string(text), -1) {
		var one resource
		fail(yaml.Unmarshal([]byte(document), &one))
		if !strings.HasPrefix(one.APIVersion, "dapr.io/") {
			continue
		}
		if one.Kind == "Component" {
			// A list of names and values; where the brokers are differs.
			byName := map[string]any{}
			for _, each := range one.Spec["metadata"].([]any) {
				each := each.(map[string]any)
				byName[each["name"].(string)] = each["value"]
			}
			byName["brokers"] = nil
			one.Spec["metadata"] = byName
		}
		written, err := json.Marshal(one)
		fail(err)
		found[one.Kind+" "+one.Metadata.Name] = string(written)
	}
	return found
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "agree:", err)
		os.Exit(1)
	}
}
