//! Get and list: selectors, indexes and versions.

use std::sync::Arc;

use super::{Request, Response, Result, Server, broken};
use kctl_base::fields::FieldSelector;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Status;
use kctl_kinds::Kind;

impl Server {
    pub(super) fn get(&mut self, kind: &dyn Kind, request: &Request) -> Result<Response> {
        let object = self.must_read(kind, &request.namespace, &request.name)?;
        Ok(Response::of(self.shown(kind, object, &request.version)))
    }

    pub(super) fn list(&mut self, kind: &dyn Kind, request: &Request) -> Result<Response> {
        let labels = Selector::parse(&request.options.labels).map_err(|e| Status::bad_request(e.to_string()))?;
        let fields = FieldSelector::parse(&request.options.fields).map_err(|e| Status::bad_request(e.to_string()))?;
        check_fields(kind, &fields)?;
        let candidates = self.candidates(kind, request, &labels, &fields)?;
        let mut items = Vec::new();
        for object in candidates {
            if labels.matches_object(&object) && fields.matches(|f| field_value(kind, &object, f)) {
                items.push(self.shown(kind, object, &request.version));
            }
        }
        if request.options.limit > 0 {
            items.truncate(request.options.limit);
        }
        Ok(Response { items, revision: self.revision(), ..Response::default() })
    }

    /// What a list has to look at: the one object that a name selects, the entries of a label's index, or everything.
    fn candidates(
        &mut self,
        kind: &dyn Kind,
        request: &Request,
        labels: &Selector,
        fields: &FieldSelector,
    ) -> Result<Vec<Arc<Object>>> {
        let names = kind.names();
        let namespace = Some(request.namespace.as_str()).filter(|n| !n.is_empty() && names.namespaced);
        if let (Some(name), true) = (fields.exact_value("metadata.name"), namespace.is_some() || !names.namespaced) {
            let key = Server::key(kind, &request.namespace, name);
            return Ok(self.store.get(&key).map_err(broken)?.into_iter().collect());
        }
        let resource = names.resource();
        if resource == "pods" {
            if let Some(node) = fields.exact_value("spec.nodeName").filter(|n| !n.is_empty()) {
                return self.read_index_of("node", node, &resource, namespace);
            }
            if let (Some(namespace), Some((key, value))) = (namespace, labels.exact_pairs().next()) {
                return self.read_index_of("label", &format!("{namespace}/{key}={value}"), &resource, Some(namespace));
            }
        }
        self.store.list(&resource, namespace).map_err(broken)
    }
}

/// The value of a selectable field; `None` when the kind does not support it.
pub(super) fn field_value(kind: &dyn Kind, object: &Object, field: &str) -> Option<String> {
    match field {
        "metadata.name" => Some(object.name().into()),
        "metadata.namespace" => Some(object.namespace().into()),
        _ => kind.selectable_field(object, field),
    }
}

/// Kinds with field labels of their own, which word an unknown one differently.
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

/// Refuses fields that the kind does not select by.
fn check_fields(kind: &dyn Kind, fields: &FieldSelector) -> Result<()> {
    let empty = Object::default();
    let Some(field) = fields.terms().iter().map(|t| t.field.as_str()).find(|f| field_value(kind, &empty, f).is_none())
    else {
        return Ok(());
    };
    let resource = kind.names().resource();
    Err(Status::bad_request(match resource.as_str() {
        "jobs.batch" => format!("field label \"{field}\" not supported for Job"),
        r if WITH_FIELD_LABELS.contains(&r) => format!("field label not supported: {field}"),
        _ => format!("\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
    }))
}
