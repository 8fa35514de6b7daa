//! A TCP proxy that cuts: to see what a break between two messages does.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::statements::Statements;

/// Which way a chunk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the one who connected.
    ToServer,
    /// Back to the one who connected.
    ToClient,
}

/// A proxy in front of a server that passes everything on until it is told to cut.
///
/// Cuts are counted in chunks (what one `read` gives: a message, where each waits for its answer).
#[derive(Debug)]
pub struct CuttingProxy {
    address: SocketAddr,
    control: Arc<Control>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Control {
    open: AtomicBool,
    /// Chunks that still pass in each direction before the cut; `u64::MAX` for no cut.
    to_server: AtomicU64,
    to_client: AtomicU64,
    statements: AtomicU64,
    cuts: watch::Sender<u64>,
}

const NEVER: u64 = u64::MAX;

impl CuttingProxy {
    /// A proxy on a free port in front of `server`.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let control = Arc::new(Control {
            open: AtomicBool::new(true),
            to_server: AtomicU64::new(NEVER),
            to_client: AtomicU64::new(NEVER),
            statements: AtomicU64::new(0),
            cuts: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, server, control.clone()));
        Self { address, control, accepting }
    }

    /// Where to connect instead of to the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts all connections when the next chunk after `passing` more would go in this direction;
    /// that chunk is lost. Connections after that pass.
    pub fn cut_after(&self, passing: u64, direction: Direction) {
        self.control.counter(direction).store(passing, Ordering::SeqCst);
    }

    /// Cuts all connections now and lets none in until [`open`](Self::open).
    pub fn close(&self) {
        self.control.open.store(false, Ordering::SeqCst);
        self.control.cut();
    }

    /// Lets connections in again.
    pub fn open(&self) {
        self.control.open.store(true, Ordering::SeqCst);
    }

    /// How many statements have passed to a PostgreSQL server so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.control.statements.load(Ordering::SeqCst)
    }

    /// How often it cut so far.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        *self.control.cuts.borrow()
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.control.cut();
    }
}

impl Control {
    fn counter(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Whether a chunk may pass; the one that may not brings the cut.
    fn pass(&self, direction: Direction) -> bool {
        let before = self.counter(direction).try_update(
            Ordering::SeqCst,
            Ordering::SeqCst,
            |left| match left {
                NEVER => None,
                0 => Some(NEVER),
                left => Some(left - 1),
            },
        );
        let passes = before != Ok(0);
        if !passes {
            self.cut();
        }
        passes
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, control: Arc<Control>) {
    while let Ok((client, _)) = listener.accept().await {
        if !control.open.load(Ordering::SeqCst) {
            continue;
        }
        let control = control.clone();
        tokio::spawn(async move {
            let mut cut = control.cuts.subscribe();
            let Ok(server) = TcpStream::connect(server).await else { return };
            // Small messages must arrive as they were sent, or counting them means nothing.
            let _best_effort = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::select! {
                _ = cut.changed() => {}
                () = pass_on(from_client, to_server, &control, Direction::ToServer) => {}
                () = pass_on(from_server, to_client, &control, Direction::ToClient) => {}
            }
        });
    }
}

async fn pass_on(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    control: &Control,
    direction: Direction,
) {
    let mut chunk = vec![0; 64 * 1024];
    let mut statements = Statements::default();
    while let Ok(bytes @ 1..) = from.read(&mut chunk).await {
        if direction == Direction::ToServer {
            control.statements.fetch_add(statements.count(&chunk[..bytes]), Ordering::SeqCst);
        }
        if !control.pass(direction) || to.write_all(&chunk[..bytes]).await.is_err() {
            return;
        }
    }
}
