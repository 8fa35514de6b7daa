-- What people decide about dead letters.
alter table messaging.dead_letter
    -- Why it could not be taken when somebody tried it again.
    add column problem text,
    -- When it was redriven or discarded.
    add column settled_at timestamptz;
create index dead_letter_newest on messaging.dead_letter (received_at, id);
create index dead_letter_settled on messaging.dead_letter (settled_at) where state <> 'kept';

-- Events of ours that the other service refused. Their rows are gone from the outbox, but a person may
-- redrive them there: then this is what the second receipt is about.
create table messaging.rejected (
    event_id uuid not null,
    topic text not null,
    event_type text not null,
    subject uuid,
    version bigint,
    rejected_at timestamptz not null default messaging.clock(),
    primary key (event_id, topic)
);
create index rejected_at on messaging.rejected (rejected_at);
