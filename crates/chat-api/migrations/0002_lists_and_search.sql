-- Lists, the order by hand, subtasks, and what tasks are found and sorted by.

select set_config('app.system', 'on', true);

-- Everybody has one inbox, which can't be deleted.
create table list (
    list_id uuid primary key,
    user_id uuid not null references person on delete cascade,
    name text not null,
    is_inbox boolean not null,
    -- A fractional index: it is compared byte by byte, and between two there is always a third.
    position text collate "C" not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index list_inbox on list (user_id) where is_inbox;
create index list_order on list (user_id, position, list_id);

insert into list (list_id, user_id, name, is_inbox, position, created_at, updated_at)
select gen_random_uuid(), user_id, 'Inbox', true, '80', created_at, created_at from person;

alter table task
    add column list_id uuid references list,
    add column position text collate "C" not null default '80',
    add column subtasks jsonb not null default '[]',
    -- The title as it is sorted by: without case and accents.
    add column title_order text collate "C" not null default '',
    -- A whole day is sorted as its beginning, and what is never due comes last.
    add column due_order timestamptz not null generated always as (
        coalesce(due_at, due_on::timestamp at time zone time_zone, 'infinity'::timestamptz)
    ) stored,
    add column priority_order smallint not null generated always as (
        case priority when 'HIGH' then 1 when 'MEDIUM' then 2 else 3 end
    ) stored;

update task set title_order = lower(title),
    list_id = (select list_id from list where list.user_id = task.user_id and is_inbox);
alter table task alter column list_id set not null;

create index task_by_update on task (user_id, updated_at, task_id) where deleted_at is null;
create index task_by_due on task (user_id, due_order, task_id) where deleted_at is null;
create index task_by_priority on task (user_id, priority_order, due_order, task_id)
    where deleted_at is null;
create index task_by_title on task (user_id, title_order, task_id) where deleted_at is null;
create index task_by_position on task (list_id, position, task_id) where deleted_at is null;
create index task_list_trash on task (list_id) where deleted_at is not null;
create index reminder_task on reminder (user_id, task_id);
create index task_trash on task (user_id, deleted_at, task_id) where deleted_at is not null;

-- Every word of a task's title, description and tags, without case and accents, and each tag as it
-- is written behind a #. A text search index is of no use here: its operator may leak what it
-- compares, so that row-level security does not let it near the rows.
create table task_word (
    user_id uuid not null,
    word text collate "C" not null,
    task_id uuid not null references task on delete cascade,
    primary key (user_id, word, task_id)
);
create unique index task_word_task on task_word (task_id, word);

-- The first answer to a request that may be sent twice. It is taken before anything else, and so names
-- no row of the person's that would be locked by it.
create table idempotency_key (
    user_id uuid not null,
    key text not null,
    fingerprint bytea not null,
    -- As it was written, byte for byte.
    answer text not null,
    created_at timestamptz not null,
    primary key (user_id, key)
);
create index idempotency_key_age on idempotency_key (created_at);

do $$
declare
    owned text;
begin
    foreach owned in array array['list', 'task_word', 'idempotency_key'] loop
        execute format('alter table %I enable row level security', owned);
        execute format('alter table %I force row level security', owned);
        execute format(
            'create policy own_rows on %I using (user_id = (select app_user_id())
                or (select app_is_system()))', owned);
    end loop;
end $$;
