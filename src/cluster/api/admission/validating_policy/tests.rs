use crate::api::{Request, Response, Result};
use crate::{Cluster, OpenOptions};
use kctl_base::gvk::GroupVersion;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::status::Reason;

/// A cluster with one policy for deployments and its binding.
struct Fixture(Cluster);

impl Fixture {
    fn new() -> Fixture {
        Fixture(Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens"))
    }

    fn create(&mut self, resource: &str, object: Value) -> Result<Response> {
        let namespace = if resource.contains("admission") { "" } else { "default" };
        self.0.handle(&Request::create(resource, namespace, object))
    }

    /// Creates the policy and its binding, with these fields added to their specs.
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

    /// Returns the message with which a deployment is denied.
    fn denial(&mut self, replicas: i64) -> String {
        self.deployment("web", replicas).expect_err("denied").causes[0].message.clone()
    }
}

const FEW: &str = "object == null || object.spec.replicas <= 2";

#[test]
fn a_bound_policy_denies_objects_for_which_its_expression_is_false() {
    let mut fixture = Fixture::new();
    fixture.policy(&json!({"validations": [{"expression": FEW}, {"expression": "false"}]}), &json!({}));
    let status = fixture.deployment("web", 3).expect_err("denied");
    let detail = "ValidatingAdmissionPolicy 'few' with binding 'few-here' denied request: failed expression: object == null || object.spec.replicas <= 2";
    assert_eq!(status.reason, Reason::Invalid);
    assert_eq!(status.message, format!("deployments.apps \"web\" is forbidden: {detail}"));
    assert_eq!((status.causes[0].message.as_str(), status.causes[0].field.as_str()), (detail, ""));
}

#[test]
fn updates_and_deletions_are_validated_but_not_subresources() {
    let mut fixture = Fixture::new();
    fixture.deployment("web", 2).expect("created before the policy");
    fixture.policy(
        &json!({"validations": [
            {"expression": FEW, "message": " too many ", "reason": "Forbidden"},
            {"expression": "request.operation != 'DELETE' || oldObject.metadata.name != 'web'", "message": "it stays"},
        ]}),
        &json!({}),
    );
    let mut scaled_up = (*fixture.0.server().read("deployments.apps", "default", "web").unwrap().unwrap()).clone();
    scaled_up.put("/spec/replicas", 3);
    let denied =
        fixture.0.handle(&Request::update("deployments.apps", "default", "web", scaled_up)).expect_err("denied");
    assert_eq!(denied.reason, Reason::Forbidden);
    assert!(denied.message.ends_with("denied request: too many"), "{}", denied.message);
    let denied = fixture.0.handle(&Request::delete("deployments.apps", "default", "web")).expect_err("denied");
    assert!(denied.message.ends_with("denied request: it stays"), "{}", denied.message);
    let mut scale = (*fixture
        .0
        .handle(&Request::get("deployments.apps", "default", "web").subresource("scale"))
        .unwrap()
        .into_object())
    .clone();
    scale.put("/spec/replicas", 5);
    let scaled = Request::update("deployments.apps", "default", "web", scale).subresource("scale");
    assert!(fixture.0.handle(&scaled).is_ok(), "the rule does not name deployments/scale");
}

#[test]
fn a_binding_can_only_warn_or_be_limited_to_some_namespaces() {
    let mut fixture = Fixture::new();
    fixture.policy(&json!({"validations": [{"expression": FEW}]}), &json!({"validationActions": ["Warn", "Audit"]}));
    let warnings = fixture.deployment("web", 3).expect("a warning only").warnings;
    let want = "Validation failed for ValidatingAdmissionPolicy 'few' with binding 'few-here': failed expression: ";
    assert_eq!(warnings, [format!("{want}{FEW}")]);

    let mut fixture = Fixture::new();
    let elsewhere = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}});
    fixture.policy(&json!({"validations": [{"expression": FEW}]}), &json!({"matchResources": elsewhere}));
    assert!(fixture.deployment("web", 3).is_ok());
}

