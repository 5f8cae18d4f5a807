//! Watches and followed logs of a client: streams with a position.

use crate::api::{Log, LogOptions, Request, WatchEvent};

use super::ResourcePath;

/// The start of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchStart {
    /// Starts with an `Added` event for each existing object.
    Existing,
    /// Starts with the existing objects as the server knows them, however old (`resourceVersion=0`).
    Any,
    /// Starts with the newest version of the existing objects, without a bookmark behind them.
    Newest,
    /// Starts after the changes up to a revision.
    After(u64),
}

/// An open watch. [`super::Client::poll`] reads its next events.
#[derive(Debug)]
pub struct Watch {
    pub(super) request: Request,
}

impl Watch {
    /// Advances the watch to the bookmark that ends `events` and removes the bookmark.
    pub(super) fn advance(&mut self, events: &mut Vec<WatchEvent>) {
        if let Some(WatchEvent::Bookmark(revision)) = events.last() {
            self.request.options.resource_version = Some(revision.to_string());
            self.request.options.send_initial_events = false;
            events.pop();
        }
    }
}

/// An open log of a container. [`super::Client::read_log`] reads the lines since the last call.
#[derive(Clone, Debug)]
pub struct LogStream {
    pub(super) path: ResourcePath,
    pub(super) options: LogOptions,
    /// True after the first request.
    pub(super) is_open: bool,
}

impl LogStream {
    /// Creates a stream for the log of a container; no request is sent before the first read.
    pub fn new(namespace: &str, pod: &str, options: LogOptions) -> LogStream {
        LogStream { path: ResourcePath::one("pods", namespace, pod).subresource("log"), options, is_open: false }
    }

    /// Returns the container of the log.
    pub fn container(&self) -> &str {
        &self.options.container
    }

    /// Returns the pod of the log.
    pub fn pod(&self) -> &str {
        &self.path.name
    }

    /// Returns the namespace of the pod.
    pub fn namespace(&self) -> &str {
        &self.path.namespace
    }

    /// Advances the stream past a part of the log.
    pub(super) fn advance(&mut self, log: &Log) {
        self.options.position = log.position;
        if let Some(limit) = &mut self.options.limit_bytes {
            *limit = limit.saturating_sub(log.text.len() as u64);
        }
    }
}
