//! The daily digest: once a day at its local time, on its day or not at all.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use events::{
    DailyDigest, DeliveryOutcome, Due, Event, EventType, Payload, QuietHours, SettingsVersion,
    TaskState, UserDeleted, UserId,
};
use reminder_worker::delivery::digest_key;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::{
    delivering::{Answer, Target, settings},
    support::{Worker, channels_of, completed, created, event, notification, task},
};

const BERLIN: &str = "Europe/Berlin";
/// Half past seven in Berlin on the first of June.
const TIME: &str = "2027-06-01T05:30:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Settings, made at some time, by which a digest is wanted, or none.
fn wish(
    user: UserId,
    version: i64,
    url: &str,
    (zone, digest): (&str, Option<&str>),
    made_at: &str,
) -> Event {
    changed(&settings(user, version, &[url]), version, (zone, digest), made_at)
}

/// The same settings with another version, zone and digest; the channels stay.
fn changed(
    settings: &Event,
    version: i64,
    (zone, digest): (&str, Option<&str>),
    made_at: &str,
) -> Event {
    let Payload::NotificationSettingsUpdated(mut said) = settings.payload.clone() else {
        unreachable!()
    };
    said.version = SettingsVersion::from(version);
    said.time_zone = zone.parse().unwrap();
    said.digest = digest.map(|time| DailyDigest { at: time.parse().unwrap() });
    Event { timestamp: at(made_at), ..event(said) }
}

/// A task of a person, due then; a day where it has no time.
fn due(user: UserId, title: &str, due: &str) -> TaskState {
    let made_at = at("2027-05-01T00:00:00Z");
    let mut task = task(made_at, made_at);
    (task.user_id, task.title, task.reminders) = (user, title.to_owned(), vec![]);
    task.due_date = Some(due.parse::<Due>().unwrap());
    task
}

/// Brings the worker to a person's digest, which goes to the channels of these settings: with something to do
/// that day.
pub(crate) async fn bring_about(worker: &mut Worker, user: UserId, channels: &Event, title: &str) {
    worker.set_clock(at(TIME) - TimeDelta::minutes(30)).await;
    let wanted = (BERLIN, Some("07:30:00"));
    worker.receive(&changed(channels, 1, wanted, "2027-05-31T12:00:00Z")).await;
    worker.receive(&created(&due(user, title, "2027-06-01T15:00:00Z"))).await;
    worker.run_digests();
    worker.set_clock(at(TIME)).await;
}

/// A worker at seven in Berlin, and a person who wants a digest at half past and has something to do today.
async fn at_seven(answer: Answer) -> (Worker, Target, UserId, Event) {
    let worker = Worker::start().await;
    let target = Target::start(answer);
    worker.set_clock(at(TIME) - TimeDelta::minutes(30)).await;
    let user = UserId::random();
    let made_at = "2027-05-31T12:00:00Z";
    let wish = wish(user, 1, &target.url, (BERLIN, Some("07:30:00")), made_at);
    worker.receive(&wish).await;
    worker.receive(&created(&due(user, "Pay rent", "2027-06-01"))).await;
    (worker, target, user, wish)
}

