-- All that the worker needs to remind while everything else is down. One lock order: the task's
-- row, then deliveries, then lanes, then the outbox.

-- A task as chat-api last told it, and when it reminds next. A deleted one stays as a tombstone.
create table task (
    task_id uuid primary key,
    user_id uuid not null,
    version bigint not null,
    deleted boolean not null,
    state jsonb,
    -- Orders what the worker says of this task's reminders.
    revision bigint not null default 0,
    -- Of a task whose event had been held back: missed reminders count from here.
    released_at timestamptz,
    -- The time-zone rules that its reminders were derived with.
    tzdata_version text not null,
    next_fire_at timestamptz,
    check (deleted or state is not null)
);
create index task_next_fire_at on task (next_fire_at) where next_fire_at is not null;
create index task_tzdata_version on task (tzdata_version) where not deleted;
create index task_user_id on task (user_id);

-- One reminder of one occurrence. It stays when it has fired: fired_through keeps an edit of the
-- title from firing it again.
create table reminder (
    reminder_id uuid primary key,
    task_id uuid not null references task,
    user_id uuid not null,
    status text not null check (status in ('pending', 'fired', 'cancelled')),
    fire_at timestamptz not null,
    -- Put off by a person: exempt from fired_through, remembered in fired_snooze.
    snoozed boolean not null,
    fired_through timestamptz,
    -- The request that it follows from.
    correlation_id uuid not null,
    traceparent text
);
create index reminder_task_id on reminder (task_id);
create index reminder_pending on reminder (task_id, fire_at) where status = 'pending';

create table fired_snooze (
    reminder_id uuid not null references reminder on delete cascade,
    until timestamptz not null,
    primary key (reminder_id, until)
);

-- A reminder fired: once per reminder and time.
create table firing (
    -- The id of its event, under which it may be said again.
    firing_id uuid primary key,
    reminder_id uuid not null,
    task_id uuid not null,
    user_id uuid not null,
    reminder_time timestamptz not null,
    triggered_at timestamptz not null,
    -- What a notification says: the payload of reminder-triggered.
    payload jsonb not null,
    correlation_id uuid not null,
    traceparent text,
    -- Whether its deliveries exist; they wait for the person's settings.
    planned boolean not null default false,
    -- Whether its reminder stands no longer: nothing more is sent of it.
    superseded boolean not null default false,
    unique (reminder_id, reminder_time)
);
create index firing_triggered_at on firing (triggered_at);
create index firing_person on firing (user_id, triggered_at);
create index firing_unplanned on firing (user_id) where not planned;
create index firing_standing on firing (task_id) where not superseded;

-- A person as chat-api last told it. A deleted one stays as a tombstone.
create table person (
    user_id uuid primary key,
    version bigint not null,
    deleted boolean not null,
    settings jsonb
);

create table channel (
    channel_id uuid primary key,
    user_id uuid not null references person,
    kind text not null,
    settings jsonb not null,
    -- When the settings were made that first named it: what fires from then on is for it too, also
    -- where they came later than the firing, by another topic. Looked for until no transaction can
    -- be under way any more that has not seen it.
    since timestamptz not null,
    looked_for_until timestamptz not null
);
create index channel_user_id on channel (user_id);
create index channel_looked_for on channel (looked_for_until);

-- One notification to one channel; a durable queue.
create table delivery (
    delivery_id uuid primary key,
    -- None for a test of the channel.
    firing_id uuid references firing,
    task_id uuid,
    user_id uuid not null,
    channel_id uuid not null,
    correlation_id uuid not null,
    traceparent text,
    state text not null default 'pending'
        check (state in ('pending', 'delivered', 'failed', 'dropped')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default messaging.clock(),
    last_error text,
    ended_at timestamptz,
    unique (firing_id, channel_id)
);
create index delivery_lane on delivery (channel_id, next_attempt_at) where state = 'pending';
create index delivery_task on delivery (task_id) where state = 'pending';
create index delivery_firing on delivery (firing_id);
create index delivery_ended on delivery (ended_at) where state <> 'pending';

-- A channel's deliveries stand in its lane, and the lane is leased as a whole for the time of the
-- network: expiry by the database's clock, the token checked at the mark. What is due is looked for
-- among lanes, so that a channel with many deliveries waiting costs nobody else a look.
create table lane (
    channel_id uuid primary key,
    user_id uuid not null,
    -- When its first delivery is due, or sooner; none where none waits.
    next_attempt_at timestamptz,
    token bigint not null default 0,
    leased_until timestamptz,
    -- Leases in a row in which an attempt failed.
    failures integer not null default 0
);
create index lane_due on lane (next_attempt_at) where next_attempt_at is not null;
create index lane_leased on lane (user_id) where leased_until is not null;
