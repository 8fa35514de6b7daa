//! With 100,000 tasks of one person and 1,000 people: what PostgreSQL does for a page.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Execute, PgConnection, PgPool};
use testing::TestDatabase;

use super::*;
use crate::{domain::search::search_words, store};

const TASKS: i64 = 100_000;
const PEOPLE: i64 = 1_000;
const PAGE: i64 = 50;

/// Many tasks, written straight into the tables as the commands would have left them. The words of a
/// title are one that all have, one of a thousand, and one of its own.
const FILL: &str = "
    insert into person (user_id, email, password_hash, time_zone, settings_version, refresh_minute,
        created_at)
    select gen_random_uuid(), 'p' || n, '', 'UTC', 1, 0, now() from generate_series(1, $people) n;
    insert into list (list_id, user_id, name, is_inbox, position, created_at, updated_at)
    select gen_random_uuid(), user_id, 'Inbox', true, '80', now(), now() from person;
    create temporary table owner as
        select user_id, list_id, row_number() over (order by email) as place from person join list using (user_id);
    insert into task (task_id, user_id, title, priority, status, due_at, time_zone, reminders, tags,
        schedule_since, created_at, updated_at, completed_at, deleted_at, version, refresh_minute,
        list_id, position, title_order)
    select gen_random_uuid(), o.user_id, 'task w' || n % 1000 || ' own' || n,
        (array['HIGH', 'MEDIUM', 'LOW'])[1 + n % 3], (array['TODO', 'IN_PROGRESS', 'DONE'])[1 + n % 3],
        case when n % 5 > 0 then now() + n * interval '1 minute' end, 'UTC', '[]',
        array['tag' || n % 200], now(), now() - n * interval '1 second', now() - n % 977 * interval '1 second',
        null, case when n % 50 = 0 then now() end, n, 0, o.list_id, lpad(to_hex(n), 8, '0'),
        'task w' || n % 1000 || ' own' || n
    from generate_series(1, $tasks + 10 * $people) n
    join owner o on o.place = case when n <= $tasks then 1 else 1 + n % $people end;
    insert into task_word (user_id, word, task_id)
    select user_id, word, task_id from task,
        unnest(string_to_array(title, ' ') || ('#' || tags[1])) as words (word);
    analyze";

struct Crowd {
    database: TestDatabase,
    pool: PgPool,
    user_id: UserId,
    list_id: Uuid,
}

async fn crowd() -> Crowd {
    let database = TestDatabase::create_owned().await;
    let options = database.owner_url().parse::<sqlx::postgres::PgConnectOptions>().expect("a URL");
    let pool = PgPool::connect_with(options).await.expect("a connection");
    crate::migrate(&pool).await.expect("the schema");
    let admin = database.pool(1);
    let fill = FILL.replace("$people", &PEOPLE.to_string()).replace("$tasks", &TASKS.to_string());
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&admin).await.expect("many tasks");
    let (user_id, list_id): (Uuid, Uuid) = sqlx::query_as(
        "select user_id, list_id from task group by 1, 2 order by count(*) desc limit 1",
    )
    .fetch_one(&admin)
    .await
    .expect("the busiest");
    admin.close().await;
    Crowd { database, pool, user_id: user_id.into(), list_id }
}

/// What the plan of a statement reads: the scans, and the rows that came out of them.
async fn explain(
    conn: &mut PgConnection,
    query: &mut QueryBuilder<Postgres>,
) -> (Vec<String>, u64) {
    let mut statement = query.build();
    let arguments = statement.take_arguments().expect("arguments").expect("arguments");
    let sql = format!("explain (analyze, format json) {}", statement.sql().as_str());
    let plan: Value = sqlx::query_scalar_with(AssertSqlSafe(sql), arguments)
        .fetch_one(conn)
        .await
        .expect("a plan");
    let (mut scans, mut rows) = (vec![], 0);
    walk(&plan[0]["Plan"], &mut scans, &mut rows);
    (scans, rows)
}

