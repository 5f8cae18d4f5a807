//! The limits of requests, of patches and of what they make.

use crate::api::{PatchType, Request};
use crate::{Cluster, OpenOptions};
use kctl_base::json::{OBJECT_DEPTH_MAX, Value, json, on_deep_stack};
use kctl_base::status::{Reason, Status};

const RESOURCE: &str = "deeps.x.io";

/// Returns a definition of a kind with a schema for `spec`.
fn definition(spec: Value) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": RESOURCE},
        "spec": {"group": "x.io", "scope": "Namespaced", "names": {"plural": "deeps", "singular": "deep", "kind": "Deep"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}]}})
}

fn free() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

fn cluster(spec: Value) -> Cluster {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let request = Request::create("customresourcedefinitions.apiextensions.k8s.io", "", definition(spec));
    cluster.handle(&request).expect("a definition");
    cluster
}

fn deep(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "x.io/v1", "kind": "Deep", "metadata": {"name": name}, "spec": spec})
}

/// Returns maps in maps.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("x"), |inner, _| json!({"a": inner}))
}

fn is_too_deep(error: &Status) -> bool {
    error.reason == Reason::BadRequest && error.message == "the object exceeds the maximum depth of 10000"
}

#[test]
fn a_definition_of_sixty_levels_works() {
    let schema = (0..60).fold(json!({"type": "string"}), |s, _| json!({"type": "object", "properties": {"a": s}}));
    let mut cluster = cluster(schema);
    cluster.handle(&Request::create(RESOURCE, "default", deep("d", nested(60)))).expect("an object");
    cluster.commit().expect("a commit");
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    let patch = Request::patch(RESOURCE, "default", "d", PatchType::Merge, patch);
    cluster.handle(&patch).expect("patched");
    assert_eq!(cluster.server().store().check().expect("a check"), [""; 0]);
    let list = Request::list("customresourcedefinitions.apiextensions.k8s.io", "");
    cluster.handle(&list).expect("a list");
    let definition = Request::delete("customresourcedefinitions.apiextensions.k8s.io", "", RESOURCE);
    cluster.handle(&definition).expect("deleted");
}

#[test]
fn objects_beyond_the_depth_limit_are_refused_however_they_are_made() {
    on_deep_stack(make_objects_beyond_the_depth_limit).expect("a stack");
}

fn make_objects_beyond_the_depth_limit() {
    let mut cluster = cluster(free());
    // The managedFields repeat the structure four levels deeper.
    let most = OBJECT_DEPTH_MAX - 6;
    cluster.handle(&Request::create(RESOURCE, "default", deep("d", nested(most)))).expect("as deep as allowed");
    cluster.commit().expect("a commit");
    let add = json!([{"op": "add", "path": "/spec/b", "value": nested(OBJECT_DEPTH_MAX)}]);
    let copy = json!([{"op": "copy", "from": "/spec/a/a", "path": "/spec/a/a/b"}]);
    let merge = json!({"spec": {"b": nested(OBJECT_DEPTH_MAX - 2)}});
    let requests = [
        Request::create(RESOURCE, "default", deep("e", nested(OBJECT_DEPTH_MAX))),
        Request::create(RESOURCE, "default", deep("e", nested(OBJECT_DEPTH_MAX - 3))),
        Request::create(RESOURCE, "default", deep("e", nested(20_000))),
        Request::update(RESOURCE, "default", "d", deep("d", json!({"b": nested(OBJECT_DEPTH_MAX - 4)}))),
        Request::patch(RESOURCE, "default", "d", PatchType::Json, add),
        Request::patch(RESOURCE, "default", "d", PatchType::Json, copy),
        Request::patch(RESOURCE, "default", "d", PatchType::Merge, merge),
        Request::patch(
            RESOURCE,
            "default",
            "d",
            PatchType::Apply,
            deep("d", json!({"b": nested(OBJECT_DEPTH_MAX - 4)})),
        )
        .manager("m"),
    ];
    for request in requests {
        let error = cluster.handle(&request).expect_err("too deep");
        assert!(is_too_deep(&error) || error.reason == Reason::Invalid, "{:?}: {}", request.verb, error.message);
    }
    assert_eq!(cluster.server().store().check().expect("a check"), [""; 0]);
    cluster.handle(&Request::delete(RESOURCE, "default", "d")).expect("deleted");
}

#[test]
fn large_requests_and_objects_are_refused_as_by_a_cluster() {
    let mut cluster = cluster(free());
    let of_size = |bytes: usize| deep("d", json!({"text": "x".repeat(bytes)}));
    let mut create = |object| cluster.handle(&Request::create(RESOURCE, "default", object));
    let error = create(of_size(3 << 20)).expect_err("a large request");
    assert_eq!(error.reason, Reason::RequestEntityTooLarge);
    assert_eq!(error.message, "Request entity too large: limit is 3145728");
    let error = create(of_size(1536 << 10)).expect_err("a large object");
    assert_eq!((error.reason, &*error.message), (Reason::Unknown, "etcdserver: request is too large"));
    create(of_size(1500 << 10)).expect("an object");
    let grow = json!([{"op": "copy", "from": "/spec/text", "path": "/spec/more"}]);
    let error =
        cluster.handle(&Request::patch(RESOURCE, "default", "d", PatchType::Json, grow)).expect_err("too large");
    assert_eq!(error.message, "etcdserver: request is too large");
    let many = vec![json!({"op": "test", "path": "/spec/none", "value": null}); 10_001];
    let many = Request::patch(RESOURCE, "default", "d", PatchType::Json, many.into());
    let error = cluster.handle(&many).expect_err("many operations");
    let says = "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    assert_eq!((error.reason, &*error.message), (Reason::RequestEntityTooLarge, says));
}

#[test]
fn a_configmap_of_the_largest_size_is_accepted_whatever_its_escapes() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let data = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
        "data": {"lines": "\n".repeat(1 << 20)}});
    cluster.handle(&Request::create("configmaps", "default", data)).expect("a mebibyte of line breaks");
}
