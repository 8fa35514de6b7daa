//! Taking over what a file says.
//!
//! What a file says is compared with what the person has (`plan`), and what is new is written (`write`),
//! in one transaction: all of it or nothing. A dry run plans and ends there, so that both give the same
//! account. A thing is the same when it comes from the same source: it has its own id where it is still
//! here, else one that follows from the person and the source, so that a file that is imported again
//! makes nothing twice. What is there already is left as it is, in the trash or not.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use events::{Event, ListId, Payload, TaskId, TaskVersion, UserId};
use messaging::Outgoing;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    lists::MAX_LISTS,
    settings,
    tasks::{urgent_at, wake},
};
use crate::{
    context::{Call, Context},
    domain::{
        position::Position,
        task::{Moment, Place, Task},
    },
    error::{Failure, FieldError},
    feed::{self, ListFact},
    store::{
        self,
        feed::NewEntry,
        lists::List,
        persons::{Locked, Person},
    },
    transfer::{Format, Incoming, IncomingTask, Note, Notes, Reader, Severity, Source},
};

/// Tasks and events that one statement writes.
const BATCH_ROWS: usize = 500;
/// The most refusals that one answer names.
const MAX_NAMED: usize = 100;

/// What somebody wants of an import.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Only says what it would do.
    pub(crate) dry_run: bool,
    /// Takes the rest where something is refused.
    pub(crate) skip_invalid: bool,
    /// Takes over the file's settings too.
    pub(crate) settings: bool,
    /// Where tasks go that name no list; the inbox without.
    pub(crate) list_id: Option<ListId>,
}

/// What an import does, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) new_lists: usize,
    pub(crate) present_lists: usize,
    pub(crate) new_tasks: usize,
    pub(crate) present_tasks: usize,
    pub(crate) changes_settings: bool,
    pub(crate) notes: Notes,
}

/// What is to be written.
struct Plan {
    new_lists: Vec<(ListId, String)>,
    /// With the list that each goes into, in their order.
    new_tasks: Vec<(TaskId, ListId, IncomingTask)>,
    /// The settings and the inbox's name, where they change.
    person: Option<Person>,
    inbox_name: Option<String>,
    lists: Vec<List>,
}

/// What was written and is to be told.
#[derive(Default)]
struct Told {
    events: Vec<(Event, Option<DateTime<Utc>>)>,
    entries: Vec<NewEntry>,
}

/// Reads a file and takes over what is new in it.
pub(crate) async fn import_file(
    context: &Context,
    call: Call,
    format: Format,
    bytes: Bytes,
    asked: Asked,
) -> Result<Outcome, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let person = store::persons::find(&mut tx, call.user_id).await?.ok_or(Failure::NotFound)?;
    let reader = Reader { now: messaging::now(&mut tx).await?, zone: person.settings.time_zone };
    tx.commit().await?;
    let read = tokio::task::spawn_blocking(move || format.read(&bytes, &reader));
    let read = read.await.map_err(Failure::internal)?;
    let incoming = read.map_err(|unreadable| Failure::field("", unreadable))?;
    import(context, call, incoming, asked).await
}

/// Takes over what is new in a file, or says what it would take.
async fn import(
    context: &Context,
    call: Call,
    incoming: Incoming,
    asked: Asked,
) -> Result<Outcome, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    // One import of a person after the other: the second finds what the first has made.
    let locked = store::persons::lock(&mut tx, call.user_id).await?.ok_or(Failure::NotFound)?;
    let (plan, outcome) = plan(&mut tx, &locked, incoming, asked).await?;
    if asked.dry_run {
        return Ok(outcome);
    }
    if outcome.notes.refused > 0 && !asked.skip_invalid {
        return Err(refused(&outcome.notes));
    }
    write(&mut tx, context, call, &locked, plan).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(outcome)
}

fn refused(notes: &Notes) -> Failure {
    let refused = notes.kept.iter().filter(|note| note.severity == Severity::Refused);
    let errors = refused
        .take(MAX_NAMED)
        .map(|Note { at, message, .. }| FieldError { field: at.clone(), message: message.clone() });
    Failure::Invalid(errors.collect())
}