#[test]
fn expressions_can_use_variables_parameters_and_the_namespace() {
    let mut fixture = Fixture::new();
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
    fixture.policy(&spec, &json!({"paramRef": {"name": "limit", "parameterNotFoundAction": "Deny"}}));
    let missing = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    assert!(fixture.denial(1).ends_with(missing));
    fixture.create("configmaps", limit).expect("a parameter");
    assert!(fixture.denial(5).ends_with("denied request: default takes 4"));
    assert!(fixture.deployment("free", 5).is_ok(), "its condition is not met");
    assert!(fixture.deployment("web", 4).is_ok());
}

#[test]
fn evaluation_errors_deny_unless_the_failure_policy_ignores_them() {
    let wrong = json!({"validations": [{"expression": "object.metadata.labels.team == 'a'"}]});
    let mut fixture = Fixture::new();
    fixture.policy(&wrong, &json!({}));
    let message = fixture.denial(1);
    assert!(
        message.ends_with("expression 'object.metadata.labels.team == 'a'' resulted in error: no such key: labels"),
        "{message}"
    );
    let mut lax = wrong.clone();
    lax.put("/failurePolicy", "Ignore");
    let mut fixture = Fixture::new();
    fixture.policy(&lax, &json!({}));
    assert!(fixture.deployment("web", 1).is_ok());
}

#[test]
fn a_wrong_configuration_denies_whatever_the_actions_of_the_binding_are() {
    let warn = json!({"validationActions": ["Warn"]});
    let mut fixture = Fixture::new();
    let foo = json!({"paramKind": {"apiVersion": "ex.com/v1", "kind": "Foo"}, "validations": [{"expression": "true"}]});
    fixture.policy(&foo, &warn);
    assert_eq!(
        fixture.denial(1),
        "ValidatingAdmissionPolicy 'few' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'ex.com/v1, Kind=Foo'"
    );
    let mut fixture = Fixture::new();
    let annotation = json!({"key": "x", "valueExpression": "string(object.metadata.labels.x)"});
    fixture.policy(&json!({"auditAnnotations": [annotation]}), &warn);
    let message = fixture.denial(1);
    let end = "expression 'string(object.metadata.labels.x)' resulted in error: no such key: labels";
    assert!(message.ends_with(end), "{message}");
}

#[test]
fn message_expressions_that_cannot_be_used_give_way_to_the_message() {
    let long = "['a', 'b'].map(x, 'zzzzzzzzzz').join().replace('z', 'wwwwwwwwww').replace('w', 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv')";
    for (expression, message) in [
        ("' fine '", "fine"),
        ("'a\\nb'", "plain"),
        ("'  '", "plain"),
        ("'x'.replace('x', object.metadata.labels.x)", "plain"),
        (long, "plain"),
    ] {
        let mut fixture = Fixture::new();
        let validation = json!({"expression": "false", "message": "plain", "messageExpression": expression});
        fixture.policy(&json!({"validations": [validation]}), &json!({}));
        let denial = fixture.denial(1);
        assert!(denial.ends_with(&format!("denied request: {message}")), "{denial}");
    }
}

