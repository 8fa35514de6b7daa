//! The tools, as the model calls them: each call a transaction of its own.
//!
//! Promises: a call runs through the same [`Toolbox`] as the grammar's; what a message would need the
//! person's yes for if it were said at once, it needs it for call by call too. So deletions are put off to
//! the end of the message, and changes beyond the limit: then they are done, or asked for as one question.
//! Never: a yes, a text in a log.

use std::collections::HashSet;

use events::TaskId;
use futures_util::future::BoxFuture;
use model::{ToolAnswer, ToolSpec};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc::UnboundedSender};

use super::{
    Heard, Opened,
    lease::{self, Told},
};
use crate::{
    chat::{
        despite_deadlocks,
        engine::Turn,
        mind::Mind,
        tools::{
            self, CallError, Effect, MAX_DELETED_UNASKED, MAX_UNASKED, Toolbox, Use,
            outcome::Outcome,
        },
    },
    commands::bulk::MAX_TASKS,
    context::Context,
    error::Failure,
    store,
};

/// The largest answer of a tool that the model is given, in bytes.
const MAX_RESULT_BYTES: usize = 64 * 1024;

const OTHER_WAITS: &str = "something else is put off to the end of this message already; end your answer, and \
     go on when the person has answered";
const UNDO_ONCE: &str =
    "undo is done once a message, and not while something is put off; end your answer";

/// The tools of a turn.
pub(super) struct TurnTools<'a> {
    context: &'a Context,
    opened: &'a Opened,
    heard: UnboundedSender<Heard>,
    state: Mutex<State>,
}

/// What a message has come to so far.
#[derive(Debug, Default)]
pub(super) struct State {
    /// All tasks that were touched, in their order.
    pub(super) touched: Vec<TaskId>,
    /// Tasks that were changed and not made by this message.
    changed: HashSet<TaskId>,
    /// What is done or asked for at the end.
    pub(super) put_off: Option<PutOff>,
    has_undone: bool,
}

/// What is to be done at the end of the message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PutOff {
    /// What, with all its tasks.
    pub(super) act: Use,
    /// Whether it needs the person's yes.
    pub(super) needs_yes: bool,
}

/// What becomes of a call.
#[derive(Debug, PartialEq)]
enum Ruling {
    Run,
    PutOff(Box<PutOff>),
    Refuse(&'static str),
}

impl State {
    /// What a call may do after those before it.
    fn rule(&self, use_of: &Use) -> Ruling {
        match (use_of.tool().effect(), use_of.task_ids()) {
            (Effect::Reads, _) => Ruling::Run,
            (Effect::Changes, None) if matches!(use_of, Use::Undo(_)) => {
                let may = !self.has_undone && self.put_off.is_none();
                if may { Ruling::Run } else { Ruling::Refuse(UNDO_ONCE) }
            }
            (Effect::Changes, Some(ids)) => {
                let new = ids.iter().filter(|id| !self.changed.contains(id)).count();
                if self.changed.len() + new <= MAX_UNASKED {
                    Ruling::Run
                } else {
                    self.put_off(use_of, |_| true)
                }
            }
            (Effect::Changes, None) => Ruling::Run,
            (Effect::Destroys, _) => self.put_off(use_of, |ids| ids > MAX_DELETED_UNASKED),
        }
    }

    /// The call together with what is put off already.
    fn put_off(&self, use_of: &Use, needs_yes: impl Fn(usize) -> bool) -> Ruling {
        let mut ids = vec![];
        if let Some(PutOff { act, .. }) = &self.put_off {
            if act.clone().with_tasks(vec![]) != use_of.clone().with_tasks(vec![]) {
                return Ruling::Refuse(OTHER_WAITS);
            }
            ids.extend_from_slice(act.task_ids().unwrap_or_default());
        }
        for id in use_of.task_ids().unwrap_or_default() {
            if !ids.contains(id) {
                ids.push(*id);
            }
        }
        if ids.len() > MAX_TASKS {
            return Ruling::Refuse("that is more than can be done at once");
        }
        let needs_yes = needs_yes(ids.len());
        Ruling::PutOff(Box::new(PutOff { act: use_of.clone().with_tasks(ids), needs_yes }))
    }

    /// Remembers what a call has done.
    fn take(&mut self, use_of: &Use, outcome: &Outcome) {
        self.has_undone |= matches!(use_of, Use::Undo(_));
        let Outcome::Done(done) = outcome else { return };
        let ids = done.tasks.iter().map(|task| task.after.id());
        self.touched.extend(ids.clone());
        if use_of.task_ids().is_some() {
            self.changed.extend(ids);
        }
    }
}

impl<'a> TurnTools<'a> {
    pub(super) fn new(
        context: &'a Context,
        opened: &'a Opened,
        heard: UnboundedSender<Heard>,
    ) -> Self {
        Self { context, opened, heard, state: Mutex::default() }
    }

    pub(super) fn into_state(self) -> State {
        self.state.into_inner()
    }

    async fn answer(&self, name: &str, arguments: Value) -> ToolAnswer {
        let use_of = match Use::read(name, arguments) {
            Ok(use_of) => use_of,
            Err(error) => return ToolAnswer::Refused(error.to_string()),
        };
        // Calls come one after another.
        let mut state = self.state.lock().await;
        let ruling = state.rule(&use_of);
        let run = match &ruling {
            Ruling::Refuse(why) => return ToolAnswer::Refused((*why).to_owned()),
            Ruling::Run => self.run(&use_of).await,
            Ruling::PutOff(_) => self.look(&use_of).await,
        };
        match (run, ruling) {
            (Ok(outcome), Ruling::PutOff(put_off)) => {
                state.put_off = Some(*put_off);
                ToolAnswer::Done(shown(&outcome))
            }
            (Ok(outcome), _) => {
                state.take(&use_of, &outcome);
                ToolAnswer::Done(shown(&outcome))
            }
            (Err(failure), _) => {
                failure.log();
                ToolAnswer::Refused(failure.to_string())
            }
        }
    }

