//! What people ask: read, scoped by the person, and changing nothing but when they last did.

pub(crate) mod calendar_feeds;
pub(crate) mod channels;
pub(crate) mod conversations;
pub(crate) mod dead_letters;
pub(crate) mod delivery_failures;
pub(crate) mod export;
pub(crate) mod identity;
pub(crate) mod lists;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod reminders;
pub(crate) mod sessions;
pub(crate) mod tasks;
pub(crate) mod timeline;
pub(crate) mod tokens;

/// A page of a list.
#[derive(Clone, Debug)]
pub(crate) struct Page<T, C> {
    pub(crate) items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub(crate) next: Option<C>,
    /// How far the live feed was before the page was read: what follows from there on misses nothing.
    pub(crate) feed_position: i64,
}

impl<T, C> Page<T, C> {
    /// A page from one more item than it holds.
    fn cut(
        mut items: Vec<T>,
        limit: i64,
        feed_position: i64,
        cursor: impl FnOnce(&T) -> C,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(cursor);
        Self { items, next, feed_position }
    }
}
