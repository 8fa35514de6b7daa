-- At which local time a person's daily digest comes; none where none is wanted.
alter table person add column digest_at time;
