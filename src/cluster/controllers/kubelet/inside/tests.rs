//! What containers see and do, as the API shows it.

use crate::api::{ExecOptions, Payload, Propagation, Request, SessionCall, SessionState, Verb};
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::Duration;
use kctl_container::Stream;

/// Returns a pod with one container that runs a script in busybox.
pub(super) fn pod(name: &str, script: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", script]}]}})
}

pub(super) fn advance(bench: &mut Bench, seconds: i64) {
    bench.cluster.advance(Duration::from_secs(seconds)).expect("time passes");
}

/// Creates a pod and lets it start.
pub(super) fn start(bench: &mut Bench, pod: Value) {
    bench.create("pods", pod);
    advance(bench, 10);
}

fn call(bench: &mut Bench, name: &str, call: SessionCall) -> SessionState {
    let mut request = Request::new(Verb::Create, "pods", "default", name).subresource("exec");
    request.options.session = Some(Box::new(call));
    match bench.cluster.handle(&request).expect("a session").payload {
        Payload::Session(state) => state,
        other => panic!("{other:?} is no session"),
    }
}

/// Runs a script in the container of a pod to its end; returns what it has printed, errors included.
pub(super) fn sh(bench: &mut Bench, name: &str, script: &str) -> String {
    let command = ["sh", "-c", script].map(String::from).to_vec();
    let options = ExecOptions { container: "c".into(), command, ..ExecOptions::default() };
    let mut state = call(bench, name, SessionCall::Exec(options));
    let mut output = std::mem::take(&mut state.output);
    while state.status.is_none() {
        advance(bench, 1);
        state = call(bench, name, SessionCall::Continue(state.session, Vec::new(), false));
        output.append(&mut state.output);
    }
    let bytes: Vec<u8> = output.into_iter().flat_map(|(_, bytes): (Stream, Vec<u8>)| bytes).collect();
    String::from_utf8(bytes).expect("text")
}

pub(super) fn log(bench: &mut Bench, name: &str) -> String {
    let request = Request::get("pods", "default", name).subresource("log");
    match bench.cluster.handle(&request).expect("a log").payload {
        Payload::Log(log) => log.text,
        other => panic!("{other:?} is no log"),
    }
}

pub(super) fn status(pod: &Object) -> &Value {
    &pod.list("/status/containerStatuses")[0]
}

