//! An account and its settings.

use events::UserId;

use crate::{
    context::Context,
    error::Failure,
    store::{self, persons::Person},
};

/// A person.
pub(crate) async fn find(context: &Context, user_id: UserId) -> Result<Person, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let person = store::persons::find(&mut tx, user_id).await?;
    tx.commit().await?;
    person.ok_or(Failure::NotFound)
}
