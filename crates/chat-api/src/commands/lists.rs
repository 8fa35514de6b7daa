//! Lists of tasks.

use events::{ListId, UserId};

use super::{
    bulk::{self, Act, Target},
    tasks::wake,
};
use crate::{
    context::{Call, Context},
    domain::{position::Position, text::ListName},
    error::Failure,
    feed::{self, ListFact},
    store::{self, lists::List},
};

/// The most lists that a person has.
pub(crate) const MAX_LISTS: usize = 500;
/// The most tasks that one transaction moves out of a list that is deleted.
const BATCH_TASKS: i64 = 200;
/// What everybody's first list is called.
pub(crate) const INBOX_NAME: &str = "Inbox";

/// What becomes of the tasks of a list that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// They go into the inbox.
    Move,
    /// They go into the trash, and would come back into the inbox.
    Trash,
}

/// Next to which list another one is put.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BesideList {
    Before(ListId),
    After(ListId),
}

/// Makes a list, after all others.
pub(crate) async fn create(context: &Context, call: Call, name: ListName) -> Result<List, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    store::persons::lock(&mut tx, call.user_id).await?.ok_or(Failure::NotSignedIn)?;
    let lists = store::lists::all(&mut tx, call.user_id).await?;
    if lists.len() >= MAX_LISTS {
        return Err(Failure::TooMany { what: "lists", limit: MAX_LISTS as i64 });
    }
    let last = lists.last().map(|list| list.position.as_str());
    let position = Position::between(last, None).into_inner();
    let (id, name) = (ListId::random(), name.into_inner());
    let list = store::lists::insert(&mut tx, call.user_id, id, &name, false, &position).await?;
    show(&mut tx, call, ListFact::Created(&list)).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(list)
}

/// Makes a person's inbox; part of registering.
pub(super) async fn create_inbox(
    conn: &mut sqlx::PgConnection,
    user_id: UserId,
) -> Result<(), Failure> {
    let position = Position::between(None, None).into_inner();
    store::lists::insert(conn, user_id, ListId::random(), INBOX_NAME, true, &position).await?;
    Ok(())
}

/// Gives a list another name.
pub(crate) async fn rename(
    context: &Context,
    call: Call,
    list_id: ListId,
    name: ListName,
) -> Result<List, Failure> {
    let name = name.into_inner();
    change(context, call, list_id, async |_, list| Ok(List { name, ..list })).await
}

/// Puts a list beside another.
pub(crate) async fn put(
    context: &Context,
    call: Call,
    list_id: ListId,
    beside: BesideList,
) -> Result<List, Failure> {
    change(context, call, list_id, async |conn, list| {
        let others = store::lists::all(conn, call.user_id).await?;
        let others: Vec<&List> =
            others.iter().filter(|other| other.list_id != list.list_id).collect();
        let position = beside_position(&others, list_id, beside)?;
        Ok(position.map_or(list.clone(), |position| List { position, ..list }))
    })
    .await
}

fn beside_position(
    others: &[&List],
    list_id: ListId,
    beside: BesideList,
) -> Result<Option<String>, Failure> {
    let (field, other, before) = match beside {
        BesideList::Before(other) => ("before", other, true),
        BesideList::After(other) => ("after", other, false),
    };
    if other == list_id {
        return Ok(None);
    }
    let at = others
        .iter()
        .position(|list| list.list_id == other.uuid())
        .ok_or_else(|| Failure::field(field, "is no list of yours"))?;
    let position = |index: Option<usize>| {
        index.and_then(|index| others.get(index)).map(|list| list.position.as_str())
    };
    let (after, before) = if before {
        (position(at.checked_sub(1)), position(Some(at)))
    } else {
        (position(Some(at)), position(Some(at + 1)))
    };
    Ok(Some(Position::between(after, before).into_inner()))
}

async fn change(
    context: &Context,
    call: Call,
    list_id: ListId,
    decide: impl AsyncFnOnce(&mut sqlx::PgConnection, List) -> Result<List, Failure>,
) -> Result<List, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let list =
        store::lists::lock(&mut tx, call.user_id, list_id).await?.ok_or(Failure::NotFound)?;
    let before = (list.name.clone(), list.position.clone());
    let list = decide(&mut tx, list).await?;
    if (&list.name, &list.position) == (&before.0, &before.1) {
        return Ok(list);
    }
    let list = store::lists::save(&mut tx, call.user_id, &list).await?;
    show(&mut tx, call, ListFact::Updated(&list)).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(list)
}

/// Deletes a list; first its tasks go where they are to go, some at a time, so that breaking off
/// leaves a list with fewer tasks.
pub(crate) async fn delete(
    context: &Context,
    call: Call,
    list_id: ListId,
    fate: Fate,
) -> Result<(), Failure> {
    loop {
        let mut tx = store::begin_for(&context.pool, call.user_id).await?;
        // Locked, it takes no new tasks.
        let list =
            store::lists::lock(&mut tx, call.user_id, list_id).await?.ok_or(Failure::NotFound)?;
        if list.is_inbox {
            return Err(Failure::InboxStays);
        }
        let inbox = store::lists::inbox(&mut tx, call.user_id).await?;
        let tasks = store::lists::some_tasks(&mut tx, call.user_id, list_id, BATCH_TASKS).await?;
        if tasks.is_empty() {
            store::trash::rehome(&mut tx, call.user_id, list_id, inbox).await?;
            store::lists::delete(&mut tx, call.user_id, list_id).await?;
            show(&mut tx, call, ListFact::Deleted(list_id)).await?;
            tx.commit().await?;
            wake(context, call);
            return Ok(());
        }
        let act = match fate {
            Fate::Move => Act::MoveTo(inbox),
            Fate::Trash => Act::Delete,
        };
        let targets: Vec<Target> = tasks.into_iter().map(Target::any).collect();
        let done = bulk::act_on_all(&mut tx, context, call, &act, &targets).await;
        done.map_err(|(_, failure)| failure)?;
        tx.commit().await?;
        wake(context, call);
    }
}

async fn show(
    conn: &mut sqlx::PgConnection,
    call: Call,
    fact: ListFact<'_>,
) -> Result<(), Failure> {
    let now = messaging::now(conn).await?;
    let entry = feed::list_entry(&fact, call.correlation_id, now);
    store::feed::append(conn, call.user_id, &[entry]).await?;
    Ok(())
}
