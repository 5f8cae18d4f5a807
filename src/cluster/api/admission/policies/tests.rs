use crate::api::{Request, Response, Result};
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::status::Reason;

struct Bench(Cluster);

impl Bench {
    fn new() -> Bench {
        Bench(Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens"))
    }

    fn create(&mut self, resource: &str, object: Value) -> Result<Response> {
        let namespace = if resource.contains("admission") { "" } else { "default" };
        self.0.handle(&Request::create(resource, namespace, object))
    }

    /// A policy for deployments with this specification beside its constraints, and its binding.
    fn policy(&mut self, spec: &Value, binding: &Value) {
        let mut policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "few"},
            "spec": {"matchConstraints": {"resourceRules": [{
                "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"],
                "resources": ["deployments"]}]}},
        });
        let mut bound = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "few-here"}, "spec": {"policyName": "few", "validationActions": ["Deny"]},
        });
        for (object, more) in [(&mut policy, spec), (&mut bound, binding)] {
            for (key, value) in more.as_object().expect("a map") {
                object.put(&format!("/spec/{key}"), value.clone());
            }
        }
        self.create(super::POLICIES, policy).expect("a policy");
        self.create(super::BINDINGS, bound).expect("a binding");
    }

    fn deployment(&mut self, name: &str, replicas: i64) -> Result<Response> {
        let labels = json!({"app": name});
        let template =
            json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": labels}, "template": template});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec});
        self.create("deployments.apps", object)
    }

    /// What is said to a deployment that is refused.
    fn denial(&mut self, replicas: i64) -> String {
        self.deployment("web", replicas).expect_err("a refusal").causes[0].message.clone()
    }
}

const FEW: &str = "object == null || object.spec.replicas <= 2";

#[test]
fn a_bound_policy_refuses_what_its_expression_does_not_hold_for() {
    let mut bench = Bench::new();
    bench.policy(&json!({"validations": [{"expression": FEW}, {"expression": "false"}]}), &json!({}));
    let status = bench.deployment("web", 3).expect_err("a refusal");
    let why = "ValidatingAdmissionPolicy 'few' with binding 'few-here' denied request: failed expression: object == null || object.spec.replicas <= 2";
    assert_eq!(status.reason, Reason::Invalid);
    assert_eq!(status.message, format!("deployments.apps \"web\" is forbidden: {why}"));
    assert_eq!((status.causes[0].message.as_str(), status.causes[0].field.as_str()), (why, ""));
}

#[test]
fn updates_and_deletions_are_looked_at_too_but_not_subresources() {
    let mut bench = Bench::new();
    bench.deployment("web", 2).expect("created before the policy");
    bench.policy(
        &json!({"validations": [
            {"expression": FEW, "message": " too many ", "reason": "Forbidden"},
            {"expression": "request.operation != 'DELETE' || oldObject.metadata.name != 'web'", "message": "it stays"},
        ]}),
        &json!({}),
    );
    let mut more = (*bench.0.server().read("deployments.apps", "default", "web").unwrap().unwrap()).clone();
    more.put("/spec/replicas", 3);
    let refused = bench.0.handle(&Request::update("deployments.apps", "default", "web", more)).expect_err("a refusal");
    assert_eq!(refused.reason, Reason::Forbidden);
    assert!(refused.message.ends_with("denied request: too many"), "{}", refused.message);
    let refused = bench.0.handle(&Request::delete("deployments.apps", "default", "web")).expect_err("a refusal");
    assert!(refused.message.ends_with("denied request: it stays"), "{}", refused.message);
    let mut scale = (*bench
        .0
        .handle(&Request::get("deployments.apps", "default", "web").subresource("scale"))
        .unwrap()
        .into_object())
    .clone();
    scale.put("/spec/replicas", 5);
    let scaled = Request::update("deployments.apps", "default", "web", scale).subresource("scale");
    assert!(bench.0.handle(&scaled).is_ok(), "the rule does not name deployments/scale");
}

