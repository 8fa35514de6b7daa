// promql reads what the charts watch as Prometheus does.
//
//	helm template … | promql METRICS.md OPERATIONS.md
//
// Of the alerts (PrometheusRule) and dashboards (ConfigMaps with JSON) on standard input: every expression is PromQL,
// every metric is one of METRICS.md's table or of Dapr's and has the labels that are asked for, and every alert has a
// severity, words, and a runbook that is an entry of OPERATIONS.md. And no entry under `## Alerts` there is without its
// alert.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// Dapr's own that are relied on, with their labels, as daprd names them since 1.14; and Prometheus' own.
var otherMetrics = map[string]string{
	"dapr_component_pubsub_egress_count":  "app_id, component, success, topic",
	"dapr_component_pubsub_ingress_count": "app_id, component, process_status, status, topic",
	"dapr_resiliency_activations_total":   "app_id, flow_direction, name, policy, status, target",
	"ALERTS":                              "alertname, alertstate, severity",
}

// What Prometheus adds to every metric that it scrapes.
var targetLabels = []string{"instance", "job", "namespace", "pod"}

type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Spec     struct {
		Groups []struct{ Rules []rule }
	}
}

type rule struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

type checker struct {
	// The labels of each metric.
	metrics  map[string][]string
	headings map[string]bool
	wrong    bool
}

var (
	separator = regexp.MustCompile(`(?m)^---.*$`)
	tableRow  = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([a-z]+) \\| ([a-z, _]*) \\|")
	heading   = regexp.MustCompile(`(?m)^### ([A-Z][A-Za-z]+)$`)
	interval  = regexp.MustCompile(`\$(__rate_interval|__interval|__range)`)
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: promql METRICS.md OPERATIONS.md < MANIFESTS"))
	}
	check := checker{metrics: map[string][]string{}, headings: map[string]bool{}}
	for _, found := range tableRow.FindAllStringSubmatch(readFile(os.Args[1]), -1) {
		name, kind, names := found[1], found[2], found[3]
		if kind == "histogram" {
			check.metrics[name+"_bucket"] = labelsOf("le, " + names)
			check.metrics[name+"_sum"] = labelsOf(names)
			check.metrics[name+"_count"] = labelsOf(names)
		} else {
			check.metrics[name] = labelsOf(names)
		}
	}
	for name, names := range otherMetrics {
		check.metrics[name] = labelsOf(names)
	}
	_, section, _ := strings.Cut(readFile(os.Args[2]), "\n## Alerts\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, found := range heading.FindAllStringSubmatch(section, -1) {
		check.headings[found[1]] = true
	}

	text, err := io.ReadAll(os.Stdin)
	fail(err)
	alerts, panels := 0, 0
	for _, document := range separator.Split(string(text), -1) {
		var one manifest
		fail(yaml.Unmarshal([]byte(document), &one))
		switch one.Kind {
		case "PrometheusRule":
			for _, group := range one.Spec.Groups {
				for _, rule := range group.Rules {
					check.alert(rule)
					alerts++
				}
			}
		case "ConfigMap":
			for name, text := range one.Data {
				if strings.HasSuffix(name, ".json") {
					var dashboard any
					fail(json.Unmarshal([]byte(text), &dashboard))
					panels += check.dashboard(name, dashboard)
				}
			}
		}
	}
	if alerts == 0 || panels == 0 {
		check.complain("%d alerts and %d expressions of dashboards: some of both were to be there", alerts, panels)
	}
	for name := range check.headings {
		check.complain("%s: %s is no alert", os.Args[2], name)
	}
	if check.wrong {
		os.Exit(1)
	}
	fmt.Printf("%d alerts, %d expressions of dashboards\n", alerts, panels)
}

func (check *checker) alert(rule rule) {
	check.expression(rule.Alert, rule.Expr)
	if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
		check.complain("%s: severity %q is neither critical nor warning", rule.Alert, severity)
	}
	for _, name := range []string{"summary", "description", "runbook_url"} {
		if rule.Annotations[name] == "" {
			check.complain("%s: has no %s", rule.Alert, name)
		}
	}
	if !check.headings[rule.Alert] {
		check.complain("%s: has no entry `### %s` under `## Alerts`", rule.Alert, rule.Alert)
	}
	delete(check.headings, rule.Alert)
	if !strings.HasSuffix(rule.Annotations["runbook_url"], "docs/operations.md#"+strings.ToLower(rule.Alert)) {
		check.complain("%s: its runbook_url does not lead to its entry", rule.Alert)
	}
}

// dashboard checks each `expr`, however deep it lies, and counts them.
func (check *checker) dashboard(name string, node any) int {
	count := 0
	switch node := node.(type) {
	case []any:
		for _, each := range node {
			count += check.dashboard(name, each)
		}
	case map[string]any:
		if text, isExpression := node["expr"].(string); isExpression {
			check.expression(name, interval.ReplaceAllString(text, "5m"))
			count++
		}
		for _, each := range node {
			count += check.dashboard(name, each)
		}
	}
	return count
}

func (check *checker) expression(of, text string) {
	expression, err := parser.ParseExpr(text)
	if err != nil {
		check.complain("%s: %v: %s", of, err, text)
		return
	}
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			known, isServed := check.metrics[node.Name]
			if !isServed {
				check.complain("%s: nobody serves the metric %q", of, node.Name)
				return nil
			}
			for _, matcher := range node.LabelMatchers {
				if matcher.Name != labels.MetricName && !slices.Contains(known, matcher.Name) {
					check.complain("%s: %s has no label %q", of, node.Name, matcher.Name)
				}
			}
		case *parser.AggregateExpr:
			// What is aggregated has what it is grouped by.
			for _, selector := range selectors(node.Expr) {
				for _, name := range node.Grouping {
					if !slices.Contains(check.metrics[selector.Name], name) {
						check.complain("%s: %s has no label %q to group by", of, selector.Name, name)
					}
				}
			}
		}
		return nil
	})
}

func selectors(expression parser.Expr) []*parser.VectorSelector {
	var found []*parser.VectorSelector
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		if selector, isOne := node.(*parser.VectorSelector); isOne {
			found = append(found, selector)
		}
		return nil
	})
	return found
}

// labelsOf reads a list of labels, and adds those that every metric has.
func labelsOf(list string) []string {
	return append(strings.Split(list, ", "), targetLabels...)
}

func (check *checker) complain(format string, arguments ...any) {
	check.wrong = true
	fmt.Fprintf(os.Stderr, "promql: "+format+"\n", arguments...)
}

func readFile(path string) string {
	text, err := os.ReadFile(path)
	fail(err)
	return string(text)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "promql:", err)
		os.Exit(1)
	}
}
