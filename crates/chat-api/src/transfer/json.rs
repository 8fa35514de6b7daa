//! Our own format: all that a person has here, without loss.
//!
//! `{"format": "todo.export", "version": 1, "exported_at", "settings", "channels", "lists", "tasks",
//! "conversations"}`, the fields of a list, a task and a conversation named as in the API. Fields that nobody knows are ignored, so that
//! version 1 may grow; a breaking change is another version.
//!
//! Not in it: what others know better (versions, delivery problems), secrets of channels, sessions and
//! tokens. Channels and conversations are said for a person to read; importing makes none.

use chrono::{DateTime, Utc};
use events::{
    DEFAULT_DAY_TIME, DailyDigest, Due, ListId, Nominal, Priority, RecurrenceRule, ReminderId,
    ReminderSpec, Snooze, Status, SubtaskId, TaskId, TimeZone,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{json, value::RawValue};

use super::{
    Incoming, IncomingList, IncomingTask, MAX_FILE_LISTS, MAX_TASKS, Preferences, Source,
    Unreadable, at_most, describe, draft::Draft,
};
use crate::{
    domain::{
        language::{Language, LanguageRecord},
        settings::{Settings, parse_quiet_hours, parse_time},
        subtask::GivenSubtask,
        task::Task,
        text::ListName,
    },
    store::{
        conversations::{Conversation, Message},
        lists::List,
        persons::Person,
    },
};

/// What says that a file is ours.
pub(crate) const FORMAT: &str = "todo.export";
const VERSION: u32 = 1;

/// What stands before the tasks.
#[derive(Debug, Serialize)]
pub(crate) struct Head<'a> {
    format: &'static str,
    version: u32,
    exported_at: DateTime<Utc>,
    settings: SettingsRecord,
    channels: &'a [ChannelRecord],
    lists: Vec<ListRecord>,
}

