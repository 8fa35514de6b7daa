//! W3C trace context, as far as a sidecar passes it on.

use std::fmt;

const VERSION: &str = "00";

/// A `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a header; none where it is malformed or zero.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (_version, trace, span, flags) =
            (hex(parts.next()?, 2)?, parts.next()?, parts.next()?, parts.next()?);
        let parent = Self {
            trace: hex(trace, 32)?,
            span: hex(span, 16)?.try_into().ok()?,
            flags: hex(flags, 2)?.try_into().ok()?,
        };
        (parent.trace != 0 && parent.span != 0).then_some(parent)
    }

    /// A trace of its own, not sampled.
    pub(crate) fn root() -> Self {
        Self { trace: rand::random_range(1..=u128::MAX), span: new_span(), flags: 0 }
    }

    /// A new span of the same trace.
    pub(crate) fn child(self) -> Self {
        Self { span: new_span(), ..self }
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

fn new_span() -> u64 {
    rand::random_range(1..=u64::MAX)
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let valid = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_child_keeps_the_trace_and_the_flags() {
        let child = TraceParent::parse(PARENT).expect("a parent").child().to_string();
        assert_eq!((&child[..36], &child[52..]), (&PARENT[..36], &PARENT[52..]));
        assert_ne!(child, PARENT);
        assert_eq!(TraceParent::parse(&child).map(|parent| parent.to_string()), Some(child));
    }

    #[test]
    fn a_malformed_parent_is_none() {
        for text in ["", "00-0-0-01", &PARENT[1..], &PARENT.replace('a', "+")] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }
}
