//! Server-sent events out of bytes, however those are cut.
//!
//! Promises: pieces of any size give the same events, and no more than [`MAX_LINE_BYTES`] of a line
//! and of an event are kept. Never: reads the bytes as text; what is in an event may be cut within a
//! letter.

use crate::{
    error::{ModelError, Part},
    limits::MAX_LINE_BYTES,
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where in a stream the last piece ended.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    /// The data of the event that has begun; none where it has none yet.
    data: Option<Vec<u8>>,
    /// Whether the last byte was a carriage return, to which a line feed may belong.
    is_after_return: bool,
    has_begun: bool,
}

impl Decoder {
    /// The data of the events that end in the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, ModelError> {
        let mut events = Vec::new();
        for &byte in bytes {
            let is_after_return = std::mem::replace(&mut self.is_after_return, byte == b'\r');
            match byte {
                b'\n' if is_after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()?),
                _ if self.line.len() == MAX_LINE_BYTES => {
                    return Err(ModelError::TooLarge(Part::Line));
                }
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    /// What the stream ends with, where the empty line after its last event is missing.
    pub(crate) fn end(mut self) -> Result<Option<Vec<u8>>, ModelError> {
        let last = if self.line.is_empty() { None } else { self.end_line()? };
        Ok(last.or(self.data))
    }

    fn end_line(&mut self) -> Result<Option<Vec<u8>>, ModelError> {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if is_first => rest,
            _ => &line,
        };
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        // Older llama.cpp names an error by its field: `error: {…}`. Everything else is not needed.
        match field {
            b"data" => self.add(value.strip_prefix(b" ").unwrap_or(value))?,
            b"error" => self.add(&[b"{\"error\":", value, b"}"].concat())?,
            _ => {}
        }
        Ok(None)
    }

    fn add(&mut self, value: &[u8]) -> Result<(), ModelError> {
        match &mut self.data {
            Some(data) if data.len() + value.len() >= MAX_LINE_BYTES => {
                return Err(ModelError::TooLarge(Part::Line));
            }
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            None => self.data = Some(value.to_vec()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            events.extend(decoder.push(piece).expect("small"));
        }
        events.extend(decoder.end().expect("small"));
        events.into_iter().map(|event| String::from_utf8(event).expect("text")).collect()
    }

    #[test]
    fn events_are_lines_of_data_up_to_an_empty_line() {
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", vec!["a", "b"]),
            ("data:a\r\n\r\ndata:  b\r\n\r\n", vec!["a", " b"]),
            ("data: a\r\rdata: b\r\r", vec!["a", "b"]),
            ("data: a\ndata: b\n\n", vec!["a\nb"]),
            ("data: a\r\ndata: b\r\n\r\n", vec!["a\nb"]),
            (": keep-alive\n\nevent: x\nid: 1\nretry: 2\ndata: a\n\n:\n\n", vec!["a"]),
            ("\n\n\ndata\n\n", vec![""]),
            ("\u{feff}data: a\n\n", vec!["a"]),
            ("data: \u{feff}ä→𝄞\n\n", vec!["\u{feff}ä→𝄞"]),
            ("error: {\"code\":500}\n\n", vec!["{\"error\": {\"code\":500}}"]),
            ("data: a\n\ndata: b\n", vec!["a", "b"]),
            ("data: a\n\ndata: b", vec!["a", "b"]),
            ("data: a\n\n", vec!["a"]),
            ("", vec![]),
        ] {
            assert_eq!(events(&[stream.as_bytes()]), expected, "{stream:?}");
        }
    }

    #[test]
    fn a_line_and_an_event_have_an_end() {
        let mut decoder = Decoder::default();
        let endless = vec![b'x'; MAX_LINE_BYTES];
        assert!(decoder.push(&endless).expect("as long as may be").is_empty());
        let error = decoder.push(b"x").expect_err("longer");
        assert!(matches!(error, ModelError::TooLarge(Part::Line)), "{error:?}");

        let mut decoder = Decoder::default();
        let line = [b"data:", &vec![b'x'; MAX_LINE_BYTES / 2][..], b"\n"].concat();
        decoder.push(&line).expect("half of it");
        let error = decoder.push(&line).expect_err("both and the line end");
        assert!(matches!(error, ModelError::TooLarge(Part::Line)), "{error:?}");
    }

    proptest! {
        #[test]
        fn pieces_give_the_same_events_as_the_whole(
            lines in prop::collection::vec("(data: ?|:|event:)?[aä𝄞\u{feff} ]{0,6}(\r|\n|\r\n)", 0..12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let stream = lines.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            let ends = cuts.iter().copied().chain([stream.len()]);
            let begins = [0].into_iter().chain(cuts.iter().copied());
            let pieces: Vec<&[u8]> = begins.zip(ends).map(|(from, to)| &stream[from..to]).collect();
            prop_assert_eq!(events(&pieces), events(&[&stream]));
        }
    }
}
