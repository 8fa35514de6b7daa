use events::{ChannelKind, Payload, SealedText, Topic};
use platform::sealing::{KeyRing, Sealed};
use reqwest::StatusCode;
use serde_json::json;

use crate::stack::{Row, Stack};

fn version(row: &Row) -> i64 {
    row.event.payload.version().expect("a version")
}

#[tokio::test]
async fn settings_are_told_whole_each_time_they_change_and_only_then() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let settings = json!({"time_zone": "Asia/Tokyo", "quiet_hours": {"from": "22:00", "to": "07:30"}, "day_time": "08:30"});
    let expected = json!({
        "time_zone": "Asia/Tokyo", "quiet_hours": {"from": "22:00:00", "to": "07:30:00"},
        "day_time": "08:30:00", "digest": null, "language": {
            "date_order": "month_first", "week_start": "monday", "morning": "09:00:00",
            "afternoon": "15:00:00", "evening": "18:00:00", "night": "20:00:00",
            "end_of_day": "17:00:00",
        },
    });
    for _ in 0..2 {
        let answer = ada.put("/settings", settings.clone()).await;
        assert_eq!((answer.status, &answer.body), (StatusCode::OK, &expected));
    }
    assert_eq!(ada.get("/settings").await.body, expected);
    let told = stack.published(Topic::UserEvents).await;
    assert_eq!(told.len(), 2, "once at registration, once for the change");
    assert!(version(&told[1]) > version(&told[0]));
    let Payload::NotificationSettingsUpdated(said) = &told[1].event.payload else { panic!() };
    assert_eq!(said.time_zone.name(), "Asia/Tokyo");
    assert_eq!(said.quiet_hours.expect("quiet hours").to.to_string(), "07:30:00");
    let cleared = ada.put("/settings", json!({"time_zone": "Asia/Tokyo"})).await;
    assert!(cleared.body["quiet_hours"].is_null());
    assert_eq!(cleared.body["day_time"], "08:30:00", "what is not said of it stays");
    stack.stop().await;
}

#[tokio::test]
async fn a_daily_digest_is_told_to_the_worker_stays_where_it_is_left_out_and_ends_with_null() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let put = async |digest: serde_json::Value| {
        ada.put("/settings", json!({"time_zone": "Europe/Berlin", "digest": digest})).await
    };
    let wanted = put(json!({"at": "07:30"})).await;
    assert_eq!(wanted.status, StatusCode::OK, "{wanted:?}");
    let kept = ada.put("/settings", json!({"time_zone": "Asia/Tokyo"})).await;
    for answer in [&wanted, &kept, &ada.get("/settings").await] {
        assert_eq!(answer.body["digest"], json!({"at": "07:30:00"}));
    }
    let exported = ada.get("/export").await.body;
    assert_eq!(exported["settings"]["digest"], json!({"at": "07:30:00"}));
    for wrong in [json!({"at": "25:00"}), json!({"at": null}), json!({}), json!("07:30")] {
        put(wrong).await.assert_refuses("digest");
    }
    assert_eq!(put(json!(null)).await.body["digest"], json!(null));

    let told: Vec<Option<String>> = stack
        .published(Topic::UserEvents)
        .await
        .iter()
        .map(|row| match &row.event.payload {
            Payload::NotificationSettingsUpdated(said) => {
                said.digest.map(|digest| digest.at.to_string())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let at = || Some("07:30:00".to_owned());
    assert_eq!(told, [None, at(), at(), None], "at registration, and at each change");
    stack.stop().await;
}

/// What a phrase means is nothing to the worker.
#[tokio::test]
async fn the_language_is_changed_in_part_kept_by_who_leaves_it_out_and_told_to_nobody() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let put = async |language: serde_json::Value| {
        ada.put("/settings", json!({"time_zone": "Europe/Berlin", "language": language})).await
    };
    let changed = put(json!({"date_order": "day_first", "evening": "19:30"})).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let kept = ada.put("/settings", json!({"time_zone": "Europe/Berlin"})).await;
    for answer in [&changed, &kept, &put(json!(null)).await, &ada.get("/settings").await] {
        let language = &answer.body["language"];
        assert_eq!(language["date_order"], "day_first");
        assert_eq!(
            (&language["evening"], &language["night"]),
            (&json!("19:30:00"), &json!("20:00:00"))
        );
    }
    for wrong in [json!({"evening": "25:00"}), json!({"week_start": "tuesday"}), json!("x")] {
        put(wrong).await.assert_refuses("language");
    }
    assert_eq!(stack.published(Topic::UserEvents).await.len(), 1, "at registration");
    assert_eq!(ada.get("/export").await.body["settings"]["language"]["date_order"], "day_first");
    stack.stop().await;
}

#[tokio::test]
async fn a_channel_rests_and_travels_sealed_and_its_secret_is_shown_once() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let url = "https://example.test/hook?key=hidden";
    let made = ada.post("/channels", json!({"kind": "webhook", "url": url})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let secret = made.body["secret"].as_str().expect("a secret").to_owned();
    let id = made.body["id"].as_str().expect("an id").to_owned();
    assert!(secret.starts_with("whsec_"));
    let listed = ada.get("/channels").await.body;
    let view = json!({"id": id, "kind": "webhook", "url": url, "email": null});
    assert_eq!(listed["items"], json!([view]));

    let told = stack.published(Topic::UserEvents).await;
    let Payload::NotificationSettingsUpdated(said) = &told[1].event.payload else { panic!() };
    assert!(version(&told[1]) > version(&told[0]));
    let channel = &said.channels[0];
    let keys: &KeyRing = &stack.settings.service.sealing_keys;
    let open = |what: &str, sealed: &events::SealedText| {
        let sealed =
            Sealed { key_id: sealed.key_id.clone(), ciphertext: sealed.ciphertext.clone() };
        keys.open(&format!("{}/{id}/{what}", ada.user_id), &sealed)
    };
    assert_eq!(open("address", &channel.address).as_deref(), Ok(url));
    let sealed_secret = channel.secret.as_ref().expect("a secret");
    assert_eq!(open("secret", sealed_secret), Ok(secret.clone()));

    let at_rest: String = sqlx::query_scalar(
        "select concat((select jsonb_agg(c) from channel c), (select string_agg(envelope, '')
             from messaging.outbox))",
    )
    .fetch_one(&stack.admin)
    .await
    .expect("all rows");
    assert!(!at_rest.contains("example.test/hook") && !at_rest.contains(&secret[6..]));
    stack.stop().await;
}

