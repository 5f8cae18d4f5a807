//! Watching: the changes of a resource after a revision, as events.
//!
//! A watch over this in-process API is a sequence of requests: each returns the events since the previous one and ends with
//! a bookmark, from whose revision the next request starts.

use std::sync::Arc;

use super::read::Selection;
use super::{Payload, Request, Response, Result, Server, WatchEvent, addresses};
use crate::store::{Change, ChangeKind, ChangesGone};
use kctl_base::go::quote;
use kctl_base::object::Object;
use kctl_base::order::Order as _;
use kctl_base::status::{Reason, Status};
use kctl_kinds::Kind;

impl Server {
    /// Reads the events after the `resourceVersion` of the request.
    ///
    /// Without a version, or with version 0, the watch starts with an `Added` event for each existing object. A version
    /// that the change log no longer reaches is status 410.
    pub(super) fn watch(&mut self, kind: &dyn Kind, request: &Request) -> Result<Response> {
        let selection = Selection::of(kind, request)?;
        let start = start_of(request)?;
        let revision = self.revision();
        let mut events = match start {
            None => self.initial_events(kind, request, &selection)?,
            Some(start) => self.events_since(kind, request, &selection, start)?,
        };
        events.push(WatchEvent::Bookmark(revision));
        Ok(Response { payload: Payload::Events(events), ..Response::default() })
    }

    /// Returns an `Added` event for each existing object.
    fn initial_events(&mut self, kind: &dyn Kind, request: &Request, selection: &Selection) -> Result<Vec<WatchEvent>> {
        let mut existing = self.select(kind, request, selection)?;
        if addresses::serves(&request.resource) {
            existing.extend(self.addresses_in_use()?.into_iter().filter(|address| selection.matches(kind, address)));
        }
        let added = |object| WatchEvent::Added(self.in_version(kind, object, &request.version));
        Ok(existing.into_iter().map(added).collect())
    }

    /// Returns the events after a revision.
    fn events_since(
        &mut self,
        kind: &dyn Kind,
        request: &Request,
        selection: &Selection,
        start: u64,
    ) -> Result<Vec<WatchEvent>> {
        let mut changes = self.store.changes_of(&kind.names().resource(), start)?;
        if addresses::serves(&request.resource) {
            changes.extend(self.changes_of_addresses(start)?);
            changes.order_by_key(|change| change.revision);
        }
        let concerns = |change: &&Change| request.namespace.is_empty() || change.key.namespace == request.namespace;
        let events = changes.iter().filter(concerns).filter_map(|change| event_of(kind, change, selection));
        Ok(events.map(|event| self.convert_event(kind, event, request)).collect())
    }

    /// Converts the object of an event to the version that the client speaks.
    fn convert_event(&self, kind: &dyn Kind, event: WatchEvent, request: &Request) -> WatchEvent {
        let convert = |object| self.in_version(kind, object, &request.version);
        match event {
            WatchEvent::Added(object) => WatchEvent::Added(convert(object)),
            WatchEvent::Modified(object) => WatchEvent::Modified(convert(object)),
            WatchEvent::Deleted(object) => WatchEvent::Deleted(convert(object)),
            bookmark => bookmark,
        }
    }
}

/// Returns the revision after which a watch starts; `None` for one that begins with the existing objects.
fn start_of(request: &Request) -> Result<Option<u64>> {
    let text = request.options.resource_version.as_deref().unwrap_or("");
    if request.options.send_initial_events || text.is_empty() || text == "0" {
        return Ok(None);
    }
    let invalid = || Status::bad_request(format!("strconv.ParseUint: parsing {}: invalid syntax", quote(text)));
    text.parse().map(Some).map_err(|_| invalid())
}

/// Returns the event of a change for a watch with selectors: an object that begins to match is added, and one that no
/// longer matches is deleted. `None` when it matches neither before nor after.
fn event_of(kind: &dyn Kind, change: &Change, selection: &Selection) -> Option<WatchEvent> {
    let matches = |object: &&Arc<Object>| selection.matches(kind, object);
    let before = change.old.as_ref().filter(matches);
    let after = Some(&change.object).filter(|_| change.kind != ChangeKind::Deleted).filter(matches);
    match (before, after) {
        (None, None) => None,
        (None, Some(object)) => Some(WatchEvent::Added(object.clone())),
        (Some(_), Some(object)) => Some(WatchEvent::Modified(object.clone())),
        (Some(_), None) if change.kind == ChangeKind::Deleted => Some(WatchEvent::Deleted(change.watch_object())),
        (Some(last), None) => Some(WatchEvent::Deleted(last.clone())),
    }
}

/// Clients see a revision that the change log no longer reaches as status 410.
impl From<ChangesGone> for Status {
    fn from(gone: ChangesGone) -> Status {
        match gone {
            ChangesGone::TooOld { asked, oldest } => {
                Status::new(Reason::Expired, format!("too old resource version: {asked} ({oldest})"))
            }
            ChangesGone::Store(error) => error.into(),
        }
    }
}
