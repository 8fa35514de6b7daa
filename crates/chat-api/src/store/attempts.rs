//! The table `attempt`: how far the limits on guessing are spent. For the system.

use sqlx::PgConnection;

/// The buckets of one kind; two keys share one by chance only. To be one less than a power of two.
const BUCKET_MASK: i64 = (1 << 17) - 1;

/// So many at once, and then one more each so many seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) kind: &'static str,
    pub(crate) at_once: i32,
    pub(crate) interval_secs: f64,
}

/// Counts an attempt; `false` where the limit is spent, and nothing is counted then. Keys are the
/// same where addresses are.
pub(crate) async fn count(conn: &mut PgConnection, limit: Limit, key: &str) -> sqlx::Result<bool> {
    let counted = sqlx::query!(
        "insert into attempt as a (kind, bucket, spent_until)
         values ($1, hashtextextended(lower($2), 0) & $3,
             messaging.clock() + make_interval(secs => $4::float8))
         on conflict (kind, bucket) do update
             set spent_until = greatest(a.spent_until, messaging.clock())
                 + make_interval(secs => $4::float8)
             where a.spent_until <= messaging.clock() + make_interval(secs => $4::float8 * ($5::integer - 1))",
        limit.kind,
        key,
        BUCKET_MASK,
        limit.interval_secs,
        limit.at_once,
    )
    .execute(conn)
    .await?;
    Ok(counted.rows_affected() == 1)
}

/// How long it is until the next attempt is counted, in seconds.
pub(crate) async fn wait_secs(
    conn: &mut PgConnection,
    limit: Limit,
    key: &str,
) -> sqlx::Result<f64> {
    let found = sqlx::query_scalar!(
        r#"select extract(epoch from spent_until - messaging.clock()
             - make_interval(secs => $4::float8 * ($5::integer - 1)))::float8 as "secs!"
         from attempt where kind = $1 and bucket = hashtextextended(lower($2), 0) & $3"#,
        limit.kind,
        key,
        BUCKET_MASK,
        limit.interval_secs,
        limit.at_once,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.unwrap_or(0.0))
}

/// Makes a limit whole again.
pub(crate) async fn forget(conn: &mut PgConnection, limit: Limit, key: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from attempt where kind = $1 and bucket = hashtextextended(lower($2), 0) & $3",
        limit.kind,
        key,
        BUCKET_MASK,
    )
    .execute(conn)
    .await?;
    Ok(())
}
