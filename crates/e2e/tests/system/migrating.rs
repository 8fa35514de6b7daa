//! `migrate`, as the job that it is before anything serves.

use std::future::ready;

use e2e::{Process, SEALING_KEYS, migrate};
use tempfile::TempDir;
use testing::{CuttingProxy, TestDatabase, eventually, free_port};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_ready_when_its_database_is_migrated_and_not_before() {
    for binary in ["chat-api", "reminder-worker"] {
        let database = TestDatabase::create_owned().await;
        let folder = TempDir::new().unwrap();
        let health = free_port();
        let mut service = Process::new(
            binary,
            folder.path(),
            binary,
            vec!["serve".to_owned()],
            vec![
                ("DATABASE_URL", database.owner_url()),
                ("SEALING_KEYS", SEALING_KEYS.to_owned()),
                ("EVENT_BUS", "hold".to_owned()),
                ("HEALTH_ADDR", health.to_string()),
                ("APP_ADDR", free_port().to_string()),
                ("LISTEN_ADDR", free_port().to_string()),
            ],
        );
        service.start();
        let ready = || async {
            let answer = reqwest::get(format!("http://{health}/readyz")).await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        };
        let (status, why) = eventually("an answer", ready).await;
        assert_eq!((status, why.as_str()), (503, "the database is not migrated yet\n"), "{binary}");

        migrate(binary, &database, &folder);
        eventually("readiness", || async { ready().await.filter(|(status, _)| *status == 200) })
            .await;
        service.kill();
        database.drop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_rolled_back_to_migrates_nothing_and_serves() {
    for binary in ["chat-api", "reminder-worker"] {
        let database = TestDatabase::create_owned().await;
        let folder = TempDir::new().unwrap();
        migrate(binary, &database, &folder);
        let pool = database.pool(1);
        // What the next release's migration leaves.
        for table in ["_sqlx_migrations", "messaging._sqlx_migrations"] {
            let later = format!(
                "insert into {table} (version, description, success, checksum, execution_time)
                 select 9000, 'of a later release', true, checksum, 0 from {table} limit 1"
            );
            sqlx::query(sqlx::AssertSqlSafe(later)).execute(&pool).await.unwrap();
        }
        let log = migrate(binary, &database, &folder);
        assert!(log.contains("the database is that of a later release"), "{binary}: {log}");
        pool.close().await;
        database.drop().await;
    }
}
