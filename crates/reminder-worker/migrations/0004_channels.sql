-- Kinds of channels beside the webhook, and a limit on what is under way to one target. Additions only: the
-- release before makes deliveries without a kind, which are webhooks, and leases lanes whatever stands in the
-- new columns.

-- What its channel is, also once that is gone.
alter table delivery add column kind text not null default 'webhook';

-- Where a lane leads: a keyed hash of its target's origin, from which the origin can't be read; the lanes of one
-- mail server or one host have the same. None until the first look at the lane.
alter table lane add column target bigint;
-- Whether it stands aside while enough lanes of its target are under way, so that nobody who looks for what is
-- due has to pass it.
alter table lane add column parked boolean not null default false;

create index lane_unnamed on lane (next_attempt_at) where target is null and next_attempt_at is not null;
create index lane_ready on lane (next_attempt_at)
    where next_attempt_at is not null and target is not null and not parked;
create index lane_parked on lane (target, next_attempt_at) where parked;
create index lane_busy on lane (target) where leased_until is not null;
