-- What a person means by what a phrase leaves open: which number of 3/4 is the month, when morning is.
-- Null: the grammar's own defaults. The worker is not told.
alter table person add column language jsonb;

-- What somebody says here and is answered.
create table conversation (
    conversation_id uuid primary key,
    user_id uuid not null references person on delete cascade,
    title text not null,
    -- What the next message may refer to: which tasks were spoken of last, which question is open. A cache of
    -- nothing: without it only "it" and "yes" mean nothing.
    mind jsonb not null default '{}',
    messages integer not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index conversation_list on conversation (user_id, updated_at desc, conversation_id desc);

create table conversation_message (
    message_id uuid primary key,
    conversation_id uuid not null references conversation on delete cascade,
    user_id uuid not null references person on delete cascade,
    -- Its place in the conversation, from 1.
    place integer not null,
    author text not null check (author in ('person', 'assistant')),
    body text not null,
    -- What was done: tool, arguments, result.
    actions jsonb not null default '[]',
    -- What answered.
    engine text,
    correlation_id uuid not null,
    created_at timestamptz not null,
    check ((author = 'assistant') = (engine is not null)),
    unique (conversation_id, place)
);
create index conversation_message_user on conversation_message (user_id);

-- What may be taken back, the last first: of each message that changed tasks, which and what they were.
create table conversation_act (
    conversation_id uuid not null references conversation on delete cascade,
    user_id uuid not null references person on delete cascade,
    -- The place of the answer that told of it.
    place integer not null,
    changes jsonb not null,
    primary key (conversation_id, place)
);
create index conversation_act_user on conversation_act (user_id);

do $$
declare
    owned text;
begin
    foreach owned in array array['conversation', 'conversation_message', 'conversation_act'] loop
        execute format('alter table %I enable row level security', owned);
        execute format('alter table %I force row level security', owned);
        execute format(
            'create policy own_rows on %I using (user_id = (select app_user_id())
                or (select app_is_system()))', owned);
    end loop;
end $$;
