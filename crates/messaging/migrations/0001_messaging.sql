-- Everything between a service's own state and the bus. Each service's database has this schema;
-- the services never see each other's.

-- The clock by which all is decided: the database's, plus an offset that only tests set
-- (alter database ... set app.clock_offset). Stable within a statement, so that an index serves.
create function messaging.clock() returns timestamptz
    language sql stable parallel safe
    return statement_timestamp()
        + coalesce(nullif(current_setting('app.clock_offset', true), ''), '0')::interval;

create table messaging.outbox (
    seq bigint generated always as identity primary key,
    event_id uuid not null,
    topic text not null,
    event_type text not null,
    -- Rows with the same topic and key keep their order.
    partition_key uuid not null,
    -- The task or person that the event is about, and the version of it that it tells.
    subject uuid,
    version bigint,
    producer text not null,
    occurred_at timestamptz not null,
    traceparent text,
    -- The envelope as it was written, byte for byte.
    envelope text not null,
    -- Whether another service of ours answers with a receipt; the row stays until then.
    needs_receipt boolean not null,
    -- Appended while events were held back.
    held boolean not null,
    -- When what the event tells next matters to a person: what is nearest is sent again first.
    urgent_at timestamptz not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default messaging.clock(),
    last_error text,
    -- When it first went to the bus. What was held back counts as released then.
    published_at timestamptz,
    resends integer not null default 0,
    -- When it is overdue for a receipt, and whether that has been noticed.
    resend_at timestamptz,
    overdue boolean not null default false,
    unique (event_id, topic)
);
create index outbox_pending on messaging.outbox (seq) where published_at is null;
-- Rows that the bus refused: at most one in a lane (topic and key), which waits with it.
create index outbox_refused on messaging.outbox (topic, partition_key)
    where published_at is null and attempts > 0;
-- What waits in each lane: other lanes are found without reading all rows of a busy one.
create index outbox_lane on messaging.outbox (topic, partition_key, seq) where published_at is null;
-- What will be overdue, in the order in which it will.
create index outbox_unreceipted on messaging.outbox (resend_at)
    where published_at is not null and not overdue;
-- What is overdue: the most urgent of a topic, and the oldest of a lane.
create index outbox_overdue on messaging.outbox (topic, urgent_at, seq) where overdue;
create index outbox_overdue_lane on messaging.outbox (topic, partition_key, seq) where overdue;

-- Who leads. The token grows with each change of holder and is checked when the holder writes.
create table messaging.lease (
    name text primary key,
    holder uuid not null,
    token bigint not null,
    expires_at timestamptz not null
);

create table messaging.relay_state (
    one boolean primary key default true check (one),
    -- Every row below it is settled; the scan for unpublished rows starts here.
    low_water bigint not null default 0,
    -- The identity column as it stood at candidate_at: once every transaction of that time has
    -- ended, nothing new can appear below it.
    candidate bigint not null default 0,
    candidate_at timestamptz not null default messaging.clock(),
    last_receipt_at timestamptz,
    last_probe_at timestamptz
);
insert into messaging.relay_state default values;

-- What this service has taken.
create table messaging.inbox (
    event_id uuid not null,
    topic text not null,
    outcome jsonb not null,
    received_at timestamptz not null default messaging.clock(),
    primary key (event_id, topic)
);
create index inbox_received on messaging.inbox using brin (received_at);

-- Receipts that are to be sent with the next batch.
create table messaging.receipt_owed (
    seq bigint generated always as identity primary key,
    event_id uuid not null,
    topic text not null,
    outcome jsonb not null
);

-- Records that this service could not take, whole.
create table messaging.dead_letter (
    id uuid primary key,
    topic text not null,
    partition integer,
    record_offset bigint,
    sha256 text not null,
    size bigint not null,
    reason text not null,
    record bytea not null,
    state text not null default 'kept' check (state in ('kept', 'redriven', 'discarded')),
    received_at timestamptz not null default messaging.clock()
);
-- Kept once, however often it is delivered. The position alone proves nothing: whoever can write to
-- the broker can forge the headers that tell it.
create unique index dead_letter_once on messaging.dead_letter
    (topic, coalesce(partition, -1), coalesce(record_offset, -1), sha256);
