-- Limits on guessing.

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
