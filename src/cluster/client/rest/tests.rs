//! The API by path: discovery, objects and errors.

use super::*;
use crate::api::Request;
use crate::{Cluster, OpenOptions};
use kctl_base::json::{self, Value, json};
use kctl_base::object::ValueRead;

fn cluster() -> Cluster {
    Cluster::open(OpenOptions::memory(1)).expect("a cluster")
}

/// Sends a call and returns the body, or the message of the error.
fn send(cluster: &mut Cluster, method: Method, uri: &str, body: &str) -> String {
    match call(cluster, &User::admin(), &Call { method, uri, body, agent: "kubectl" }) {
        Ok(answer) => answer.body,
        Err(status) => format!("{} {}", status.reason.parts().1, status.message),
    }
}

fn read(cluster: &mut Cluster, uri: &str) -> Value {
    let text = send(cluster, Method::Get, uri, "");
    json::from_str(&text).unwrap_or_else(|_| panic!("{uri} is not JSON: {text}"))
}

#[test]
fn discovery_lists_groups_by_priority_and_resources_by_name() {
    let mut cluster = cluster();
    let groups = read(&mut cluster, "/apis");
    let names: Vec<&str> = groups.list("/groups").iter().map(|group| group.str("/name")).collect();
    assert_eq!(names[..4], ["apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io"]);
    assert_eq!(groups.str("/groups/5/preferredVersion/groupVersion"), "autoscaling/v2");
    assert_eq!(groups.str("/groups/5/versions/1/version"), "v1");
    let apps = send(&mut cluster, Method::Get, "/apis/apps/v1", "");
    let deployments = "{\"name\":\"deployments\",\"singularName\":\"deployment\",\"namespaced\":true,\"kind\":\"Deployment\",\
                       \"verbs\":[\"create\",\"delete\",\"deletecollection\",\"get\",\"list\",\"patch\",\"update\",\"watch\"],\
                       \"shortNames\":[\"deploy\"],\"categories\":[\"all\"],\"storageVersionHash\":\"8aSe+NMegvE=\"},\
                       {\"name\":\"deployments/scale\",\"singularName\":\"\",\"namespaced\":true,\"group\":\"autoscaling\",\
                       \"version\":\"v1\",\"kind\":\"Scale\",\"verbs\":[\"get\",\"patch\",\"update\"]}";
    assert!(apps.contains(deployments), "{apps}");
    let core = read(&mut cluster, "/api/v1");
    let names: Vec<&str> = core.list("/resources").iter().map(|resource| resource.str("/name")).collect();
    assert!(names.is_sorted() && names.contains(&"pods/ephemeralcontainers") && names.contains(&"namespaces/finalize"));
    assert_eq!(
        send(&mut cluster, Method::Get, "/apis/nope", ""),
        "404 the server could not find the requested resource"
    );
}

#[test]
fn objects_are_created_read_replaced_and_deleted_by_path() {
    let mut cluster = cluster();
    let maps = "/api/v1/namespaces/default/configmaps";
    let created = send(&mut cluster, Method::Post, maps, r#"{"metadata":{"name":"a"},"data":{"k":"1"}}"#);
    assert!(created.contains(r#""kind":"ConfigMap""#) && created.ends_with("}\n"), "{created}");
    let list = send(&mut cluster, Method::Get, &format!("{maps}?fieldSelector=metadata.name%3Da"), "");
    assert!(list.starts_with(r#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":""#), "{list}");
    let empty = read(&mut cluster, "/apis/apps/v1/deployments");
    assert_eq!((empty.str("/kind"), empty.list("/items").len()), ("DeploymentList", 0));
    let one = format!("{maps}/a");
    let put = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"2"}}"#;
    send(&mut cluster, Method::Put, &one, put);
    assert_eq!(read(&mut cluster, &one).str("/data/k"), "2");
    let patch = Method::Patch(PatchType::Merge);
    send(&mut cluster, patch, &one, r#"{"data":{"k":"3"}}"#);
    assert_eq!(read(&mut cluster, &one).str("/data/k"), "3");
    let deleted = send(&mut cluster, Method::Delete, &one, "");
    assert!(deleted.contains(r#""kind":"Status""#) && deleted.contains(r#""status":"Success""#), "{deleted}");
    assert_eq!(send(&mut cluster, Method::Get, &one, ""), "404 configmaps \"a\" not found");
}

#[test]
fn bodies_that_are_not_of_the_kind_are_refused() {
    let mut cluster = cluster();
    let post = |cluster: &mut Cluster, body: &str| send(cluster, Method::Post, "/api/v1/namespaces", body);
    assert_eq!(
        post(&mut cluster, ""),
        "400 the object provided is unrecognized (must be of type Namespace): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"
    );
    assert_eq!(
        post(&mut cluster, "a: b"),
        "400 the object provided is unrecognized (must be of type Namespace): couldn't get version/kind; json parse error: invalid character 'a' looking for beginning of value (613a2062)"
    );
    assert_eq!(
        post(&mut cluster, r#"{"apiVersion":"v1","kind":"Pod"}"#),
        "400 Pod in version \"v1\" cannot be handled as a Namespace: converting (v1.Pod) to (core.Namespace): unknown conversion"
    );
    assert_eq!(
        send(&mut cluster, Method::Delete, "/version", ""),
        "404 the server could not find the requested resource"
    );
}

#[test]
fn custom_resources_are_served_under_their_versions() {
    let mut cluster = cluster();
    let version = |name: &str, stored: bool| {
        json!({"name": name, "served": true, "storage": stored, "schema": {"openAPIV3Schema": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": true}}})
    };
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "bars.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "versions": [version("v1", false), version("v1beta1", true)],
                 "names": {"plural": "bars", "singular": "bar", "kind": "Bar", "listKind": "BarList"}},
    });
    cluster
        .handle(&Request::create("customresourcedefinitions.apiextensions.k8s.io", "", definition))
        .expect("created");
    cluster.advance(kctl_base::sim::Duration::from_secs(5)).expect("time passes");
    let groups = read(&mut cluster, "/apis/example.com");
    assert_eq!((groups.str("/kind"), groups.str("/preferredVersion/version")), ("APIGroup", "v1"));
    let resources = read(&mut cluster, "/apis/example.com/v1beta1");
    assert_eq!(resources.str("/resources/0/verbs/0"), "delete");
    let bars = "/apis/example.com/v1beta1/namespaces/default/bars";
    let created = send(&mut cluster, Method::Post, bars, r#"{"metadata":{"name":"x"}}"#);
    assert!(created.contains(r#""apiVersion":"example.com/v1beta1""#), "{created}");
    let list = send(&mut cluster, Method::Get, bars, "");
    assert!(list.starts_with(r#"{"apiVersion":"example.com/v1beta1","items":[{"#), "{list}");
    assert_eq!(send(&mut cluster, Method::Get, "/healthz", ""), "ok");
}
