//! The one thread that forks.
//!
//! A death signal (`setpriv --pdeathsig`) is sent when the *thread* that forked ends, and a
//! runtime's threads come and go. This one lives as long as the process.

use std::{
    io,
    sync::{LazyLock, mpsc},
    thread,
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

struct Request {
    command: Command,
    runtime: Handle,
    answer: oneshot::Sender<io::Result<Child>>,
}

static FORKING_THREAD: LazyLock<io::Result<mpsc::Sender<Request>>> = LazyLock::new(|| {
    let (requests, queue) = mpsc::channel::<Request>();
    thread::Builder::new().name("forking".to_owned()).spawn(move || fork_for_ever(&queue))?;
    Ok(requests)
});

/// Starts a command from the thread that outlives every other.
///
/// # Errors
/// The program can't be started.
pub(crate) async fn spawn(command: Command) -> io::Result<Child> {
    let requests = FORKING_THREAD.as_ref().map_err(|error| io::Error::from(error.kind()))?;
    let (answer, answered) = oneshot::channel();
    let request = Request { command, runtime: Handle::current(), answer };
    requests.send(request).map_err(|_| thread_is_gone())?;
    answered.await.map_err(|_| thread_is_gone())?
}

fn fork_for_ever(queue: &mpsc::Receiver<Request>) {
    while let Ok(Request { mut command, runtime, answer }) = queue.recv() {
        let _context = runtime.enter();
        // Who asked may have been dropped meanwhile: the child then is, and dies if it is set to.
        drop(answer.send(command.spawn()));
    }
}

fn thread_is_gone() -> io::Error {
    io::Error::other("the thread that starts processes is gone")
}
