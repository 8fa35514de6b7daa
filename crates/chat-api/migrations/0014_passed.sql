-- What a task was before its last change passed over an occurrence of it; none where that did something else.
alter table task add column passed jsonb;
