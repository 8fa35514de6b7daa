//! The model against a stand-in for its endpoint: a real HTTP server that speaks the real protocol.

mod answers;
mod budget;
mod cancelled;
mod cuts;
mod errors;
mod limits;
mod requests;
mod rounds;
mod support;
mod waits;
