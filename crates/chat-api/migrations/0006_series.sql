-- From which local time the reminders of a whole day count: a person's own, and with each task the one
-- that the worker was told.
alter table person add column day_time time not null default '09:00';
alter table task add column day_time time not null default '09:00';

-- The live tasks that follow their owner's clock: whole days, and what repeats.
create index task_follows_clock on task (user_id, task_id)
    where deleted_at is null and status <> 'DONE' and (due_on is not null or recurrence is not null);