impl Worker {
    async fn next_digest(&self, user: UserId) -> Option<DateTime<Utc>> {
        sqlx::query_scalar("select next_digest_at from person where user_id = $1")
            .bind(user.uuid())
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    async fn eventually_next_digest(&self, user: UserId, next: Option<DateTime<Utc>>) {
        testing::eventually(&format!("the next digest to be {next:?}"), || async {
            (self.next_digest(user).await == next).then_some(())
        })
        .await;
    }

    /// The days that were told, of all people.
    async fn told(&self) -> Vec<NaiveDate> {
        sqlx::query_scalar("select day from digest order by day")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }
}

fn body(target: &Target, place: usize) -> Value {
    serde_json::from_slice(&target.got()[place].body).unwrap()
}

fn titles(section: &Value) -> Vec<&str> {
    section["tasks"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect()
}

async fn eventually_got(target: &Target, count: usize) {
    testing::eventually(&format!("{count} notifications"), || async {
        (target.got().len() >= count).then_some(())
    })
    .await;
    assert_eq!(target.got().len(), count);
}

#[tokio::test]
async fn a_digest_comes_every_day_at_its_local_time_with_what_is_overdue_and_what_is_due() {
    let (mut worker, target, user, wish) = at_seven(Answer::Ok).await;
    let mut done = due(user, "Done", "2027-06-01");
    for task in [
        &due(user, "Call Ada", "2027-05-31T15:00:00Z"),
        &due(user, "Tomorrow", "2027-06-02"),
        &due(UserId::random(), "Somebody else's", "2027-06-01"),
        &done,
    ] {
        worker.receive(&created(task)).await;
    }
    worker.receive(&completed(&mut done)).await;
    worker.run_digests();
    worker.run_deliveries();
    worker.set_clock(at(TIME)).await;
    eventually_got(&target, 1).await;
    let told = body(&target, 0);
    let data = &told["data"];
    assert_eq!((&told["type"], &data["day"]), (&"digest".into(), &"2027-06-01".into()));
    assert_eq!(titles(&data["overdue"]), ["Call Ada"]);
    assert_eq!(titles(&data["due_today"]), ["Pay rent"]);
    assert_eq!((&data["late"], told.get("actions")), (&false.into(), None));
    let made_at = at(data["made_at"].as_str().unwrap());
    assert!(made_at >= at(TIME), "{made_at}");
    let channel = channels_of(&wish)[0].channel_id;
    assert_eq!(target.got()[0].id, digest_key(channel, made_at.date_naive()).to_string());

    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let delivered = notification(&said[0]);
    assert_eq!((delivered.reminder_id, delivered.task_id), (None, None));
    assert_eq!(delivered.digest_day.map(|day| day.to_string()).as_deref(), Some("2027-06-01"));
    worker.set_clock(at(TIME) + TimeDelta::days(1)).await;
    eventually_got(&target, 2).await;
    assert_eq!(titles(&body(&target, 1)["data"]["overdue"]), ["Call Ada", "Pay rent"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_digest_comes_also_in_quiet_hours_for_it_was_asked_for_at_that_time() {
    let (mut worker, target, _, wish) = at_seven(Answer::Ok).await;
    let Payload::NotificationSettingsUpdated(mut said) = wish.payload else { unreachable!() };
    said.version = 2.into();
    let (from, to) = ("22:00:00".parse().unwrap(), "08:00:00".parse().unwrap());
    said.quiet_hours = Some(QuietHours { from, to });
    worker.receive(&event(said)).await;
    worker.run_digests();
    worker.run_deliveries();
    worker.set_clock(at(TIME)).await;
    eventually_got(&target, 1).await;
    worker.stop().await;
}

#[tokio::test]
async fn three_replicas_make_one_digest_of_each_persons_day() {
    const PEOPLE: usize = 20;
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.set_clock(at(TIME) - TimeDelta::minutes(30)).await;
    for _ in 0..PEOPLE {
        let user = UserId::random();
        let made_at = "2027-05-31T12:00:00Z";
        let wish = wish(user, 1, &target.url, (BERLIN, Some("07:30:00")), made_at);
        worker.receive(&wish).await;
        worker.receive(&created(&due(user, "Pay rent", "2027-06-01"))).await;
    }
    worker.set_clock(at(TIME)).await;
    for _ in 0..3 {
        worker.run_digests();
    }
    worker.run_deliveries();
    eventually_got(&target, PEOPLE).await;
    worker.eventually_said(EventType::NotificationDelivered, PEOPLE).await;
    assert_eq!(worker.told().await.len(), PEOPLE);
    assert_eq!(worker.said_of(EventType::NotificationDelivered).await.len(), PEOPLE);
    worker.stop().await;
}

/// Killed three times after the day is recorded and before its deliveries are.
#[tokio::test]
async fn what_is_killed_between_the_day_and_its_deliveries_makes_both_later_and_once() {
    const CUTS: i64 = 3;
    let (mut worker, target, user, _) = at_seven(Answer::Ok).await;
    sqlx::raw_sql(
        "create sequence cuts;
         create function cut() returns trigger language plpgsql as $$ begin
             if nextval('cuts') <= 3 then perform pg_terminate_backend(pg_backend_pid()); end if;
             return new;
         end $$;
         create trigger cut before insert on delivery for each row execute function cut();",
    )
    .execute(&worker.pool)
    .await
    .unwrap();
    worker.set_clock(at(TIME)).await;
    worker.run_digests();
    worker.run_deliveries();
    eventually_got(&target, 1).await;
    let tried: i64 =
        sqlx::query_scalar("select last_value from cuts").fetch_one(&worker.pool).await.unwrap();
    assert_eq!(tried, CUTS + 1);
    assert_eq!(worker.told().await.len(), 1);
    worker.eventually_next_digest(user, Some(at(TIME) + TimeDelta::days(1))).await;
    worker.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_on_a_day_with_nothing_overdue_and_nothing_due() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.set_clock(at(TIME) - TimeDelta::minutes(30)).await;
    let user = UserId::random();
    let made_at = "2027-05-31T12:00:00Z";
    worker.receive(&wish(user, 1, &target.url, (BERLIN, Some("07:30:00")), made_at)).await;
    worker.receive(&created(&due(user, "Tomorrow", "2027-06-02"))).await;
    worker.run_digests();
    worker.run_deliveries();
    worker.set_clock(at(TIME)).await;
    worker.eventually_next_digest(user, Some(at(TIME) + TimeDelta::days(1))).await;
    assert!(worker.told().await.is_empty());
    worker.set_clock(at(TIME) + TimeDelta::days(1)).await;
    eventually_got(&target, 1).await;
    assert_eq!(body(&target, 0)["data"]["day"], "2027-06-02");
    worker.stop().await;
}

#[tokio::test]
async fn after_a_downtime_todays_digest_comes_late_and_those_before_it_do_not() {
    let (mut worker, target, user, _) = at_seven(Answer::Ok).await;
    // At seven, two days later, nothing of the two mornings is told.
    worker.set_clock(at(TIME) + TimeDelta::days(2) - TimeDelta::minutes(30)).await;
    worker.run_digests();
    worker.run_deliveries();
    worker.eventually_next_digest(user, Some(at(TIME) + TimeDelta::days(2))).await;
    assert!(worker.told().await.is_empty());
    worker.set_clock(at(TIME) + TimeDelta::days(3) + TimeDelta::hours(9)).await;
    eventually_got(&target, 1).await;
    let data = body(&target, 0)["data"].clone();
    assert_eq!((&data["day"], &data["late"]), (&"2027-06-04".into(), &true.into()));
    worker.eventually_next_digest(user, Some(at(TIME) + TimeDelta::days(4))).await;
    worker.stop().await;
}

/// Who is told at the old time shows that it has passed.
#[tokio::test]
async fn a_digest_follows_its_person_to_another_zone_and_another_time() {
    let (mut worker, target, user, first) = at_seven(Answer::Ok).await;
    let other = UserId::random();
    let stays = Target::start(Answer::Ok);
    let made_at = "2027-05-31T12:00:00Z";
    worker.receive(&wish(other, 1, &stays.url, (BERLIN, Some("07:30:00")), made_at)).await;
    worker.receive(&created(&due(other, "Pay rent", "2027-06-01"))).await;
    let tokyo = ("Asia/Tokyo", Some("07:30:00"));
    worker.receive(&changed(&first, 2, tokyo, "2027-06-01T05:00:00Z")).await;
    let morning = at("2027-06-01T22:30:00Z");
    assert_eq!(worker.next_digest(user).await, Some(morning));
    worker.run_digests();
    worker.run_deliveries();
    worker.set_clock(at(TIME)).await;
    eventually_got(&stays, 1).await;
    worker.set_clock(morning).await;
    eventually_got(&target, 1).await;
    assert_eq!(body(&target, 0)["data"]["day"], "2027-06-02");
    // The second was told, though its new time on that day is still to come.
    let evening = ("Asia/Tokyo", Some("20:00:00"));
    worker.receive(&changed(&first, 3, evening, "2027-06-01T23:00:00Z")).await;
    assert_eq!(worker.next_digest(user).await, Some(at("2027-06-03T11:00:00Z")));
    worker.stop().await;
}

#[tokio::test]
async fn no_digest_comes_once_none_is_wanted_and_one_that_waits_is_dropped() {
    let (mut worker, target, user, first) = at_seven(Answer::Always(503)).await;
    worker.run_digests();
    worker.run_deliveries();
    worker.set_clock(at(TIME)).await;
    testing::eventually("a failed attempt", || async {
        let attempts: Option<i32> = sqlx::query_scalar("select attempts from delivery")
            .fetch_optional(&worker.pool)
            .await
            .unwrap();
        (attempts == Some(1)).then_some(())
    })
    .await;
    worker.receive(&changed(&first, 2, (BERLIN, None), TIME)).await;
    assert_eq!(worker.next_digest(user).await, None);
    worker.set_clock(at(TIME) + TimeDelta::minutes(10)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let dropped = notification(&said[0]);
    assert_eq!(dropped.outcome, DeliveryOutcome::Dropped);
    assert_eq!(dropped.error.as_deref(), Some("digests are no longer wanted"));
    assert_eq!(target.got().len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn a_digest_whose_day_is_over_is_not_sent_any_more() {
    let (mut worker, target, _, _) = at_seven(Answer::Ok).await;
    worker.run_digests();
    worker.set_clock(at(TIME)).await;
    testing::eventually("a digest", || async { (!worker.told().await.is_empty()).then_some(()) })
        .await;
    // Midnight in Berlin has passed before it could be sent.
    worker.set_clock(at("2027-06-01T22:00:30Z")).await;
    worker.run_deliveries();
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let dropped = notification(&said[0]);
    assert_eq!(dropped.outcome, DeliveryOutcome::Dropped);
    assert_eq!(dropped.error.as_deref(), Some("the day of the digest is over"));
    assert!(target.got().is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn nothing_is_left_of_the_digests_of_a_person_who_is_gone_and_none_comes() {
    let (mut worker, target, user, first) = at_seven(Answer::Always(503)).await;
    worker.run_digests();
    worker.run_deliveries();
    worker.set_clock(at(TIME)).await;
    eventually_got(&target, 1).await;
    let deleted_at = at(TIME);
    worker.receive(&event(UserDeleted { user_id: user, deleted_at, version: 9.into() })).await;
    worker.receive(&changed(&first, 10, (BERLIN, Some("07:30:00")), TIME)).await;
    assert_eq!(worker.next_digest(user).await, None);
    assert!(worker.told().await.is_empty());
    let left: i64 =
        sqlx::query_scalar("select count(*) from delivery").fetch_one(&worker.pool).await.unwrap();
    assert_eq!(left, 0);
    worker.stop().await;
}

/// Rows of people that were read so far, by any plan. A backend reports its counts when it ends.
async fn people_read(worker: &Worker) -> i64 {
    worker.database.break_connections().await;
    sqlx::query_scalar(
        "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables
         where relname = 'person'",
    )
    .fetch_one(&worker.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn looking_for_who_is_due_reads_nobody_who_is_not() {
    const OTHERS: i64 = 20_000;
    let (mut worker, target, user, _) = at_seven(Answer::Ok).await;
    let others = format!(
        "insert into person (user_id, version, deleted, next_digest_at)
         select gen_random_uuid(), 1, false,
             case when n % 2 = 0 then messaging.clock() + interval '1 day' + interval '1 second' * n end
         from generate_series(1, {OTHERS}) n;
         analyze person"
    );
    sqlx::raw_sql(AssertSqlSafe(others)).execute(&worker.pool).await.unwrap();
    worker.set_clock(at(TIME)).await;
    let before = people_read(&worker).await;
    worker.run_digests();
    worker.run_deliveries();
    eventually_got(&target, 1).await;
    worker.eventually_next_digest(user, Some(at(TIME) + TimeDelta::days(1))).await;
    let read = people_read(&worker).await - before;
    assert!(read < OTHERS / 20, "{read} rows were read for one digest");
    worker.stop().await;
}
