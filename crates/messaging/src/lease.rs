//! One leader among the replicas, by a row that expires by the database's clock.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use crate::store;

/// How long a lease holds without being renewed, in seconds.
pub const LEASE_SECS: f64 = 10.0;
/// How often it is renewed, in seconds.
const RENEWAL_INTERVAL_SECS: u64 = 3;

/// A lease that this process holds. Its token is checked whenever the holder writes, so that a
/// process that slept through its lease changes nothing.
#[derive(Clone, Debug)]
pub struct Lease {
    name: &'static str,
    holder: Uuid,
    token: i64,
}

impl Lease {
    /// Takes a lease that nobody holds, or that has run out.
    ///
    /// # Errors
    /// The database's own.
    pub async fn acquire(
        pool: &PgPool,
        name: &'static str,
        holder: Uuid,
    ) -> sqlx::Result<Option<Self>> {
        let token = store::lease::acquire(pool, name, holder, LEASE_SECS).await?;
        Ok(token.map(|token| Self { name, holder, token }))
    }

    /// The token that each change of holder raises.
    #[must_use]
    pub const fn token(&self) -> i64 {
        self.token
    }

    /// Renews the lease until it is lost; returns then.
    pub async fn keep(&self, pool: &PgPool) {
        loop {
            tokio::time::sleep(Duration::from_secs(RENEWAL_INTERVAL_SECS)).await;
            let renewing = store::lease::renew(pool, self.name, self.token, LEASE_SECS);
            let limit = Duration::from_secs(RENEWAL_INTERVAL_SECS);
            let Ok(renewed) = tokio::time::timeout(limit, renewing).await else {
                tracing::warn!(lease = self.name, "the lease can't be renewed in time");
                return;
            };
            match renewed {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        lease = self.name,
                        "the lease can't be renewed"
                    );
                    return;
                }
            }
        }
    }

    /// Gives the lease back, so that another need not wait until it runs out.
    ///
    /// # Errors
    /// The database's own; the lease then runs out by itself.
    pub async fn release(self, pool: &PgPool) -> sqlx::Result<()> {
        store::lease::release(pool, self.name, self.holder, self.token).await
    }
}
