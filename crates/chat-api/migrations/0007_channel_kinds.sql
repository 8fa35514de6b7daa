-- Kinds of channels beside the webhook. The release before lists what it does not know as a webhook, and sends
-- nothing of its own.
alter table channel drop constraint channel_kind_check;
alter table channel add constraint channel_kind_check
    check (kind in ('webhook', 'email', 'ntfy', 'web_push'));
