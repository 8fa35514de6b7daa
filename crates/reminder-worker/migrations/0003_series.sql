-- Of a recurring task's offset: the nominal occurrence that a reminder is of (texts of one kind sort as
-- their times do), and the offset. From both follows what later occurrences still owe.
alter table reminder
    add column occurrence text collate "C",
    add column offset_secs bigint;

-- What tidying looks for: reminders of occurrences that are long over.
create index reminder_over on reminder (fire_at) where status <> 'pending' and occurrence is not null;
