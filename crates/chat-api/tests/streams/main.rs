//! Many streams on real processes: in a test binary of its own, so that nothing else is measured.

mod client;
mod process;
mod scale;