async fn plan(
    conn: &mut PgConnection,
    locked: &Locked,
    incoming: Incoming,
    asked: Asked,
) -> Result<(Plan, Outcome), Failure> {
    let user_id = locked.person.user_id;
    let lists = store::lists::all(conn, user_id).await?;
    let inbox = lists.iter().find(|list| list.is_inbox).ok_or(Failure::NotFound)?;
    let default = match asked.list_id {
        None => inbox.list_id,
        Some(list_id) => lists
            .iter()
            .map(|list| list.list_id)
            .find(|own| *own == list_id.uuid())
            .ok_or_else(|| Failure::field("list", "is no list of yours"))?,
    };
    let mut outcome = Outcome { notes: incoming.notes, ..Outcome::default() };
    let mut new_lists: Vec<(ListId, String)> = vec![];
    let mut list_ids = vec![];
    for list in incoming.lists {
        let same_name = |own: &&List| list.joins_same_name && own.name == list.name.as_ref();
        let derived = derive(user_id, &list.source);
        let found = if list.is_inbox {
            Some(inbox)
        } else {
            let own = |id: Uuid| lists.iter().find(|own| own.list_id == id);
            let by_source = list.source.own.and_then(own).or_else(|| own(derived));
            by_source.or_else(|| lists.iter().find(same_name))
        };
        list_ids.push(found.map_or(derived, |own| own.list_id));
        match found {
            Some(_) => outcome.present_lists += 1,
            None if new_lists.iter().any(|(id, _)| id.uuid() == derived) => {}
            None => new_lists.push((derived.into(), list.name.into_inner())),
        }
    }
    outcome.new_lists = new_lists.len();
    if lists.len() + new_lists.len() > MAX_LISTS {
        return Err(Failure::TooMany { what: "lists", limit: MAX_LISTS as i64 });
    }

    let candidates: Vec<Uuid> = incoming
        .tasks
        .iter()
        .flat_map(|task| [Some(derive(user_id, &task.source)), task.source.own])
        .flatten()
        .collect();
    let present = store::transfer::present(conn, user_id, &candidates).await?;
    let (mut new_tasks, mut taken) = (vec![], HashSet::new());
    for task in incoming.tasks {
        let derived = derive(user_id, &task.source);
        let is_present = |id: &Uuid| present.contains(id);
        if task.source.own.as_ref().is_some_and(is_present) || is_present(&derived) {
            outcome.present_tasks += 1;
        } else if !taken.insert(derived) {
            outcome.present_tasks += 1;
            let message = "stands in the file twice: the first is taken";
            outcome.notes.add(task.at, Severity::Warning, message);
        } else {
            let list = task.list.map_or(default, |index| list_ids[index]);
            new_tasks.push((derived.into(), list.into(), task));
        }
    }
    outcome.new_tasks = new_tasks.len();

    let preferences = incoming.preferences.filter(|_| asked.settings);
    let inbox_name = preferences.as_ref().and_then(|file| file.inbox_name.clone());
    let inbox_name = inbox_name.map(|name| name.into_inner()).filter(|name| *name != inbox.name);
    let settings = preferences.map(|file| file.settings);
    let person = settings.filter(|settings| *settings != locked.person.settings).map(|settings| {
        Person { settings, settings_version: locked.next_version, ..locked.person.clone() }
    });
    outcome.changes_settings = person.is_some() || inbox_name.is_some();
    Ok((Plan { new_lists, new_tasks, person, inbox_name, lists }, outcome))
}

/// The id that a thing has here where it does not come from here.
fn derive(user_id: UserId, source: &Source) -> Uuid {
    Uuid::new_v5(&user_id.uuid(), source.key.as_bytes())
}

async fn write(
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
        let zone = person.settings.time_zone;
        let decided = incoming.task.make(task_id, call.user_id, zone, place, moment);
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