/// A channel without its secret.
#[derive(Debug, Serialize)]
pub(crate) struct ChannelRecord {
    pub(crate) kind: &'static str,
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SettingsRecord {
    time_zone: TimeZone,
    #[serde(default)]
    quiet_hours: Option<QuietRecord>,
    #[serde(default)]
    day_time: Option<String>,
    #[serde(default)]
    digest: Option<DigestRecord>,
    #[serde(default)]
    language: Option<LanguageRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DigestRecord {
    at: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct QuietRecord {
    from: String,
    to: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ListRecord {
    id: ListId,
    name: String,
    #[serde(default)]
    is_inbox: bool,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TaskRecord {
    id: TaskId,
    title: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    priority: Priority,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    due_date: Option<Due>,
    #[serde(default)]
    time_zone: Option<TimeZone>,
    #[serde(default)]
    recurrence: Option<RecurrenceRule>,
    #[serde(default)]
    occurrence: Option<Nominal>,
    #[serde(default)]
    reminders: Option<Vec<ReminderSpec>>,
    #[serde(default)]
    snoozes: Vec<Snooze>,
    #[serde(default)]
    dismissed: Vec<ReminderId>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    list_id: Option<ListId>,
    #[serde(default)]
    position: Option<String>,
    #[serde(default)]
    subtasks: Vec<SubtaskRecord>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    updated_at: Option<DateTime<Utc>>,
    #[serde(default)]
    completed_at: Option<DateTime<Utc>>,
    /// In the trash since.
    #[serde(default)]
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SubtaskRecord {
    #[serde(default)]
    id: Option<SubtaskId>,
    title: String,
    #[serde(default)]
    done: bool,
}

/// A file; each thing in it is read by itself, so that one that is wrong is named alone.
#[derive(Deserialize)]
struct File<'a> {
    format: String,
    version: u32,
    #[serde(borrow, default)]
    settings: Option<&'a RawValue>,
    #[serde(default)]
    channels: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    conversations: Vec<serde::de::IgnoredAny>,
    #[serde(borrow, default, deserialize_with = "raw_items")]
    lists: Vec<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw_items")]
    tasks: Vec<&'a RawValue>,
}

fn raw_items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'de RawValue>, D::Error> {
    Vec::deserialize(deserializer)
}

impl<'a> Head<'a> {
    pub(crate) fn new(
        exported_at: DateTime<Utc>,
        person: &Person,
        channels: &'a [ChannelRecord],
        lists: &[List],
    ) -> Self {
        let Settings { time_zone, quiet_hours, day_time, digest, language } = person.settings;
        let time = |time: chrono::NaiveTime| time.format("%H:%M:%S").to_string();
        let quiet_hours =
            quiet_hours.map(|quiet| QuietRecord { from: time(quiet.from), to: time(quiet.to) });
        let lists = lists.iter().map(|list| ListRecord {
            id: list.list_id.into(),
            name: list.name.clone(),
            is_inbox: list.is_inbox,
            created_at: Some(list.created_at),
        });
        Self {
            format: FORMAT,
            version: VERSION,
            exported_at,
            settings: SettingsRecord {
                time_zone,
                quiet_hours,
                day_time: Some(time(day_time)),
                digest: digest.map(|digest| DigestRecord { at: time(digest.at) }),
                language: Some(language.into()),
            },
            channels,
            lists: lists.collect(),
        }
    }

    /// The beginning of a file, up to its first task.
    pub(crate) fn write(&self) -> serde_json::Result<String> {
        let mut text = serde_json::to_string(self)?;
        text.pop();
        text.push_str(",\"tasks\":[");
        Ok(text)
    }
}

/// A task in a file, a line by itself.
pub(crate) fn write_task(task: &Task, is_first: bool, out: &mut String) -> serde_json::Result<()> {
    out.push_str(if is_first { "\n" } else { ",\n" });
    out.push_str(&serde_json::to_string(&TaskRecord::from(task))?);
    Ok(())
}

/// What stands between the tasks and what was said.
pub(crate) const CONVERSATIONS: &str = "\n],\"conversations\":[";
/// The end of a conversation.
pub(crate) const CONVERSATION_END: &str = "\n]}";
/// The end of a file; one without it is not whole, and no JSON.
pub(crate) const END: &str = "\n]}\n";

/// A conversation in a file, up to its first message.
pub(crate) fn write_conversation(
    conversation: &Conversation,
    is_first: bool,
    out: &mut String,
) -> serde_json::Result<()> {
    out.push_str(if is_first { "\n" } else { ",\n" });
    let record = json!({
        "id": conversation.conversation_id,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    });
    let mut text = serde_json::to_string(&record)?;
    text.pop();
    out.push_str(&text);
    out.push_str(",\"messages\":[");
    Ok(())
}

/// A message in a file, a line by itself.
pub(crate) fn write_message(message: &Message, out: &mut String) -> serde_json::Result<()> {
    out.push_str(if message.place == 1 { "\n" } else { ",\n" });
    let record = json!({
        "id": message.message_id,
        "author": message.author,
        "text": message.body,
        "actions": message.actions,
        "engine": message.engine,
        "created_at": message.created_at,
    });
    out.push_str(&serde_json::to_string(&record)?);
    Ok(())
}

impl From<&Task> for TaskRecord {
    fn from(task: &Task) -> Self {
        let state = &task.state;
        let subtasks = state.subtasks.iter().map(|subtask| SubtaskRecord {
            id: Some(subtask.subtask_id),
            title: subtask.title.clone(),
            done: subtask.done,
        });
        Self {
            id: state.task_id,
            title: state.title.clone(),
            description: state.description.clone(),
            priority: state.priority,
            status: state.status,
            due_date: state.due_date,
            time_zone: Some(state.time_zone),
            recurrence: state.recurrence.clone(),
            occurrence: state.occurrence,
            reminders: Some(state.reminders.clone()),
            snoozes: state.snoozes.clone(),
            dismissed: state.dismissed.clone(),
            tags: state.tags.clone(),
            list_id: state.list_id,
            position: state.position.clone(),
            subtasks: subtasks.collect(),
            created_at: Some(state.created_at),
            updated_at: Some(task.updated_at),
            completed_at: task.completed_at,
            deleted_at: task.deleted_at,
        }
    }
}

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> Result<Incoming, Unreadable> {
    let text = super::text_of(bytes)?;
    let file: File<'_> = serde_json::from_str(text)
        .map_err(|error| Unreadable::new(format!("is no export of ours: {error}")))?;
    if file.format != FORMAT || file.version != VERSION {
        return Err(Unreadable::new(format!("is not {FORMAT} of version {VERSION}")));
    }
    at_most(file.tasks.len(), MAX_TASKS, "tasks")?;
    at_most(file.lists.len(), MAX_FILE_LISTS, "lists")?;
    let mut incoming = Incoming::default();
    if !file.channels.is_empty() {
        incoming.warn("channels", "are not made: their secrets are not in the file");
    }
    if !file.conversations.is_empty() {
        incoming
            .warn("conversations", "are not taken over: what they speak of is not the same here");
    }
    let list_ids = read_lists(&file.lists, &mut incoming);
    incoming.preferences = file.settings.and_then(|raw| read_settings(raw, &mut incoming));
    let mut tasks: Vec<(Option<String>, IncomingTask)> = vec![];
    for (index, raw) in file.tasks.iter().enumerate() {
        let at = format!("tasks[{index}]");
        match serde_json::from_str::<TaskRecord>(raw.get()) {
            Ok(record) => {
                let position = record.position.clone();
                let task = read_task(at, record, &list_ids, &mut incoming);
                tasks.extend(task.map(|task| (position, task)));
            }
            Err(error) => incoming.refuse(at, describe(&error)),
        }
    }
    // Stable: what stands in one place stays in the file's order.
    tasks.sort_by(|(one, _), (other, _)| one.cmp(other));
    incoming.tasks = tasks.into_iter().map(|(_, task)| task).collect();
    Ok(incoming)
}

fn read_lists(raw: &[&RawValue], incoming: &mut Incoming) -> Vec<ListId> {
    let mut ids = vec![];
    for (index, raw) in raw.iter().enumerate() {
        let at = format!("lists[{index}]");
        let record = match serde_json::from_str::<ListRecord>(raw.get()) {
            Ok(record) => record,
            Err(error) => {
                incoming.refuse(at, describe(&error));
                continue;
            }
        };
        match ListName::parse(record.name) {
            Ok(name) => {
                ids.push(record.id);
                incoming.lists.push(IncomingList {
                    source: source("list", record.id.uuid()),
                    name,
                    is_inbox: record.is_inbox,
                    joins_same_name: false,
                });
            }
            Err(refused) => incoming.refuse(at, format!("name {refused}")),
        }
    }
    ids
}

fn read_settings(raw: &RawValue, incoming: &mut Incoming) -> Option<Preferences> {
    let record = match serde_json::from_str::<SettingsRecord>(raw.get()) {
        Ok(record) => record,
        Err(error) => {
            incoming.refuse("settings", describe(&error));
            return None;
        }
    };
    let quiet = record.quiet_hours.map(|quiet| parse_quiet_hours(&quiet.from, &quiet.to));
    let day_time = match record.day_time.as_deref().map(parse_time).transpose() {
        Ok(day_time) => day_time.unwrap_or(DEFAULT_DAY_TIME),
        Err(refused) => {
            incoming.refuse("settings.day_time", refused.to_string());
            return None;
        }
    };
    let digest = match record.digest.map(|digest| parse_time(&digest.at)).transpose() {
        Ok(at) => at.map(|at| DailyDigest { at }),
        Err(refused) => {
            incoming.refuse("settings.digest", refused.to_string());
            return None;
        }
    };
    let language = match record.language.map(Language::try_from).transpose() {
        Ok(language) => language.unwrap_or_default(),
        Err(refused) => {
            incoming.refuse("settings.language", refused.to_string());
            return None;
        }
    };
    match quiet.transpose() {
        Ok(quiet_hours) => {
            let inbox = incoming.lists.iter().find(|list| list.is_inbox);
            Some(Preferences {
                settings: Settings {
                    time_zone: record.time_zone,
                    quiet_hours,
                    day_time,
                    digest,
                    language,
                },
                inbox_name: inbox.map(|list| list.name.clone()),
            })
        }
        Err(refused) => {
            incoming.refuse("settings.quiet_hours", refused.to_string());
            None
        }
    }
}

fn read_task(
    at: String,
    record: TaskRecord,
    lists: &[ListId],
    incoming: &mut Incoming,
) -> Option<IncomingTask> {
    let list = record.list_id.and_then(|id| lists.iter().position(|list| *list == id));
    if record.list_id.is_some() && list.is_none() {
        incoming.warn(&at, "its list is not in the file: it goes into the inbox");
    }
    let subtasks = record.subtasks.into_iter();
    let draft = Draft {
        task_id: Some(record.id),
        title: record.title,
        description: record.description,
        priority: record.priority,
        status: record.status,
        due_date: record.due_date,
        time_zone: record.time_zone,
        recurrence: record.recurrence,
        occurrence: record.occurrence,
        reminders: record.reminders,
        snoozes: record.snoozes,
        dismissed: record.dismissed,
        tags: record.tags,
        subtasks: subtasks
            .map(|SubtaskRecord { id, title, done }| GivenSubtask { id, title, done })
            .collect(),
        created_at: record.created_at,
        updated_at: record.updated_at,
        completed_at: record.completed_at,
        deleted_at: record.deleted_at,
    };
    match draft.check() {
        Ok(task) => Some(IncomingTask { at, source: source("task", record.id.uuid()), list, task }),
        Err(message) => {
            incoming.refuse(at, message);
            None
        }
    }
}

/// What comes from here, or was once here.
pub(super) fn source(kind: &str, id: uuid::Uuid) -> Source {
    Source { key: format!("{kind}:{id}"), own: Some(id) }
}
