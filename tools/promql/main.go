// promql reads PromQL as Prometheus does: one expression a line, after what it is of and a tab. It prints the metrics
// that each names, as lines of what it is of, a tab and the name, and fails where an expression is none.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	wrong := false
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		of, text, _ := strings.Cut(lines.Text(), "\t")
		expression, err := parser.ParseExpr(text)
		if err != nil {
			fmt.Fprintf(os.Stderr, "promql: %s: %v: %s\n", of, err, text)
			wrong = true
			continue
		}
		for _, selectors := range parser.ExtractSelectors(expression) {
			fmt.Printf("%s\t%s\n", of, metric(selectors))
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "promql:", err)
		wrong = true
	}
	if wrong {
		os.Exit(1)
	}
}

// metric is the name that a selector asks for; empty where it asks for none.
func metric(selector []*labels.Matcher) string {
	for _, matcher := range selector {
		if matcher.Name == labels.MetricName {
			return matcher.Value
		}
	}
	return ""
}
