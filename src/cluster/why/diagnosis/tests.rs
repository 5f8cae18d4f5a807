//! Diagnoses of whole clusters: what leads to what.

use super::{Diagnosis, Finding, Weight};
use crate::api::User;
use crate::controllers::testing::{Bench, pod, workload};
use crate::why::ObjectName;
use kctl_base::json::json;

fn diagnose(bench: &mut Bench, kind: &str, resource: &str, name: &str) -> Diagnosis {
    let asked = ObjectName::new(kind, resource, "default", name);
    bench.cluster.diagnose(&User::admin(), &asked).expect("the store answers").expect("the object exists")
}

/// The sentences from the first finding to the last of its causes, each with the kind of its object.
fn path(finding: &Finding) -> Vec<String> {
    let mut sentences = vec![format!("{}: {}", finding.object.kind, finding.sentence)];
    sentences.extend(finding.because.first().map(path).unwrap_or_default());
    sentences
}

#[test]
fn a_healthy_workload_has_no_findings() {
    let mut bench = Bench::open();
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 3, "nginx:1.25"));
    let starting = diagnose(&mut bench, "Deployment", "deployments.apps", "web");
    assert_eq!((starting.weight(), starting.summary.as_str()), (Weight::Progress, "0 of 3 pods are ready"));
    assert_eq!(starting.findings[0].because[0].others, 2, "three pods do the same");
    bench.settle();
    let healthy = diagnose(&mut bench, "Deployment", "deployments.apps", "web");
    assert_eq!((healthy.weight(), healthy.findings.len()), (Weight::Remark, 0));
    assert_eq!(healthy.summary, "3 of 3 pods are ready");
}

#[test]
fn a_rollout_leads_to_its_pod_and_the_image() {
    let mut bench = Bench::open();
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 2, "nginx:1.25"));
    bench.settle();
    let containers = json!([{"name": "c", "image": "nginx:notfound"}]);
    bench.patch("deployments.apps", "web", json!({"spec": {"template": {"spec": {"containers": containers}}}}));
    bench.advance(20);
    let found = diagnose(&mut bench, "Deployment", "deployments.apps", "web");
    assert_eq!(found.weight(), Weight::Problem);
    assert_eq!(
        path(&found.findings[0]),
        [
            "Deployment: the rollout of revision 2 has not ended: 1 of 2 pods has the new template, of which 0 are ready",
            "Pod: container c cannot start, because its image nginx:notfound cannot be pulled",
        ]
    );
}

#[test]
fn a_pod_leads_to_its_claim_and_an_object_is_examined_once() {
    let mut bench = Bench::open();
    let mut user = pod("user", json!({}));
    user["spec"]["volumes"] = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
    bench.create("pods", user);
    bench.create(
        "persistentvolumeclaims",
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"}, "spec": {"storageClassName": "none", "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}}),
    );
    let found = diagnose(&mut bench, "Pod", "pods", "user");
    assert_eq!(
        path(&found.findings[0]),
        [
            "Pod: waits for the PersistentVolumeClaim data, which has no volume",
            "PersistentVolumeClaim: wants the storage class none, which does not exist",
        ]
    );
}

#[test]
fn what_a_user_may_not_read_is_left_out() {
    let mut bench = Bench::open();
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 1, "nginx:notfound"));
    bench.advance(20);
    let eve = User::new("eve", Vec::new());
    let asked = ObjectName::new("Deployment", "deployments.apps", "default", "web");
    let refused = bench.cluster.diagnose(&eve, &asked).expect_err("no permission");
    assert!(refused.message.contains("cannot get resource \"deployments\""), "{refused}");
    let names = [("Role", "roles"), ("RoleBinding", "rolebindings")]
        .map(|(kind, plural)| (kind, format!("{plural}.rbac.authorization.k8s.io")));
    let metadata = json!({"name": "reader"});
    let version = "rbac.authorization.k8s.io/v1";
    bench.create(
        &names[0].1,
        json!({"apiVersion": version, "kind": names[0].0, "metadata": metadata,
        "rules": [{"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"]}]}),
    );
    bench.create(
        &names[1].1,
        json!({"apiVersion": version, "kind": names[1].0, "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "eve"}]}),
    );
    let partial = bench.cluster.diagnose(&eve, &asked).expect("allowed").expect("it exists");
    assert_eq!(partial.weight(), Weight::Unknown, "{partial:?}");
}

#[test]
fn of_many_objects_the_first_are_examined() {
    let mut bench = Bench::open();
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 40, "nginx:notfound"));
    bench.advance(20);
    let found = diagnose(&mut bench, "Deployment", "deployments.apps", "web");
    let causes: Vec<(usize, &str)> =
        found.findings[0].because.iter().map(|cause| (cause.others, cause.sentence.as_str())).collect();
    let image = "container c cannot start, because its image nginx:notfound cannot be pulled";
    assert_eq!(causes, [(29, image), (0, "10 more have not been examined")]);
}
