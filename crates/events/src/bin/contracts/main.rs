//! Writes the contracts from the types, or checks that what is committed is what they say.
//!
//! Owns `crates/events/schemas/`, `docs/contracts/asyncapi.json` and the marked parts of
//! `docs/contracts/README.md`. Of `crates/events/goldens/` it only makes what is missing: a golden
//! is what was once promised, so this never changes one.

mod asyncapi;
mod examples;
mod files;
mod readme;
mod schema;

use std::process::ExitCode;

use files::{Contracts, FilesError};

const USAGE: &str = "usage: cargo run -q -p events --bin contracts -- write|check";
const MEND: &str = "cargo run -q -p events --bin contracts -- write";

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("write") => write(),
        Some("check") => check(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("{}", chain(&error));
        ExitCode::FAILURE
    })
}

fn write() -> Result<ExitCode, FilesError> {
    for done in Contracts::generate()?.write()? {
        println!("{done}");
    }
    Ok(ExitCode::SUCCESS)
}

fn check() -> Result<ExitCode, FilesError> {
    let stale = Contracts::generate()?.stale()?;
    for path in &stale {
        eprintln!("not what the types say: {path}");
    }
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("mend it with: {MEND}");
    Ok(ExitCode::FAILURE)
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
