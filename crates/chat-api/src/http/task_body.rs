//! A task as people write it: a new one, a merge patch, a completion.

use events::{Due, ListId, Nominal, Priority, RecurrenceRule, ReminderSpec, Status, TimeZone};
use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    body::{Field, Fields, any},
    schemas,
    task_view::RecurrenceView,
};
use crate::{
    domain::{
        schedule::{check_due, check_recurrence, check_reminders},
        subtask::Subtasks,
        tag::Tags,
        task::{NewTask, TaskPatch},
        text::{Description, TaskTitle},
    },
    error::Failure,
};

/// What is to change of a task: what is left out stays, null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TaskPatch)]
pub(super) struct TaskBody {
    #[schema(value_type = schemas::Title, required = false)]
    #[serde(default)]
    title: Field,
    #[schema(value_type = Option<schemas::Markdown>)]
    #[serde(default)]
    description: Field,
    #[schema(value_type = schemas::Priority, required = false)]
    #[serde(default)]
    priority: Field,
    /// A change to DONE is a completion, one from DONE reopens.
    #[schema(value_type = schemas::TaskStatus, required = false)]
    #[serde(default)]
    status: Field,
    #[schema(value_type = Option<schemas::DueDate>)]
    #[serde(default)]
    due_date: Field,
    /// The person's own where it is left out of a new task.
    #[schema(value_type = schemas::TimeZoneName, required = false)]
    #[serde(default)]
    time_zone: Field,
    #[schema(value_type = Option<RecurrenceView>)]
    #[serde(default)]
    recurrence: Field,
    /// At most 20. Left out: one at the due time. Empty: none.
    #[schema(value_type = Option<Vec<schemas::ReminderSpec>>, max_items = 20)]
    #[serde(default)]
    reminders: Field,
    /// At most 50.
    #[schema(value_type = Option<Vec<schemas::Tag>>, max_items = 50)]
    #[serde(default)]
    tags: Field,
    /// The list that it is in; the inbox where it is left out of a new task. In another list, it
    /// stands at the end.
    #[schema(value_type = uuid::Uuid, required = false)]
    #[serde(default)]
    list_id: Field,
    /// At most 100 steps in their order, as a whole: `{id?, title, done?}`.
    #[schema(value_type = Option<Vec<SubtaskBody>>, max_items = 100)]
    #[serde(default)]
    subtasks: Field,
    /// Where a recurring task's status becomes DONE: the occurrence that was done.
    #[schema(value_type = Option<schemas::LocalTime>)]
    #[serde(default)]
    occurrence: Field,
}

/// A new task: a [`TaskBody`] too, but for what it must have and what may be null.
#[derive(Debug)]
pub(super) enum NewTaskBody {}

impl PartialSchema for NewTaskBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = TaskBody::schema();
        if let RefOr::T(Schema::Object(task)) = &mut schema {
            task.description = Some("A new task. Null is the same as left out.".to_owned());
            task.required = vec!["title".to_owned()];
            task.properties.remove("occurrence");
            let status = schemas::reference::<schemas::NewTaskStatus>();
            task.properties.insert("status".to_owned(), status);
            for name in ["time_zone", "list_id"] {
                if let Some(field) = task.properties.get_mut(name) {
                    *field = schemas::or_null(field.clone());
                }
            }
        }
        schema
    }
}

impl ToSchema for NewTaskBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((schemas::NewTaskStatus::name().into(), schemas::NewTaskStatus::schema()));
        TaskBody::schemas(schemas);
    }

    fn name() -> std::borrow::Cow<'static, str> {
        "NewTask".into()
    }
}

/// A step of a task.
#[derive(ToSchema)]
#[schema(as = NewSubtask)]
#[expect(dead_code, reason = "describes GivenSubtask to OpenAPI")]
pub(super) struct SubtaskBody {
    /// The step's id; left out of a new one.
    id: Option<uuid::Uuid>,
    #[schema(value_type = schemas::Title)]
    title: String,
    #[schema(required = false)]
    done: bool,
}

/// What was done, is passed over, or gone back to.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Completion)]
pub(super) struct CompleteBody {
    /// The occurrence; required of a recurring task.
    #[schema(value_type = Option<schemas::LocalTime>)]
    #[serde(default)]
    occurrence: Field,
}

impl TaskBody {
    /// Reads a new task.
    pub(super) fn into_new(self) -> Result<NewTask, Failure> {
        let mut fields = Fields::default();
        let title = fields.required("title", self.title, TaskTitle::parse);
        let description = fields.optional("description", self.description, Description::parse);
        let priority = fields.given("priority", self.priority, any::<Priority>);
        let status = fields.given("status", self.status, any::<Status>);
        let due_date = fields.optional("due_date", self.due_date, |due: Due| check_due(due));
        let time_zone = fields.optional("time_zone", self.time_zone, any::<TimeZone>);
        let recurrence = fields.optional("recurrence", self.recurrence, check_rule);
        let reminders = fields.optional("reminders", self.reminders, check_specs);
        let tags = fields.optional("tags", self.tags, Tags::parse);
        let list_id = fields.optional("list_id", self.list_id, any::<ListId>);
        let subtasks = fields.optional("subtasks", self.subtasks, Subtasks::parse);
        let title = fields.finish(title)?;
        Ok(NewTask {
            title,
            description,
            priority: priority.unwrap_or_default(),
            status: status.unwrap_or_default(),
            due_date,
            time_zone,
            recurrence,
            reminders,
            tags: tags.unwrap_or_default(),
            list_id,
            subtasks: subtasks.unwrap_or_default(),
        })
    }

    /// Reads a merge patch, and the list that it names.
    pub(super) fn into_patch(self) -> Result<(TaskPatch, Option<ListId>), Failure> {
        let mut fields = Fields::default();
        let patch = TaskPatch {
            title: fields.given("title", self.title, TaskTitle::parse),
            description: fields.patch("description", self.description, Description::parse),
            priority: fields.given("priority", self.priority, any::<Priority>),
            status: fields.given("status", self.status, any::<Status>),
            due_date: fields.patch("due_date", self.due_date, |due: Due| check_due(due)),
            time_zone: fields.given("time_zone", self.time_zone, any::<TimeZone>),
            recurrence: fields.patch("recurrence", self.recurrence, check_rule),
            reminders: fields.patch("reminders", self.reminders, check_specs),
            tags: fields.patch("tags", self.tags, Tags::parse).map(|tags| tags.unwrap_or_default()),
            subtasks: fields
                .patch("subtasks", self.subtasks, Subtasks::parse)
                .map(|subtasks| subtasks.unwrap_or_default()),
            occurrence: fields.optional("occurrence", self.occurrence, any::<Nominal>),
        };
        let list_id = fields.given("list_id", self.list_id, any::<ListId>);
        fields.finish(Some((patch, list_id)))
    }
}

impl CompleteBody {
    /// The occurrence, if one is named.
    pub(super) fn into_occurrence(self) -> Result<Option<Nominal>, Failure> {
        let mut fields = Fields::default();
        let occurrence = fields.optional("occurrence", self.occurrence, any::<Nominal>);
        fields.finish(Some(occurrence))
    }
}

fn check_rule(rule: RecurrenceRule) -> Result<RecurrenceRule, crate::domain::Refused> {
    check_recurrence(rule)
}

fn check_specs(specs: Vec<ReminderSpec>) -> Result<Vec<ReminderSpec>, crate::domain::Refused> {
    check_reminders(specs)
}
