//! A person's channels, with their addresses opened; never with their secrets.

use events::{ChannelId, ChannelKind, UserId};

use crate::{commands::channels::address_context, context::Context, error::Failure, store};

/// A channel as its owner sees it.
#[derive(Clone, Debug)]
pub(crate) struct OpenChannel {
    pub(crate) channel_id: ChannelId,
    pub(crate) kind: ChannelKind,
    /// Where it leads; none where the key that sealed it is no longer in `SEALING_KEYS`.
    pub(crate) address: Option<String>,
}

/// The channels, oldest first.
pub(crate) async fn list(context: &Context, user_id: UserId) -> Result<Vec<OpenChannel>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let channels = store::channels::list(&mut tx, user_id).await?;
    tx.commit().await?;
    Ok(channels
        .into_iter()
        .map(|channel| {
            let bound_to = address_context(user_id, channel.channel_id);
            let address = context.keys.open(&bound_to, &channel.address);
            if let Err(error) = &address {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, channel.id = %channel.channel_id, "an address does not open");
            }
            OpenChannel { channel_id: channel.channel_id, kind: channel.kind, address: address.ok() }
        })
        .collect())
}
