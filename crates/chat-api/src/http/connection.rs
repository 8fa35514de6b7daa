//! A connection that does not wait for ever.
//!
//! The web framework bounds how long the first head of a connection may take, and nothing after it: the
//! head of a later request may trickle, or stop, and an answer of which the client takes nothing stays in
//! memory for as long as the client likes. So the socket itself has deadlines. What is ready for the
//! client and does not move ends the connection, and with it the stream or answer behind it; so does a
//! head that does not come to its end. A connection that ends this way is reset: what the kernel still
//! holds of it goes too.
//!
//! Never: what a request means, or how long the body of one takes (`body`).

use std::{
    cell::Cell,
    io::{Error, ErrorKind, Result},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::{Extensions, ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Bytes,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

/// How long a client may keep a connection waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the first byte of a head to its end.
    pub(super) head: Duration,
    /// While something is ready and nothing of it is taken.
    pub(super) write: Duration,
    /// From the end of an answer to the end of the next head.
    pub(super) idle: Duration,
}

/// A client's socket.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    exchanges: Rc<Exchanges>,
    /// The exchanges that had begun when it was looked at last.
    seen_begun: u64,
    head: Deadline,
    idle: Deadline,
    write: Deadline,
}

/// The requests of a connection: how many have begun, how many are not yet answered in full.
#[derive(Debug, Default)]
struct Exchanges {
    begun: Cell<u64>,
    running: Cell<u64>,
}

/// A request that is being answered, until the last of its answer has left the application.
struct Exchange(Rc<Exchanges>);

/// The body of an answer, and the exchange that ends with it.
struct ExchangeBody {
    body: BoxBody,
    _exchange: Option<Exchange>,
}

#[derive(Debug)]
struct Deadline {
    after: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, patience: Patience) -> Self {
        Self {
            socket,
            exchanges: Rc::default(),
            seen_begun: 0,
            head: Deadline::new(patience.head),
            idle: Deadline::new(patience.idle),
            write: Deadline::new(patience.write),
        }
    }

    /// Lets [`follow`] find the connection that a request came by.
    pub(super) fn introduce(&self, extensions: &mut Extensions) {
        extensions.insert(self.exchanges.clone());
    }

    /// Whether a request is being answered. One that has begun has had its head.
    fn is_answering(&mut self) -> bool {
        let begun = self.exchanges.begun.get();
        if begun != self.seen_begun {
            self.seen_begun = begun;
            self.head.clear();
            self.idle.clear();
        }
        self.exchanges.running.get() > 0
    }

    /// Ends it at once, with all that is still to be sent.
    fn reset(&self) -> Error {
        // Best effort: without it the kernel goes on to hold what was sent last, for a while.
        let _kept_for_longer = self.socket.set_zero_linger();
        Error::from(ErrorKind::TimedOut)
    }
}

impl Exchanges {
    fn begin(self: Rc<Self>) -> Exchange {
        self.begun.set(self.begun.get() + 1);
        self.running.set(self.running.get() + 1);
        Exchange(self)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}

impl Deadline {
    const fn new(after: Duration) -> Self {
        Self { after, timer: None }
    }

    fn set(&mut self) {
        let after = self.after;
        self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + after)));
    }

    fn clear(&mut self) {
        self.timer = None;
    }

    /// Whether it has passed; wakes the task when it does.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = &mut *self;
        let is_answering = this.is_answering();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(context, buffer);
        if !is_answering && buffer.filled().len() > before {
            this.head.set();
        }
        let is_over = this.head.is_over(context) || this.idle.is_over(context);
        if is_over { Poll::Ready(Err(this.reset())) } else { read }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let this = &mut *self;
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        if written.is_ready() {
            this.write.clear();
            if !this.is_answering() {
                this.idle.set();
                // Asked for, so that it wakes a connection that nobody reads until then.
                let _not_yet = this.idle.is_over(context);
            }
            return written;
        }
        this.write.set();
        if this.write.is_over(context) { Poll::Ready(Err(this.reset())) } else { Poll::Pending }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl MessageBody for ExchangeBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Tells the connection of a request that it is being answered.
pub(super) async fn follow(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let exchange = request.conn_data::<Rc<Exchanges>>().cloned().map(Exchanges::begin);
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(response.map_body(|_, body| BoxBody::new(ExchangeBody { body, _exchange: exchange })))
}
