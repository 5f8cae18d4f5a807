//! Watches and followed logs of a client: streams with a position.

use super::{Client, ListParams, ResourcePath, Transport, unexpected};
use crate::api::{Log, LogOptions, Payload, Request, Response, Result, Verb, WatchEvent};

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

impl<T: Transport> Client<T> {
    /// Opens a watch of a collection and returns it with its first events; [`Client::poll`] reads the following ones. The
    /// user is authorized once, when the watch is opened.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn watch(
        &mut self,
        path: &ResourcePath,
        params: &ListParams,
        start: WatchStart,
    ) -> Result<(Watch, Vec<WatchEvent>)> {
        let mut request = path.collection().request(Verb::Watch).labels(&params.labels).fields(&params.fields);
        request.options.limit = params.chunk_size;
        match start {
            WatchStart::Existing => request.options.send_initial_events = true,
            WatchStart::Any => request.options.resource_version = Some("0".into()),
            WatchStart::Newest => {}
            WatchStart::After(revision) => request.options.resource_version = Some(revision.to_string()),
        }
        let mut watch = Watch { request: request.clone() };
        let mut events = events_of(self.send(request)?);
        watch.advance(&mut events);
        Ok((watch, events))
    }

    /// Reads the events of a watch since the last call.
    ///
    /// # Errors
    /// Status 410 when the change log no longer reaches the position of the watch.
    pub fn poll(&mut self, watch: &mut Watch) -> Result<Vec<WatchEvent>> {
        // The connection is already open: reading on is not a new request and is not logged.
        let mut events = events_of(self.send_unlogged(watch.request.clone())?);
        watch.advance(&mut events);
        Ok(events)
    }

    /// Reads what a log has gained since the position of its stream.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn read_log(&mut self, stream: &mut LogStream) -> Result<Log> {
        let mut request = stream.path.request(Verb::Get);
        request.options.log.clone_from(&stream.options);
        let response = match std::mem::replace(&mut stream.is_open, true) {
            true => self.send_unlogged(request)?,
            false => self.send(request)?,
        };
        match response.payload {
            Payload::Log(log) => {
                stream.advance(&log);
                Ok(log)
            }
            _ => Err(unexpected()),
        }
    }
}

/// Returns the events of a watch response; none for other payloads.
fn events_of(response: Response) -> Vec<WatchEvent> {
    match response.payload {
        Payload::Events(events) => events,
        _ => Vec::new(),
    }
}
