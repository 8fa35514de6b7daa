//! Limits on guessing passwords and on making accounts, asked before anything is hashed.
//!
//! Promises: an attempt counts whether it succeeds or not, so that no success of one's own makes room
//! for more of them; an address that nobody has is limited as one that somebody has. They stand in
//! the database: all replicas share them, and a restart lifts none. The price, one small write, is
//! nothing beside a hash.

use std::net::IpAddr;

use crate::{
    context::Context,
    domain::email::Email,
    error::Failure,
    store::{
        self,
        attempts::{Limit, count, wait_secs},
    },
};

/// Passwords that are tried for one account, whoever tries.
pub(super) const PASSWORDS_PER_EMAIL: Limit =
    Limit { kind: "password of an address", at_once: 10, interval_secs: 60.0 };
/// Passwords that are tried by one client, for whatever accounts. An office may share an address.
const PASSWORDS_PER_CLIENT: Limit =
    Limit { kind: "password by a client", at_once: 30, interval_secs: 10.0 };
/// Accounts that one client makes.
const ACCOUNTS_PER_CLIENT: Limit =
    Limit { kind: "account by a client", at_once: 20, interval_secs: 60.0 };

/// Counts that a client tries a password; `email` is none where it is no address at all.
pub(super) async fn try_password(
    context: &Context,
    client: IpAddr,
    email: Option<&Email>,
) -> Result<(), Failure> {
    let email = email.map_or("", Email::as_str);
    take(context, &[(PASSWORDS_PER_CLIENT, &client.to_string()), (PASSWORDS_PER_EMAIL, email)])
        .await
}

/// Counts that a client makes an account.
pub(super) async fn make_account(context: &Context, client: IpAddr) -> Result<(), Failure> {
    take(context, &[(ACCOUNTS_PER_CLIENT, &client.to_string())]).await
}

/// Takes from each limit until one is spent; what was taken before stays taken.
async fn take(context: &Context, limits: &[(Limit, &str)]) -> Result<(), Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let mut outcome = Ok(());
    for &(limit, key) in limits {
        if !count(&mut tx, limit, key).await? {
            let wait = wait_secs(&mut tx, limit, key).await?.ceil().max(1.0);
            outcome = Err(Failure::TooManyAttempts { retry_after_secs: wait as u64 });
            break;
        }
    }
    tx.commit().await?;
    outcome
}
