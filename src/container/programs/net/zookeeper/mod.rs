//! ZooKeeper: the start script of the documentation's image, the server and its clients.

mod client;
mod paths;
mod server;
mod start;
mod tree;

pub(crate) use client::Client;
pub(super) use client::status;
pub(crate) use server::Server;
pub(super) use start::{ready, start};
