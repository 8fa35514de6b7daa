//! `dead-letters`, the subcommand of both services: an operator's way where the API is not there.
//!
//! It works on the service's own letters, in its own database. A record may be anything, and shown on a
//! terminal it does nothing there.

use std::io::{self, Write};

use clap::Subcommand;
use events::DeadLetterId;
use sqlx::PgPool;

use crate::{
    ApplyError, Outbox, Subscriber, Verdict, Wish, decide,
    store::{self, dead_letters::Letter},
};

/// So much of a record is shown to read, in bytes.
const SHOWN_BYTES: usize = 4096;

/// What an operator wants with dead letters.
#[derive(Clone, Debug, Subcommand)]
pub enum LetterCommand {
    /// List those that wait for a decision, the newest first
    List {
        /// Those that were redriven or discarded too
        #[arg(long)]
        all: bool,
        /// How many, at the most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
    /// Show one, and how its record begins
    Show {
        /// Its id
        id: DeadLetterId,
        /// Write the record and nothing else, byte for byte
        #[arg(long)]
        record: bool,
    },
    /// Try one again; ends with 1 and says why where it is refused once more
    Redrive {
        /// Its id
        id: DeadLetterId,
    },
    /// Forget one
    Discard {
        /// Its id
        id: DeadLetterId,
    },
}

/// An operator's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// There is no such letter.
    #[error("there is no such dead letter here")]
    Unknown,
    /// It was discarded before.
    #[error("the dead letter was discarded before")]
    Discarded,
    /// It can't be taken this time either.
    #[error("refused again, and kept: {0}")]
    Refused(String),
    /// What the service itself says.
    #[error("the dead letter can't be decided on now")]
    Apply(#[from] ApplyError),
    /// The database's own.
    #[error("the database can't be used")]
    Database(#[from] sqlx::Error),
    /// Nobody reads what is written.
    #[error("the output can't be written")]
    Output(#[from] io::Error),
}

impl LetterCommand {
    /// Does it, and writes for a person what came of it.
    ///
    /// # Errors
    /// [`ConsoleError`]; nothing is changed then but the reason that is shown with a letter.
    pub async fn run<S: Subscriber>(
        &self,
        pool: &PgPool,
        outbox: &Outbox,
        subscriber: &S,
        mut out: impl Write,
    ) -> Result<(), ConsoleError> {
        let (id, wish) = match *self {
            Self::List { all, limit } => return list(pool, all, limit, out).await,
            Self::Show { id, record } => return show(pool, id, record, out).await,
            Self::Redrive { id } => (id, Wish::Redrive),
            Self::Discard { id } => (id, Wish::Discard),
        };
        let mut tx = pool.begin().await?;
        let decided = decide(&mut tx, outbox, subscriber, id, wish).await?;
        tx.commit().await?;
        decided.committed(outbox, subscriber);
        match decided.verdict {
            Verdict::Done => {}
            Verdict::Refused { reason } => return Err(ConsoleError::Refused(reason)),
            Verdict::Discarded => return Err(ConsoleError::Discarded),
            Verdict::Unknown => return Err(ConsoleError::Unknown),
        }
        let done = match wish {
            Wish::Redrive => "redriven",
            Wish::Discard => "discarded",
        };
        Ok(writeln!(out, "{done}: {id}")?)
    }
}

async fn list(
    pool: &PgPool,
    all: bool,
    limit: i64,
    mut out: impl Write,
) -> Result<(), ConsoleError> {
    let mut conn = pool.acquire().await?;
    for letter in store::dead_letters::list(&mut conn, all, limit).await? {
        let Letter { id, state, received_at, size, reason, .. } = &letter;
        let place = place(&letter);
        let (at, reason) = (received_at.format("%Y-%m-%dT%H:%M:%SZ"), harmless(reason));
        writeln!(out, "{id}  {state:9}  {at}  {place}  {size} bytes  {reason}")?;
    }
    Ok(())
}

async fn show(
    pool: &PgPool,
    id: DeadLetterId,
    only_record: bool,
    mut out: impl Write,
) -> Result<(), ConsoleError> {
    let mut conn = pool.acquire().await?;
    let found = store::dead_letters::find(&mut conn, id.uuid()).await?;
    let letter = found.ok_or(ConsoleError::Unknown)?;
    let record = store::dead_letters::record(&mut conn, id.uuid()).await?.unwrap_or_default();
    if only_record {
        return Ok(out.write_all(&record)?);
    }
    writeln!(out, "id:       {id}")?;
    writeln!(out, "state:    {}", letter.state)?;
    writeln!(out, "kept at:  {}", letter.received_at.to_rfc3339())?;
    writeln!(out, "from:     {}", place(&letter))?;
    writeln!(out, "size:     {} bytes, of which {} are kept", letter.size, record.len())?;
    writeln!(out, "sha256:   {}", letter.sha256)?;
    writeln!(out, "reason:   {}", harmless(&letter.reason))?;
    if let Some(problem) = &letter.problem {
        writeln!(out, "problem:  {}", harmless(problem))?;
    }
    let head = &record[..record.len().min(SHOWN_BYTES)];
    writeln!(out, "\n{}", harmless(&String::from_utf8_lossy(head)))?;
    if head.len() < record.len() {
        writeln!(out, "… and {} bytes more: --record writes all", record.len() - head.len())?;
    }
    Ok(())
}

/// Where a letter's record lay, as far as the sidecar said.
fn place(letter: &Letter) -> String {
    let number = |number: Option<i64>| number.map_or("?".to_owned(), |number| number.to_string());
    let partition = number(letter.partition.map(i64::from));
    format!("{}[{partition}]@{}", letter.topic, number(letter.record_offset))
}

/// A text that moves no cursor and changes no title where it is shown.
fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            harmless.extend(character.escape_default());
        } else {
            harmless.push(character);
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_record_does_nothing_to_the_terminal_that_shows_it() {
        assert_eq!(harmless("{\"a\": \"ä\"}"), "{\"a\": \"ä\"}");
        assert_eq!(harmless("\x1b]0;title\x07\r\n"), "\\u{1b}]0;title\\u{7}\\r\\n");
    }
}
