//! What a turn may cost.
//!
//! Owns: the question before each round and the report after it, and the estimate where an endpoint
//! reports nothing. Never: keeps a count; whose budget it is, and how long it lasts, is the caller's.

use futures_util::future::BoxFuture;
use thiserror::Error;

/// Bytes of English that make a token, about; JSON has fewer, so the estimate is on the low side.
const BYTES_PER_TOKEN: u64 = 4;

/// Somebody who counts what is spent.
///
/// Each `reserve` that is granted is followed by one `settle` with the same number, unless the turn is
/// dropped in between. Who counts the reserve at once, and corrects it when it is settled, is never
/// cheated by turns that are dropped.
pub trait Budget: Send + Sync {
    /// Asked before each round. `tokens` is an estimate of what the model will read.
    fn reserve(&self, tokens: u64) -> BoxFuture<'_, Result<(), BudgetExhausted>>;

    /// Told after each round what it took, also where the endpoint failed.
    fn settle(&self, reserved: u64, usage: Usage) -> BoxFuture<'_, ()>;
}

/// There is nothing left to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the budget is exhausted")]
pub struct BudgetExhausted;

/// What was spent, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// What the model read.
    pub prompt_tokens: u64,
    /// What the model wrote.
    pub completion_tokens: u64,
    /// Whether a part of it is estimated by the number of bytes, for want of a report.
    pub is_estimate: bool,
}

/// A budget without an end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl Usage {
    /// Nothing was spent.
    pub const NONE: Self = Self { prompt_tokens: 0, completion_tokens: 0, is_estimate: false };

    /// What so many bytes are in tokens, about.
    #[must_use]
    pub fn estimate(prompt_bytes: usize, completion_bytes: usize) -> Self {
        let tokens = |bytes: usize| (bytes as u64).div_ceil(BYTES_PER_TOKEN);
        Self {
            prompt_tokens: tokens(prompt_bytes),
            completion_tokens: tokens(completion_bytes),
            is_estimate: true,
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(other.completion_tokens),
            is_estimate: self.is_estimate || other.is_estimate,
        }
    }
}

impl Budget for Unlimited {
    fn reserve(&self, _tokens: u64) -> BoxFuture<'_, Result<(), BudgetExhausted>> {
        Box::pin(async { Ok(()) })
    }

    fn settle(&self, _reserved: u64, _usage: Usage) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
