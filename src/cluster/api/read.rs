//! Get and list: selectors, indexes, pages and versions (`apiserver/pkg/endpoints/handlers/get.go`).

use std::sync::Arc;

use super::addresses;
use super::continue_token::ContinueToken;
use super::{ObjectList, Payload, Request, Response, Result, Server};
use crate::store::ObjectKey;
use kctl_base::fields::FieldSelector;
use kctl_base::json::Parts;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The selectors of a list or watch, parsed.
pub(super) struct Selection {
    labels: Selector,
    fields: FieldSelector,
}

impl Selection {
    /// Parses the selectors of a request; a field that the kind does not support is status 400.
    pub(super) fn of(kind: &dyn Kind, request: &Request) -> Result<Selection> {
        let labels = Selector::parse(&request.options.labels).map_err(|e| Status::bad_request(e.to_string()))?;
        let fields = FieldSelector::parse(&request.options.fields).map_err(|e| Status::bad_request(e.to_string()))?;
        check_fields(kind, &fields)?;
        Ok(Selection { labels, fields })
    }

    /// Returns whether an object matches both selectors.
    pub(super) fn matches(&self, kind: &dyn Kind, object: &Object) -> bool {
        self.labels.matches_object(object) && self.fields.matches(|field| field_value(kind, object, field))
    }
}

impl Server {
    /// Reads one object.
    pub(super) fn get(&mut self, kind: &dyn Kind, request: &Request) -> Result<Response> {
        if addresses::serves(&request.resource)
            && let Some(address) = self.addresses_in_use()?.into_iter().find(|found| found.name() == request.name)
        {
            return Ok(Response::of(address));
        }
        let object = self.must_read(kind, &request.namespace, &request.name)?;
        Ok(Response::of(self.in_version(kind, object, &request.version)))
    }

    /// Lists the objects that match the selectors, one page at a time.
    pub(super) fn list(&mut self, kind: &dyn Kind, request: &Request) -> Result<Response> {
        let selection = Selection::of(kind, request)?;
        let token = ContinueToken::of(request)?;
        let namespace = namespace_of(kind, request);
        let after = token.as_ref().map(|token| token.key(request, namespace));
        let Page { items, has_more, .. } = self.page(kind, request, &selection, after)?;
        let first = token.map_or(self.revision(), |token| token.revision());
        let next = |last: &Arc<Object>| ContinueToken::after(last, namespace, first).encode();
        let continue_token = items.last().filter(|_| has_more).map(next).unwrap_or_default();
        let mut items: Vec<Arc<Object>> =
            items.into_iter().map(|object| self.in_version(kind, object, &request.version)).collect();
        if addresses::serves(&request.resource) && request.options.continue_token.is_empty() {
            items.extend(self.addresses_in_use()?.into_iter().filter(|address| selection.matches(kind, address)));
        }
        let list = ObjectList { items, resource_version: self.revision(), continue_token };
        Ok(Response { payload: Payload::List(list), ..Response::default() })
    }

    /// Returns all objects that match the selectors, by namespace and name.
    pub(super) fn select(
        &mut self,
        kind: &dyn Kind,
        request: &Request,
        selection: &Selection,
    ) -> Result<Vec<Arc<Object>>> {
        let mut objects = match self.indexed(kind, request, selection)? {
            Some(objects) => objects,
            None => self.store.list(&kind.names().resource(), namespace_of(kind, request))?,
        };
        objects.retain(|object| selection.matches(kind, object));
        Ok(objects)
    }

    /// Returns the page of a list that the request asks for: at most `limit` objects after a key.
    fn page(
        &mut self,
        kind: &dyn Kind,
        request: &Request,
        selection: &Selection,
        after: Option<ObjectKey>,
    ) -> Result<Page> {
        let mut page = Page { limit: request.options.limit, ..Page::default() };
        // A page is full when there is one object more.
        let least = if page.limit == 0 { usize::MAX } else { page.limit.saturating_add(1) };
        let parts = request.options.parts;
        if page.limit == 0 && after.is_none() && parts == Parts::All {
            page.items = self.select(kind, request, selection)?;
            return Ok(page);
        }
        let mut offer = |object: Arc<Object>| !selection.matches(kind, &object) || page.offer(object);
        match self.indexed(kind, request, selection)? {
            Some(objects) => {
                let is_after = |object: &Arc<Object>| after.as_ref().is_none_or(|key| precedes(key, object));
                objects.into_iter().filter(is_after).all(offer);
            }
            None => {
                let (resource, namespace) = (kind.names().resource(), namespace_of(kind, request));
                self.store.visit(&resource, namespace, after.as_ref(), parts, least, &mut offer)?;
            }
        }
        Ok(page)
    }

