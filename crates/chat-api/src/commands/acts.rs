//! Several acts on tasks in one transaction, of which is told at its end.
//!
//! The feed's head is a transaction's last lock. So that a second act may still lock tasks after a first,
//! what each has decided is written at once and told when there are no more. The transaction is the
//! caller's: what else it writes stands or falls with the acts.

use chrono::{DateTime, Utc};
use events::TaskId;
use sqlx::PgConnection;

use super::{
    precondition::Precondition,
    tasks::{insert, lock, tell_decided, wake, write},
};
use crate::{
    context::{Call, Context},
    domain::task::{Decided, Moment, NewTask, Refusal, Task},
    error::Failure,
};

/// Acts that are under way.
pub(crate) struct Acts<'a> {
    context: &'a Context,
    call: Call,
    untold: Vec<(DateTime<Utc>, Decided)>,
}

/// A task before and after an act.
#[derive(Clone, Debug)]
pub(crate) struct Acted {
    pub(crate) before: Task,
    pub(crate) after: Task,
}

impl<'a> Acts<'a> {
    pub(crate) const fn new(context: &'a Context, call: Call) -> Self {
        Self { context, call, untold: vec![] }
    }

    /// Makes a task, at the end of its list.
    pub(crate) async fn create(
        &mut self,
        conn: &mut PgConnection,
        new: NewTask,
    ) -> Result<Task, Failure> {
        let (decided, now) = insert(conn, self.call, new).await?;
        let task = decided.task.clone();
        self.untold.push((now, decided));
        Ok(task)
    }

    /// Locks a person's tasks in the order of their ids, as everywhere; returns those that are there, in
    /// the trash or not, in the order in which they are named.
    pub(crate) async fn lock_all(
        &self,
        conn: &mut PgConnection,
        task_ids: &[TaskId],
    ) -> Result<Vec<Task>, Failure> {
        let mut order = task_ids.to_vec();
        order.sort_unstable();
        order.dedup();
        let mut found = vec![];
        for task_id in order {
            match lock(conn, self.call, task_id, &Precondition::None).await {
                Ok(locked) => found.push(locked.task),
                Err(Failure::NotFound) => {}
                Err(failure) => return Err(failure),
            }
        }
        found.sort_by_key(|task| task_ids.iter().position(|id| *id == task.state.task_id));
        Ok(found)
    }

    /// Lets a decision be taken on a task under its lock, and writes what it says. Where it is refused,
    /// nothing has changed and the transaction goes on.
    pub(crate) async fn act<E: From<Refusal>>(
        &mut self,
        conn: &mut PgConnection,
        task_id: TaskId,
        decide: impl FnOnce(&Task, Moment) -> Result<Decided, E>,
    ) -> Result<Result<Acted, E>, Failure> {
        let locked = match lock(conn, self.call, task_id, &Precondition::None).await {
            Ok(locked) => locked,
            Err(Failure::NotFound) => return Ok(Err(Refusal::NotFound.into())),
            Err(failure) => return Err(failure),
        };
        let decided = match decide(&locked.task, locked.moment) {
            Ok(decided) => decided,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let acted = Acted { before: locked.task.clone(), after: decided.task.clone() };
        if !decided.facts.is_empty() {
            write(conn, &locked, &decided).await?;
            self.untold.push((locked.moment.now, decided));
        }
        Ok(Ok(acted))
    }

    /// Tells what was decided, in its order. The transaction is to be committed next.
    pub(crate) async fn tell(&mut self, conn: &mut PgConnection) -> Result<(), Failure> {
        for (now, decided) in self.untold.drain(..) {
            tell_decided(conn, self.context, self.call, now, decided).await?;
        }
        Ok(())
    }

    /// Wakes who waits for what was told. To be called after the commit.
    pub(crate) fn wake(&self) {
        wake(self.context, self.call);
    }
}
