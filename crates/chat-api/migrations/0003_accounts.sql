-- Sessions that can be seen and ended, tokens that may do only so much for so long, the end of an
-- account, and limits on guessing.

-- A session is named by an id; what is presented, and its hash, stay unsaid. The release before
-- makes sessions without one.
alter table session
    add column session_id uuid not null default gen_random_uuid(),
    add column user_agent text,
    add column last_used_at timestamptz;
create unique index session_by_id on session (session_id);
create index session_list on session (user_id, created_at, session_id);
drop index session_person;

-- A token from before there were scopes reads and writes.
alter table api_token
    add column scopes text[] not null default '{read,write}'
        check (scopes <@ '{read,write,account,admin}' and scopes <> '{}'),
    add column expires_at timestamptz,
    add column last_used_at timestamptz;

-- Outlives the sessions and tokens by which it was.
alter table person add column last_used_at timestamptz;
create index person_age on person (created_at, user_id);
-- What an account's end goes by.
create index task_person on task (user_id);

-- People whose accounts ended, kept for ever: what a database that went back has forgotten is said
-- again. A person's id is all that is left here.
create table person_tombstone (
    user_id uuid primary key,
    version bigint not null,
    deleted_at timestamptz not null,
    answered_at timestamptz not null
);
alter table person_tombstone enable row level security;
alter table person_tombstone force row level security;
create policy own_rows on person_tombstone using (user_id = (select app_user_id())
    or (select app_is_system()));

-- How far the limits on guessing are spent. A key has one of a fixed number of buckets, so that no
-- attack makes more rows than that, and no address of anybody's is kept.
create table attempt (
    kind text not null,
    bucket integer not null,
    -- When all of the limit is there again.
    spent_until timestamptz not null,
    primary key (kind, bucket)
);
alter table attempt enable row level security;
alter table attempt force row level security;
create policy system_only on attempt using ((select app_is_system()));