    /// Returns the objects under the index value that the selectors name, or the one object of a name; `None` when no index
    /// applies.
    fn indexed(
        &mut self,
        kind: &dyn Kind,
        request: &Request,
        Selection { labels, fields }: &Selection,
    ) -> Result<Option<Vec<Arc<Object>>>> {
        let names = kind.names();
        let namespace = namespace_of(kind, request);
        if let (Some(name), true) = (fields.exact_value("metadata.name"), namespace.is_some() || !names.namespaced) {
            let key = Server::key(kind, &request.namespace, name);
            return Ok(Some(self.store.get(&key)?.into_iter().collect()));
        }
        let resource = names.resource();
        match index_of(&resource, namespace, labels, fields) {
            Some((index, value)) => self.read_index_of(index, &value, &resource, namespace).map(Some),
            None => Ok(None),
        }
    }
}

/// A page of a list that is being filled.
#[derive(Default)]
struct Page {
    items: Vec<Arc<Object>>,
    /// Maximum number of items; 0 for no limit.
    limit: usize,
    /// True when a further object matched that does not fit.
    has_more: bool,
}

impl Page {
    /// Adds an object; returns `false` when the page was full.
    fn offer(&mut self, object: Arc<Object>) -> bool {
        self.has_more = self.limit > 0 && self.items.len() == self.limit;
        if !self.has_more {
            self.items.push(object);
        }
        !self.has_more
    }
}

/// Returns the namespace that a request reads; `None` for all namespaces and for cluster-scoped kinds.
fn namespace_of<'a>(kind: &dyn Kind, request: &'a Request) -> Option<&'a str> {
    Some(request.namespace.as_str()).filter(|n| !n.is_empty() && kind.names().namespaced)
}

/// Returns an index that serves a list without a scan, and the value to look up; `None` when no index applies.
fn index_of(
    resource: &str,
    namespace: Option<&str>,
    labels: &Selector,
    fields: &FieldSelector,
) -> Option<(&'static str, String)> {
    let exact = |field: &str| fields.exact_value(field).filter(|value| !value.is_empty());
    match resource {
        "pods" => {
            let label = || namespace.zip(labels.exact_pairs().next());
            let by_label = || label().map(|(namespace, (key, value))| ("label", format!("{namespace}/{key}={value}")));
            exact("spec.nodeName").map(|node| ("node", node.to_string())).or_else(by_label)
        }
        "events" => exact("involvedObject.uid").map(|uid| (kctl_kinds::core::event::ABOUT, uid.to_string())),
        _ => None,
    }
}

/// Returns whether a key precedes an object in a list.
fn precedes(key: &ObjectKey, object: &Object) -> bool {
    (key.namespace.as_str(), key.name.as_str()) < (object.namespace(), object.name())
}

/// Returns the value of a selectable field; `None` when the kind does not support the field.
fn field_value(kind: &dyn Kind, object: &Object, field: &str) -> Option<String> {
    match field {
        "metadata.name" => Some(object.name().into()),
        "metadata.namespace" => Some(object.namespace().into()),
        _ => kind.selectable_field(object, field),
    }
}

/// Resources with a field label conversion of their own, which reports unknown fields with another message.
const WITH_FIELD_LABELS: &[&str] = &[
    "pods",
    "nodes",
    "replicationcontrollers",
    "events",
    "namespaces",
    "secrets",
    "services",
    "jobs.batch",
    "certificatesigningrequests.certificates.k8s.io",
];

/// Rejects field selectors that the kind does not support.
fn check_fields(kind: &dyn Kind, fields: &FieldSelector) -> Result<()> {
    let empty = Object::default();
    let Some(field) = fields.terms().iter().map(|t| t.field.as_str()).find(|f| field_value(kind, &empty, f).is_none())
    else {
        return Ok(());
    };
    let resource = kind.names().resource();
    Err(Status::bad_request(match resource.as_str() {
        "jobs.batch" => format!("field label \"{field}\" not supported for Job"),
        r if WITH_FIELD_LABELS.contains(&r) || kind.field_types().is_some() => {
            format!("field label not supported: {field}")
        }
        _ => format!("\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
    }))
}
