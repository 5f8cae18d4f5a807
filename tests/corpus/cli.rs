//! The cases of `kctl-cli`: the requests that the verbs make, against those that a server got from kubectl.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::recordings::{Case, text};

const REQUESTS: &str = "api/kubectl-requests.txt";

/// The cases of this crate.
pub(crate) const CASES: &[Case] = &[Case {
    name: "cli::verbs_make_the_requests_of_kubectl",
    reads: &[REQUESTS],
    check: verbs_make_the_requests_of_kubectl,
}];

/// The recorded commands in their order. They leave out the program and `-v=6`; `DEPLOYMENT`, `CHANGED` and `MIXED` are files.
const COMMANDS: &[(&str, &[&str])] = &[
    ("cold-get", &["get", "pods"]),
    ("apply-create", &["apply", "-f", "deployment.yaml"]),
    ("apply-mix", &["apply", "-f", "mixed.yaml"]),
    ("apply-again", &["apply", "-f", "deployment.yaml"]),
    ("apply-change", &["apply", "-f", "changed.yaml"]),
    ("rollout-status", &["rollout", "status", "deployment/web"]),
    ("ssa", &["apply", "--server-side", "--force-conflicts", "-f", "deployment.yaml"]),
    ("ssa-dry", &["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "deployment.yaml"]),
    ("apply-dryserver", &["apply", "--dry-run=server", "-f", "changed.yaml"]),
    ("diff", &["diff", "-f", "changed.yaml"]),
    ("diff-ssa", &["diff", "--server-side", "--force-conflicts", "-f", "deployment.yaml"]),
    ("apply-prune", &["apply", "--prune", "-l", "app=web", "-f", "deployment.yaml"]),
    ("create", &["create", "configmap", "c1", "--from-literal=a=b"]),
    ("create-dry", &["create", "configmap", "c2", "--from-literal=a=b", "--dry-run=server"]),
    ("create-f", &["create", "-f", "deployment.yaml"]),
    ("replace", &["replace", "-f", "deployment.yaml"]),
    ("replace-force", &["replace", "--force", "-f", "mixed.yaml"]),
    ("get-wide", &["get", "pods", "-o", "wide"]),
    ("get-yaml", &["get", "pods", "-o", "yaml"]),
    ("get-name", &["get", "pods", "-o", "name"]),
    ("get-all", &["get", "all"]),
    ("get-A", &["get", "pods,deployments", "-A"]),
    ("get-sortby", &["get", "pods", "--sort-by=.metadata.name"]),
    ("get-sel", &["get", "pods", "-l", "app=web", "--field-selector=status.phase=Running"]),
    ("get-cc", &["get", "pods", "-o", "custom-columns=NAME:.metadata.name"]),
    ("get-jsonpath", &["get", "pods", "-o", "jsonpath={.items[*].metadata.name}"]),
    ("get-metaonly", &["get", "pod", "p1", "--subresource=status"]),
    ("get-raw", &["get", "--raw", "/api/v1/namespaces/default/pods?limit=1"]),
    ("get-w", &["get", "pods", "-w"]),
    ("get-wo", &["get", "pods", "--watch-only"]),
    ("get-w-name", &["get", "pod", "p1", "-w"]),
    ("get-w-yaml", &["get", "pods", "-w", "-o", "yaml"]),
    ("get-w-evt", &["get", "pods", "-w", "--output-watch-events"]),
    ("get-chunk", &["get", "pods", "-A", "--chunk-size=1"]),
    ("describe-pod", &["describe", "pod", "p1"]),
    ("describe-deploy", &["describe", "deployment", "web"]),
    ("describe-node", &["describe", "node", "k8s-node1"]),
    ("describe-svc", &["describe", "service", "web"]),
    ("wait", &["wait", "--for=condition=Available", "deployment/web"]),
    ("wait-json", &["wait", "--for=jsonpath={.status.phase}=Running", "pod/p1"]),
    ("scale", &["scale", "deployment/web", "--replicas=1"]),
    ("scale-cur", &["scale", "deployment/web", "--replicas=2", "--current-replicas=1"]),
    ("autoscale", &["autoscale", "deployment/web", "--max=4"]),
    ("set-image", &["set", "image", "deployment/web", "c=nginx:3"]),
    ("set-env", &["set", "env", "deployment/web", "A=b"]),
    ("rollout-history", &["rollout", "history", "deployment/web"]),
    ("rollout-undo", &["rollout", "undo", "deployment/web"]),
    ("rollout-restart", &["rollout", "restart", "deployment/web"]),
    ("rollout-pause", &["rollout", "pause", "deployment/web"]),
    ("rollout-resume", &["rollout", "resume", "deployment/web"]),
    ("patch", &["patch", "deployment", "web", "-p", r#"{"spec":{"replicas":3}}"#]),
    (
        "patch-json",
        &["patch", "deployment", "web", "--type=json", "-p", r#"[{"op":"replace","path":"/spec/replicas","value":2}]"#],
    ),
    ("patch-merge", &["patch", "deployment", "web", "--type=merge", "-p", r#"{"spec":{"replicas":3}}"#]),
    (
        "patch-status",
        &["patch", "deployment", "web", "--subresource=status", "--type=merge", "-p", r#"{"status":{"replicas":9}}"#],
    ),
    ("label", &["label", "pod", "p1", "a=b"]),
    ("annotate", &["annotate", "pod", "p1", "a=b"]),
    ("edit", &["edit", "pod", "p1"]),
    ("expose", &["expose", "deployment", "web", "--name=w2", "--port=80"]),
    ("run", &["run", "r1", "--image=nginx"]),
    ("logs", &["logs", "p1"]),
    ("logs-f", &["logs", "-f", "--tail=1", "p1"]),
    ("logs-dep", &["logs", "deployment/web"]),
    ("exec", &["exec", "p1", "--", "ls"]),
    ("attach", &["attach", "p1"]),
    ("cp", &["cp", "mixed.yaml", "p1:/tmp/x"]),
    ("debug", &["debug", "p1", "--image=busybox", "--attach=false"]),
    ("debug-node", &["debug", "node/k8s-node1", "--image=busybox", "--attach=false"]),
    ("top-nodes", &["top", "nodes"]),
    ("explain", &["explain", "pods"]),
    ("api-resources", &["api-resources"]),
    ("api-versions", &["api-versions"]),
    ("cani", &["auth", "can-i", "create", "pods"]),
    ("cani-list", &["auth", "can-i", "--list"]),
    ("whoami", &["auth", "whoami"]),
    ("events", &["events"]),
    ("events-for", &["events", "--for=pod/p1"]),
    ("events-w", &["events", "-w"]),
    ("cordon", &["cordon", "k8s-node2"]),
    ("drain", &["drain", "k8s-node2", "--force", "--ignore-daemonsets"]),
    ("uncordon", &["uncordon", "k8s-node2"]),
    ("taint", &["taint", "node", "k8s-node2", "a=b:NoSchedule"]),
    ("untaint", &["taint", "node", "k8s-node2", "a-"]),
    ("certificate", &["certificate", "approve", "nope"]),
    ("token", &["create", "token", "default"]),
    ("create-sec", &["create", "secret", "generic", "s1", "--from-literal=a=b"]),
    ("create-role", &["create", "role", "r1", "--verb=get", "--resource=pods"]),
    ("create-job", &["create", "job", "j1", "--image=busybox", "--", "sleep", "1000"]),
    ("create-cj", &["create", "cronjob", "cj1", "--image=busybox", "--schedule=@hourly"]),
    ("create-jobfrom", &["create", "job", "j2", "--from=cronjob/cj1"]),
    ("create-ns", &["create", "namespace", "zz"]),
    ("delete", &["delete", "pod", "p1"]),
    ("delete-l", &["delete", "pods", "-l", "app=web", "--wait=false"]),
    ("delete-now", &["delete", "deployment", "web", "--now"]),
    ("delete-fg", &["delete", "job", "j1", "--cascade=foreground"]),
    ("delete-all", &["delete", "configmaps", "--all", "-n", "zz"]),
    ("delete-ns", &["delete", "namespace", "zz"]),
    ("as", &["get", "pods", "--as=joe"]),
    ("crd-wait", &["wait", "crd/foos.ex.io", "--for=condition=Established"]),
    ("crd-del", &["delete", "crd", "foos.ex.io"]),
];

/// The recorded commands whose requests differ, and why. An entry without a command in [`COMMANDS`] is not run.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("version", "the server is the program itself, whose version it knows"),
    ("logs-f", "the recorded server had no logs, which makes kubectl try again"),
    ("logs-dep", "kubectl lists the pods twice"),
    ("cp", "kubectl reads the pod again before the second connection"),
    ("pf", "serves until it is interrupted"),
    ("pf-svc", "as pf"),
    ("top-nodes", "the metrics API is not part of discovery, so that its absence shows when it is read"),
    ("top-pods", "as top-nodes"),
    ("explain-rec", "only reads OpenAPI documents"),
    ("explain-oapiv2", "only reads OpenAPI documents"),
    ("api-resources-nocache", "only reads discovery documents"),
    ("scale-cur", "the recorded object changed between the two requests, which makes kubectl try again"),
    ("cluster-info", "names the store and asks the server nothing"),
    ("cluster-dump", "the recording depends on the pods of the commands before"),
    ("drain", "the recorded node had one pod"),
    ("delete-l", "the recorded deployment had two pods"),
    ("get-chunk", "the recorded namespaces had four pods"),
    ("crd", "the recorded definition was invalid"),
    ("cr-apply", "the definition is missing, which kubectl finds out by listing the definitions"),
    ("cr-apply2", "as cr-apply"),
    ("cr-get", "only reads discovery documents"),
    ("cr-explain", "only reads discovery documents"),
];

const DEPLOYMENT: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {app: web}}, spec: {replicas: 2, \
    selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: \
    'nginx:1'}]}}}}";

const MIXED: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: cm1}, data: {a: b}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p1}, spec: {containers: [{name: c, image: 'nginx:1'}]}}
";

