//! How long to wait before the next attempt: doubling, bounded, with jitter.

use std::time::Duration;

/// A backoff policy.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after so many failures (from 1): `first`·2^(failures−1), at most `longest`, of which
    /// a random half is taken off so that many who failed together do not come back together.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        full.mul_f64(rand::random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Backoff =
        Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(30) };

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        for (failures, full_ms) in
            [(0, 100), (1, 100), (2, 200), (5, 1600), (20, 30_000), (u32::MAX, 30_000)]
        {
            let full = Duration::from_millis(full_ms);
            for _ in 0..100 {
                let delay = POLICY.delay(failures);
                assert!(delay >= full / 2 && delay <= full, "{failures}: {delay:?}");
            }
        }
    }
}
