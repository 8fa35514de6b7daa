//! Child processes: how they are started, named, watched and ended.
//!
//! Promises: a child is in a process group of its own, so that Ctrl-C reaches only us; its output
//! comes out on our stderr, each line under its name; it dies when we do, however we end, where the
//! system has util-linux's `setpriv`, and is found and ended by the next start where it has not.
//! Never: what a child is for.

mod beside;
mod child;
mod identity;
mod output;
mod ports;
mod spawner;
mod tie;

pub(crate) use beside::{Signals, exit_code, run_beside};
pub(crate) use child::{Child, describe};
pub(crate) use identity::{Identity, executable_name, works_in};
pub(crate) use ports::{free_loopback_port, is_free};
pub(crate) use spawner::spawn;
pub(crate) use tie::{has_setpriv, setpriv, tied};
