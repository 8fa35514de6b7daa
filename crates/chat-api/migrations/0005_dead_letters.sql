-- What becomes of the worker's dead letters: it says so in the receipt of what it was asked for.
alter table dead_letter_view
    add column state text not null default 'kept'
        check (state in ('kept', 'requested', 'redriven', 'discarded')),
    -- The last event that asked for something; an answer to an earlier one is passed over.
    add column request_id uuid,
    -- Why the worker did not do what it was asked for.
    add column problem text,
    add column settled_at timestamptz;
create index dead_letter_view_newest on dead_letter_view (announced_at, id);
create index dead_letter_view_settled on dead_letter_view (settled_at) where settled_at is not null;
