//! The AsyncAPI 3.0 document: who sends and receives what, on which topic, by which key.

use events::{EVENT_VERSION, EventType, Service, Topic};
use serde_json::{Map, Value, json};

const ASYNCAPI_VERSION: &str = "3.0.0";
const KAFKA_BINDING_VERSION: &str = "0.5.0";
/// Where the schemas lie, seen from the document.
const SCHEMAS: &str = "../../crates/events/schemas";
const MS_PER_DAY: u64 = 24 * 60 * 60 * 1000;

/// The services that run; `system` stands for whatever else acts and has no operations of its own.
const SERVICES: [Service; 2] = [Service::ChatApi, Service::ReminderWorker];

pub(crate) fn document() -> Value {
    let mut document = json!({
        "asyncapi": ASYNCAPI_VERSION,
        "id": format!("urn:todo:events:{EVENT_VERSION}"),
        "info": {
            "title": "Todo events",
            "version": "1.0.0",
            "license": { "name": "Apache-2.0" },
            "description": "All that passes between chat-api and reminder-worker. Every record is \
                a CloudEvent 1.0 in the structured JSON form whose `data` is the event's envelope. \
                Generated from the types in `crates/events`."
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "kafka-pubsub": {
                "host": "redpanda.redpanda.svc.cluster.local:9092",
                "protocol": "kafka",
                "description": "The broker behind the Dapr component kafka-pubsub. The services \
                    reach it only through the Dapr pub/sub HTTP API of their sidecars; \
                    subscriptions ask for raw payloads."
            }
        },
        "channels": by_name(Topic::ALL.map(|topic| (topic.to_string(), channel(topic)))),
        "operations": by_name(operations()),
        "components": {
            "messages": by_name(EventType::ALL.iter().map(|it| (it.to_string(), message(*it)))),
            "schemas": { "CloudEvent": cloud_event() }
        }
    });
    document.sort_all_objects();
    document
}

/// What the topic is for.
pub(crate) const fn purpose(topic: Topic) -> &'static str {
    match topic {
        Topic::TaskEvents => "The one ordered history of every task.",
        Topic::TaskUpdates => {
            "The state changes of task-events again, with the same event_id, for further consumers."
        }
        Topic::Reminders => "What the worker says of reminders.",
        Topic::Notifications => "What became of each notification.",
        Topic::UserEvents => "Settings, channels and the end of accounts.",
        Topic::Receipts => "End-to-end acknowledgements, both ways.",
        Topic::DeadLetter => {
            "Records that a consumer could not take, and what people decide about them."
        }
    }
}

/// What the topic's records are keyed by; always a UUID.
pub(crate) const fn key(topic: Topic) -> &'static str {
    match topic {
        Topic::TaskEvents | Topic::TaskUpdates | Topic::Reminders => "the task's id",
        Topic::Notifications => {
            "the task's id; for a digest and for a test of a channel the user's"
        }
        Topic::UserEvents => "the user's id",
        Topic::Receipts => "the event's own id: receipts keep no order",
        Topic::DeadLetter => "the dead letter's id",
    }
}

/// The events that travel on a topic.
pub(crate) fn events_on(topic: Topic) -> impl Iterator<Item = EventType> {
    EventType::ALL.iter().copied().filter(move |it| it.topics().contains(&topic))
}

fn channel(topic: Topic) -> Value {
    let messages = events_on(topic)
        .map(|it| (it.to_string(), json!({ "$ref": format!("#/components/messages/{it}") })));
    json!({
        "address": topic.name(),
        "title": topic.name(),
        "description": format!(
            "{} Keyed by {}. Replication: 1 on one broker, {} in a cloud.",
            purpose(topic),
            key(topic),
            Topic::CLOUD_REPLICATION
        ),
        "servers": [{ "$ref": "#/servers/kafka-pubsub" }],
        "messages": by_name(messages),
        "bindings": {
            "kafka": {
                "topic": topic.name(),
                "partitions": Topic::PARTITIONS,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": u64::from(topic.retention_days()) * MS_PER_DAY
                },
                "bindingVersion": KAFKA_BINDING_VERSION
            }
        }
    })
}

fn operations() -> Vec<(String, Value)> {
    let mut operations = Vec::new();
    for topic in Topic::ALL {
        for service in SERVICES.into_iter().filter(|it| topic.producers().contains(it)) {
            let events = events_on(topic).filter(|it| sends(service, *it));
            operations.push(operation(service, "send", topic, events));
        }
        for service in SERVICES.into_iter().filter(|it| topic.consumers().contains(it)) {
            operations.push(operation(service, "receive", topic, events_on(topic)));
        }
    }
    operations
}

/// Both services write dead letters, but only chat-api has people who decide about them.
fn sends(service: Service, event_type: EventType) -> bool {
    !matches!(
        event_type,
        EventType::DeadLetterRedriveRequested | EventType::DeadLetterDiscardRequested
    ) || service == Service::ChatApi
}

fn operation(
    service: Service,
    action: &str,
    topic: Topic,
    events: impl Iterator<Item = EventType>,
) -> (String, Value) {
    let channel = format!("#/channels/{topic}");
    let messages: Vec<Value> =
        events.map(|it| json!({ "$ref": format!("{channel}/messages/{it}") })).collect();
    let mut operation = json!({
        "action": action,
        "channel": { "$ref": channel },
        "summary": format!("{service} {action}s on {topic}."),
        "messages": messages
    });
    if action == "receive" {
        operation["bindings"] = json!({
            "kafka": {
                "groupId": { "type": "string", "enum": [service.name()] },
                "bindingVersion": KAFKA_BINDING_VERSION
            }
        });
    }
    (format!("{service}-{action}-{topic}"), operation)
}

fn message(event_type: EventType) -> Value {
    let schema = format!("{SCHEMAS}/{EVENT_VERSION}/{event_type}.json");
    let key = event_type.topics().first().copied().map_or("", key);
    json!({
        "name": event_type.name(),
        "title": event_type.name(),
        "summary": event_type.description(),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [{ "$ref": "#/components/schemas/CloudEvent" }],
            "type": "object",
            "required": ["data"],
            "properties": {
                "type": { "const": event_type.name() },
                "data": { "$ref": schema }
            }
        },
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "format": "uuid",
                    "description": format!("The partition key: {key}.")
                },
                "bindingVersion": KAFKA_BINDING_VERSION
            }
        }
    })
}

fn cloud_event() -> Value {
    json!({
        "description": "A CloudEvent 1.0 around an event. `traceid` and `traceparent` are both \
            there or both missing. The sidecar adds `topic` and `pubsubname`.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "datacontenttype", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "format": "uuid", "description": "The event_id." },
            "source": {
                "type": "string",
                "enum": Service::ALL.map(Service::name),
                "description": "The producer."
            },
            "type": { "type": "string", "description": "The event_type." },
            "subject": {
                "type": "string",
                "format": "uuid",
                "description": "The task, the user or the dead letter that it is about."
            },
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "const": "application/json" },
            "traceid": { "type": "string", "description": "The same as traceparent." },
            "traceparent": { "type": "string", "description": "The W3C trace context." },
            "releasedat": {
                "type": "string",
                "format": "date-time",
                "description": "When an event was published that had been held back."
            },
            "moreheld": {
                "type": "boolean",
                "description": "A later event with its key had been held back too and follows."
            },
            "data": { "type": "object", "description": "The event in its envelope." }
        }
    })
}

fn by_name(entries: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    entries.into_iter().collect()
}
