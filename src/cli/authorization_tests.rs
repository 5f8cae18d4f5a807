//! Runs every verb as a user without permissions, with exactly the permissions that it needs, and with one of them missing.
//!
//! The API server authorizes every request, so a forbidden verb reads and changes nothing.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use kctl_base::json::{Value, json};
use kctl_cluster::client::{Client, ListParams, ResourcePath, WriteParams};
use kctl_cluster::{Cluster, OpenOptions};

use super::dispatch::{Language, run_in};
use super::{Ctx, verbs};

/// A command and the permissions that it needs, each `VERB RESOURCE[/SUBRESOURCE]` or `VERB PATH`.
struct Case {
    command: &'static str,
    needs: &'static [&'static str],
    /// The exit code with these permissions.
    code: i32,
}

const fn case(command: &'static str, needs: &'static [&'static str]) -> Case {
    Case { command, needs, code: 0 }
}

const DEPLOYMENTS: &str = "get deployments.apps";
const SIMULATION: &str = "post /simulation";
const HISTORY: &str = "get /simulation";

/// At least one command for each verb; `DIR` is the directory of the manifests.
const CASES: &[Case] = &[
    case("create -f DIR/new.yaml", &["create configmaps"]),
    case("create configmap made", &["create configmaps"]),
    case("create token default", &[]),
    case("expose deploy/web --port=80", &[DEPLOYMENTS, "create services"]),
    case("run once --image=nginx", &["create pods"]),
    case("set image deploy/web nginx=nginx:2", &[DEPLOYMENTS, "patch deployments.apps"]),
    case("explain pods", &[]),
    case("get pods", &["list pods"]),
    case("get pod solo -o yaml", &["get pods"]),
    case("get pods -w", &["list pods", "watch pods"]),
    case("get deploy web --subresource=scale -o yaml", &["get deployments.apps/scale"]),
    case("edit configmap there", &["get configmaps", "patch configmaps"]),
    case("delete configmap there", &["delete configmaps"]),
    case("rollout status deploy/web", &[DEPLOYMENTS, "watch deployments.apps"]),
    case("rollout history deploy/web", &[DEPLOYMENTS, "list replicasets.apps"]),
    case("rollout restart deploy/web", &[DEPLOYMENTS, "patch deployments.apps"]),
    case("rollout pause deploy/web", &[DEPLOYMENTS, "patch deployments.apps"]),
    case("rollout undo deploy/web", &[DEPLOYMENTS, "list replicasets.apps", "patch deployments.apps"]),
    case("scale deploy/web --replicas=3", &[DEPLOYMENTS, "patch deployments.apps/scale"]),
    case("autoscale deploy/web --max=3", &[DEPLOYMENTS, "create horizontalpodautoscalers.autoscaling"]),
    case("cluster-info", &[]),
    case("top pods", &["list pods.metrics.k8s.io"]),
    case("top nodes", &["list nodes.metrics.k8s.io", "list nodes"]),
    case("cordon k8s-node1", &["get nodes", "patch nodes"]),
    case("uncordon k8s-node2", &["get nodes", "patch nodes"]),
    case("drain k8s-node1 --force", &["get nodes", "patch nodes", "list pods", "create pods/eviction", "get pods"]),
    case("taint node k8s-node1 a=b:NoSchedule", &["get nodes", "patch nodes"]),
    case("describe pod solo", &["get pods"]),
    case("logs solo", &["get pods", "get pods/log"]),
    case("logs -l app=web", &["list pods", "get pods/log"]),
    case("attach solo", &[]),
    case("exec solo -- true", &[]),
    case("port-forward solo 80", &[]),
    case("proxy", &[]),
    case("cp solo:/a b", &[]),
    case("debug solo", &[]),
    case("events", &["list events"]),
    case("events -w", &["watch events"]),
    // Exit code 1 reports a difference.
    Case { code: 1, ..case("diff -f DIR/changed.yaml", &["get configmaps", "patch configmaps"]) },
    case("apply -f DIR/new.yaml", &["get configmaps", "create configmaps"]),
    case("apply -f DIR/changed.yaml", &["get configmaps", "patch configmaps"]),
    case("apply --server-side -f DIR/new.yaml", &["patch configmaps", "create configmaps"]),
    case("patch configmap there -p {\"data\":{\"a\":\"z\"}}", &["get configmaps", "patch configmaps"]),
    case("replace -f DIR/changed.yaml", &["update configmaps"]),
    case("wait --for=condition=Available deploy/web", &[DEPLOYMENTS, "watch deployments.apps"]),
    case("wait --for=delete configmap/nothing", &[]),
    case("kustomize DIR/k", &[]),
    case("label configmap there a=b", &["get configmaps", "patch configmaps"]),
    case("annotate configmap there a=b", &["get configmaps", "patch configmaps"]),
    case("completion bash", &[]),
    case("alpha", &[]),
    case("api-resources", &[]),
    case("api-versions", &[]),
    case("auth can-i get pods", &[]),
    case("auth whoami", &[]),
    case("certificate approve x", &[]),
    case("config view", &[]),
    case("kuberc view", &[]),
    case("plugin list", &[]),
    case("version", &[]),
    case("options", &[]),
    case("help", &[]),
    case("resolve kubernetes", &[SIMULATION]),
    case("clock", &[SIMULATION]),
    case("clock advance 1s", &[SIMULATION]),
    case("sim show", &[SIMULATION]),
    case("sim node stop k8s-node1", &[SIMULATION, "get nodes"]),
    case("sim pod crash solo", &[SIMULATION, "get pods"]),
    // The user of the plan and that of its command are named apart.
    case(
        "plan --as=tester -- scale deploy/web --replicas=3",
        &[SIMULATION, DEPLOYMENTS, "patch deployments.apps/scale"],
    ),
    case("timeline deploy/web", &[HISTORY]),
    // A cluster in memory has no past, and no directory for branches.
    case("op log", &[HISTORY]),
    Case { code: 1, ..case("undo", &[SIMULATION]) },
    Case { code: 1, ..case("redo", &[SIMULATION]) },
    case("snapshot list", &[HISTORY]),
    Case { code: 1, ..case("snapshot save now", &[SIMULATION]) },
    Case { code: 1, ..case("branch list", &[HISTORY]) },
    case("why configmap/there", &[SIMULATION, "get configmaps"]),
    case("store check", &[SIMULATION]),
    case("test", &[]),
];

/// The verbs that open an editor when they may read the object.
const INTERACTIVE: &[&str] = &["edit"];

const MANIFESTS: &[(&str, &str)] = &[
    ("new.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: new}}"),
    ("changed.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: there}, data: {a: new}}"),
    ("k/kustomization.yaml", "namePrefix: x-"),
];

/// Creates a cluster with a Deployment, a pod with declared usage, a ConfigMap and a cordoned node.
fn new_cluster() -> Cluster {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    for command in [
        "create deployment web --image=nginx --replicas=2",
        "run solo --image=nginx",
        "create configmap there --from-literal=a=b --save-config",
        "clock advance 1m",
        "set image deploy/web nginx=nginx:1.25",
        "clock advance 1m",
        "sim metrics solo cpu=1 memory=1Mi",
        "cordon k8s-node2",
    ] {
        let (done, code, _) = run(cluster, command, Path::new("/"));
        assert_eq!(code, 0, "{command}");
        cluster = done;
    }
    cluster
}

/// Runs a command. Returns the cluster, the exit code and standard error.
fn run(cluster: Cluster, command: &str, dir: &Path) -> (Cluster, i32, String) {
    let command = command.replace("DIR", &dir.to_string_lossy());
    let argv: Vec<OsString> = std::iter::once("kubectl").chain(command.split(' ')).map(OsString::from).collect();
    let mut ctx = Ctx::captured(&argv, cluster);
    let code = run_in(&mut ctx, &argv, Language::ENGLISH);
    let (_, err, cluster) = ctx.into_captured();
    (cluster.expect("the cluster stays open"), code, err)
}

/// Grants permissions to the user `tester`, who has no others.
fn grant(cluster: Cluster, permissions: &[&str]) -> Cluster {
    let mut client = Client::new(cluster);
    let rules: Vec<Value> = permissions.iter().map(|permission| rule(permission)).collect();
    let api_version = "rbac.authorization.k8s.io/v1";
    let role = json!({"apiVersion": api_version, "kind": "ClusterRole", "metadata": {"name": "test"}, "rules": rules});
    let binding = json!({
        "apiVersion": api_version, "kind": "ClusterRoleBinding", "metadata": {"name": "test"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "test"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "tester"}],
    });
    for (resource, object) in [("clusterroles", role), ("clusterrolebindings", binding)] {
        let path = ResourcePath::all(&format!("{resource}.rbac.authorization.k8s.io"), "");
        client.create(&path, object, &WriteParams::default()).expect("created");
    }
    client.into_transport()
}