fn walk(node: &Value, scans: &mut Vec<String>, rows: &mut u64) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    if kind.contains("Scan") && !kind.contains("Bitmap Index") {
        let relation = node["Relation Name"].as_str().unwrap_or_default();
        scans.push(format!("{kind} {relation}"));
        let loops = node["Actual Loops"].as_f64().unwrap_or(0.0);
        let out = node["Actual Rows"].as_f64().unwrap_or(0.0);
        let removed = ["Rows Removed by Filter", "Rows Removed by Index Recheck"]
            .iter()
            .filter_map(|field| node[field].as_f64())
            .sum::<f64>();
        *rows += ((out + removed) * loops) as u64;
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        walk(child, scans, rows);
    }
}

fn sorts() -> impl Iterator<Item = Sort> {
    use Column::{CreatedAt, DueDate, Position, Priority, Title, UpdatedAt};
    [CreatedAt, UpdatedAt, DueDate, Priority, Title, Position]
        .into_iter()
        .flat_map(|column| [false, true].map(|descending| Sort { column, descending }))
}

#[tokio::test]
async fn every_page_filter_and_search_goes_by_an_index() {
    let crowd = crowd().await;
    let mut tx = store::begin_for(&crowd.pool, crowd.user_id).await.expect("a transaction");
    for sort in sorts() {
        let list_id = (sort.column == Column::Position).then_some(crowd.list_id);
        let filter = Filter { list_id, ..Filter::default() };
        let mut cursor = None;
        // The first page, and one in the middle of nowhere.
        for _ in 0..2 {
            let mut query = statement(crowd.user_id, &filter, sort, cursor.as_ref(), PAGE + 1);
            let (scans, rows) = explain(&mut tx, &mut query).await;
            assert!(scans.iter().all(|scan| scan.starts_with("Index Scan")), "{sort:?}: {scans:?}");
            assert!(rows <= PAGE as u64 + 1, "{sort:?}: {rows} rows read for a page of {PAGE}");
            let (_, next) = page(&mut tx, crowd.user_id, &filter, sort, cursor.as_ref(), 5_000)
                .await
                .expect("a long page");
            cursor = next;
        }
    }
    let words = |text: &str| Filter { words: search_words(text), ..Filter::default() };
    let sort = Sort { column: Column::CreatedAt, descending: true };
    for (name, filter, most) in [
        ("own word", words("own77777"), 100),
        ("rare word", words("w123"), 2_000),
        ("rare and common word", words("w123 task"), 2_000),
        ("tag", Filter { tags: vec!["tag7".to_owned()], ..Filter::default() }, 4_000),
        ("common word", words("task"), 2_000),
        ("status", Filter { statuses: vec![Status::Done], ..Filter::default() }, 1_000),
        ("priority", Filter { priorities: vec![Priority::High], ..Filter::default() }, 1_000),
        ("list", Filter { list_id: Some(crowd.list_id), ..Filter::default() }, 1_000),
    ] {
        let mut query = statement(crowd.user_id, &filter, sort, None, PAGE + 1);
        let (scans, rows) = explain(&mut tx, &mut query).await;
        println!("{name}: {rows} rows read by {scans:?}");
        assert!(!scans.iter().any(|scan| scan.starts_with("Seq Scan")), "{name}: {scans:?}");
        assert!(rows <= most, "{name}: {rows} rows read by {scans:?}");
    }
    let trash = Filter { trash: true, ..Filter::default() };
    let by_deletion = Sort { column: Column::DeletedAt, descending: true };
    let due = Filter {
        due_from: "2026-12-01T00:00:00Z".parse().ok(),
        due_before: "2026-12-02T00:00:00Z".parse().ok(),
        ..Filter::default()
    };
    let by_due = Sort { column: Column::DueDate, descending: false };
    for (filter, sort) in [(trash, by_deletion), (due, by_due)] {
        let mut query = statement(crowd.user_id, &filter, sort, None, PAGE + 1);
        let (scans, rows) = explain(&mut tx, &mut query).await;
        assert!(scans.iter().all(|scan| scan.starts_with("Index Scan")), "{scans:?}");
        assert!(rows <= PAGE as u64 + 1, "{rows} rows read by {scans:?}");
    }
    tx.rollback().await.expect("rolled back");
    crowd.pool.close().await;
    crowd.database.drop().await;
}