#[test]
fn containers_see_variables_files_and_names() {
    let mut bench = Bench::open();
    bench.create(
        "configmaps",
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "1", "b": "two\n"}}),
    );
    bench.create(
        "secrets",
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hidden"}}),
    );
    let mut demo = pod("demo", "sleep 1000");
    demo["spec"]["containers"][0]["env"] = json!([
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "TEXT", "value": "$(NAME)-$(NONE)-$$(NAME)"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}]);
    demo["spec"]["containers"][0]["envFrom"] = json!([{"prefix": "M_", "configMapRef": {"name": "m"}}]);
    demo["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "250m"}});
    demo["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "m", "mountPath": "/etc/m"}, {"name": "s", "mountPath": "/etc/s", "readOnly": true}]);
    demo["spec"]["volumes"] = json!([
        {"name": "m", "configMap": {"name": "m", "items": [{"key": "b", "path": "deep/b"}]}},
        {"name": "s", "secret": {"secretName": "s", "defaultMode": 0o400}}]);
    start(&mut bench, demo);
    assert_eq!(
        sh(&mut bench, "demo", "echo $NAME $TEXT $KEY $CPU $M_a $KUBERNETES_SERVICE_HOST"),
        "demo demo-$(NONE)-$(NAME) hidden 250 1 10.96.0.1\n"
    );
    assert_eq!(sh(&mut bench, "demo", "cat /etc/m/deep/b /etc/s/k; hostname"), "two\nhiddendemo\n");
    assert_eq!(
        sh(&mut bench, "demo", "readlink /etc/m/deep; echo x > /etc/m/x"),
        "..data/deep\nsh: can't create /etc/m/x: Read-only file system\n"
    );
    assert!(sh(&mut bench, "demo", "tail -n 1 /etc/hosts").ends_with("\tdemo\n"));
}

#[test]
fn changed_configmaps_reach_files_after_a_minute_but_neither_variables_nor_sub_paths() {
    let mut bench = Bench::open();
    bench.create(
        "configmaps",
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "old"}}),
    );
    let mut demo = pod("demo", "while true; do cat /etc/m/a; echo; sleep 20; done");
    demo["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "a"}}}]);
    demo["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "m", "mountPath": "/etc/m"}, {"name": "m", "mountPath": "/a", "subPath": "a"}]);
    demo["spec"]["volumes"] = json!([{"name": "m", "configMap": {"name": "m"}}]);
    start(&mut bench, demo);
    bench.patch("configmaps", "m", json!({"data": {"a": "new"}}));
    advance(&mut bench, 50);
    assert_eq!(sh(&mut bench, "demo", "cat /etc/m/a"), "old");
    advance(&mut bench, 15);
    assert_eq!(sh(&mut bench, "demo", "cat /etc/m/a /a; echo $A"), "newoldold\n");
    assert_eq!(log(&mut bench, "demo"), "old\nold\nold\nold\n");
    advance(&mut bench, 20);
    assert!(log(&mut bench, "demo").ends_with("old\nnew\n"));
}

#[test]
fn a_liveness_probe_runs_its_command_in_the_container() {
    let mut bench = Bench::open();
    let mut demo = pod("demo", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600");
    demo["spec"]["containers"][0]["livenessProbe"] =
        json!({"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5});
    start(&mut bench, demo);
    advance(&mut bench, 20);
    assert_eq!(status(&bench.get("pods", "demo")).int("/restartCount"), Some(0));
    advance(&mut bench, 35);
    // A shell without a trap does not stop before the grace period is over.
    assert_eq!(status(&bench.get("pods", "demo")).int("/restartCount"), Some(0));
    advance(&mut bench, 20);
    assert_eq!(status(&bench.get("pods", "demo")).int("/restartCount"), Some(1));
    let events = bench.cluster.server().read_all("events", Some("default")).expect("readable");
    let unhealthy = events.iter().find(|event| event.str("/reason") == "Unhealthy").expect("a failed probe");
    let message = "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory";
    assert_eq!(unhealthy.str("/message").trim_end(), message);
}

#[test]
fn a_removed_file_fails_a_probe_that_was_paused() {
    let mut bench = Bench::open();
    let mut demo = pod("demo", "touch /ready; sleep 100000");
    demo["spec"]["containers"][0]["readinessProbe"] =
        json!({"exec": {"command": ["cat", "/ready"]}, "periodSeconds": 5, "failureThreshold": 1});
    start(&mut bench, demo);
    let is_ready = |bench: &mut Bench| status(&bench.get("pods", "demo")).flag("/ready");
    assert!(is_ready(&mut bench));
    sh(&mut bench, "demo", "rm /ready");
    advance(&mut bench, 6);
    assert!(!is_ready(&mut bench));
    sh(&mut bench, "demo", "touch /ready");
    advance(&mut bench, 6);
    assert!(is_ready(&mut bench));
}

#[test]
fn an_init_container_waits_for_a_service_to_exist() {
    let mut bench = Bench::open();
    let mut demo = pod("demo", "sleep 1000");
    demo["spec"]["initContainers"] = json!([{"name": "wait", "image": "busybox", "command": ["sh", "-c",
        "until nslookup web.default.svc.cluster.local; do echo waiting; sleep 2; done"]}]);
    start(&mut bench, demo);
    advance(&mut bench, 300);
    assert_eq!(bench.get("pods", "demo").str("/status/phase"), "Pending");
    bench.create(
        "services",
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}),
    );
    advance(&mut bench, 10);
    let pod = bench.get("pods", "demo");
    assert_eq!(pod.str("/status/phase"), "Running");
    let init = &pod.list("/status/initContainerStatuses")[0];
    let created = bench.get("services", "web").str("/metadata/creationTimestamp").to_string();
    assert!(init.str("/state/terminated/finishedAt") >= created.as_str(), "{init:?}");
}

#[test]
fn last_words_come_from_the_file_or_from_the_log() {
    let mut bench = Bench::open();
    for (name, script, expected) in [
        ("file", "echo bad config > /dev/termination-log; exit 1", "bad config\n"),
        ("log", "echo one; echo two >&2; exit 1", "one\ntwo\n"),
        ("success", "echo one $HOME", ""),
    ] {
        let mut demo = pod(name, script);
        demo["spec"]["restartPolicy"] = "Never".into();
        demo["spec"]["containers"][0]["terminationMessagePolicy"] = "FallbackToLogsOnError".into();
        start(&mut bench, demo);
        assert_eq!(status(&bench.get("pods", name)).str("/state/terminated/message"), expected, "{name}");
    }
}

#[test]
fn a_restart_keeps_volumes_but_not_the_root() {
    let mut bench = Bench::open();
    let mut demo = pod(
        "demo",
        "echo x >> /data/runs; cat /data/runs /root-file; touch /root-file; trap 'exit 1' TERM; sleep 1000 & wait",
    );
    demo["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    demo["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
    start(&mut bench, demo);
    sh(&mut bench, "demo", "touch /own; kill 1");
    advance(&mut bench, 30);
    assert_eq!(status(&bench.get("pods", "demo")).int("/restartCount"), Some(1));
    assert_eq!(sh(&mut bench, "demo", "cat /data/runs; ls /own"), "x\nx\nls: /own: No such file or directory\n");
}

#[test]
fn the_data_of_a_claim_outlives_its_pods() {
    let mut bench = Bench::open();
    bench.create("persistentvolumes", json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": "manual", "hostPath": {"path": "/mnt/data"}}}),
    );
    bench.create("persistentvolumeclaims", json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "manual",
            "resources": {"requests": {"storage": "1Mi"}}}}),
    );
    let demo = |name: &str| {
        let mut demo = pod(name, "sleep 100000");
        demo["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
        demo["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "claim"}}]);
        demo
    };
    start(&mut bench, demo("one"));
    sh(&mut bench, "one", "echo kept > /data/f");
    bench.delete("pods", "one", Propagation::Background);
    advance(&mut bench, 60);
    start(&mut bench, demo("two"));
    assert_eq!(sh(&mut bench, "two", "cat /data/f"), "kept\n");
    let full = sh(&mut bench, "two", "head -c 2000000 /dev/zero > /data/big");
    assert!(full.contains("No space left on device"), "{full}");
}

#[test]
fn a_deleted_pod_ends_as_its_shell_says() {
    let mut bench = Bench::open();
    for (name, script, seconds) in [
        ("trap", "trap 'exit 0' TERM; while true; do sleep 1; done", 4),
        ("stubborn", "while true; do sleep 1; done", 29),
    ] {
        start(&mut bench, pod(name, script));
        bench.delete("pods", name, Propagation::Background);
        let is_there = |bench: &mut Bench| bench.find("pods", name).is_some();
        advance(&mut bench, seconds);
        assert_eq!(is_there(&mut bench), name == "stubborn", "{name}");
        advance(&mut bench, 3);
        assert!(!is_there(&mut bench), "{name}");
    }
}

#[test]
fn the_log_of_a_loop_is_exact() {
    let mut bench = Bench::open();
    start(&mut bench, pod("demo", "i=0; while true; do echo $i; i=$((i+1)); sleep 10; done"));
    advance(&mut bench, 3600);
    let log = log(&mut bench, "demo");
    let lines: Vec<&str> = log.lines().collect();
    let expected: Vec<String> = (0..lines.len()).map(|number| number.to_string()).collect();
    assert_eq!(lines, expected);
    assert!((360..=361).contains(&lines.len()), "{}", lines.len());
}

#[test]
fn hooks_run_in_the_container() {
    let mut bench = Bench::open();
    let mut demo = pod("demo", "sleep 100000");
    demo["spec"]["containers"][0]["lifecycle"] =
        json!({"postStart": {"exec": {"command": ["sh", "-c", "echo Hello from the postStart handler > /message"]}}});
    start(&mut bench, demo);
    assert_eq!(sh(&mut bench, "demo", "cat /message"), "Hello from the postStart handler\n");
}

#[test]
fn a_directory_of_the_node_is_shared_and_its_type_checked() {
    let mut bench = Bench::open();
    let demo = |name: &str, kind: &str| {
        let mut demo = pod(name, "sleep 100000");
        demo["spec"]["nodeName"] = "k8s-node1".into();
        demo["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
        demo["spec"]["volumes"] = json!([{"name": "data", "hostPath": {"path": "/srv/data", "type": kind}}]);
        demo
    };
    start(&mut bench, demo("early", "Directory"));
    assert_eq!(bench.get("pods", "early").str("/status/phase"), "Pending");
    let events = bench.cluster.server().read_all("events", Some("default")).expect("readable");
    let failed = events.iter().find(|event| event.str("/reason") == "FailedMount").expect("a failed mount");
    assert_eq!(
        failed.str("/message"),
        "MountVolume.SetUp failed for volume \"data\" : hostPath type check failed: /srv/data is not a directory"
    );
    start(&mut bench, demo("one", "DirectoryOrCreate"));
    sh(&mut bench, "one", "echo shared > /data/f");
    start(&mut bench, demo("two", "Directory"));
    assert_eq!(sh(&mut bench, "two", "cat /data/f"), "shared\n");
}

/// Returns the messages of the events of a pod with a reason.
pub(super) fn warnings(bench: &mut Bench, name: &str, reason: &str) -> Vec<String> {
    let events = bench.events(name);
    events.iter().filter_map(|event| event.strip_prefix(reason).map(|text| text.trim().to_owned())).collect()
}
