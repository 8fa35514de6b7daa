//! Writes the list of the web page's files, as they lie in `web/dist`, for `http::page` to hold.
//!
//! Cargo runs it again when a file there is new, gone or another one, and else not.

use std::{env, fmt::Write, fs, io, path::Path};

/// Where `make web` builds the page, from this crate.
const PAGE: &str = "../../web/dist";

fn main() -> io::Result<()> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join(PAGE);
    // What is not there can't be watched: cargo would compile everything anew, each time. Where nothing may be
    // written, that is all that happens.
    let _best_effort = fs::create_dir_all(&folder);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = vec![];
    if folder.is_dir() {
        collect(&folder, "", &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        let from = folder.join(&path);
        writeln!(list, "    ({path:?}, include_bytes!({from:?}).as_slice()),")
            .map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("page_files.rs"), list)
}

/// The paths of all files in a folder, but for hidden ones.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::other(format!("{} is no name of a file on the web", name.display()))
        })?;
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
