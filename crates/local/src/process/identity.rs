//! Which process a pid means: a number alone is used again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use nix::unistd::Pid;

/// A process, told from a later one with the same pid by when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pid: Pid,
    birth: String,
}

impl Identity {
    /// The running process with a pid; none if there is none. A zombie runs no more.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        Some(Self { pid, birth: birth(pid)? })
    }

    /// The pid.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether that very process still runs.
    pub(crate) fn is_alive(&self) -> bool {
        birth(self.pid).is_some_and(|birth| birth == self.birth)
    }

    /// As one line of text, for [`parse`](Self::parse).
    pub(crate) fn to_line(&self) -> String {
        format!("{} {}\n", self.pid, self.birth)
    }

    /// What [`to_line`](Self::to_line) wrote; none for anything else.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (pid, birth) = line.trim_end().split_once(' ')?;
        let pid = pid.parse().ok().filter(|pid| *pid > 1)?;
        Some(Self { pid: Pid::from_raw(pid), birth: birth.to_owned() })
    }
}

/// Whether a process works in a folder; where the system does not tell, whether it was started with
/// that folder as an argument.
pub(crate) fn works_in(pid: Pid, folder: &Path) -> bool {
    if let Ok(works_in) = fs::read_link(format!("/proc/{pid}/cwd")) {
        return works_in == folder;
    }
    let argument = folder.to_string_lossy();
    ps(pid, "command=").is_some_and(|command| command.contains(argument.as_ref()))
}

/// The file name of a process's program; none if it can't be told.
pub(crate) fn executable_name(pid: Pid) -> Option<String> {
    if let Ok(path) = fs::read_link(format!("/proc/{pid}/exe")) {
        let name = path.file_name()?.to_string_lossy().into_owned();
        // What the kernel adds once a package upgrade has replaced the file.
        return Some(name.trim_end_matches(" (deleted)").to_owned());
    }
    let path = PathBuf::from(ps(pid, "comm=")?);
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// Whether a terminal's Ctrl-C goes to our process group.
pub(crate) fn is_in_foreground() -> bool {
    let groups = match fs::read_to_string("/proc/self/stat") {
        // Behind the name: state, parent, group, session, terminal, the terminal's group.
        Ok(stat) => stat.rsplit_once(')').and_then(|(_, fields)| {
            let fields: Vec<&str> = fields.split_whitespace().collect();
            Some(format!("{} {}", fields.get(2)?, fields.get(5)?))
        }),
        Err(_) => ps(Pid::this(), "pgid=,tpgid="),
    };
    let groups = groups.unwrap_or_default();
    let mut groups = groups.split_whitespace();
    groups.next().is_some_and(|ours| groups.next() == Some(ours))
}

/// Text that no other process with this pid ever has.
fn birth(pid: Pid) -> Option<String> {
    if let Ok(boot) = fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        return Some(format!("{}/{}", boot.trim(), start_ticks(&stat)?));
    }
    let line = ps(pid, "state=,lstart=")?;
    let (state, start) = line.split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| start.trim().to_owned())
}

/// Field 22 of `/proc/PID/stat`, counted behind the command's name, which may hold anything.
fn start_ticks(stat: &str) -> Option<&str> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then(|| fields.nth(18)).flatten()
}

fn ps(pid: Pid, columns: &str) -> Option<String> {
    let output = std::process::Command::new("ps")
        .args(["-ww", "-o", columns, "-p", &pid.to_string()])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_with_its_pid() {
        let ours = Identity::of(Pid::this()).expect("we run");
        assert!(ours.is_alive());
        let former = Identity { birth: "before".to_owned(), ..ours.clone() };
        assert!(!former.is_alive());
        assert_eq!(Identity::parse(&ours.to_line()), Some(ours));
    }

    #[test]
    fn a_zombie_runs_no_more() {
        let mut child = std::process::Command::new("true").spawn().expect("a child");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        let stat = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        while Path::new("/proc").is_dir() && !stat().contains(") Z") {
            std::thread::yield_now();
        }
        if cfg!(target_os = "linux") {
            assert_eq!(Identity::of(pid), None);
        }
        child.wait().expect("it ended");
        assert_eq!(Identity::of(pid), None);
    }

    #[test]
    fn a_damaged_line_names_no_process() {
        for line in ["", "12", "0 x", "-1 x", "1 x", "x y"] {
            assert_eq!(Identity::parse(line), None, "{line:?}");
        }
    }
}
