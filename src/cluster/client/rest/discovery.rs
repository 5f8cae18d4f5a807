//! Discovery: the documents that list the versions, groups and resources of the server (`apiserver/pkg/endpoints/discovery`,
//! `kube-aggregator/pkg/apiserver/handler_apis.go`).

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::{Request, Result};
use crate::client::Transport;
use crate::client::url::HOST;
use kctl_base::gvk::compare_versions;
use kctl_base::object::{Object, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::status::Status;
use kctl_kinds::Kind;
use kctl_kinds::catalog::{KindRef, serves};

/// Kinds whose objects the server stores in another version than that of their names.
const STORED_IN: [(&str, &str); 3] = [
    ("CustomResourceDefinition", "v1beta1"),
    ("MutatingAdmissionPolicy", "v1beta1"),
    ("MutatingAdmissionPolicyBinding", "v1beta1"),
];

/// A subresource beside `status` and `scale`: the resource, its name, its kind with group and version where they are others,
/// and its verbs.
type Subresource = (&'static str, &'static str, (&'static str, &'static str, &'static str), &'static [&'static str]);

const WRITES: &[&str] = &["get", "patch", "update"];
const STREAM: &[&str] = &["create", "get"];
const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];

const SUBRESOURCES: &[Subresource] = &[
    ("certificatesigningrequests", "approval", ("", "", "CertificateSigningRequest"), WRITES),
    ("namespaces", "finalize", ("", "", "Namespace"), &["update"]),
    ("nodes", "proxy", ("", "", "NodeProxyOptions"), PROXY),
    ("pods", "attach", ("", "", "PodAttachOptions"), STREAM),
    ("pods", "binding", ("", "", "Binding"), &["create"]),
    ("pods", "ephemeralcontainers", ("", "", "Pod"), WRITES),
    ("pods", "eviction", ("policy", "v1", "Eviction"), &["create"]),
    ("pods", "exec", ("", "", "PodExecOptions"), STREAM),
    ("pods", "log", ("", "", "Pod"), &["get"]),
    ("pods", "portforward", ("", "", "PodPortForwardOptions"), STREAM),
    ("pods", "proxy", ("", "", "PodProxyOptions"), PROXY),
    ("pods", "resize", ("", "", "Pod"), WRITES),
    ("serviceaccounts", "token", ("authentication.k8s.io", "v1", "TokenRequest"), &["create"]),
    ("services", "proxy", ("", "", "ServiceProxyOptions"), PROXY),
];

/// Verbs of custom resources, in the order of `crdHandler`.
const CUSTOM_VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    kind: &'static str,
    versions: [&'static str; 1],
    #[serde(rename = "serverAddressByClientCIDRs")]
    addresses: [Address; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[serde(rename = "clientCIDR")]
    client: &'static str,
    server_address: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_version: &'static str,
    name: String,
    versions: Vec<Version>,
    preferred_version: Version,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    group_version: String,
    version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    kind: &'static str,
    api_version: &'static str,
    groups: Vec<Group>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resources {
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_version: &'static str,
    group_version: String,
    resources: Vec<Resource>,
}

/// `APIResource`.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    name: String,
    singular_name: &'static str,
    namespaced: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'static str,
    kind: &'static str,
    verbs: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    short_names: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    categories: &'static [&'static str],
    #[serde(skip_serializing_if = "String::is_empty")]
    storage_version_hash: String,
}

/// Returns the document at a path, in one line.
///
/// # Errors
/// Status 404 for a path, group or version that is not served.
pub(super) fn document(transport: &mut impl Transport, segments: &[&str]) -> Result<String> {
    match segments {
        [] => paths(transport),
        ["api"] => text(&Versions {
            kind: "APIVersions",
            versions: ["v1"],
            addresses: [Address { client: "0.0.0.0/0", server_address: HOST }],
        }),
        ["apis"] => text(&Groups { kind: "APIGroupList", api_version: "v1", groups: groups(transport)? }),
        ["apis", name] => {
            let group = groups(transport)?.into_iter().find(|group| group.name == *name);
            let group = group.ok_or_else(Status::no_resource)?;
            text(&Group { kind: "APIGroup", api_version: "v1", ..group })
        }
        ["api", version] => resources(transport, "", version),
        ["apis", group, version] => resources(transport, group, version),
        _ => Err(Status::no_resource()),
    }
}

fn text(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document).map_err(|error| Status::internal(error.to_string()))
}

/// Returns the paths that can be read.
fn paths(transport: &mut impl Transport) -> Result<String> {
    let mut paths = vec!["/api".to_string(), "/api/v1".into(), "/apis".into()];
    for group in groups(transport)? {
        paths.push(format!("/apis/{}", group.name));
        paths.extend(group.versions.iter().map(|version| format!("/apis/{}", version.group_version)));
    }
    paths.extend(["/.well-known/openid-configuration", "/openid/v1/jwks"].map(String::from));
    paths.extend(["/healthz", "/livez", "/readyz", "/version"].map(String::from));
    for check in super::CHECKS {
        paths.extend(["healthz", "livez", "readyz"].map(|place| format!("/{place}/{check}")));
    }
    paths.order();
    // Kubernetes indents this document alone.
    serde_json::to_string_pretty(&serde_json::json!({ "paths": paths })).map_err(|e| Status::internal(e.to_string()))
}

/// A version of a group with the priorities of its APIService.
struct Ranked {
    group: String,
    version: String,
    group_priority: i64,
    version_priority: i64,
}

/// Returns the versions of the APIServices, and those of custom kinds, which the aggregator registers with a low priority
/// (`crdregistration`).
fn ranked(transport: &mut impl Transport) -> Result<Vec<Ranked>> {
    let services = transport.send(Request::list("apiservices.apiregistration.k8s.io", ""))?.into_items();
    let of_service = |service: &Object| Ranked {
        group: service.str("/spec/group").into(),
        version: service.str("/spec/version").into(),
        group_priority: service.int("/spec/groupPriorityMinimum").unwrap_or(0),
        version_priority: service.int("/spec/versionPriority").unwrap_or(0),
    };
    let mut all: Vec<Ranked> = services.iter().map(|s| of_service(s)).filter(|found| !found.group.is_empty()).collect();
    for kind in transport.catalog().iter().filter(|kind| matches!(kind, KindRef::Custom(_))) {
        let own = (kind.names().group, kind.names().version);
        for (group, version) in std::iter::once(own).chain(kind.other_versions().iter().copied()) {
            if !all.iter().any(|known| known.group == group && known.version == version) {
                let (group, version) = (group.to_owned(), version.to_owned());
                all.push(Ranked { group, version, group_priority: 1000, version_priority: 100 });
            }
        }
    }
    Ok(all)
}

/// Returns the groups by priority and then by name; versions likewise.
fn groups(transport: &mut impl Transport) -> Result<Vec<Group>> {
    let mut all = ranked(transport)?;
    let mut highest: BTreeMap<String, i64> = BTreeMap::new();
    for found in &all {
        let priority = highest.entry(found.group.clone()).or_insert(0);
        *priority = (*priority).max(found.group_priority);
    }
    all.order_by(|left, right| {
        let by_group =
            highest.get(&right.group).cmp(&highest.get(&left.group)).then_with(|| left.group.cmp(&right.group));
        let by_version = || right.version_priority.cmp(&left.version_priority);
        by_group.then_with(by_version).then_with(|| compare_versions(&right.version, &left.version))
    });
    // The aggregator itself serves the group of the APIServices, before all others.
    let mut groups = vec![Group::new("apiregistration.k8s.io", "v1")];
    for found in all {
        match groups.last_mut().filter(|last| last.name == found.group) {
            Some(last) => last.versions.push(Version::new(&found.group, &found.version)),
            None => groups.push(Group::new(&found.group, &found.version)),
        }
    }
    Ok(groups)
}

impl Version {
    fn new(group: &str, version: &str) -> Version {
        Version { group_version: format!("{group}/{version}"), version: version.into() }
    }
}

impl Group {
    /// Creates an entry of the list of groups, with its preferred version.
    fn new(name: &str, preferred: &str) -> Group {
        let preferred = Version::new(name, preferred);
        let versions = vec![preferred.clone()];
        Group { kind: "", api_version: "", name: name.into(), versions, preferred_version: preferred }
    }
}

/// Returns the resources of a version: built-in ones by name, custom ones in the order of their definitions.
fn resources(transport: &mut impl Transport, group: &str, version: &str) -> Result<String> {
    let mut all = Vec::new();
    for kind in transport.catalog().iter().filter(|kind| serves(&**kind, group, version)) {
        all.extend(of_kind(transport, kind, version)?);
    }
    if all.is_empty() {
        return Err(Status::no_resource());
    }
    if all.iter().all(|(is_custom, _)| !is_custom) {
        all.order_by(|(_, left), (_, right)| left.name.cmp(&right.name));
    }
    let (api_version, group_version) = match group {
        "" => ("", version.to_owned()),
        group => ("v1", format!("{group}/{version}")),
    };
    let resources = all.into_iter().map(|(_, resource)| resource).collect();
    text(&Resources { kind: "APIResourceList", api_version, group_version, resources })
}

/// Returns the resource of a kind and its subresources, each with true for a custom kind.
fn of_kind(transport: &mut impl Transport, kind: KindRef, version: &str) -> Result<Vec<(bool, Resource)>> {
    let is_custom = matches!(kind, KindRef::Custom(_));
    let kind = kind.at_version(version).map_or(kind, KindRef::Custom);
    let names = *kind.names();
    let verbs = if is_custom { CUSTOM_VERBS } else { kind.verbs() };
    let main = Resource {
        name: names.plural.into(),
        singular_name: names.singular,
        namespaced: names.namespaced,
        kind: names.kind,
        verbs,
        short_names: names.short,
        categories: names.categories,
        storage_version_hash: if verbs.contains(&"update") { storage_hash(transport, &*kind)? } else { String::new() },
        ..Resource::default()
    };
    let mut all = vec![(is_custom, main)];
    let mut add = |subresource: &str, (group, version, kind), verbs| {
        let name = format!("{}/{subresource}", names.plural);
        let namespaced = names.namespaced;
        all.push((is_custom, Resource { name, namespaced, group, version, kind, verbs, ..Resource::default() }));
    };
    if kind.has_status() && verbs.contains(&"update") {
        add("status", ("", "", names.kind), WRITES);
    }
    if kind.scale().is_some() {
        add("scale", ("autoscaling", "v1", "Scale"), WRITES);
    }
    for (_, name, kind, verbs) in SUBRESOURCES.iter().filter(|(plural, ..)| *plural == names.plural && !is_custom) {
        add(name, *kind, verbs);
    }
    Ok(all)
}

/// Returns the hash of the version in which objects of a kind are stored (`discovery.StorageVersionHash`).
fn storage_hash(transport: &mut impl Transport, kind: &dyn Kind) -> Result<String> {
    let names = kind.names();
    let version = match transport.definition(&names.resource())? {
        Some(definition) => {
            let stored = definition.list("/spec/versions").iter().find(|version| version.flag("/storage"));
            stored.map_or(names.version.to_owned(), |version| version.str("/name").to_owned())
        }
        None => STORED_IN.iter().find(|(kind, _)| *kind == names.kind).map_or(names.version, |(_, v)| v).to_owned(),
    };
    let hash = Sha256::digest(format!("{}/{version}/{}", names.group, names.kind));
    Ok(BASE64_STANDARD.encode(&hash[..8]))
}
