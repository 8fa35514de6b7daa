-- chat-api's own tables. The schema `messaging` (outbox, inbox, clock) is there before them.
--
-- Row-level security is the second wall: every query names the person, and the database would show
-- it nothing of anybody else's even if it did not. A transaction says whom it works for with
-- app.user_id; what works for everybody (subscribers, jobs, the look-up of a session) sets
-- app.system. Forced, as the role that runs the service also owns the tables.

create function app_user_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;

create function app_is_system() returns boolean
    language sql stable parallel safe
    return coalesce(current_setting('app.system', true) = 'on', false);

-- What a version is: microseconds by the database's clock, or one more than the one before.
create function next_version(previous bigint) returns bigint
    language sql stable parallel safe
    return greatest(previous + 1, (extract(epoch from messaging.clock()) * 1000000)::bigint);

create table person (
    user_id uuid primary key,
    email text not null,
    password_hash text not null,
    time_zone text not null,
    quiet_from time,
    quiet_to time,
    settings_version bigint not null,
    -- The minute of the day at which the settings are published again.
    refresh_minute smallint not null check (refresh_minute between 0 and 1439),
    created_at timestamptz not null,
    check ((quiet_from is null) = (quiet_to is null))
);
create unique index person_email on person (lower(email));
create index person_refresh on person (refresh_minute, user_id);

-- Only hashes (SHA-256 of 32 random bytes) of what a browser or a program presents.
create table session (
    token_hash bytea primary key,
    user_id uuid not null references person on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index session_person on session (user_id);
create index session_expiry on session (expires_at);

create table api_token (
    token_id uuid primary key,
    user_id uuid not null references person on delete cascade,
    name text not null,
    token_hash bytea not null,
    created_at timestamptz not null
);
create unique index api_token_hash on api_token (token_hash);
create index api_token_user on api_token (user_id, created_at);

-- Address and secret are ciphertext, bound to person and channel.
create table channel (
    channel_id uuid primary key,
    user_id uuid not null references person on delete cascade,
    kind text not null check (kind in ('webhook')),
    address_key_id text not null,
    address_ciphertext text not null,
    secret_key_id text,
    secret_ciphertext text,
    created_at timestamptz not null,
    check ((secret_key_id is null) = (secret_ciphertext is null))
);
create index channel_user on channel (user_id, created_at);

create table task (
    task_id uuid primary key,
    user_id uuid not null references person on delete cascade,
    title text not null,
    description text,
    priority text not null check (priority in ('HIGH', 'MEDIUM', 'LOW')),
    status text not null check (status in ('TODO', 'IN_PROGRESS', 'DONE')),
    -- An instant or a whole day.
    due_at timestamptz,
    due_on date,
    time_zone text not null,
    recurrence jsonb,
    occurrence text,
    reminders jsonb not null,
    snoozes jsonb not null default '[]',
    dismissed jsonb not null default '[]',
    tags text[] not null,
    schedule_since timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    completed_at timestamptz,
    -- In the trash since.
    deleted_at timestamptz,
    version bigint not null,
    -- The highest version that the worker has said it has.
    receipted_version bigint not null default 0,
    -- Why the worker refused the task, and at which version.
    rejected_reason text,
    rejected_version bigint,
    -- When the worker was last told the state again because it seemed to have an old one.
    answered_at timestamptz,
    refresh_minute smallint not null check (refresh_minute between 0 and 1439),
    check (due_at is null or due_on is null)
);
create index task_list on task (user_id, created_at desc, task_id desc) where deleted_at is null;
create index task_refresh on task (refresh_minute, task_id)
    where deleted_at is null and status <> 'DONE';

-- Tasks of which nothing else is known here, kept for ever: what a database that went back has
-- forgotten and the worker has not.
create table task_tombstone (
    task_id uuid primary key,
    user_id uuid not null,
    version bigint not null,
    deleted_at timestamptz not null,
    answered_at timestamptz not null
);

-- What the worker says of reminders; fed by its events only.
create table reminder (
    reminder_id uuid primary key,
    task_id uuid not null,
    user_id uuid not null references person on delete cascade,
    status text not null check (status in ('scheduled', 'triggered', 'cancelled')),
    due_date text,
    reminder_time timestamptz,
    triggered_at timestamptz,
    late boolean not null default false,
    cancelled_at timestamptz,
    reason text,
    task_version bigint not null,
    revision bigint not null,
    -- Where it stands in a list: one whose time was never learned stands where it was cancelled.
    listed_at timestamptz not null generated always as
        (coalesce(reminder_time, cancelled_at, 'epoch'::timestamptz)) stored
);
create index reminder_list on reminder (user_id, listed_at, reminder_id);

-- What happened to a task, in the order in which it became known here.
create table timeline (
    entry_id bigint generated always as identity primary key,
    user_id uuid not null references person on delete cascade,
    task_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    correlation_id uuid not null,
    at timestamptz not null,
    details jsonb not null
);
create index timeline_task on timeline (user_id, task_id, entry_id);

-- The live feed. A person's head row is the last lock of every transaction that adds to it, so that
-- the numbers have no gap and become visible in their order.
create table feed_head (
    user_id uuid primary key references person on delete cascade,
    head bigint not null default 0,
    -- Everything up to here has been deleted.
    pruned_through bigint not null default 0
);
create table feed (
    user_id uuid not null references person on delete cascade,
    seq bigint not null,
    event_id uuid not null,
    event_type text not null,
    payload jsonb not null,
    created_at timestamptz not null,
    primary key (user_id, seq)
);
create index feed_age on feed using brin (created_at);

-- The worker's dead letters, for an administrator's eyes.
create table dead_letter_view (
    id uuid primary key,
    topic text not null,
    partition integer,
    record_offset bigint,
    consumer text not null,
    reason text not null,
    sha256 text not null,
    size bigint not null,
    head_base64 text not null,
    announced_at timestamptz not null
);

-- How far the daily refresh has come.
create table refresh_state (
    one boolean primary key default true check (one),
    through timestamptz not null default messaging.clock()
);
insert into refresh_state default values;

do $$
declare
    owned text;
begin
    foreach owned in array array[
        'person', 'session', 'api_token', 'channel', 'task', 'task_tombstone', 'reminder',
        'timeline', 'feed_head', 'feed'
    ] loop
        execute format('alter table %I enable row level security', owned);
        execute format('alter table %I force row level security', owned);
        execute format(
            'create policy own_rows on %I using (user_id = (select app_user_id())
                or (select app_is_system()))', owned);
    end loop;
end $$;

-- A dead letter may hold anybody's words.
alter table dead_letter_view enable row level security;
alter table dead_letter_view force row level security;
create policy system_only on dead_letter_view using ((select app_is_system()));
