//! The newest entries of one feed, as the followers of this process read them.
//!
//! An entry never changes and none comes before another, so a run of them that ends with the newest is
//! as good as the table. Whoever stands before the run, or where the table has gone back, asks the
//! table.

use std::collections::VecDeque;

use bytes::Bytes;

/// A run of entries without a gap, already in the form that goes out.
#[derive(Debug)]
pub(super) struct Tail {
    /// The newest number that is known to be given.
    head: i64,
    /// The number of the newest entry that is, or was, here.
    last: i64,
    entries: VecDeque<Bytes>,
    size_bytes: usize,
    /// How often the table has gone back, as after a restore.
    generation: u64,
}

/// What comes after a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The entry with the next number.
    Entry(Bytes),
    /// Nothing yet.
    Nothing,
    /// Only the table knows.
    AskTable,
}

/// How far this process has read a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The newest number that is known to be given.
    pub(crate) head: i64,
    /// The newest that has been read.
    pub(crate) last: i64,
    pub(crate) generation: u64,
}

impl Tail {
    /// Of a feed that nobody followed until now: what is there already, only the table tells.
    pub(super) const fn at(head: i64) -> Self {
        Self { head, last: head, entries: VecDeque::new(), size_bytes: 0, generation: 0 }
    }

    pub(super) const fn known(&self) -> Known {
        Known { head: self.head, last: self.last, generation: self.generation }
    }

    /// The table's head is this. Returns whether the table has gone back; what was kept is then worth
    /// nothing.
    pub(super) fn saw(&mut self, head: i64) -> bool {
        let has_gone_back = head < self.last;
        if has_gone_back {
            let generation = self.generation + 1;
            *self = Self { generation, ..Self::at(head) };
        }
        self.head = head;
        has_gone_back
    }

    /// Adds what was read from the table. Where numbers are missing, they were pruned: the run begins
    /// anew. Returns whether it was new.
    pub(super) fn add(&mut self, seq: i64, entry: Bytes) -> bool {
        if seq <= self.last {
            return false;
        }
        self.skip_to(seq - 1);
        self.size_bytes += entry.len();
        self.entries.push_back(entry);
        self.last = seq;
        self.head = self.head.max(seq);
        true
    }

    /// Up to this number there is nothing more to read.
    pub(super) fn skip_to(&mut self, seq: i64) {
        if self.last < seq {
            self.entries.clear();
            self.size_bytes = 0;
            self.last = seq;
        }
    }

    pub(super) fn after(&self, position: i64, generation: u64) -> Next {
        if generation != self.generation {
            return Next::AskTable;
        }
        // Somebody who asked the table may be ahead.
        let Ok(missing) = usize::try_from(self.last - position) else { return Next::Nothing };
        if missing == 0 {
            return Next::Nothing;
        }
        match self.entries.len().checked_sub(missing).and_then(|index| self.entries.get(index)) {
            Some(entry) => Next::Entry(entry.clone()),
            None => Next::AskTable,
        }
    }

    /// Lets go of the oldest entry; returns its size in bytes.
    pub(super) fn drop_oldest(&mut self) -> usize {
        let bytes = self.entries.pop_front().map_or(0, |entry| entry.len());
        self.size_bytes -= bytes;
        bytes
    }

    /// The size of what is kept, in bytes.
    pub(super) const fn size_bytes(&self) -> usize {
        self.size_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: i64) -> Bytes {
        number.to_string().into()
    }

    fn tail(entries: std::ops::RangeInclusive<i64>) -> Tail {
        let mut tail = Tail::at(entries.start() - 1);
        entries.for_each(|number| assert!(tail.add(number, entry(number))));
        tail
    }

    #[test]
    fn each_position_has_its_next_entry_or_none_yet() {
        let tail = tail(4..=6);
        assert_eq!(tail.after(3, 0), Next::Entry(entry(4)));
        assert_eq!(tail.after(5, 0), Next::Entry(entry(6)));
        assert_eq!(tail.after(6, 0), Next::Nothing);
        assert_eq!(tail.after(9, 0), Next::Nothing, "it read the table, and is ahead");
    }

    #[test]
    fn what_is_before_the_run_only_the_table_knows() {
        let mut tail = tail(4..=6);
        assert_eq!(tail.after(2, 0), Next::AskTable);
        assert_eq!(tail.drop_oldest(), 1);
        assert_eq!(tail.after(3, 0), Next::AskTable);
        assert_eq!(tail.after(4, 0), Next::Entry(entry(5)));
    }

    #[test]
    fn what_is_read_twice_is_there_once_and_a_hole_begins_anew() {
        let mut tail = tail(1..=3);
        assert!(!tail.add(3, entry(3)));
        assert!(tail.add(9, entry(9)));
        assert_eq!(tail.after(3, 0), Next::AskTable);
        assert_eq!(tail.after(8, 0), Next::Entry(entry(9)));
        assert_eq!(tail.size_bytes(), 1);
        tail.skip_to(20);
        assert_eq!(tail.after(9, 0), Next::AskTable);
        assert_eq!((tail.after(20, 0), tail.size_bytes()), (Next::Nothing, 0));
    }

    #[test]
    fn after_a_restore_everybody_asks_the_table() {
        let mut tail = tail(1..=5);
        assert!(!tail.saw(7), "numbers that were not read yet");
        assert!(tail.saw(2));
        assert_eq!(tail.after(5, 0), Next::AskTable);
        assert_eq!(tail.known(), Known { head: 2, last: 2, generation: 1 });
        assert!(tail.add(3, entry(3)));
        assert_eq!(tail.after(2, 1), Next::Entry(entry(3)));
    }
}
