// Each alert is quiet while all is well, and fires once for what it is about.
package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"sigs.k8s.io/yaml"
)

const alerts = "../../helm/todo-backend/files/alerts.yaml"

// Twenty minutes of both services, every 30 s, in which there is nothing to see.
const well = `
load 30s
  todo_live_streams{namespace="n", job="api", instance="1"} 3x40
  todo_reminders_fired_total{namespace="n", job="worker", instance="2"} 0+1x40
  todo_http_requests_total{namespace="n", job="api", status="200"} 0+1000x40
  todo_http_requests_total{namespace="n", job="api", status="404"} 0+500x40
  todo_http_requests_total{namespace="n", job="api", status="503"} 0+1x40
  todo_reminders_due_lag_seconds{namespace="n", job="worker"} 0.4x40
  todo_reminder_lateness_seconds_bucket{namespace="n", job="worker", le="1"} 0+1000x40
  todo_reminder_lateness_seconds_bucket{namespace="n", job="worker", le="5"} 0+1001x40
  todo_reminder_lateness_seconds_bucket{namespace="n", job="worker", le="+Inf"} 0+1001x40
  todo_deliveries_total{namespace="n", job="worker", channel="webhook", outcome="failed"} 7x40
  todo_deliveries_total{namespace="n", job="worker", channel="webhook", outcome="retried"} 0+1x40
  todo_outbox_oldest_unpublished_age_seconds{namespace="n", job="api"} 1x40
  todo_relay_leading{namespace="n", job="api", instance="1"} 1x40
  todo_relay_leading{namespace="n", job="api", instance="3"} 0x40
  todo_outbox_refused_rows_total{namespace="n", job="api", topic="t"} 7x40
  todo_outbox_oldest_unreceipted_age_seconds{namespace="n", job="api"} 20x40
  todo_inbox_deliveries_total{namespace="n", job="api", topic="t", outcome="retried"} 7x40
  todo_inbox_deliveries_total{namespace="n", job="api", topic="t", outcome="applied"} 0+9x40
  todo_dead_letters_total{namespace="n", job="api", topic="t"} 7x40
  todo_database_up{namespace="n", job="api"} 1x40
  todo_database_connections_in_use{namespace="n", job="api", instance="1"} 15x40
  todo_database_connections_max{namespace="n", job="api", instance="1"} 16x40
  dapr_component_pubsub_egress_count{namespace="n", app_id="chat-api", success="true", topic="t"} 0+1x40
  dapr_component_pubsub_egress_count{namespace="n", app_id="another", success="false", topic="t"} 0+1x40
  dapr_component_pubsub_ingress_count{namespace="n", app_id="chat-api", process_status="success", topic="t"} 0+1x40
`

// The same for each alert, in which there is what it is about.
var wrong = map[string]string{
	"TodoApiDown": `todo_reminders_fired_total{namespace="n"} 1x40`,
	"TodoRequestsFail": `todo_http_requests_total{namespace="n", status="200"} 0+90x40
		todo_http_requests_total{namespace="n", status="503"} 0+1x40`,
	"TodoWorkerDown":       `todo_live_streams{namespace="n"} 1x40`,
	"TodoRemindersOverdue": `todo_reminders_due_lag_seconds{namespace="n"} 11x40`,
	"TodoRemindersLate": `todo_reminder_lateness_seconds_bucket{namespace="n", le="1"} 0+98x40
		todo_reminder_lateness_seconds_bucket{namespace="n", le="5"} 0+100x40
		todo_reminder_lateness_seconds_bucket{namespace="n", le="+Inf"} 0+100x40`,
	"TodoNotificationsFail":    `todo_deliveries_total{namespace="n", channel="webhook", outcome="failed"} 0x30 1x9`,
	"TodoEventsNotPublished":   `todo_outbox_oldest_unpublished_age_seconds{namespace="n", job="api"} 61x40`,
	"TodoNobodyPublishes":      `todo_relay_leading{namespace="n", job="api"} 0x40`,
	"TodoEventsRefused":        `todo_outbox_refused_rows_total{namespace="n", job="api", topic="t"} 0x30 1x9`,
	"TodoEventsNotTaken":       `todo_outbox_oldest_unreceipted_age_seconds{namespace="n", job="api"} 301x40`,
	"TodoDeliveriesRetried":    `todo_inbox_deliveries_total{namespace="n", job="api", topic="t", outcome="retried"} 0+1x40`,
	"TodoDeadLetters":          `todo_dead_letters_total{namespace="n", job="api", topic="t"} 0x30 1x9`,
	"TodoSidecarCannotPublish": `dapr_component_pubsub_egress_count{namespace="n", app_id="chat-api", success="false"} 0+1x40`,
	"TodoSidecarCannotDeliver": `dapr_component_pubsub_ingress_count{namespace="n", app_id="chat-api", process_status="retry"} 0+1x40`,
	"TodoSidecarPolicyActs":    `dapr_resiliency_activations_total{namespace="n", app_id="chat-api", policy="retry"} 0+1x40`,
	"TodoDatabaseDown": `todo_database_up{namespace="n", job="api", instance="1"} 1x40
		todo_database_up{namespace="n", job="api", instance="2"} 0x40`,
	"TodoDatabaseConnectionsUsedUp": `todo_database_connections_in_use{namespace="n", instance="1"} 16x40
		todo_database_connections_max{namespace="n", instance="1"} 16x40`,
}

func TestEachAlertFiresForWhatItIsAboutOnly(t *testing.T) {
	text, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			t.Run(rule.Alert, func(t *testing.T) {
				if found := fires(t, well, rule.Expr); found != 0 {
					t.Errorf("fires %d times while all is well", found)
				}
				if found := fires(t, "load 30s\n"+wrong[rule.Alert]+"\n", rule.Expr); found != 1 {
					t.Errorf("fires %d times for what it is about", found)
				}
			})
			delete(wrong, rule.Alert)
		}
	}
	for name := range wrong {
		t.Errorf("%s is no alert", name)
	}
}

// fires says for how many things an expression fires, near the end of what is loaded.
func fires(t *testing.T, series, expression string) int {
	storage := promqltest.LoadedStorage(t, series)
	defer storage.Close()
	engine := promqltest.NewTestEngine(t, false, 0, 10_000)
	query, err := engine.NewInstantQuery(context.Background(), storage, nil, expression, time.Unix(1050, 0))
	if err != nil {
		t.Fatal(err)
	}
	result := query.Exec(context.Background())
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	return len(result.Value.(promql.Vector))
}
