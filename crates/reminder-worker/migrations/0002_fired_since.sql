-- Since when the schedule stood by which a reminder fired last (the state's schedule_since). A firing by a
-- schedule that no longer held says nothing about an earlier time of the one that does.
alter table reminder add column fired_since timestamptz;
