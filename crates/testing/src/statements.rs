//! Counting the statements in what a client of PostgreSQL sends.

/// The bytes of a message's length, which counts itself.
const LENGTH_BYTES: usize = 4;
/// The length of a request for encryption, after which the client begins anew.
const ENCRYPTION_REQUEST_BYTES: usize = 8;
/// `Execute` of the extended protocol, and `Query` of the simple one.
const STATEMENTS: [u8; 2] = *b"EQ";

/// Where in a connection's stream of messages the last chunk ended.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    /// The first message has no type before its length.
    is_typed: bool,
    head: Vec<u8>,
    /// Bytes of the present message that are still to come.
    rest: usize,
}

impl Statements {
    /// How many statements begin in the next chunk.
    pub(crate) fn count(&mut self, mut chunk: &[u8]) -> u64 {
        let mut statements = 0;
        while !chunk.is_empty() {
            let passed = self.rest.min(chunk.len());
            self.rest -= passed;
            chunk = &chunk[passed..];
            let [next, ..] = chunk else { break };
            self.head.push(*next);
            chunk = &chunk[1..];
            let of_type = usize::from(self.is_typed);
            if self.head.len() == of_type + LENGTH_BYTES {
                let mut length = [0; LENGTH_BYTES];
                length.copy_from_slice(&self.head[of_type..]);
                let length = u32::from_be_bytes(length) as usize;
                self.rest = length.saturating_sub(LENGTH_BYTES);
                if self.is_typed {
                    statements += u64::from(STATEMENTS.contains(&self.head[0]));
                } else {
                    self.is_typed = length != ENCRYPTION_REQUEST_BYTES;
                }
                self.head.clear();
            }
        }
        statements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: Option<u8>, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + LENGTH_BYTES).expect("short");
        kind.into_iter().chain(length.to_be_bytes()).chain(body.iter().copied()).collect()
    }

    #[test]
    fn statements_are_counted_however_the_stream_is_cut_into_chunks() {
        let stream = [
            message(None, &[4, 210, 22, 47]),
            message(None, b"user and database"),
            message(Some(b'P'), b"EQEQ"),
            message(Some(b'B'), b""),
            message(Some(b'E'), b"portal"),
            message(Some(b'S'), b""),
            message(Some(b'Q'), b"begin"),
        ]
        .concat();
        for size in 1..=stream.len() {
            let mut statements = Statements::default();
            let counted: u64 = stream.chunks(size).map(|chunk| statements.count(chunk)).sum();
            assert_eq!(counted, 2, "in chunks of {size}");
        }
    }
}
