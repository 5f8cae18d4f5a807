use super::*;
use crate::api::User;
use crate::{Cluster, OpenOptions};

fn issue(cluster: &mut Cluster, spec: Value) -> Result<Arc<Object>> {
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": spec});
    let mut request = Request::create("serviceaccounts", "default", body).subresource("token");
    request.name = "default".into();
    cluster.handle(&request).map(Response::into_object)
}

fn cluster() -> Cluster {
    Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens")
}

#[test]
fn a_token_authenticates_its_account_until_it_expires() {
    let mut cluster = cluster();
    let answer = issue(&mut cluster, json!({"expirationSeconds": 600})).expect("a token");
    let token = answer.str("/status/token").to_string();
    let now = cluster.now();
    let user = cluster.server().authenticate(&token, now).expect("valid").expect("ours");
    assert_eq!(user.name, "system:serviceaccount:default:default");
    let authenticated = ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"];
    assert_eq!(user.groups, authenticated);
    assert!(!user.uid.is_empty() && user.extra.contains_key("authentication.kubernetes.io/credential-id"));
    let later = now + Duration::from_secs(600);
    assert!(cluster.server().authenticate(&token, later).is_err());
    assert!(cluster.server().authenticate(&token[..token.len() - 2], now).is_err());
    assert_eq!(cluster.server().authenticate("abc", now).expect("not refused"), None);
}

#[test]
fn a_token_ends_with_the_object_that_it_is_bound_to() {
    let mut cluster = cluster();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
    cluster.handle(&Request::create("secrets", "default", secret)).expect("a secret");
    let reference = json!({"kind": "Secret", "apiVersion": "v1", "name": "s"});
    let answer = issue(&mut cluster, json!({"boundObjectRef": reference})).expect("a token");
    let (token, now) = (answer.str("/status/token").to_string(), cluster.now());
    assert!(cluster.server().authenticate(&token, now).is_ok());
    cluster.handle(&Request::delete("secrets", "default", "s")).expect("deleted");
    assert!(cluster.server().authenticate(&token, now).is_err());
    let error = issue(&mut cluster, json!({"boundObjectRef": reference})).expect_err("no secret");
    assert_eq!(error.message, "secrets \"s\" not found");
}

#[test]
fn life_times_have_limits() {
    let mut cluster = cluster();
    let error = issue(&mut cluster, json!({"expirationSeconds": 1})).expect_err("too short");
    assert_eq!(
        error.message,
        "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes"
    );
}

#[test]
fn only_who_may_impersonate_acts_as_others() {
    let mut cluster = cluster();
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"},
                      "rules": [{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                         "metadata": {"name": "r"}, "subjects": [{"kind": "User", "name": "a"}],
                         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"}});
    cluster.handle(&Request::create("clusterroles.rbac.authorization.k8s.io", "", role)).expect("a role");
    cluster.handle(&Request::create("clusterrolebindings.rbac.authorization.k8s.io", "", binding)).expect("a binding");
    let (a, b) = (User::new("a", Vec::new()), User::new("b", Vec::new()));
    assert!(cluster.server().authorize_impersonation(&a, &b, &[]).is_ok());
    let mut message = |by: &User, user: &User, groups: &[String]| {
        cluster.server().authorize_impersonation(by, user, groups).expect_err("refused").message
    };
    assert_eq!(
        message(&b, &a, &[]),
        "users \"a\" is forbidden: User \"b\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
    );
    assert_eq!(
        message(&a, &b, &["g".into()]),
        "groups \"g\" is forbidden: User \"a\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope"
    );
    let with_uid = b.clone().with_uid("7");
    assert!(message(&a, &with_uid, &[]).starts_with("uids.authentication.k8s.io \"7\" is forbidden"));
}
