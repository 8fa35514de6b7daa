-- What an export goes by: all of a person's tasks, those in the trash too, in an order that never
-- changes. It also serves what `task_person` was for.
create index task_export on task (user_id, task_id);
drop index task_person;