    /// Runs a call in a transaction of its own; again from its beginning where it met another one.
    async fn run(&self, use_of: &Use) -> Result<Outcome, Failure> {
        despite_deadlocks(Failure::is_deadlock, || self.try_to_run(use_of)).await
    }

    async fn try_to_run(&self, use_of: &Use) -> Result<Outcome, Failure> {
        let Opened { call, lease, .. } = *self.opened;
        let mut tx = store::begin_for(&self.context.pool, call.user_id).await?;
        let (locked, mut record) = lease::hold(&mut tx, call, lease).await?;
        let mut tools = Toolbox::open(&mut tx, self.context, call, lease.conversation_id).await?;
        let mind = Mind::read(&locked.mind);
        let mut turn = Turn::new(&mut tx, &mut tools, call.user_id, mind);
        let outcome = turn.act(use_of).await.map_err(refused)?;
        let turned = turn.end();
        let is_change = use_of.tool().effect() != Effect::Reads;
        record.told.push(Told { text: turned.reply, is_change });
        record.actions.extend(turned.actions.iter().cloned());
        lease::save(&mut tx, call, locked, &turned.mind, &record).await?;
        tools.keep(&mut tx, record.place).await?;
        tx.commit().await?;
        tools.wake();
        for action in turned.actions {
            // Nobody may listen.
            let _nobody = self.heard.send(Heard::Action(action));
        }
        Ok(outcome)
    }

    /// What a call would be about.
    async fn look(&self, use_of: &Use) -> Result<Outcome, Failure> {
        let Opened { call, lease, .. } = *self.opened;
        let mut tx = store::begin_for(&self.context.pool, call.user_id).await?;
        lease::hold(&mut tx, call, lease).await?;
        let mut tools = Toolbox::open(&mut tx, self.context, call, lease.conversation_id).await?;
        let outcome = tools.propose(&mut tx, use_of).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}

/// A refusal, for the model.
fn refused(error: CallError) -> Failure {
    match error {
        CallError::Failed(failure) => failure,
        error => Failure::field("", error),
    }
}

/// What a tool answers, as the model is given it.
fn shown(outcome: &Outcome) -> String {
    let mut result = serde_json::to_value(outcome).unwrap_or_default();
    if matches!(outcome, Outcome::NeedsConfirmation { .. }) {
        result["note"] = json!(
            "nothing was done yet: it is done when you end your answer, after the person's yes where it \
             is about several; do not call it again for these"
        );
    }
    let text = result.to_string();
    if text.len() <= MAX_RESULT_BYTES {
        return text;
    }
    json!({"outcome": result["outcome"], "note": "there is too much to show; ask for fewer"})
        .to_string()
}

impl model::Tools for TurnTools<'_> {
    fn specs(&self) -> Vec<ToolSpec> {
        let spec = |spec: tools::Spec| ToolSpec {
            name: spec.name.to_owned(),
            description: spec.description.to_owned(),
            parameters: spec.arguments,
        };
        tools::specs().into_iter().map(spec).collect()
    }

    fn call<'c>(&'c self, name: &'c str, arguments: Value) -> BoxFuture<'c, ToolAnswer> {
        Box::pin(self.answer(name, arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, ids: &[TaskId]) -> Use {
        Use::read(name, json!({"task_ids": ids})).expect("a call")
    }

    fn ids(number: usize) -> Vec<TaskId> {
        (0..number).map(|_| TaskId::random()).collect()
    }

    #[test]
    fn deletions_one_by_one_become_one_that_needs_a_yes() {
        let (mut state, all) = (State::default(), ids(3));
        for (index, id) in all.iter().enumerate() {
            let ruling = state.rule(&read("delete_tasks", &[*id]));
            let Ruling::PutOff(put_off) = ruling else { panic!("{ruling:?}") };
            assert_eq!(put_off.needs_yes, index > 0);
            assert_eq!(put_off.act.task_ids(), Some(&all[..=index]));
            state.put_off = Some(*put_off);
        }
        // The same again is no more.
        let Ruling::PutOff(again) = state.rule(&read("delete_tasks", &all[..1])) else { panic!() };
        assert_eq!(again.act.task_ids().map(<[_]>::len), Some(3));
    }

    #[test]
    fn changes_one_by_one_are_counted_over_the_message() {
        let (mut state, all) = (State::default(), ids(MAX_UNASKED + 2));
        state.changed.extend(&all[..MAX_UNASKED]);
        assert_eq!(state.rule(&read("complete_tasks", &all[..1])), Ruling::Run, "the same one");
        let ruling = state.rule(&read("complete_tasks", &all[MAX_UNASKED..=MAX_UNASKED]));
        let Ruling::PutOff(put_off) = ruling else { panic!("{ruling:?}") };
        assert!(put_off.needs_yes);
        state.put_off = Some(*put_off);
        let other = read("reopen_tasks", &all[MAX_UNASKED + 1..]);
        assert_eq!(state.rule(&other), Ruling::Refuse(OTHER_WAITS));
    }

    #[test]
    fn undo_is_once_a_message() {
        let undo = Use::read("undo", json!({})).expect("a call");
        let mut state = State::default();
        assert_eq!(state.rule(&undo), Ruling::Run);
        state.take(&undo, &Outcome::NothingToUndo);
        assert_eq!(state.rule(&undo), Ruling::Refuse(UNDO_ONCE));
    }
}
