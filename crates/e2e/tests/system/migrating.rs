//! `migrate`, as the job that it is before anything serves.

use std::future::ready;

use e2e::Process;
use tempfile::TempDir;
use testing::{CuttingProxy, TestDatabase, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn migrate_needs_nothing_but_the_database_and_waits_until_it_is_reachable() {
    for (binary, table) in [("chat-api", "task_tombstone"), ("reminder-worker", "fired_snooze")] {
        let database = TestDatabase::create_owned().await;
        let proxy = CuttingProxy::start(database.address()).await;
        proxy.close();
        let folder = TempDir::new().unwrap();
        let environment = vec![("DATABASE_URL", database.owner_url_via(proxy.address()))];
        let arguments = vec!["migrate".to_owned()];
        let mut migrate = Process::new(binary, folder.path(), binary, arguments, environment);
        migrate.start();
        eventually("a try in vain", || {
            ready(migrate.log().contains("the database does not answer yet").then_some(()))
        })
        .await;
        assert_eq!(migrate.ended(), None);
        proxy.open();
        let status = eventually("its end", || ready(migrate.ended())).await;
        assert!(status.success(), "{binary}: {}", migrate.log());
        let pool = database.pool(1);
        let tables: i64 = sqlx::query_scalar(
            "select count(*) from information_schema.tables where table_name = $1",
        )
        .bind(table)
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(tables, 1, "{binary}");
        pool.close().await;
        database.drop().await;
    }
}
