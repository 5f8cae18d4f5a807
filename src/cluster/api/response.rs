//! Responses of the API server.

use std::sync::Arc;

use super::{Forwarded, SessionState};
use kctl_base::object::Object;

/// The response to a request.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The payload.
    pub payload: Payload,
    /// Warnings for the client, in the order in which they were raised.
    pub warnings: Vec<String>,
    /// Hints about what the simulation leaves out; a real server has none.
    pub hints: Vec<String>,
    /// True when the request created the object (HTTP status 201).
    pub created: bool,
}

/// The payload of a response.
#[derive(Clone, Debug)]
pub enum Payload {
    /// One object in the requested version; for a deletion, its last version.
    Object(Arc<Object>),
    /// The items of a list.
    List(ObjectList),
    /// The events of a watch since its last request.
    Events(Vec<WatchEvent>),
    /// The lines of a container log.
    Log(Log),
    /// The state of a session in a container.
    Session(SessionState),
    /// What came back over a forwarded connection.
    Forwarded(Forwarded),
}

impl Default for Payload {
    fn default() -> Payload {
        Payload::Object(Arc::default())
    }
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct ObjectList {
    /// The objects, by namespace and name.
    pub items: Vec<Arc<Object>>,
    /// The revision of the store at which the list was read, from which a watch continues.
    pub resource_version: u64,
    /// Token for the next page; empty on the last page.
    pub continue_token: String,
}

/// An event of a watch.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchEvent {
    /// An object that exists, or that begins to match the selectors.
    Added(Arc<Object>),
    /// A new version of an object.
    Modified(Arc<Object>),
    /// The last version of an object that was deleted, or that no longer matches the selectors.
    Deleted(Arc<Object>),
    /// The revision up to which all events have been delivered.
    Bookmark(u64),
}

impl WatchEvent {
    /// Returns the type of the event as the API spells it: `ADDED`.
    pub fn type_name(&self) -> &'static str {
        match self {
            WatchEvent::Added(_) => "ADDED",
            WatchEvent::Modified(_) => "MODIFIED",
            WatchEvent::Deleted(_) => "DELETED",
            WatchEvent::Bookmark(_) => "BOOKMARK",
        }
    }

    /// Returns the object of the event; `None` for a bookmark.
    pub fn object(&self) -> Option<&Arc<Object>> {
        match self {
            WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => Some(object),
            WatchEvent::Bookmark(_) => None,
        }
    }
}

/// A part of a container log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The text in complete lines, except where a byte limit truncates it.
    pub text: String,
    /// Number of lines of the log so far: the position for the next request of a followed stream.
    pub position: usize,
    /// True when the container can still print more.
    pub open: bool,
}

impl Response {
    /// Creates a response with one object.
    pub fn of(object: Arc<Object>) -> Response {
        Response { payload: Payload::Object(object), ..Response::default() }
    }

    /// Returns the object of the response; an empty one for other payloads.
    pub fn into_object(self) -> Arc<Object> {
        match self.payload {
            Payload::Object(object) => object,
            _ => Arc::default(),
        }
    }

    /// Returns the items of a list; none for other payloads.
    pub fn into_items(self) -> Vec<Arc<Object>> {
        match self.payload {
            Payload::List(list) => list.items,
            _ => Vec::new(),
        }
    }
}