/// A request by method and URL, in which everything that no two servers share is replaced.
fn normalized(method: &str, url: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let segments: Vec<String> = path.split('/').map(without_suffix).collect();
    let mut parameters: Vec<String> = form_urlencoded::parse(query.as_bytes())
        // The reflector of client-go draws the time that a watch lasts.
        .filter(|(name, _)| name != "timeoutSeconds")
        .map(|(name, value)| match &*name {
            "resourceVersion" if value != "0" => "resourceVersion=N".to_string(),
            "continue" => "continue=TOKEN".to_string(),
            "fieldSelector" => {
                // Go formats a set of fields in no particular order.
                let mut terms: Vec<&str> =
                    value.split(',').map(|term| term.split("uid=").next().unwrap_or(term)).collect();
                terms.sort_unstable();
                format!("fieldSelector={}", terms.join(","))
            }
            _ => format!("{name}={value}"),
        })
        .collect();
    parameters.sort_unstable();
    format!("{method} {}?{}", segments.join("/"), parameters.join("&"))
}

/// Replaces the generated parts of the name of a pod.
fn without_suffix(segment: &str) -> String {
    let generated = ["web-", "node-debugger-k8s-node1-"];
    generated.iter().find(|prefix| segment.starts_with(**prefix)).map_or(segment, |prefix| prefix).to_string()
}

