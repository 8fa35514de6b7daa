-- A digest once a day, for who wants one. Additions only: the release before makes no digests, and leaves what stands
-- in the new columns. One that it finds in the queue, in the minute of an upgrade, it takes for a test of the channel.

-- When the person's next digest comes; none where none is wanted. What is due is looked for here.
alter table person add column next_digest_at timestamptz;
create index person_next_digest_at on person (next_digest_at) where next_digest_at is not null;

-- What was told of a local day: once per person and day. Its deliveries are made in the same transaction.
create table digest (
    digest_id uuid primary key,
    user_id uuid not null references person,
    day date not null,
    made_at timestamptz not null,
    -- What a notification says, the same at every attempt.
    payload jsonb not null,
    correlation_id uuid not null,
    unique (user_id, day)
);
create index digest_made_at on digest (made_at);

-- Of a delivery without a firing: its digest; none for a test of the channel.
alter table delivery add column digest_id uuid references digest;
create unique index delivery_digest on delivery (digest_id, channel_id) where digest_id is not null;
