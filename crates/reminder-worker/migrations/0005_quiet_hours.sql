-- Until when a notification was kept back by its person's quiet hours; it is then in the queue again. Other
-- quiet hours, and a later notification of the same reminder, look for those that still wait.
alter table delivery add column held_until timestamptz;
create index delivery_held on delivery (user_id) where state = 'pending' and held_until is not null;