#[test]
fn rules_match_equivalent_versions_unless_they_are_exact() {
    let rule = json!({"apiGroups": ["autoscaling"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["horizontalpodautoscalers"]});
    let versions = "string(object.apiVersion) + ' ' + request.kind.version + ' ' + request.requestKind.version";
    let validation = json!({"expression": "false", "messageExpression": versions});
    let object = |version: &str| {
        json!({"apiVersion": format!("autoscaling/{version}"), "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
            "spec": {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}})
    };
    let create = |fixture: &mut Fixture, version: &str| {
        let mut request = Request::create("horizontalpodautoscalers.autoscaling", "default", object(version));
        request.version = Some(GroupVersion::new("autoscaling", version));
        fixture.0.handle(&request)
    };
    for (policy, version, want) in [
        ("Equivalent", "v2", Some("autoscaling/v1 v1 v2")),
        ("Equivalent", "v1", Some("autoscaling/v1 v1 v1")),
        ("Exact", "v2", None),
        ("Exact", "v1", Some("autoscaling/v1 v1 v1")),
    ] {
        let mut fixture = Fixture::new();
        let constraints = json!({"matchPolicy": policy, "resourceRules": [rule]});
        fixture.policy(&json!({"matchConstraints": constraints, "validations": [validation]}), &json!({}));
        let result = create(&mut fixture, version);
        match want {
            Some(want) => assert!(result.expect_err("denied").message.ends_with(want), "{policy} {version}"),
            None => assert!(result.is_ok(), "{policy} {version}"),
        }
    }
}

#[test]
fn excluded_rules_outweigh_the_others() {
    let rule = |operation: &str, names: Value| json!({"apiGroups": ["apps"], "apiVersions": ["*"], "operations": [operation], "resources": ["*"], "resourceNames": names});
    let constraints =
        json!({"resourceRules": [rule("*", json!([]))], "excludeResourceRules": [rule("CREATE", json!(["free"]))]});
    let mut fixture = Fixture::new();
    fixture.policy(&json!({"matchConstraints": constraints, "validations": [{"expression": "false"}]}), &json!({}));
    assert!(fixture.deployment("free", 1).is_ok());
    assert!(fixture.deployment("web", 1).is_err());
}

#[test]
fn expressions_can_ask_for_permissions_within_their_budget() {
    let check = "authorizer.requestResource.check('delete').allowed()";
    let spec = |count: usize| {
        let validation = json!({"expression": format!("{check} && {check}"), "message": "not allowed"});
        json!({"validations": vec![validation; count]})
    };
    let mut fixture = Fixture::new();
    fixture.policy(&spec(14), &json!({}));
    assert!(fixture.deployment("web", 1).is_ok());
    let mut fixture = Fixture::new();
    fixture.policy(&spec(15), &json!({}));
    let budget = "validation failed due to running out of cost budget, no further validation rules will be run";
    assert!(fixture.denial(1).ends_with(budget));
    let mut fixture = Fixture::new();
    let thrice = json!({"expression": format!("{check} && {check} && {check}")});
    fixture.policy(&json!({"validations": [thrice]}), &json!({}));
    assert!(fixture.denial(1).ends_with("resulted in error: operation cancelled: actual cost limit exceeded"));
}

#[test]
fn requests_of_controllers_are_denied_too() {
    let mut fixture = Fixture::new();
    fixture.policy(
        &json!({
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["pods"]}]},
            "validations": [{"expression": "request.userInfo.username == 'nobody'", "message": "no pods here"}],
        }),
        &json!({}),
    );
    fixture.deployment("web", 1).expect("the policy matches pods only");
    fixture.0.advance(kctl_base::sim::Duration::from_secs(10)).expect("time passes");
    assert!(fixture.0.server().read_all("pods", Some("default")).unwrap().is_empty());
    let events = fixture.0.server().read_all("events", Some("default")).unwrap();
    let event = events.iter().find(|event| event.str("/reason") == "FailedCreate").expect("an event");
    assert!(event.str("/message").ends_with("denied request: no pods here"), "{}", event.str("/message"));
}

#[test]
fn policies_and_bindings_are_validated() {
    let mut fixture = Fixture::new();
    let rejection = |fixture: &mut Fixture, resource: &str, kind: &str, spec: Value| {
        let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        fixture.create(resource, object).expect_err("denied").message
    };
    let message = rejection(
        &mut fixture,
        super::POLICIES,
        "ValidatingAdmissionPolicy",
        json!({"validations": [{"expression": "object."}]}),
    );
    assert!(message.contains("spec.matchConstraints: Required value"), "{message}");
    assert!(
        message.contains("spec.validations[0].expression: Invalid value: \"object.\": compilation failed: "),
        "{message}"
    );
    let message = rejection(
        &mut fixture,
        super::BINDINGS,
        "ValidatingAdmissionPolicyBinding",
        json!({"validationActions": ["Deny", "Warn"]}),
    );
    assert!(message.contains("spec.policyName: Required value"), "{message}");
    assert!(
        message.contains("spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both"),
        "{message}"
    );
}
