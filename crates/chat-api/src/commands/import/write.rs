//! What is new, written down and told: many rows by one statement.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use events::{Event, ListId, Payload, TaskId, TaskVersion};
use messaging::Outgoing;
use sqlx::PgConnection;
use uuid::Uuid;

use super::plan::Plan;
use crate::{
    commands::{settings, tasks::urgent_at},
    context::{Call, Context},
    domain::{
        position::Position,
        task::{Moment, Place, Task},
    },
    error::Failure,
    feed::{self, ListFact},
    store::{
        self,
        feed::NewEntry,
        lists::List,
        persons::{Locked, Person},
    },
    transfer::IncomingTask,
};

/// Tasks and events that one statement writes.
const BATCH_ROWS: usize = 500;
/// What was written and is to be told.
#[derive(Default)]
struct Told {
    events: Vec<(Event, Option<DateTime<Utc>>)>,
    entries: Vec<NewEntry>,
}

/// Writes what is new, and tells it.
pub(super) async fn write(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    locked: &Locked,
    plan: Plan,
) -> Result<(), Failure> {
    let mut told = Told::default();
    let person = plan.person.as_ref().unwrap_or(&locked.person);
    if let Some(person) = &plan.person {
        store::persons::save_settings(conn, person).await?;
        let channels = store::channels::list(conn, call.user_id).await?;
        told.say(context, call, locked.now, settings::fact(person, &channels), None);
    }
    write_lists(conn, call, locked.now, &plan, &mut told).await?;
    write_tasks(conn, context, call, locked, person, plan.new_tasks, &mut told).await?;
    tell(conn, context, call, told).await
}

async fn write_lists(
    conn: &mut PgConnection,
    call: Call,
    now: DateTime<Utc>,
    plan: &Plan,
    told: &mut Told,
) -> Result<(), Failure> {
    let user_id = call.user_id;
    if let Some(name) = plan.inbox_name.clone()
        && let Some(inbox) = plan.lists.iter().find(|list| list.is_inbox)
    {
        let renamed = List { name, ..inbox.clone() };
        let saved = store::lists::save(conn, user_id, &renamed).await?;
        told.entries.push(feed::list_entry(&ListFact::Updated(&saved), call.correlation_id, now));
    }
    let mut last = plan.lists.last().map(|list| list.position.clone());
    for (list_id, name) in &plan.new_lists {
        let position = Position::between(last.as_deref(), None).into_inner();
        let list = store::lists::insert(conn, user_id, *list_id, name, false, &position).await?;
        told.entries.push(feed::list_entry(&ListFact::Created(&list), call.correlation_id, now));
        last = Some(position);
    }
    Ok(())
}

async fn write_tasks(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    locked: &Locked,
    person: &Person,
    new: Vec<(TaskId, ListId, IncomingTask)>,
    told: &mut Told,
) -> Result<(), Failure> {
    let lists: HashSet<ListId> = new.iter().map(|(_, list_id, _)| *list_id).collect();
    let mut lists: Vec<ListId> = lists.into_iter().collect();
    lists.sort_unstable();
    let mut ends: HashMap<ListId, Option<String>> = HashMap::new();
    for list_id in lists {
        // One that somebody has just deleted is gone with what would be in it.
        store::lists::keep(conn, call.user_id, list_id)
            .await?
            .ok_or_else(|| Failure::field("", "a list was deleted meanwhile: try again"))?;
        let last = store::task_list::last_position(conn, call.user_id, list_id.uuid()).await?;
        ends.insert(list_id, last);
    }
    let ids: Vec<Uuid> = new.iter().map(|(task_id, _, _)| task_id.uuid()).collect();
    let buried = store::transfer::forget_tombstones(conn, call.user_id, &ids).await?;
    let now = locked.now;
    let version = now.timestamp_micros().max(buried.unwrap_or(0) + 1);
    let moment = Moment { now, version: TaskVersion::from(version) };
    let mut tasks: Vec<(Task, Vec<Payload>)> = vec![];
    for (task_id, list_id, incoming) in new {
        let end = ends.entry(list_id).or_default();
        let position = Position::between(end.as_deref(), None);
        *end = Some(position.clone().into_inner());
        let place = Place { list_id, position };
        let owner = &person.settings;
        let decided = incoming.task.make(task_id, call.user_id, owner, place, moment);
        tasks.push((decided.task, decided.facts));
    }
    // In the order of the ids, as everywhere where several tasks are locked.
    tasks.sort_by_key(|(task, _)| task.state.task_id);
    let (tasks, facts): (Vec<Task>, Vec<Vec<Payload>>) = tasks.into_iter().unzip();
    for batch in tasks.chunks(BATCH_ROWS) {
        store::transfer::insert(conn, call.user_id, batch).await?;
    }
    for (task, facts) in tasks.iter().zip(facts) {
        for fact in facts {
            told.say(context, call, now, fact, urgent_at(task, now));
        }
    }
    Ok(())
}

impl Told {
    fn say(
        &mut self,
        context: &Context,
        call: Call,
        now: DateTime<Utc>,
        fact: Payload,
        urgent_at: Option<DateTime<Utc>>,
    ) {
        let event = Event::new(context.outbox.service(), call.correlation_id, now, fact);
        self.events.push((event, urgent_at));
    }
}

/// As a single command tells, some at a time; the feed's head is the last lock.
async fn tell(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    told: Told,
) -> Result<(), Failure> {
    let mut entries = told.entries;
    for batch in told.events.chunks(BATCH_ROWS) {
        let outgoing: Vec<Outgoing> = batch
            .iter()
            .map(|(event, urgent_at)| Outgoing::new(event.clone()).urgent_at(*urgent_at))
            .collect();
        context.outbox.append(conn, &outgoing).await?;
        let events: Vec<Event> = batch.iter().map(|(event, _)| event.clone()).collect();
        store::timeline::append_many(conn, call.user_id, &events).await?;
        for event in events.iter().filter(|event| event.payload.task_id().is_some()) {
            entries.push(feed::entry(event).map_err(Failure::internal)?);
        }
    }
    for batch in entries.chunks(BATCH_ROWS) {
        store::feed::append(conn, call.user_id, batch).await?;
    }
    Ok(())
}