/// Returns the RBAC rule of a permission.
fn rule(permission: &str) -> Value {
    let (verb, target) = permission.split_once(' ').expect("a verb and a target");
    if target.starts_with('/') {
        return json!({"verbs": [verb], "nonResourceURLs": [target]});
    }
    let (resource, sub) = target.split_once('/').unwrap_or((target, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    let resource = if sub.is_empty() { resource.to_string() } else { format!("{resource}/{sub}") };
    json!({"verbs": [verb], "apiGroups": [group], "resources": [resource]})
}

/// Returns all objects of the cluster as JSON.
fn snapshot(cluster: Cluster) -> (Cluster, String) {
    let mut client = Client::new(cluster);
    let mut text = String::new();
    for kind in client.catalog().iter().filter(|kind| kind.verbs().contains(&"list")) {
        let path = ResourcePath::all(&kind.names().resource(), "");
        for object in client.list(&path, &ListParams::default()).expect("listed").items {
            text.push_str(&object.to_string());
            text.push('\n');
        }
    }
    (client.into_transport(), text)
}

/// Writes the manifests to a temporary directory.
fn write_manifests() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in MANIFESTS {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(path, text).expect("a manifest");
    }
    dir
}

/// Runs a case as `tester` with permissions. Returns the exit code, standard error and whether the cluster changed.
fn run_case(case: &Case, permissions: &[&str], dir: &Path) -> (i32, String, bool) {
    let (cluster, before) = snapshot(grant(new_cluster(), permissions));
    let (cluster, code, err) = run(cluster, &format!("{} --as=tester", case.command), dir);
    let (_, after) = snapshot(cluster);
    (code, err, before != after)
}

#[test]
fn without_permissions_nothing_is_read_or_changed() {
    let dir = write_manifests();
    for case in CASES {
        let (code, err, changed) = run_case(case, &[], dir.path());
        assert!(!changed, "{} changed something", case.command);
        if !case.needs.is_empty() {
            assert!(code != 0 && is_forbidden(&err), "{}: exit code {code}, {err}", case.command);
        }
    }
}

#[test]
fn the_permissions_of_a_command_are_enough() {
    let dir = write_manifests();
    for case in CASES.iter().filter(|case| !case.needs.is_empty() && !is_interactive(case)) {
        let (code, err, _) = run_case(case, case.needs, dir.path());
        assert!(code == case.code && !is_forbidden(&err), "{}: exit code {code}, {err}", case.command);
    }
}

#[test]
fn each_permission_of_a_command_is_needed() {
    let dir = write_manifests();
    for case in CASES.iter().filter(|case| case.needs.len() > 1 && !is_interactive(case)) {
        for missing in case.needs {
            let rest: Vec<&str> = case.needs.iter().copied().filter(|need| need != missing).collect();
            let (code, err, _) = run_case(case, &rest, dir.path());
            // Some verbs print a message of their own, and cordon exits with 0 although the request is forbidden.
            assert!(code != case.code || is_forbidden(&err), "{} without {missing}: {err}", case.command);
        }
    }
}

#[test]
fn every_verb_has_a_case() {
    let covered: BTreeSet<&str> = CASES.iter().filter_map(|case| case.command.split(' ').next()).collect();
    let missing: Vec<&str> = verbs::all().map(|verb| verb.name).filter(|name| !covered.contains(name)).collect();
    assert!(missing.is_empty(), "verbs without a case: {missing:?}");
}

fn is_interactive(case: &Case) -> bool {
    INTERACTIVE.iter().any(|verb| case.command.starts_with(verb))
}

fn is_forbidden(err: &str) -> bool {
    err.contains("forbidden: User \"tester\" cannot")
}
