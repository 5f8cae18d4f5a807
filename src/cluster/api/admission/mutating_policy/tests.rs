use crate::api::{Request, Response, Result, User};
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Reason;

/// A cluster in memory with policies for config maps and deployments.
struct Fixture(Cluster);

impl Fixture {
    fn new() -> Fixture {
        Fixture(Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens"))
    }

    fn create(&mut self, resource: &str, object: Value) -> Result<Response> {
        let namespace = if resource.contains("admission") { "" } else { "default" };
        self.0.handle(&Request::create(resource, namespace, object))
    }

    /// Creates a policy with these mutations and its binding, and fields that are added to their specs.
    fn policy(&mut self, name: &str, mutations: Value, spec: Value, binding: Value) {
        let mut policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {"reinvocationPolicy": "Never", "mutations": mutations, "matchConstraints": {"resourceRules": [{
                "apiGroups": ["", "apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                "resources": ["configmaps", "deployments"]}]}},
        });
        let mut bound = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": name}, "spec": {"policyName": name},
        });
        for (object, more) in [(&mut policy, spec), (&mut bound, binding)] {
            for (key, value) in more.as_object().expect("a map") {
                object.put(&format!("/spec/{key}"), value.clone());
            }
        }
        self.create(super::POLICIES, policy).expect("a policy");
        self.create(super::BINDINGS, bound).expect("a binding");
    }

    fn apply(&mut self, name: &str, expression: &str) {
        self.policy(name, configuration(expression), json!({}), json!({}));
    }

    fn patch(&mut self, name: &str, expression: &str) {
        let mutations = json!([{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]);
        self.policy(name, mutations, json!({}), json!({}));
    }

    fn config_map(&mut self, name: &str) -> Result<Object> {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"n": "1"}}});
        self.create("configmaps", object).map(|response| (*response.into_object()).clone())
    }

    fn deployment(&mut self) -> Result<Object> {
        let labels = json!({"app": "web"});
        let template =
            json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
        let spec = json!({"replicas": 2, "selector": {"matchLabels": labels}, "template": template});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec});
        self.create("deployments.apps", object).map(|response| (*response.into_object()).clone())
    }
}

fn configuration(expression: &str) -> Value {
    json!([{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}])
}

#[test]
fn configurations_are_merged_into_the_object() {
    let mut fixture = Fixture::new();
    fixture.apply("seen", "Object{metadata: Object.metadata{labels: {'seen': 'yes'}}}");
    assert_eq!(fixture.config_map("a").expect("a map")["metadata"]["labels"], json!({"n": "1", "seen": "yes"}));

    let mut fixture = Fixture::new();
    let expression = "Object{spec: Object.spec{replicas: object.spec.replicas + 1, template: Object.spec.template{spec: \
         Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'side', image: 'b'}]}}}}";
    let conditions = json!({"matchConditions": [{"name": "kind", "expression": "request.kind.kind == 'Deployment'"}]});
    fixture.policy("more", configuration(expression), conditions, json!({}));
    let deployment = fixture.deployment().expect("a deployment");
    assert_eq!(deployment["spec"]["replicas"], json!(3));
    let containers = deployment.list("/spec/template/spec/containers");
    assert_eq!(containers.iter().map(|c| c.str("/name")).collect::<Vec<_>>(), ["c", "side"]);
    assert_eq!(containers[1].str("/imagePullPolicy"), "Always", "what a policy adds has defaults");
    assert!(fixture.config_map("a").is_ok(), "its condition is not met");
}

#[test]
fn json_patches_are_applied() {
    let mut fixture = Fixture::new();
    let add = "[JSONPatch{op: 'test', path: '/metadata/labels/n', value: '1'}, JSONPatch{op: 'add', path: \
         '/metadata/labels/' + jsonpatch.escapeKey('a.b/c'), value: string(size(object.metadata.name))}, \
         JSONPatch{op: 'add', path: '/data', value: {'k': 'v'}}]";
    fixture.patch("add", add);
    let map = fixture.config_map("abc").expect("a map");
    assert_eq!(map["metadata"]["labels"], json!({"n": "1", "a.b/c": "3"}));
    assert_eq!(map["data"], json!({"k": "v"}));

    let mut fixture = Fixture::new();
    fixture.patch("no", "[JSONPatch{op: 'test', path: '/metadata/labels/n', value: '2'}, JSONPatch{op: 'remove', path: '/metadata/labels'}]");
    assert_eq!(fixture.config_map("a").expect("a map")["metadata"]["labels"], json!({"n": "1"}), "the test fails");
}