#[tokio::test]
async fn a_channel_that_is_removed_is_missing_from_what_is_told() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"kind": "webhook", "url": "http://example.test", "secret":
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
    let made = ada.post("/channels", body).await;
    assert_eq!(made.body["secret"], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let path = format!("/channels/{}", made.body["id"].as_str().expect("an id"));
    assert_eq!(ada.post(&format!("{path}/test"), json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(ada.delete(&path).await.status, StatusCode::NO_CONTENT);
    ada.delete(&path).await.assert_problem(404, "not_found");
    ada.post(&format!("{path}/test"), json!({})).await.assert_problem(404, "not_found");
    let told = stack.published(Topic::UserEvents).await;
    let kinds: Vec<&str> = told.iter().map(|row| row.event.event_type().name()).collect();
    assert_eq!(
        kinds,
        [
            "notification-settings-updated",
            "notification-settings-updated",
            "channel-test-requested",
            "notification-settings-updated"
        ]
    );
    let Payload::NotificationSettingsUpdated(last) = &told[3].event.payload else { panic!() };
    assert!(last.channels.is_empty());
    stack.stop().await;
}

/// Each kind travels with what it needs, and nothing of it in the clear.
#[tokio::test]
async fn an_email_channel_rests_and_travels_sealed_and_is_listed_with_its_address() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let made = ada.post("/channels", json!({"kind": "email", "email": " a+b@mail.test "})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(made.body["secret"].is_null());
    let id = made.body["id"].as_str().expect("an id").to_owned();
    let view = json!({"id": id, "kind": "email", "url": null, "email": "a+b@mail.test"});
    assert_eq!(ada.get("/channels").await.body["items"], json!([view]));
    let exported = ada.get("/export").await.body;
    let record = json!([{"kind": "email", "url": null, "email": "a+b@mail.test"}]);
    assert_eq!(exported["channels"], record);

    let told = stack.published(Topic::UserEvents).await;
    let Payload::NotificationSettingsUpdated(said) = &told[1].event.payload else { panic!() };
    let channel = &said.channels[0];
    assert_eq!((channel.kind, &channel.secret), (ChannelKind::Email, &None));
    assert_eq!(opened(&stack, &ada.user_id, &id, "address", &channel.address), "a+b@mail.test");
    let at_rest = all_of_channels(&stack).await;
    assert!(!at_rest.contains("mail.test"));
    stack.stop().await;
}

#[tokio::test]
async fn an_ntfy_channel_rests_and_travels_sealed_and_its_token_is_never_shown() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let (url, token) = ("https://ntfy.test/garden-7f3a", "tk_of-ada");
    let body = json!({"kind": "ntfy", "url": url, "token": token});
    let made = ada.post("/channels", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(made.body["secret"].is_null() && made.body.get("token").is_none());
    let id = made.body["id"].as_str().expect("an id").to_owned();
    let view = json!({"id": id, "kind": "ntfy", "url": url, "email": null});
    assert_eq!(ada.get("/channels").await.body["items"], json!([view]));

    let told = stack.published(Topic::UserEvents).await;
    let Payload::NotificationSettingsUpdated(said) = &told[1].event.payload else { panic!() };
    let channel = &said.channels[0];
    assert_eq!(channel.kind, ChannelKind::Ntfy);
    assert_eq!(opened(&stack, &ada.user_id, &id, "address", &channel.address), url);
    let secret = channel.secret.as_ref().expect("a token");
    assert_eq!(opened(&stack, &ada.user_id, &id, "secret", secret), token);
    let at_rest = all_of_channels(&stack).await;
    assert!(!at_rest.contains("ntfy.test") && !at_rest.contains(token));
    stack.stop().await;
}

/// Without a key a browser can't be added: its push service would not know who sends.
#[tokio::test]
async fn a_browser_is_a_channel_where_the_server_has_a_key_and_rests_and_travels_sealed() {
    const KEY: &str =
        "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
    let stack = Stack::start_with(&["--vapid-public-key", KEY]).await;
    let ada = stack.register("ada").await;
    assert_eq!(ada.get("/channels/web-push-key").await.body, json!({"public_key": KEY}));
    let endpoint = "https://push.test/send/of-ada";
    let (p256dh, auth) = (KEY, "BTBZMqHH6r4Tts7J_aSIgg");
    let subscription = json!({
        "endpoint": endpoint, "expirationTime": null, "keys": {"p256dh": p256dh, "auth": auth},
    });
    let made =
        ada.post("/channels", json!({"kind": "web_push", "subscription": subscription})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(!made.body.to_string().contains(auth));
    let id = made.body["id"].as_str().expect("an id").to_owned();
    let view = json!({"id": id, "kind": "web_push", "url": endpoint, "email": null});
    assert_eq!(ada.get("/channels").await.body["items"], json!([view]));

    let told = stack.published(Topic::UserEvents).await;
    let Payload::NotificationSettingsUpdated(said) = &told[1].event.payload else { panic!() };
    let channel = &said.channels[0];
    assert_eq!((channel.kind, &channel.secret), (ChannelKind::WebPush, &None));
    let address = opened(&stack, &ada.user_id, &id, "address", &channel.address);
    let address: serde_json::Value = serde_json::from_str(&address).expect("JSON");
    let keys = json!({"p256dh": p256dh, "auth": auth});
    assert_eq!(address, json!({"endpoint": endpoint, "keys": keys}));
    let at_rest = all_of_channels(&stack).await;
    assert!(!at_rest.contains("push.test") && !at_rest.contains(auth));
    for broken in [
        json!({"endpoint": "push.test", "keys": keys}),
        json!({"endpoint": endpoint, "keys": {"p256dh": "BA", "auth": auth}}),
        json!({"endpoint": endpoint, "keys": {"p256dh": p256dh}}),
        json!({"endpoint": endpoint}),
        json!("subscription"),
    ] {
        ada.post("/channels", json!({"kind": "web_push", "subscription": broken}))
            .await
            .assert_refuses("subscription");
    }
    stack.stop().await;

    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let none = ada.get("/channels/web-push-key").await.body;
    assert_eq!(none, json!({"public_key": null}));
    stack.stop().await;
}

/// What a sealed text of a channel says.
fn opened(
    stack: &Stack,
    user_id: &events::UserId,
    channel_id: &str,
    field: &str,
    sealed: &SealedText,
) -> String {
    let keys: &KeyRing = &stack.settings.service.sealing_keys;
    let sealed = Sealed { key_id: sealed.key_id.clone(), ciphertext: sealed.ciphertext.clone() };
    keys.open(&format!("{user_id}/{channel_id}/{field}"), &sealed).expect("it opens")
}

/// All that is kept of channels and about to be said of them.
async fn all_of_channels(stack: &Stack) -> String {
    sqlx::query_scalar(
        "select concat((select jsonb_agg(c) from channel c), (select string_agg(envelope, '')
             from messaging.outbox), (select jsonb_agg(f) from feed f))",
    )
    .fetch_one(&stack.admin)
    .await
    .expect("all rows")
}

#[tokio::test]
async fn a_person_has_at_most_twenty_channels() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"kind": "webhook", "url": "http://example.test"});
    for _ in 0..20 {
        assert_eq!(ada.post("/channels", body.clone()).await.status, StatusCode::CREATED);
    }
    ada.post("/channels", body).await.assert_problem(409, "too_many");
    stack.stop().await;
}
