//! Watches and followed logs as a client sees them: streams that remember their position.

use crate::api::{Log, LogOptions, Request, WatchEvent};

use super::ResourcePath;

/// Where a watch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchStart {
    /// With an `Added` event for each existing object.
    Existing,
    /// After the changes up to a revision.
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

/// An open log of a container. [`super::Client::read_log`] reads what was printed since the last call.
#[derive(Clone, Debug)]
pub struct LogStream {
    pub(super) path: ResourcePath,
    pub(super) options: LogOptions,
}

impl LogStream {
    /// Opens the log of a container of a pod; nothing is sent before the first read.
    pub fn new(namespace: &str, pod: &str, options: LogOptions) -> LogStream {
        LogStream { path: ResourcePath::one("pods", namespace, pod).subresource("log"), options }
    }

    /// The container of the log.
    pub fn container(&self) -> &str {
        &self.options.container
    }

    /// The pod of the log.
    pub fn pod(&self) -> &str {
        &self.path.name
    }

    /// The namespace of the pod.
    pub fn namespace(&self) -> &str {
        &self.path.namespace
    }

    pub(super) fn advance(&mut self, log: &Log) {
        self.options.position = log.position;
        if let Some(limit) = &mut self.options.limit_bytes {
            *limit = limit.saturating_sub(log.text.len() as u64);
        }
    }
}