#[test]
fn updates_are_changed_and_raise_the_generation() {
    let mut fixture = Fixture::new();
    let mut deployment = fixture.deployment().expect("a deployment");
    fixture.apply("five", "Object{spec: Object.spec{replicas: 5}}");
    deployment.put("/metadata/labels", json!({"x": "y"}));
    deployment.remove_at("/metadata/resourceVersion");
    let updated =
        fixture.0.handle(&Request::update("deployments.apps", "default", "web", deployment)).expect("updated");
    let updated = updated.into_object();
    assert_eq!((updated["spec"]["replicas"].clone(), updated.generation()), (json!(5), 2));
}

#[test]
fn policies_run_in_order_and_again_if_they_want_to() {
    let count = |name: &str| {
        format!(
            "Object{{metadata: Object.metadata{{labels: {{'{name}': string(int(object.metadata.labels[?'{name}'].orValue('0')) + 1)}}}}}}"
        )
    };
    let mut fixture = Fixture::new();
    fixture.policy("a-again", configuration(&count("a")), json!({"reinvocationPolicy": "IfNeeded"}), json!({}));
    fixture.policy("b-once", configuration(&count("b")), json!({}), json!({}));
    let labels = fixture.config_map("x").expect("a map")["metadata"]["labels"].clone();
    assert_eq!(labels, json!({"n": "1", "a": "2", "b": "1"}));
}

#[test]
fn parameters_variables_and_permissions_can_be_used() {
    let mut fixture = Fixture::new();
    let spec = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [{"name": "team", "expression": "params.data.team"}],
        "matchConditions": [
            {"name": "other", "expression": "object.metadata.name != 'teams'"},
            {"name": "may", "expression": "authorizer.requestResource.check('create').allowed()"},
        ],
    });
    let expression =
        "Object{metadata: Object.metadata{labels: {'team': variables.team, 'ns': namespaceObject.metadata.name}}}";
    let binding = json!({"paramRef": {"name": "teams", "namespace": "default", "parameterNotFoundAction": "Deny"}});
    fixture.policy("team", configuration(expression), spec, binding);
    let error = fixture.config_map("a").expect_err("no parameters");
    assert_eq!(error.reason, Reason::Forbidden);
    assert_eq!(
        error.message,
        "policy 'team' with binding 'team' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    );
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "teams"}, "data": {"team": "blue"}});
    fixture.create("configmaps", object.clone()).expect_err("the parameters are needed for themselves, too");
    fixture.0.handle(&Request::delete(super::BINDINGS, "", "team")).expect("deleted");
    fixture.create("configmaps", object).expect("the parameters");
    let bound = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "team"}, "spec": {"policyName": "team", "paramRef": {"name": "teams", "namespace": "default"}}});
    fixture.create(super::BINDINGS, bound).expect("a binding");
    let labels = fixture.config_map("a").expect("a map")["metadata"]["labels"].clone();
    assert_eq!(labels, json!({"n": "1", "team": "blue", "ns": "default"}));
}

