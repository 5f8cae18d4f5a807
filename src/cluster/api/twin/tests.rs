//! Objects that count as copies of others, and those that do not.

use std::collections::BTreeSet;
use std::sync::Arc;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Duration;

use crate::api::Request;
use crate::{Cluster, OpenOptions};

fn template(image: &str) -> Object {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-", "labels": {"app": "web"}},
           "spec": {"containers": [{"name": "c", "image": image}]}})
}

/// Creates a pod after others, and returns it without what differs from pod to pod.
fn last_of(sent: &[(&Object, &str, i64)]) -> Value {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    let mut last = Value::Null;
    for (pod, manager, seconds) in sent {
        let now = cluster.now() + Duration::from_secs(*seconds);
        let request = Request::create("pods", "default", (*pod).clone()).manager(manager).by_control_plane();
        last = (*cluster.server().handle(request, now).expect("valid").into_object()).clone();
    }
    assert!(last.name().starts_with("web-") && last.name().len() == 9, "{}", last.name());
    for field in ["name", "uid", "resourceVersion"] {
        last.remove_at(&format!("/metadata/{field}"));
    }
    last.remove_at("/spec/volumes");
    last["spec"]["containers"][0].remove_at("/volumeMounts");
    last
}

#[test]
fn a_twin_equals_the_first_of_its_kind() {
    let (web, other) = (template("nginx:1"), template("nginx:2"));
    let (mut cousin, mut stranger) = (web.clone(), web.clone());
    cousin.put("/metadata/labels", json!({"app": "web", "tier": "back"}));
    cousin.put("/metadata/ownerReferences", json!([{"apiVersion": "v1", "kind": "Pod", "name": "n", "uid": "u"}]));
    stranger.put("/metadata/annotations", json!({"a": "b"}));
    let lasts = [(&web, "a", 5), (&other, "a", 5), (&web, "b", 5), (&web, "a", 6), (&stranger, "a", 5)];
    for last in lasts.into_iter().chain([(&cousin, "a", 5), (&cousin, "a", 6)]) {
        let alone = last_of(&[last]);
        assert_eq!(last_of(&[(&web, "a", 5), last]), alone);
        assert_eq!(last_of(&[(&web, "a", 5), (&web, "a", 5), last]), alone);
        assert_eq!(alone.str("/metadata/managedFields/0/manager"), last.1);
        assert_eq!(alone.str("/spec/dnsPolicy"), "ClusterFirst");
    }
}

fn tied(node: &str) -> Object {
    let mut pod = template("nginx:1");
    let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    pod.put(super::TIE, json!({"nodeSelectorTerms": [{"matchFields": [field]}]}));
    pod
}

#[test]
fn pods_of_a_daemon_set_differ_in_their_nodes() {
    let (first, second) = (tied("n1"), tied("n2"));
    let mut preferring = second.clone();
    preferring.put("/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution", json!([]));
    for last in [(&second, "a", 5), (&second, "a", 6), (&preferring, "a", 5), (&template("nginx:1"), "a", 5)] {
        assert_eq!(last_of(&[(&first, "a", 5), (&first, "a", 5), last]), last_of(&[last]));
    }
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    for node in ["n1", "n2"] {
        create(&mut cluster, "pods", tied(node));
        assert_eq!(cluster.server().twin.as_ref().and_then(|twin| super::tied_node(&twin.sent)), Some(node));
    }
    let request = Request::create("pods", "default", tied("N 3")).manager("a").by_control_plane();
    let now = cluster.now();
    let error = cluster.server().handle(request, now).expect_err("no name of a node").to_string();
    assert!(error.contains("matchFields[0].values[0]: Invalid value: \"N 3\""), "{error}");
}

#[test]
fn a_pod_with_a_name_of_its_own_is_not_taken_for_the_twin_of_another() {
    let web = template("nginx:1");
    let mut named = template("nginx:2");
    named.put("/metadata/name", "db-0");
    let alone = last_of(&[(&web, "a", 5)]);
    assert_eq!(last_of(&[(&web, "a", 5), (&named, "a", 5), (&web, "a", 5)]), alone);
}

fn create(cluster: &mut Cluster, resource: &str, object: Object) -> Arc<Object> {
    let mut request = Request::create(resource, "default", object);
    if resource == "pods" {
        request = request.manager("a").by_control_plane();
    }
    let now = cluster.now();
    cluster.server().handle(request, now).expect("valid").into_object()
}

#[test]
fn twins_have_identities_and_token_volumes_of_their_own() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    let pods = [(); 3].map(|()| create(&mut cluster, "pods", template("nginx")));
    let mut seen = BTreeSet::new();
    for pod in &pods {
        let volume = pod.str("/spec/volumes/0/name");
        assert_eq!(pod.str("/spec/containers/0/volumeMounts/0/name"), volume);
        assert!([pod.name(), pod.uid(), volume].iter().all(|own| !own.is_empty() && seen.insert(own.to_string())));
    }
    let is_admitted = |cluster: &mut Cluster| {
        cluster
            .server()
            .twin
            .as_ref()
            .is_some_and(|twin| twin.sent["metadata"]["labels"]["app"] == "api" && twin.admitted.is_some())
    };
    assert!(!is_admitted(&mut cluster));
    let mut other = template("nginx");
    other["metadata"]["labels"]["app"] = "api".into();
    create(&mut cluster, "pods", other);
    assert!(is_admitted(&mut cluster));
}

#[test]
fn pods_of_other_owners_are_validated() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    create(&mut cluster, "pods", template("nginx"));
    for (field, value, message) in [
        ("labels", json!({"app": "-"}), "metadata.labels"),
        ("generateName", json!("Web-"), "metadata.generateName"),
        ("ownerReferences", json!([{"apiVersion": "v1", "kind": "Pod", "name": "n"}]), "metadata.ownerReferences.uid"),
    ] {
        let mut pod = template("nginx");
        pod["metadata"][field] = value;
        let request = Request::create("pods", "default", pod).manager("a").by_control_plane();
        let now = cluster.now();
        let error = cluster.server().handle(request, now).expect_err("invalid metadata").to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn what_admission_reads_counts_for_the_next_twin() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    let request = |pod: &Object| pod.str("/spec/containers/0/resources/requests/cpu").to_string();
    create(&mut cluster, "pods", template("nginx"));
    let range = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"},
        "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "50m"}}]}});
    assert_eq!(request(&create(&mut cluster, "pods", template("nginx"))), "");
    create(&mut cluster, "limitranges", range);
    assert_eq!(request(&create(&mut cluster, "pods", template("nginx"))), "50m");
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
        "spec": {"hard": {"pods": "5"}}});
    create(&mut cluster, "resourcequotas", quota);
    cluster.run().expect("the quota is calculated");
    let used = |cluster: &mut Cluster| {
        let quota = cluster.server().read("resourcequotas", "default", "q").unwrap().unwrap();
        quota.str("/status/used/pods").to_string()
    };
    let mut counts = vec![used(&mut cluster)];
    for _ in 0..2 {
        create(&mut cluster, "pods", template("nginx"));
        counts.push(used(&mut cluster));
    }
    assert_eq!(counts, ["3", "4", "5"], "each pod is charged");
}

#[test]
fn a_discarded_change_leaves_no_twin() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    create(&mut cluster, "pods", template("nginx"));
    cluster.discard();
    assert!(cluster.server().twin.is_none());
}
