-- The durable log behind the local sidecar: topics in partitions, consumer groups with offsets.
create schema bus;

create table bus.topic (
    name           text    primary key check (name <> ''),
    -- Never shrunk: a key's partition depends on it.
    partitions     integer not null check (partitions between 1 and 1000),
    retention_days integer not null check (retention_days > 0)
);

-- One row per partition. Whoever appends locks it until the commit: so offsets are dense, and they
-- become visible in their order.
create table bus.partition_head (
    topic        text    not null references bus.topic on delete cascade,
    partition    integer not null check (partition >= 0),
    -- The oldest record that retention has left; scans start here, not in the dead rows before it.
    first_offset bigint  not null default 0,
    -- What the next record gets.
    next_offset  bigint  not null default 0 check (next_offset >= first_offset),
    primary key (topic, partition)
) with (fillfactor = 50);

create table bus.record (
    topic       text        not null,
    partition   integer     not null,
    "offset"    bigint      not null,
    key         text,
    value       bytea       not null,
    -- An object of strings.
    headers     jsonb       not null,
    appended_at timestamptz not null default clock_timestamp(),
    primary key (topic, partition, "offset")
);

-- What each consumer group has acknowledged: everything before next_offset.
create table bus.group_offset (
    consumer_group text    not null,
    topic          text    not null,
    partition      integer not null,
    next_offset    bigint  not null,
    primary key (consumer_group, topic, partition)
) with (fillfactor = 50);

-- Who shares a group's topic now. It only sizes fair shares; who may consume a partition is decided
-- by session advisory locks.
create table bus.group_member (
    consumer_group text        not null,
    topic          text        not null,
    instance       uuid        not null,
    -- The server process of the session that holds its locks: it ends with the instance.
    backend_pid    integer     not null,
    heartbeat_at   timestamptz not null,
    primary key (consumer_group, topic, instance)
) with (fillfactor = 50);