/// Returns whether a request reads discovery or OpenAPI documents, which are no requests in process.
fn is_discovery(url: &str) -> bool {
    let path = url.split('?').next().unwrap_or(url);
    path.starts_with("/openapi/") || matches!(path, "/api" | "/apis" | "/api/v1")
}

/// The recorded requests, by the name of the command.
fn recorded() -> BTreeMap<String, Vec<String>> {
    let mut requests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text(REQUESTS).lines() {
        let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "W").collect();
        let [name, method, url, ..] = words.as_slice() else { panic!("a request, not {line:?}") };
        let list = requests.entry(name.trim_start_matches("k-").into()).or_default();
        if !is_discovery(url) {
            list.push(normalized(method, url));
        }
    }
    requests
}

/// Runs a command and returns the requests in its log.
fn logged(dir: &std::path::Path, words: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kctl"));
    command.arg("-v=6").args(words).current_dir(dir).stdin(Stdio::null()).env_clear();
    command.env("HOME", dir).env("KCTL_HOME", dir.join("state")).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", "1");
    command.env("EDITOR", "sed -i 's/^  labels:/  labels:\\n    edited: \"1\"/'").env("PATH", "/usr/bin:/bin");
    let done = command.output().expect("the program runs");
    let log = String::from_utf8_lossy(&done.stderr);
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        rest.split('"').next().map(String::from)
    };
    let request = |line: &str| {
        let (_, rest) = line.split_once("] \"Response\"")?;
        let url = field(rest, "url")?;
        let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_string()))?;
        Some(normalized(&field(rest, "verb")?, &path))
    };
    log.lines().filter_map(request).collect()
}

fn verbs_make_the_requests_of_kubectl() {
    let recorded = recorded();
    let dir = tempfile::tempdir().expect("a directory");
    for (name, content) in [
        ("deployment.yaml", DEPLOYMENT.to_string()),
        ("changed.yaml", DEPLOYMENT.replace("nginx:1", "nginx:2")),
        ("mixed.yaml", MIXED.to_string()),
    ] {
        std::fs::write(dir.path().join(name), content).expect("a file");
    }
    let mut problems = Vec::new();
    for (name, words) in COMMANDS {
        let actual = logged(dir.path(), words);
        let expected = recorded.get(*name).unwrap_or_else(|| panic!("no recording of {name}"));
        let excepted = EXCEPTIONS.iter().any(|(exception, _)| exception == name);
        match (actual == *expected, excepted) {
            (false, false) => problems.push(format!(
                "{name}: kubectl {}\n  {}\n recorded:\n  {}",
                words.join(" "),
                actual.join("\n  "),
                expected.join("\n  ")
            )),
            (true, true) => problems.push(format!("{name} is no exception")),
            _ => {}
        }
    }
    let is_listed = |name: &str| {
        COMMANDS.iter().any(|(known, _)| *known == name) || EXCEPTIONS.iter().any(|(known, _)| *known == name)
    };
    problems.extend(recorded.keys().filter(|name| !is_listed(name)).map(|name| format!("{name} is not compared")));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
