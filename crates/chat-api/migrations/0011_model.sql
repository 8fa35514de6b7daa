-- While a language model answers a message: who holds the conversation, until when by the database's clock,
-- and what came of it so far. Null: nobody does. The release before does not know of it, and answers.
alter table conversation add column turn_token uuid;
alter table conversation add column turn_until timestamptz;
alter table conversation add column turn jsonb;

-- What a person's messages have cost today, in tokens of the language model. Days are those of UTC.
create table model_use (
    user_id uuid primary key references person on delete cascade,
    day date not null,
    tokens bigint not null
);
alter table model_use enable row level security;
alter table model_use force row level security;
create policy own_rows on model_use using (user_id = (select app_user_id())
    or (select app_is_system()));
