use super::*;
use crate::{Cluster, OpenOptions};

fn review(cluster: &mut Cluster, resource: &str, kind: &str, spec: Value) -> Result<Value> {
    let (_, group) = resource.split_once('.').expect("a group");
    let mut object = json!({"apiVersion": format!("{group}/v1"), "kind": kind});
    if !spec.is_null() {
        object["spec"] = spec;
    }
    let request = Request::create(resource, "", object).by(User::admin());
    cluster.handle(&request).map(|response| response.into_object()["status"].clone())
}

fn access(cluster: &mut Cluster, spec: Value) -> Result<Value> {
    review(cluster, "subjectaccessreviews.authorization.k8s.io", "SubjectAccessReview", spec)
}

#[test]
fn access_reviews_name_the_rule_that_allows() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    let pods = json!({"namespace": "default", "verb": "get", "resource": "pods"});
    let jane = json!({"user": "jane", "resourceAttributes": pods});
    assert_eq!(access(&mut cluster, jane.clone()), Ok(json!({"allowed": false})));
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "readers"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}],
    });
    for (resource, object) in [("roles", role), ("rolebindings", binding)] {
        let resource = format!("{resource}.rbac.authorization.k8s.io");
        cluster.handle(&Request::create(&resource, "default", object)).expect("created");
    }
    let reason = "RBAC: allowed by RoleBinding \"readers/default\" of Role \"reader\" to User \"jane\"";
    assert_eq!(access(&mut cluster, jane), Ok(json!({"allowed": true, "reason": reason})));
    let masters = json!({"groups": ["system:masters"], "nonResourceAttributes": {"path": "/x", "verb": "get"}});
    assert_eq!(access(&mut cluster, masters), Ok(json!({"allowed": true})));
}

#[test]
fn invalid_reviews_are_rejected() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    let message = access(&mut cluster, json!({})).expect_err("rejected").message;
    assert!(message.contains("spec.resourceAttributes: Invalid value: null: exactly one of"), "{message}");
    assert!(
        message.contains("spec.user: Invalid value: \"\": at least one of user or group must be specified"),
        "{message}"
    );
    let token = review(&mut cluster, "tokenreviews.authentication.k8s.io", "TokenReview", json!({"token": "x"}));
    assert_eq!(token, Ok(json!({"error": "invalid bearer token", "user": {}})));
}

#[test]
fn self_reviews_return_the_user_and_the_rules() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    let me = review(&mut cluster, "selfsubjectreviews.authentication.k8s.io", "SelfSubjectReview", Value::Null);
    assert_eq!(me.expect("reviewed")["userInfo"]["username"], "kubernetes-admin");
    let resource = "selfsubjectrulesreviews.authorization.k8s.io";
    let rules = review(&mut cluster, resource, "SelfSubjectRulesReview", json!({"namespace": "default"}));
    assert!(!rules.expect("reviewed").list("/nonResourceRules").is_empty());
}
