//! When tasks are due and remind: "move … to Friday", "push … back a day", "repeat … weekly", "snooze …".

use events::{Due, ReminderSpec};

use crate::{
    command::{Command, Move, Shift, Target},
    commands::Clause,
    text::{grammar::Grammar, token::Phrase},
};

impl Clause<'_> {
    pub(crate) fn reschedule(&self) -> Option<Command> {
        self.move_of_due_date()
            .or_else(|| self.make_due())
            .or_else(|| self.corrected())
            .or_else(|| self.stop_repeating())
            .or_else(|| self.repeat())
            .or_else(|| self.move_to())
    }

    /// "change the due date of X to June 5", "clear the due date of X".
    fn move_of_due_date(&self) -> Option<Command> {
        let leads = "change the due date of|set the due date of|change the date of|\
        change the deadline of|change the time of|set the deadline of|set the deadline for|\
        move the due date of|set the due date for|change the due date for|\
        move the deadline of|update the due date of|set the date of|set the time of|\
        move the deadline for|change the deadline for|extend the deadline of|\
        extend the deadline for";
        if let Some(next) = self.any_words(self.start, leads) {
            let (at, after) = self.rfind(next, "to|until|by")?;
            let moved = self.moved(after, self.end)?;
            return Some(Command::Reschedule(self.target(next, at)?, moved));
        }
        let clears = "remove the due date from|clear the due date of|remove the due date of|\
        remove the date from|clear the date of|remove the deadline from|\
        delete the due date of|unschedule|clear the due date from";
        let next = self.any_words(self.start, clears)?;
        Some(Command::Reschedule(self.target(next, self.end)?, Move::NoDue))
    }

    /// "make the invoice due tomorrow", "set it for Friday".
    fn make_due(&self) -> Option<Command> {
        let next = self.any_words(self.start, "make|set")?;
        let (at, after) = self.find(next, "due on|due by|due at|due to|due|for")?;
        let moved = self.moved(after, self.end)?;
        let target = self.target(next, at)?;
        let is_for = self.phrase.is(at, "for");
        (!is_for || !matches!(target, Target::Words(_)))
            .then_some(Command::Reschedule(target, moved))
    }

    /// "it should be at 8 instead", "make it 5pm", "no, on Friday": what was said last, put right.
    fn corrected(&self) -> Option<Command> {
        let leads = "it should be|it should be due|it's due|it is due|make it|make that|that should be|i meant|\
        no i meant|no make it|change it to|it was meant for|it's|should be";
        let next = self.any_words(self.start, leads)?;
        let end = self.ending(next, "instead|rather").unwrap_or(self.end);
        Some(Command::Reschedule(Target::It, self.moved(next, end)?))
    }

    fn stop_repeating(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, "stop repeating|don't repeat|do not repeat")
        {
            return Some(Command::Reschedule(self.target(next, self.end)?, Move::NoRepeat));
        }
        let next = self.any_words(self.start, "stop|make")?;
        let end = self.ending(
            next,
            "from repeating|repeating|recurring|not repeat|non recurring|not recurring|\
                a one off",
        )?;
        Some(Command::Reschedule(self.target(next, end)?, Move::NoRepeat))
    }

    /// "make it repeat every Monday", "repeat it daily", "make the gym every Tuesday at 7".
    pub(crate) fn repeat(&self) -> Option<Command> {
        let next = self.any_words(self.start, "make|repeat|set|let|have")?;
        let is_repeat = self.phrase.is(self.start, "repeat");
        for at in next + 1..self.end {
            let after = self
                .any_words(at, "to repeat|repeat|recur|to recur|repeating|recurring|happen|to")
                .unwrap_or(at);
            let Some(when) = self.whole_time(after, self.end) else { continue };
            let (Some(recurrence), Some(due)) = (when.recurrence, when.due) else { continue };
            let target = self.target(next, at)?;
            let is_said = is_repeat || after > at || !matches!(target, Target::Words(_));
            return is_said.then(|| {
                Command::Reschedule(target, Move::Repeat { recurrence: Box::new(recurrence), due })
            });
        }
        None
    }

    /// "move X to Friday", "push X back a day", "postpone X by a week".
    fn move_to(&self) -> Option<Command> {
        let verbs = "move|reschedule|postpone|push back|push|shift|delay|defer|bring forward|bring|bump|\
        put off|change|put|switch|schedule|pull";
        let next = self.any_words(self.start, verbs)?;
        let verb = self.text(self.start, next).to_lowercase();
        let is_back = |at: usize| {
            self.phrase.is_any(at, "forward|earlier|up|ahead") || verb.contains("forward")
        };
        for at in next + 1..self.end {
            if let Some(after) = self.any_words(
                at,
                "back by|forward by|by|back|forward|up by|ahead by|up|out by|out|on by",
            ) && let Some(shift) = self.shift(after)
            {
                let shift = if is_back(at) || self.phrase.is(self.end - 1, "earlier") {
                    -shift
                } else {
                    shift
                };
                return Some(Command::Reschedule(self.target(next, at)?, Move::By(shift)));
            }
            // "put off the dentist for an hour".
            if matches!(verb.as_str(), "put off" | "postpone" | "delay" | "defer" | "push back")
                && let Some(after) = self.any_words(at, "for|for another")
                && let Some(shift) = self.shift(after)
            {
                return Some(Command::Reschedule(self.target(next, at)?, Move::By(shift)));
            }
            if let Some(after) = self.any_words(
                at,
                "back to|back until|forward to|up to|ahead to|off until|off till|off to|\
                    over to|to|until|till|for",
            ) && let Some(moved) = self.moved(after, self.end)
            {
                let is_for = self.phrase.is(at, "for")
                    && !matches!(verb.as_str(), "reschedule" | "schedule");
                let target = self.target(next, at)?;
                let is_vague = !self.phrase.is_any(at, "forward|back|up|ahead|off")
                    && matches!(verb.as_str(), "put" | "schedule" | "bring" | "pull")
                    && matches!(target, Target::Words(_))
                    && !self.names_a_task(next, at);
                return (!is_for && !is_vague).then_some(Command::Reschedule(target, moved));
            }
            // "postpone it a week", "move it a day later".
            if matches!(
                verb.as_str(),
                "postpone" | "delay" | "defer" | "push" | "move" | "shift" | "push back"
            ) && let Some(shift) = self.shift(at)
            {
                let target = self.target(next, at)?;
                let is_earlier = self.phrase.is_any(self.end - 1, "earlier|forward|sooner");
                return Some(Command::Reschedule(
                    target,
                    Move::By(if is_earlier { -shift } else { shift }),
                ));
            }
        }
        None
    }

    /// A distance that the clause ends with.
    pub(crate) fn shift(&self, at: usize) -> Option<Shift> {
        let grammar = Grammar::new(self.phrase, self.context);
        let (distance, end) = match self.words(at, "another") {
            Some(next) => {
                let (unit, end) = grammar.unit(next)?;
                (crate::time::duration::Distance::of(1, unit)?, end)
            }
            None => grammar.duration(at)?,
        };
        let end = self.any_words(end, "later|earlier|back|forward|sooner").unwrap_or(end);
        (end == self.end && distance.working_days == 0).then_some(distance.shift)
    }

    /// The time that all between two positions says.
    pub(crate) fn moved(&self, start: usize, end: usize) -> Option<Move> {
        let when = self.whole_time(start, end)?;
        let due = when.due?;
        Some(match when.recurrence {
            Some(recurrence) => Move::Repeat { recurrence: Box::new(recurrence), due },
            None => Move::To { due, said: when.said? },
        })
    }

    pub(crate) fn snooze(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, "snooze") {
            let (at, after) = match self.find(next, "for|until|till|to|by") {
                Some((at, after)) => (at, Some(after)),
                None => (self.end, None),
            };
            // "Snooze 10 minutes", "snooze it an hour".
            let (at, after) = match after {
                None => match (next..self.end).find(|at| self.shift(*at).is_some()) {
                    Some(at) => (at, Some(at)),
                    None => (at, None),
                },
                after => (at, after),
            };
            let target = if at == next { Target::It } else { self.target(next, at)? };
            let until = match after {
                Some(after) => Some(self.later(after)?),
                None => None,
            };
            return Some(Command::Snooze(target, until));
        }
        if self.is_whole("later|not now|remind me later|remind me again later") {
            return Some(Command::Snooze(Target::It, None));
        }
        let next = self.any_words(
            self.start,
            "remind me again|remind me about it again|remind me of it again|ask me again|\
                remind me about this again",
        )?;
        Some(Command::Snooze(Target::It, Some(self.later(next)?)))
    }

    /// The instant that all from a position on says: "an hour", "tomorrow morning", "in 10 minutes".
    pub(crate) fn later(&self, at: usize) -> Option<chrono::DateTime<chrono::Utc>> {
        let grammar = Grammar::new(self.phrase, self.context);
        if let Some(shift) = self.shift(at) {
            let distance = crate::time::duration::Distance { shift, working_days: 0 };
            return Some(grammar.instant_ahead(&distance));
        }
        match self.whole_time(at, self.end)?.due? {
            Due::At(instant) => Some(instant),
            Due::On(day) => {
                Some(self.context.time_zone.instant(day.and_time(self.context.preferences.morning)))
            }
        }
    }

    /// "remind me about it an hour before", "add a reminder to X the day before".
    pub(crate) fn remind(&self) -> Option<Command> {
        let next = self.any_words(
            self.start,
            "remind me about|remind me of|add a reminder to|add a reminder for|\
                set a reminder for",
        )?;
        for at in next + 1..self.end {
            let text = format!("remind me {}", self.text(at, self.end));
            let phrase = Phrase::new(&text);
            let grammar = Grammar::new(&phrase, self.context);
            let Some((said, end)) = grammar.reminder_clause(0, 0) else { continue };
            if end != phrase.len() {
                continue;
            }
            let offsets: Option<Vec<ReminderSpec>> =
                said.iter().map(|reminder| grammar.offset_of(*reminder)).collect();
            return Some(Command::Remind(self.target(next, at)?, offsets?));
        }
        None
    }
}
