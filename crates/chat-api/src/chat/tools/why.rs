//! `why`: what happened to a task, in words.

use events::TaskId;
use sqlx::PgConnection;

use super::{
    Toolbox,
    outcome::{Line, Outcome, Shown},
};
use crate::{error::Failure, queries, store};

/// The most lines of a task's story that are told: the last ones.
const MAX_LINES: i64 = 12;

impl Toolbox<'_> {
    pub(super) async fn tell_story(
        &self,
        conn: &mut PgConnection,
        task_id: TaskId,
    ) -> Result<Outcome, Failure> {
        let user_id = self.call.user_id;
        let task = store::tasks::find(conn, user_id, task_id).await?.ok_or(Failure::NotFound)?;
        let lines =
            queries::timeline::latest(conn, user_id, task_id, MAX_LINES, self.zone()).await?;
        let lines = lines.into_iter().map(|line| Line { at: line.entry.at, text: line.text });
        Ok(Outcome::Told { task: Shown::new(task), lines: lines.collect() })
    }
}
