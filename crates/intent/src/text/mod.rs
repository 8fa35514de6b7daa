//! A phrase as text: tokens, numbers, and the closed classes of words.

pub(crate) mod grammar;
pub(crate) mod list;
pub(crate) mod number;
pub(crate) mod token;
pub(crate) mod words;
