//! What every bus must do, over HTTP only.

pub(crate) mod broker;
pub(crate) mod defects;
pub(crate) mod delivering;
pub(crate) mod publishing;
pub(crate) mod sharing;
