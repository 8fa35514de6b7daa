//! What of a file is new to a person.

use std::collections::HashSet;

use events::{ListId, TaskId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Asked, Outcome};
use crate::{
    commands::lists::MAX_LISTS,
    error::Failure,
    store::{
        self,
        lists::List,
        persons::{Locked, Person},
    },
    transfer::{Incoming, IncomingList, IncomingTask, Severity, Source},
};

/// What is to be written.
pub(super) struct Plan {
    pub(super) new_lists: Vec<(ListId, String)>,
    /// With the list that each goes into, in their order.
    pub(super) new_tasks: Vec<(TaskId, ListId, IncomingTask)>,
    /// The settings and the inbox's name, where they change.
    pub(super) person: Option<Person>,
    pub(super) inbox_name: Option<String>,
    pub(super) lists: Vec<List>,
}

/// Compares a file with what a person has, and changes nothing.
pub(super) async fn plan(
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
    let (list_ids, new_lists) = plan_lists(user_id, &lists, incoming.lists, &mut outcome)?;
    let preferences = incoming.preferences.filter(|_| asked.settings);
    let inbox_name = preferences.as_ref().and_then(|file| file.inbox_name.clone());
    let inbox_name = inbox_name.map(|name| name.into_inner()).filter(|name| *name != inbox.name);
    let settings = preferences.map(|file| file.settings);
    let person = settings.filter(|settings| *settings != locked.person.settings).map(|settings| {
        Person { settings, settings_version: locked.next_version, ..locked.person.clone() }
    });
    outcome.changes_settings = person.is_some() || inbox_name.is_some();
    let list_of = |task: &IncomingTask| task.list.map_or(default, |index| list_ids[index]);
    let new_tasks = plan_tasks(conn, user_id, incoming.tasks, list_of, &mut outcome).await?;
    Ok((Plan { new_lists, new_tasks, person, inbox_name, lists }, outcome))
}

/// The ids that the file's lists have here, and those of them that are new.
#[expect(clippy::type_complexity, reason = "two lists, said above")]
fn plan_lists(
    user_id: UserId,
    lists: &[List],
    incoming: Vec<IncomingList>,
    outcome: &mut Outcome,
) -> Result<(Vec<Uuid>, Vec<(ListId, String)>), Failure> {
    let mut new: Vec<(ListId, String)> = vec![];
    let mut ids = vec![];
    for list in incoming {
        let derived = derive(user_id, &list.source);
        let found = find_list(lists, &list, derived);
        ids.push(found.map_or(derived, |own| own.list_id));
        match found {
            Some(_) => outcome.present_lists += 1,
            None if new.iter().any(|(id, _)| id.uuid() == derived) => {}
            None => new.push((derived.into(), list.name.into_inner())),
        }
    }
    outcome.new_lists = new.len();
    if lists.len() + new.len() > MAX_LISTS {
        return Err(Failure::TooMany { what: "lists", limit: MAX_LISTS as i64 });
    }
    Ok((ids, new))
}

fn find_list<'l>(lists: &'l [List], list: &IncomingList, derived: Uuid) -> Option<&'l List> {
    if list.is_inbox {
        return lists.iter().find(|own| own.is_inbox);
    }
    let own = |id: Uuid| lists.iter().find(|own| own.list_id == id);
    let same_name = |own: &&List| list.joins_same_name && own.name == list.name.as_ref();
    let by_source = list.source.own.and_then(own).or_else(|| own(derived));
    by_source.or_else(|| lists.iter().find(same_name))
}

/// The tasks that are new, with the list that each goes into.
async fn plan_tasks(
    conn: &mut PgConnection,
    user_id: UserId,
    incoming: Vec<IncomingTask>,
    list_of: impl Fn(&IncomingTask) -> Uuid,
    outcome: &mut Outcome,
) -> Result<Vec<(TaskId, ListId, IncomingTask)>, Failure> {
    let ids = |task: &IncomingTask| [Some(derive(user_id, &task.source)), task.source.own];
    let candidates: Vec<Uuid> = incoming.iter().flat_map(ids).flatten().collect();
    let present = store::transfer::present(conn, user_id, &candidates).await?;
    let (mut new, mut taken) = (vec![], HashSet::new());
    for task in incoming {
        let derived = derive(user_id, &task.source);
        let is_present = |id: &Uuid| present.contains(id);
        if task.source.own.as_ref().is_some_and(is_present) || is_present(&derived) {
            outcome.present_tasks += 1;
        } else if !taken.insert(derived) {
            outcome.present_tasks += 1;
            let message = "stands in the file twice: the first is taken";
            outcome.notes.add(task.at, Severity::Warning, message);
        } else {
            new.push((derived.into(), list_of(&task).into(), task));
        }
    }
    outcome.new_tasks = new.len();
    Ok(new)
}

/// The id that a thing has here where it does not come from here.
fn derive(user_id: UserId, source: &Source) -> Uuid {
    Uuid::new_v5(&user_id.uuid(), source.key.as_bytes())
}
