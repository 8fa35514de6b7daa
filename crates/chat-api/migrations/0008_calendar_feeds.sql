-- Calendars that others subscribe to by a secret URL; at rest there is its hash only.
create table calendar_feed (
    feed_id uuid primary key,
    user_id uuid not null references person on delete cascade,
    name text not null,
    token_hash bytea not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create unique index calendar_feed_hash on calendar_feed (token_hash);
create index calendar_feed_user on calendar_feed (user_id, created_at);
alter table calendar_feed enable row level security;
alter table calendar_feed force row level security;
create policy own_rows on calendar_feed using (user_id = (select app_user_id())
    or (select app_is_system()));

-- What came of a request.
create index timeline_request on timeline (user_id, correlation_id, entry_id);
