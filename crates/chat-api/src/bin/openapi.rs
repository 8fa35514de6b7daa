//! Writes `docs/openapi.json` from the code, or checks that what is committed is what the code says.

use std::{fs, io, path::Path, process::ExitCode};

const DOCUMENT: &str = "docs/openapi.json";
const USAGE: &str = "usage: cargo run -q -p chat-api --bin openapi -- write|check";
const MEND: &str = "cargo run -q -p chat-api --bin openapi -- write";

fn main() -> anyhow::Result<ExitCode> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(DOCUMENT);
    let generated = chat_api::openapi_json()?;
    let committed = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        committed => committed?,
    };
    match std::env::args().nth(1).as_deref() {
        Some("write") if committed != generated => {
            fs::write(path, generated)?;
            println!("wrote {DOCUMENT}");
        }
        Some("check") if committed != generated => {
            eprintln!("not what the code says: {DOCUMENT}\nmend it with: {MEND}");
            return Ok(ExitCode::FAILURE);
        }
        Some("write" | "check") => {}
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