#[test]
fn failures_reject_the_request_unless_the_policy_ignores_them() {
    for (expression, why) in [
        (
            "Object{metadata: Object.metadata{labels: {'a': object.data.x}}}",
            "expression 'Object{metadata: Object.metadata{labels: {'a': object.data.x}}}' resulted in error: no such key: data",
        ),
        (
            "Object{metadata: Object.meta{}}",
            "type mismatch: unexpected type name \"Object.meta\", expected \"Object.metadata\", which matches field name path from root Object type",
        ),
        (
            "Object{oops: 1}",
            "error applying patch: failed to convert patch object to typed object: .oops: field not declared in schema",
        ),
    ] {
        let mut fixture = Fixture::new();
        fixture.apply("bad", expression);
        let error = fixture.config_map("a").expect_err(expression);
        assert_eq!(error.message, format!("policy 'bad' with binding 'bad' denied request: {why}"));
        assert_eq!((error.reason, error.causes[0].message.as_str()), (Reason::Invalid, error.message.as_str()));

        let mut fixture = Fixture::new();
        fixture.policy("bad", configuration(expression), json!({"failurePolicy": "Ignore"}), json!({}));
        assert!(fixture.config_map("a").is_ok(), "{expression}");
    }
    let mut fixture = Fixture::new();
    fixture.patch("gone", "[JSONPatch{op: 'remove', path: '/data/x'}]");
    let error = fixture.config_map("a").expect_err("nothing to remove").message;
    assert!(
        error
            .starts_with("policy 'gone' with binding 'gone' denied request: JSONPath: remove operation does not apply"),
        "{error}"
    );
    let mut fixture = Fixture::new();
    fixture.patch("unknown", "[JSONPatch{op: 'add', path: '/oops', value: 1}]");
    let error = fixture.config_map("a").expect_err("an unknown field");
    assert_eq!(error.message, "Internal error occurred: strict decoding error: unknown field \"oops\"");
}

#[test]
fn what_policies_make_is_validated() {
    let mut fixture = Fixture::new();
    fixture.apply("bad", "Object{metadata: Object.metadata{labels: {'a b': 'c'}}}");
    let error = fixture.config_map("a").expect_err("an invalid label");
    assert!(
        error.message.starts_with("ConfigMap \"a\" is invalid: metadata.labels: Invalid value: \"a b\""),
        "{}",
        error.message
    );
}

#[test]
fn the_permissions_of_the_user_are_asked_for() {
    let mut fixture = Fixture::new();
    fixture.apply(
        "who",
        "Object{metadata: Object.metadata{labels: {'admin': string(authorizer.group('').resource('secrets').check('list').allowed())}}}",
    );
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]}]);
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": rules});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}]});
    fixture.create("roles.rbac.authorization.k8s.io", role).expect("a role");
    fixture.create("rolebindings.rbac.authorization.k8s.io", binding).expect("a binding");
    assert_eq!(fixture.config_map("a").expect("a map")["metadata"]["labels"]["admin"], json!("true"));
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}});
    let by_jane = Request::create("configmaps", "default", object).by(User::new("jane", Vec::new()));
    let made = fixture.0.handle(&by_jane).expect("jane may create maps").into_object();
    assert_eq!(made["metadata"]["labels"]["admin"], json!("false"));
}

#[test]
fn policies_and_bindings_are_validated() {
    let mut fixture = Fixture::new();
    let mut rejection = |resource: &str, kind: &str, spec: Value| {
        let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        let error = fixture.create(resource, object).expect_err("invalid");
        error.causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect::<Vec<_>>()
    };
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"], "resources": ["pods"]});
    let mutations = json!([
        {"patchType": "JSONPatch", "applyConfiguration": {"expression": "Object{}"}},
        {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object.spec{}"}},
        {"patchType": "Other"}, {},
    ]);
    let spec = json!({"matchConstraints": {"resourceRules": [rule]}, "mutations": mutations, "variables": [{"name": "a-b", "expression": "1"}]});
    assert_eq!(
        rejection(super::POLICIES, "MutatingAdmissionPolicy", spec),
        [
            "spec.matchConstraints.resourceRules.operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"",
            "spec.variables[0].name: Invalid value: \"a-b\": name is not a valid CEL identifier",
            "spec.mutations[0].applyConfiguration: Invalid value: \"{applyConfiguration}\": must not be specified when patchType is JSONPatch",
            "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
            "spec.mutations[1].applyConfiguration.expression: Invalid value: \"Object.spec{}\": must evaluate to Object but got Object.spec",
            "spec.mutations[2].patchType: Unsupported value: \"Other\": supported values: \"ApplyConfiguration\", \"JSONPatch\"",
            "spec.mutations[3].patchType: Required value",
            "spec.reinvocationPolicy: Required value",
        ]
    );
    assert_eq!(
        rejection(super::BINDINGS, "MutatingAdmissionPolicyBinding", json!({"paramRef": {}})),
        ["spec.policyName: Required value", "spec.paramRef: Required value: one of name or selector must be specified",]
    );
}
