use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use testing::TestDatabase;
use tokio::{
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use uuid::Uuid;

use crate::{
    client::Client,
    process::{Replica, migrate},
};

const SEED: u64 = 20_261_124;
const PEOPLE: usize = 50;
/// The streams: of each five one stops reading, one connects again and again, the rest just read.
const CLIENTS: usize = 1_000;
const SLOW: usize = CLIENTS / 5;
const RECONNECTING_UP_TO: usize = SLOW + CLIENTS / 5;
const TASKS_PER_PERSON: usize = 60;
/// So much that what is written overflows whatever stands between a replica and a slow client.
const DESCRIPTION_BYTES: usize = 15_000;
const WRITERS: usize = 8;
/// After how many entries a client that connects again does so, at the most.
const MAX_ENTRIES_PER_CONNECTION: i64 = 12;
/// What a replica may have open more than when it was idle, beside streams: to its database.
const MAX_OTHER_SOCKETS: usize = 20;
const PASSWORD: &str = "correct horse battery";
/// Files that a process may need here: its streams, and some.
const FILES: u64 = 4_096;
/// By how much a replica may grow. What there is to send to its slow clients alone is more than that.
const MAX_GROWTH_BYTES: u64 = 160 * 1024 * 1024;

/// What the clients do, and where.
struct World {
    replicas: [SocketAddr; 2],
    people: Vec<Person>,
    connected: AtomicUsize,
    reconnections: AtomicUsize,
    slow_ones_may_read: AtomicBool,
}

struct Person {
    user_id: Uuid,
    cookie: String,
    /// The last number that there is, once everything is written.
    head: AtomicI64,
}

/// How somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Steady,
    Reconnecting,
    Slow,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_miss_nothing_and_the_slow_ones_are_cut_off() {
    raise_file_limit();
    let database = TestDatabase::create_owned().await;
    migrate(&database);
    let flags = [
        ["--write-timeout-secs", "2"],
        ["--max-streams-per-person", "1000"],
        ["--stranger-requests-per-minute", "100000"],
        ["--trusted-proxies", "127.0.0.1"],
    ];
    let flags = flags.concat();
    let [mut first, mut second] = [(); 2].map(|()| Replica::new(&database, &flags));
    first.start().await;
    second.start().await;
    let world = Arc::new(World::make([first.public, second.public]).await);
    let (idle_bytes, idle_sockets) = (first.resident_bytes(), first.sockets());

    let mut clients = JoinSet::new();
    let mut slow_clients = JoinSet::new();
    for (number, habit) in habits() {
        let following = follow(world.clone(), number, habit);
        if habit == Habit::Slow { &mut slow_clients } else { &mut clients }.spawn(following);
    }
    testing::eventually("all to be connected", || async {
        (world.connected.load(Relaxed) == CLIENTS).then_some(())
    })
    .await;
    let open_bytes = first.resident_bytes();

    let mut peak_bytes = open_bytes;
    let mut writers = world.write();
    let mut written = 0;
    while let Some(tasks) = writers.join_next().await {
        written += tasks.expect("a writer");
        peak_bytes = peak_bytes.max(first.resident_bytes());
        if written == PEOPLE * TASKS_PER_PERSON / 2 {
            second.kill();
            second.start().await;
        }
    }
    world.read_heads(&database.pool(1)).await;
    while let Some(client) = clients.join_next().await {
        client.expect("no gap and no repetition");
        peak_bytes = peak_bytes.max(first.resident_bytes());
    }
    testing::eventually("the slow ones to be cut off", || async {
        (first.sockets() <= idle_sockets + MAX_OTHER_SOCKETS).then_some(())
    })
    .await;
    world.slow_ones_may_read.store(true, Relaxed);
    while let Some(client) = slow_clients.join_next().await {
        client.expect("no gap and no repetition");
    }

    let mib = |bytes: u64| bytes / 1024 / 1024;
    println!(
        "{CLIENTS} streams, {written} tasks, {} reconnections; the first replica has {} MiB idle, \
         {} MiB with its streams, {} MiB at most",
        world.reconnections.load(Relaxed),
        mib(idle_bytes),
        mib(open_bytes),
        mib(peak_bytes),
    );
    let growth_bytes = peak_bytes - idle_bytes;
    assert!(growth_bytes < MAX_GROWTH_BYTES, "{growth_bytes} bytes more");
    drop([first, second]);
    database.drop().await;
}

/// What each client does.
fn habits() -> impl Iterator<Item = (usize, Habit)> {
    (0..CLIENTS).map(|number| match number {
        ..SLOW => (number, Habit::Slow),
        SLOW..RECONNECTING_UP_TO => (number, Habit::Reconnecting),
        _ => (number, Habit::Steady),
    })
}

/// Follows until everything has come.
async fn follow(world: Arc<World>, number: usize, habit: Habit) {
    let mut rng = StdRng::seed_from_u64(SEED + number as u64);
    let person = &world.people[number % PEOPLE];
    let mut client = Client::new(&person.cookie);
    // The slow ones all at the one that is not killed.
    let mut replica = if habit == Habit::Slow { 0 } else { number / PEOPLE % 2 };
    let mut socket = if habit == Habit::Slow {
        client.connect_narrow(world.replicas[replica]).await.expect("connected")
    } else {
        client.connect(world.replicas[replica]).await.expect("connected")
    };
    client.read_position(&mut socket).await;
    world.connected.fetch_add(1, Relaxed);
    if habit == Habit::Slow {
        world.sit_through_the_cut(&mut client, &mut socket, person).await;
    }
    loop {
        let most = if habit == Habit::Reconnecting {
            rng.random_range(1..=MAX_ENTRIES_PER_CONNECTION)
        } else {
            i64::MAX
        };
        if world.read(&mut client, &mut socket, person, most).await {
            return;
        }
        drop(socket);
        world.reconnections.fetch_add(1, Relaxed);
        socket = loop {
            replica = rng.random_range(0..2);
            match client.connect(world.replicas[replica]).await {
                Ok(socket) => break socket,
                Err(_killed) => sleep(Duration::from_millis(20)).await,
            }
        };
    }
}

impl World {
    async fn make(replicas: [SocketAddr; 2]) -> Self {
        let http = reqwest::Client::new();
        let mut people = vec![];
        for number in 0..PEOPLE {
            let body = json!({"email": format!("{number}@example.test"), "password": PASSWORD});
            let register = format!("http://{}/api/v1/auth/register", replicas[number % 2]);
            // Everybody from an address of their own: one may not make so many accounts.
            let request = http.post(register).header("X-Forwarded-For", format!("10.0.0.{number}"));
            let answer = request.json(&body).send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::CREATED);
            let cookie = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
            let cookie = cookie.split(';').next().expect("a pair").to_owned();
            let account: Value = answer.json().await.expect("JSON");
            let user_id = account["user_id"].as_str().expect("an id").parse().expect("a UUID");
            people.push(Person { user_id, cookie, head: AtomicI64::new(i64::MAX) });
        }
        Self {
            replicas,
            people,
            connected: AtomicUsize::new(0),
            reconnections: AtomicUsize::new(0),
            slow_ones_may_read: AtomicBool::new(false),
        }
    }

    /// Reads at most so many entries of a connection. Returns whether everything has come.
    async fn read(
        &self,
        client: &mut Client,
        socket: &mut TcpStream,
        person: &Person,
        most: i64,
    ) -> bool {
        let until = client.position.expect("a position").saturating_add(most);
        loop {
            let position = client.position.expect("a position");
            if position == person.head.load(Relaxed) {
                return true;
            }
            if position >= until {
                return false;
            }
            // What was written last may have come before it was known to be the last.
            let reading = timeout(Duration::from_millis(200), client.read(socket));
            if reading.await == Ok(false) {
                return false;
            }
        }
    }

    /// Reads nothing until it is too late, and then what there still is.
    async fn sit_through_the_cut(
        &self,
        client: &mut Client,
        socket: &mut TcpStream,
        person: &Person,
    ) {
        while !self.slow_ones_may_read.load(Relaxed) {
            sleep(Duration::from_millis(50)).await;
        }
        while client.read(socket).await {}
        let missing = person.head.load(Relaxed) - client.position.expect("a position");
        assert!(missing > 0, "it was not slow");
    }

    /// Begins to write everybody's tasks through both replicas, a few at a time. Each task that ends
    /// has written that many.
    fn write(self: &Arc<Self>) -> JoinSet<usize> {
        let places = Arc::new(Semaphore::new(WRITERS));
        let http = reqwest::Client::new();
        let mut writers = JoinSet::new();
        for number in 0..PEOPLE * TASKS_PER_PERSON {
            let (world, places, http) = (self.clone(), places.clone(), http.clone());
            writers.spawn(async move {
                let _place = places.acquire().await.expect("open");
                let person = &world.people[number % PEOPLE];
                let body = json!({"title": number.to_string(), "description": "x".repeat(DESCRIPTION_BYTES)});
                // Where one was killed, the other takes it.
                for attempt in number.. {
                    let tasks = format!("http://{}/api/v1/tasks", world.replicas[attempt % 2]);
                    let request = http.post(tasks).header("Cookie", &person.cookie).json(&body);
                    if request.send().await.is_ok_and(|answer| answer.status() == StatusCode::CREATED) {
                        break;
                    }
                }
                1
            });
        }
        writers
    }

    /// Lets everybody know how far there is to read.
    async fn read_heads(&self, database: &PgPool) {
        for person in &self.people {
            let head = "select head from feed_head where user_id = $1";
            let head = sqlx::query_scalar(head).bind(person.user_id).fetch_one(database).await;
            let head: i64 = head.expect("a head");
            assert!(head >= i64::try_from(TASKS_PER_PERSON).expect("a number"));
            person.head.store(head, Relaxed);
        }
    }
}

/// A stream is a file, here and in the replicas, which have the same limit.
fn raise_file_limit() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, soft.max(FILES).min(hard), hard).expect("a limit");
}
