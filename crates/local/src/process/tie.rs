//! Commands whose process dies with ours.

use std::{ffi::OsStr, path::Path, process::Stdio, sync::LazyLock};

use nix::sys::signal::Signal;
use tokio::process::Command;

static HAS_SETPRIV: LazyLock<bool> = LazyLock::new(|| {
    std::process::Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
});

/// Whether util-linux's `setpriv` is here. BusyBox's knows no death signal; macOS has none.
pub(crate) fn has_setpriv() -> bool {
    *HAS_SETPRIV
}

/// A command in a process group of its own that gets a signal when we die, where that is possible.
pub(crate) fn tied(program: &Path, death_signal: Signal) -> Command {
    if has_setpriv() {
        setpriv(program, death_signal, &[])
    } else {
        let mut command = Command::new(program);
        command.process_group(0);
        command
    }
}

/// The same, with further options for `setpriv`, which must be here.
pub(crate) fn setpriv(program: &Path, death_signal: Signal, options: &[String]) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(options)
        .args(["--pdeathsig", death_signal.as_str().trim_start_matches("SIG"), "--"])
        .arg(AsRef::<OsStr>::as_ref(program))
        .process_group(0);
    command
}
