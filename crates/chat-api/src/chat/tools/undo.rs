//! `undo`: what acts in a conversation are taken back by.
//!
//! Of each message that changed tasks there is one act: which tasks, what each was, and the version that
//! the message left. An act is taken back whole, last change first, as far as the tasks have not changed
//! since; what was taken back is told as any other change. What an older act left is then at another
//! version, so that it can be taken back after this one.

use events::TaskId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{
    Tool, Toolbox,
    outcome::{Outcome, Reason, RefusedTask, Shown, TakenBack},
};
use crate::{
    commands::acts::Acted,
    domain::task::{self, Former, Task},
    error::Failure,
    store::{self, conversations::Act},
};

/// The most acts of a conversation that may be taken back.
pub(crate) const MAX_ACTS: i64 = 50;

/// What was done to a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    tool: Tool,
    task_id: TaskId,
    title: String,
    /// What it was.
    former: Former,
    /// Before; none of a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version_before: Option<i64>,
    /// After.
    version: i64,
}

/// An act, as it is kept, with its changes in their order.
struct Kept {
    place: i32,
    changes: Vec<Change>,
    is_touched: bool,
}

impl Toolbox<'_> {
    pub(super) fn note_new(&mut self, task: &Task) {
        self.changes.push(Change {
            tool: Tool::AddTask,
            task_id: task.state.task_id,
            title: task.state.title.clone(),
            former: Former::Absent,
            version_before: None,
            version: task.state.version.get(),
        });
    }

    pub(super) fn note(&mut self, tool: Tool, acted: &Acted) {
        let Acted { before, after } = acted;
        let Some(former) = task::former(before, after) else { return };
        self.changes.push(Change {
            tool,
            task_id: after.state.task_id,
            title: after.state.title.clone(),
            former,
            version_before: Some(before.state.version.get()),
            version: after.state.version.get(),
        });
    }

    pub(super) async fn keep_changes(
        &mut self,
        conn: &mut PgConnection,
        place: i32,
    ) -> Result<(), Failure> {
        if self.changes.is_empty() {
            return Ok(());
        }
        // What a message does may take several transactions.
        let earlier = self.kept(conn).await?.into_iter().find(|kept| kept.place == place);
        let mut changes = earlier.map(|kept| kept.changes).unwrap_or_default();
        changes.append(&mut self.changes);
        let kept = Kept { place, changes, is_touched: true };
        self.store(conn, &kept).await
    }

    pub(super) async fn undo(&mut self, conn: &mut PgConnection) -> Result<Outcome, Failure> {
        let mut kept = self.kept(conn).await?;
        if kept.is_empty() {
            return Ok(Outcome::NothingToUndo);
        }
        let act = kept.remove(0);
        let task_ids: Vec<TaskId> = act.changes.iter().map(|change| change.task_id).collect();
        self.acts.lock_all(conn, &task_ids).await?;
        let (mut tasks, mut refused): (Vec<TakenBack>, Vec<RefusedTask>) = (vec![], vec![]);
        let mut changes = act.changes;
        while let Some(change) = changes.pop() {
            match self.take_back(conn, &change).await? {
                Ok(task) => {
                    let version = task.0.state.version.get();
                    follow(&mut changes, &change, version);
                    for earlier in &mut kept {
                        earlier.is_touched |= follow(&mut earlier.changes, &change, version);
                    }
                    tasks.retain(|other| other.task.id() != change.task_id);
                    tasks.push(TakenBack { tool: change.tool, task });
                }
                Err(reason) => {
                    let title = Some(change.title);
                    refused.push(RefusedTask { id: change.task_id, title, reason });
                }
            }
        }
        tasks.reverse();
        refused.reverse();
        let (user_id, conversation_id) = (self.call.user_id, self.conversation_id);
        store::conversations::forget_act(conn, user_id, conversation_id, act.place).await?;
        for earlier in kept.iter().filter(|earlier| earlier.is_touched) {
            self.store(conn, earlier).await?;
        }
        Ok(Outcome::TakenBack { tasks, refused })
    }

    async fn take_back(
        &mut self,
        conn: &mut PgConnection,
        change: &Change,
    ) -> Result<Result<Shown, Reason>, Failure> {
        let acted = self
            .acts
            .act(conn, change.task_id, |task, moment| {
                if task.state.version.get() != change.version {
                    return Err(Reason::ChangedSince);
                }
                Ok(task::take_back(task, &change.former, moment)?)
            })
            .await?;
        Ok(acted.map(|acted| Shown::new(acted.after)))
    }

    /// What may be taken back, the last first.
    async fn kept(&self, conn: &mut PgConnection) -> Result<Vec<Kept>, Failure> {
        let acts =
            store::conversations::acts(conn, self.call.user_id, self.conversation_id).await?;
        let read = |Act { place, changes }| {
            let changes = serde_json::from_value(changes).map_err(Failure::internal)?;
            Ok(Kept { place, changes, is_touched: false })
        };
        acts.into_iter().map(read).collect()
    }

    async fn store(&self, conn: &mut PgConnection, kept: &Kept) -> Result<(), Failure> {
        let changes = serde_json::to_value(&kept.changes).map_err(Failure::internal)?;
        let act = Act { place: kept.place, changes };
        let (user_id, conversation_id) = (self.call.user_id, self.conversation_id);
        store::conversations::add_act(conn, user_id, conversation_id, &act, MAX_ACTS).await?;
        Ok(())
    }
}

/// Lets what was done before know that the task is as it left it, at another version.
fn follow(changes: &mut [Change], taken_back: &Change, version: i64) -> bool {
    let Some(before) = taken_back.version_before else { return false };
    let left = changes
        .iter_mut()
        .filter(|change| change.task_id == taken_back.task_id && change.version == before);
    let mut is_any = false;
    for change in left {
        change.version = version;
        is_any = true;
    }
    is_any
}
