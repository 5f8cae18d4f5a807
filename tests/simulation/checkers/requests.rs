//! Conclusions from ordinary requests about the objects of a cluster: updates that change nothing, and lists that use an index.

use std::collections::BTreeSet;
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};

use super::{Objects, named, of_resource};
use crate::harness::cluster::{Cluster, ObjectKey, Request, Transport as _, list, page, revision};

/// The number of items of a page.
const PAGE: usize = 7;

/// An object is valid and equal to itself after decoding, defaulting and admission: an update with it changes nothing.
pub(crate) fn an_update_as_itself_changes_nothing(
    cluster: &mut Cluster,
    key: &ObjectKey,
    object: &Object,
) -> Vec<String> {
    let kinds = cluster.catalog();
    let is_updated = kinds.by_resource(&key.resource).is_some_and(|kind| kind.verbs().contains(&"update"));
    if !is_updated {
        return Vec::new();
    }
    let before = revision(cluster);
    let update = Request::update(&key.resource, &key.namespace, &key.name, object.clone()).dry_run(true);
    // A manager of that name owns nothing yet, and gets nothing.
    let problem = match cluster.send(update.manager("checker")) {
        Ok(response) => {
            let updated = response.into_object();
            (*updated != *object).then(|| format!("becomes {updated} by an update as itself, was {object}"))
        }
        Err(status) => Some(format!("is refused by an update as itself: {}", status.message)),
    };
    let moved = revision(cluster) != before;
    let moved = moved.then(|| "is changed by a dry run".to_string());
    problem.into_iter().chain(moved).map(|problem| format!("{} {problem}", named(object))).collect()
}

/// Lists by namespace, name, label and field, and lists in pages, are a filter over everything.
pub(crate) fn lists_are_filters(cluster: &mut Cluster, objects: &Objects) -> Vec<String> {
    let mut problems = Vec::new();
    let kinds = cluster.catalog();
    let listed: BTreeSet<_> =
        kinds.iter().filter(|kind| kind.verbs().contains(&"list")).map(|kind| kind.names().resource()).collect();
    for resource in &listed {
        let all = list(cluster, resource, None);
        let recorded: Vec<&Arc<Object>> = of_resource(objects, resource).map(|(_, object)| object).collect();
        // Those of services are computed from them, and have no changes of their own.
        let is_computed = resource == "ipaddresses.networking.k8s.io";
        if !is_computed && !all.iter().eq(recorded.iter().copied()) {
            problems.push(format!("a list of {resource} differs from its changes"));
        }
        if in_pages(cluster, resource) != all {
            problems.push(format!("the pages of {resource} differ from the list"));
        }
        for query in queries(resource, &all) {
            let wanted: Vec<&Arc<Object>> = all.iter().filter(|object| query.matches(object)).collect();
            let found = cluster.send(query.request(resource)).expect("a list").into_items();
            if !found.iter().eq(wanted.iter().copied()) {
                problems.push(format!("{query:?} of {resource} finds {} of {}", found.len(), wanted.len()));
            }
        }
    }
    problems
}

/// Lists a resource in pages.
fn in_pages(cluster: &mut Cluster, resource: &str) -> Vec<Arc<Object>> {
    let (mut items, mut token) = (Vec::new(), String::new());
    loop {
        let mut request = Request::list(resource, "");
        (request.options.limit, request.options.continue_token) = (PAGE, token);
        let (more, next) = page(cluster, request);
        items.extend(more);
        token = next;
        if token.is_empty() {
            return items;
        }
    }
}

/// A selection of objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Query {
    Namespace(String),
    /// A namespace and a label.
    Label(String, String, String),
    /// A field selector with the pointer to its field, in a namespace.
    Field(String, &'static str, &'static str, String),
}

impl Query {
    fn matches(&self, object: &Object) -> bool {
        match self {
            Query::Namespace(namespace) => object.namespace() == namespace,
            Query::Label(namespace, key, value) => object.namespace() == namespace && object.label(key) == Some(value),
            Query::Field(namespace, _, pointer, value) => {
                (namespace.is_empty() || object.namespace() == namespace) && object.str(pointer) == value
            }
        }
    }

    fn request(&self, resource: &str) -> Request {
        match self {
            Query::Namespace(namespace) => Request::list(resource, namespace),
            Query::Label(namespace, key, value) => Request::list(resource, namespace).labels(&format!("{key}={value}")),
            Query::Field(namespace, field, _, value) => {
                Request::list(resource, namespace).fields(&format!("{field}={value}"))
            }
        }
    }
}

/// All queries that find some object of a resource.
fn queries(resource: &str, objects: &[Arc<Object>]) -> BTreeSet<Query> {
    let fields: &[(&str, &str)] = match resource {
        "pods" => &[
            ("spec.nodeName", "/spec/nodeName"),
            ("status.phase", "/status/phase"),
            ("metadata.name", "/metadata/name"),
        ],
        "events" => &[("involvedObject.uid", "/involvedObject/uid"), ("reason", "/reason")],
        _ => &[("metadata.name", "/metadata/name")],
    };
    let mut queries = BTreeSet::new();
    for object in objects {
        let namespace = object.namespace().to_string();
        if !namespace.is_empty() {
            queries.insert(Query::Namespace(namespace.clone()));
        }
        for (key, value) in object.labels() {
            queries.insert(Query::Label(namespace.clone(), key, value));
        }
        for (field, pointer) in fields {
            for namespace in [namespace.clone(), String::new()] {
                queries.insert(Query::Field(namespace, field, pointer, object.str(pointer).into()));
            }
        }
    }
    queries
}
