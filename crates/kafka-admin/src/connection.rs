//! One connection: a request, then its answer.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{RequestHeader, ResponseHeader, TopicName},
    protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::error::KafkaError;

/// How we are called in the broker's logs.
const CLIENT_ID: &str = "kafka-admin";
/// How long a broker may take to answer, in seconds.
const ANSWER_TIMEOUT_SECS: u64 = 30;
/// The largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Connection {
    broker: String,
    socket: TcpStream,
    correlation_id: i32,
}

impl Connection {
    pub(crate) async fn open(broker: &str) -> Result<Self, KafkaError> {
        let away = |source| KafkaError::Away { broker: broker.to_owned(), source };
        let socket = within(TcpStream::connect(broker)).await.map_err(away)?;
        Ok(Self { broker: broker.to_owned(), socket, correlation_id: 0 })
    }

    /// Sends a request in a version of its API and waits for the answer. After an error the connection
    /// is worth nothing.
    pub(crate) async fn ask<R: Request>(
        &mut self,
        request: R,
        version: i16,
    ) -> Result<R::Response, KafkaError> {
        self.correlation_id += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some(StrBytes::from_static_str(CLIENT_ID)));
        let mut message = BytesMut::new();
        header
            .encode(&mut message, R::header_version(version))
            .and_then(|()| request.encode(&mut message, version))
            .map_err(|error| KafkaError::Protocol(error.to_string()))?;
        let mut answer = self.exchange(message.freeze()).await?;
        let decoded = ResponseHeader::decode(&mut answer, R::Response::header_version(version))
            .and_then(|header| Ok((header, R::Response::decode(&mut answer, version)?)));
        match decoded {
            Ok((header, response)) if header.correlation_id == self.correlation_id => Ok(response),
            Ok(_) => Err(KafkaError::Protocol("an answer to another request".to_owned())),
            Err(error) => Err(KafkaError::Protocol(error.to_string())),
        }
    }

    async fn exchange(&mut self, message: Bytes) -> Result<Bytes, KafkaError> {
        let exchange = within(exchange(&mut self.socket, message)).await;
        exchange.map_err(|source| KafkaError::Away { broker: self.broker.clone(), source })
    }
}

/// Messages have their length before them.
async fn exchange(socket: &mut TcpStream, message: Bytes) -> std::io::Result<Bytes> {
    let length = i32::try_from(message.len()).map_err(std::io::Error::other)?;
    let mut framed = BytesMut::with_capacity(message.len() + size_of::<i32>());
    framed.put_i32(length);
    framed.put(message);
    socket.write_all(&framed).await?;
    let mut length = [0; size_of::<i32>()];
    socket.read_exact(&mut length).await?;
    let length = usize::try_from(length.as_slice().get_i32()).map_err(std::io::Error::other)?;
    if length > MAX_ANSWER_BYTES {
        return Err(std::io::Error::other(format!("an answer of {length} bytes")));
    }
    let mut answer = vec![0; length];
    socket.read_exact(&mut answer).await?;
    Ok(answer.into())
}

async fn within<T>(future: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
    let limit = Duration::from_secs(ANSWER_TIMEOUT_SECS);
    timeout(limit, future).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(crate) fn named(topic: &str) -> TopicName {
    text(topic).into()
}

pub(crate) fn name(topic: &TopicName) -> String {
    topic.0.as_str().to_owned()
}
