-- Which links in notifications have been used: each action of a notification is good for once. A row is
-- forgotten when its link would have run out.
create table used_action_link (
    user_id uuid not null references person on delete cascade,
    notification_key uuid not null,
    action text not null,
    expires_at timestamptz not null,
    primary key (user_id, notification_key, action)
);
create index used_action_link_expires_at on used_action_link (expires_at);
alter table used_action_link enable row level security;
alter table used_action_link force row level security;
create policy own_rows on used_action_link using (user_id = (select app_user_id())
    or (select app_is_system()));
