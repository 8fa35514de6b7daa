-- Notifications that failed, the newest first, of everybody: for administrators. Those of tasks stand in the
-- timeline, those of a channel's test only in the feed.
create index timeline_failed_delivery on timeline (at desc, event_id desc)
    where event_type = 'notification-delivered' and details ->> 'outcome' = 'failed';
create index feed_failed_test on feed (created_at desc, event_id desc)
    where event_type = 'notification-delivered' and payload ->> 'outcome' = 'failed'
        and payload ->> 'task_id' is null;
