//! What a person's messages may cost in a day.

use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use events::UserId;
use futures_util::future::BoxFuture;
use model::{BudgetExhausted, Usage};

use super::metrics::Counts;
use crate::{context::Context, store};

/// A person's budget, counted in the database before it is spent.
pub(super) struct DailyBudget<'a> {
    context: &'a Context,
    counts: &'a Counts,
    user_id: UserId,
    /// The most tokens of a day.
    daily_tokens: i64,
    /// The day of the last reserve, by the database's clock.
    day: Mutex<Option<NaiveDate>>,
}

impl<'a> DailyBudget<'a> {
    pub(super) fn new(
        context: &'a Context,
        counts: &'a Counts,
        user_id: UserId,
        daily_tokens: i64,
    ) -> Self {
        Self { context, counts, user_id, daily_tokens, day: Mutex::new(None) }
    }

    async fn try_to_reserve(&self, tokens: i64) -> sqlx::Result<Option<NaiveDate>> {
        let mut tx = store::begin_for(&self.context.pool, self.user_id).await?;
        let most = self.daily_tokens;
        let day = store::model_use::reserve(&mut tx, self.user_id, tokens, most).await?;
        tx.commit().await?;
        Ok(day)
    }

    async fn correct(&self, day: NaiveDate, tokens: i64) -> sqlx::Result<()> {
        let mut tx = store::begin_for(&self.context.pool, self.user_id).await?;
        store::model_use::correct(&mut tx, self.user_id, day, tokens).await?;
        tx.commit().await
    }

    fn day(&self) -> std::sync::MutexGuard<'_, Option<NaiveDate>> {
        self.day.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

impl model::Budget for DailyBudget<'_> {
    fn reserve(&self, tokens: u64) -> BoxFuture<'_, Result<(), BudgetExhausted>> {
        Box::pin(async move {
            let day = self.try_to_reserve(signed(tokens)).await.unwrap_or_else(|error| {
                // What can't be counted is not spent.
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the model's budget can't be read");
                None
            });
            *self.day() = day;
            day.map(drop).ok_or(BudgetExhausted)
        })
    }

    fn settle(&self, reserved: u64, usage: Usage) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.counts.spent(usage);
            let used = usage.prompt_tokens.saturating_add(usage.completion_tokens);
            let Some(day) = self.day().take() else { return };
            let more = signed(used).saturating_sub(signed(reserved));
            if let Err(error) = self.correct(day, more).await {
                // What was reserved stays counted.
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the model's budget can't be corrected");
            }
        })
    }
}
