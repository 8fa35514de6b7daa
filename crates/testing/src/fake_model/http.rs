//! HTTP/1.1 by hand, so that each byte of an answer can be held back, cut off or sent alone.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
    time::sleep,
};

use super::{
    ModelRequest,
    reply::{End, Framing, Reply},
};

const HEAD_END: &[u8] = b"\r\n\r\n";

/// How an answer ended.
pub(super) enum Played {
    /// Whole; the connection can be used on.
    Whole,
    /// As the script has it, with the end of the connection.
    Closed,
    /// The other side went away before.
    HungUp,
}

/// The next request of a connection; none where it ends.
pub(super) async fn read_request(
    connection: &mut TcpStream,
    unread: &mut Vec<u8>,
) -> Option<ModelRequest> {
    let head_bytes = loop {
        let end = unread.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END);
        match end {
            Some(end) => break end + HEAD_END.len(),
            None => read_more(connection, unread).await?,
        }
    };
    let head = String::from_utf8_lossy(&unread[..head_bytes]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let body_bytes: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    while unread.len() < head_bytes + body_bytes {
        read_more(connection, unread).await?;
    }
    let body = serde_json::from_slice(&unread[head_bytes..head_bytes + body_bytes]);
    unread.drain(..head_bytes + body_bytes);
    Some(ModelRequest { method, target, headers, body: body.unwrap_or_default() })
}

async fn read_more(connection: &mut TcpStream, unread: &mut Vec<u8>) -> Option<()> {
    let read = connection.read_buf(unread).await.ok()?;
    (read > 0).then_some(())
}

/// Sends a reply, as far as its script has it.
pub(super) async fn play(connection: &mut TcpStream, reply: &Reply) -> Played {
    match send(connection, reply).await {
        Err(_gone) => Played::HungUp,
        Ok(()) => match (reply.end, reply.framing) {
            (End::Whole, Framing::Chunked | Framing::Length) => Played::Whole,
            (End::Whole, Framing::UntilClose) | (End::Cut(_) | End::CutHead, _) => Played::Closed,
            (End::Hang(_) | End::HangHead, _) => {
                // Nothing more is sent, so the only thing to come is the other side's end.
                let mut rest = [0; 64];
                while let Ok(1..) = connection.read(&mut rest).await {}
                Played::HungUp
            }
        },
    }
}

async fn send(connection: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
    if matches!(reply.end, End::CutHead | End::HangHead) {
        return Ok(());
    }
    connection.write_all(&head(reply)).await?;
    let sent = match reply.end {
        End::Cut(bytes) | End::Hang(bytes) => &reply.body[..bytes.min(reply.body.len())],
        _ => &reply.body,
    };
    for piece in sent.chunks(reply.piece_bytes.max(1)) {
        let framed = match reply.framing {
            Framing::Chunked => {
                [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
            }
            Framing::Length | Framing::UntilClose => piece.to_vec(),
        };
        connection.write_all(&framed).await?;
        // So that pieces are read one by one, where they are small.
        yield_now().await;
        if !reply.pause.is_zero() {
            sleep(reply.pause).await;
        }
    }
    if reply.end == End::Whole && reply.framing == Framing::Chunked {
        connection.write_all(b"0\r\n\r\n").await?;
    }
    Ok(())
}

fn head(reply: &Reply) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&match reply.framing {
        Framing::Chunked => "transfer-encoding: chunked\r\n".to_owned(),
        Framing::Length => format!("content-length: {}\r\n", reply.body.len()),
        Framing::UntilClose => "connection: close\r\n".to_owned(),
    });
    head.push_str("\r\n");
    head.into_bytes()
}