#[test]
fn a_binding_may_only_warn_and_only_in_some_namespaces() {
    let mut bench = Bench::new();
    bench.policy(&json!({"validations": [{"expression": FEW}]}), &json!({"validationActions": ["Warn", "Audit"]}));
    let warnings = bench.deployment("web", 3).expect("a warning only").warnings;
    let want = "Validation failed for ValidatingAdmissionPolicy 'few' with binding 'few-here': failed expression: ";
    assert_eq!(warnings, [format!("{want}{FEW}")]);

    let mut bench = Bench::new();
    let elsewhere = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}});
    bench.policy(&json!({"validations": [{"expression": FEW}]}), &json!({"matchResources": elsewhere}));
    assert!(bench.deployment("web", 3).is_ok());
}

#[test]
fn expressions_speak_of_variables_parameters_and_the_namespace() {
    let mut bench = Bench::new();
    let limit =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limit"}, "data": {"replicas": "4"}});
    let spec = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [
            {"name": "limit", "expression": "int(params.data.replicas)"},
            {"name": "fits", "expression": "object.spec.replicas <= variables.limit"},
        ],
        "matchConditions": [{"name": "named", "expression": "object.metadata.name != 'free'"}],
        "validations": [{
            "expression": "variables.fits",
            "messageExpression": "namespaceObject.metadata.name + ' takes ' + string(variables.limit)",
        }],
    });
    bench.policy(&spec, &json!({"paramRef": {"name": "limit", "parameterNotFoundAction": "Deny"}}));
    let missing = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    assert!(bench.denial(1).ends_with(missing));
    bench.create("configmaps", limit).expect("a parameter");
    assert!(bench.denial(5).ends_with("denied request: default takes 4"));
    assert!(bench.deployment("free", 5).is_ok(), "its condition is not met");
    assert!(bench.deployment("web", 4).is_ok());
}

#[test]
fn errors_refuse_unless_the_policy_ignores_them() {
    let wrong = json!({"validations": [{"expression": "object.metadata.labels.team == 'a'"}]});
    let mut bench = Bench::new();
    bench.policy(&wrong, &json!({}));
    let said = bench.denial(1);
    assert!(
        said.ends_with("expression 'object.metadata.labels.team == 'a'' resulted in error: no such key: labels"),
        "{said}"
    );
    let mut lax = wrong.clone();
    lax.put("/failurePolicy", "Ignore");
    let mut bench = Bench::new();
    bench.policy(&lax, &json!({}));
    assert!(bench.deployment("web", 1).is_ok());
}

#[test]
fn controllers_are_refused_like_everybody_else() {
    let mut bench = Bench::new();
    bench.policy(
        &json!({
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["pods"]}]},
            "validations": [{"expression": "request.userInfo.username == 'nobody'", "message": "no pods here"}],
        }),
        &json!({}),
    );
    bench.deployment("web", 1).expect("the deployment is no pod");
    bench.0.advance(kctl_base::sim::Duration::from_secs(10)).expect("time passes");
    assert!(bench.0.server().read_all("pods", Some("default")).unwrap().is_empty());
    let events = bench.0.server().read_all("events", Some("default")).unwrap();
    let told = events.iter().find(|event| event.str("/reason") == "FailedCreate").expect("an event");
    assert!(told.str("/message").ends_with("denied request: no pods here"), "{}", told.str("/message"));
}

#[test]
fn definitions_are_checked() {
    let mut bench = Bench::new();
    let refused = |bench: &mut Bench, resource: &str, kind: &str, spec: Value| {
        let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        bench.create(resource, object).expect_err("a refusal").message
    };
    let said = refused(
        &mut bench,
        super::POLICIES,
        "ValidatingAdmissionPolicy",
        json!({"validations": [{"expression": "object."}]}),
    );
    assert!(said.contains("spec.matchConstraints: Required value"), "{said}");
    assert!(
        said.contains("spec.validations[0].expression: Invalid value: \"object.\": compilation failed: "),
        "{said}"
    );
    let said = refused(
        &mut bench,
        super::BINDINGS,
        "ValidatingAdmissionPolicyBinding",
        json!({"validationActions": ["Deny", "Warn"]}),
    );
    assert!(said.contains("spec.policyName: Required value"), "{said}");
    assert!(
        said.contains("spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both"),
        "{said}"
    );
}
