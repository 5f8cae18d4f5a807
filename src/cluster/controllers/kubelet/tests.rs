//! Pods on simulated nodes, from their start to their deletion.

use crate::api::{PatchType, Propagation, Request};
use crate::controllers::shared::testing::Bench;
use crate::profile::Profile;
use crate::simulation::PodFault;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, condition_is_true};
use kctl_base::sim::Duration;
use kctl_base::status::Status;

#[test]
fn init_containers_succeed_after_the_runs_that_a_script_declares() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"kctl.dev/life": "run=1s exit=1 times=1"}},
        "spec": {"initContainers": [{"name": "prepare", "image": "busybox", "command": ["true"]}],
                 "containers": [{"name": "serve", "image": "nginx"}]}});
    bench.create("pods", pod);
    bench.cluster.advance(Duration::from_secs(120)).expect("time passes");
    let pod = bench.find("pods", "web").expect("the pod");
    let status = |list: &str| pod.list(&format!("/status/{list}"))[0].clone();
    assert_eq!(pod.str("/status/phase"), "Running");
    assert_eq!(status("initContainerStatuses").int("/restartCount"), Some(1));
    assert_eq!(status("initContainerStatuses").str("/state/terminated/reason"), "Completed");
    assert_eq!(status("containerStatuses").int("/restartCount"), Some(1));
}

#[test]
fn invalid_settings_of_a_script_are_reported() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"kctl.dev/life": "run=1s lasts=2s exit=x"}},
        "spec": {"containers": [{"name": "a", "image": "nginx"}, {"name": "b", "image": "nginx"}]}});
    bench.create("pods", pod);
    bench.cluster.advance(Duration::from_secs(30)).expect("time passes");
    let events = bench.cluster.server().read_all("events", Some("default")).expect("readable");
    let messages: Vec<&str> =
        events.iter().filter(|e| e.str("/reason") == "InvalidLife").map(|e| e.str("/message")).collect();
    assert_eq!(messages, ["Annotation kctl.dev/life has invalid settings: exit=x lasts=2s"]);
}

#[test]
fn the_status_of_a_terminated_pod_with_a_finalizer_stays() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "finalizers": ["example.com/x"]},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": [{"name": "a", "image": "nginx"}]}});
    bench.create("pods", pod);
    bench.cluster.advance(Duration::from_secs(10)).expect("time passes");
    let address = bench.get("pods", "web").str("/status/podIP").to_string();
    bench.delete("pods", "web", Propagation::Background);
    bench.cluster.advance(Duration::from_secs(20)).expect("time passes");
    bench.patch("pods", "web", json!({"metadata": {"labels": {"a": "b"}}}));
    bench.settle();
    let pod = bench.get("pods", "web");
    assert!(!address.is_empty());
    assert_eq!(pod.str("/status/podIP"), address);
    assert!(pod.list("/status/containerStatuses")[0].at("/state/terminated").is_some());
}

#[test]
fn what_intervenes_at_the_instant_of_a_status_is_not_missed() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {
        "containers": [{"name": "a", "image": "nginx", "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 1}}]}});
    bench.create("pods", pod);
    let is_ready = |bench: &mut Bench| condition_is_true(&bench.get("pods", "web"), "Ready");
    while !is_ready(&mut bench) {
        let next = bench.cluster.server().due(1).expect("readable")[0].at;
        let now = bench.cluster.now();
        bench.cluster.advance(next - now).expect("time passes");
    }
    let mut faults = bench.cluster.faults().expect("readable");
    faults.pods.insert("default/web".into(), PodFault::Crash);
    bench.cluster.set_faults(&faults).expect("controllers run");
    assert!(!is_ready(&mut bench));
    assert_eq!(container(&bench.get("pods", "web")).int("/lastState/terminated/exitCode"), None);
    assert_eq!(container(&bench.get("pods", "web")).int("/state/terminated/exitCode"), Some(137));
}

/// Returns a pod on `k8s-node1` with one container, whose memory is resized with a restart.
fn resizable(name: &str, cpu: &str, memory: &str) -> Value {
    let policy = json!([{"resourceName": "memory", "restartPolicy": "RestartContainer"}]);
    let amounts = json!({"cpu": cpu, "memory": memory});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"nodeName": "k8s-node1",
        "containers": [{"name": "a", "image": "nginx", "resizePolicy": policy,
            "resources": {"requests": amounts, "limits": amounts}}]}})
}

/// Changes a resource of the container of [`resizable`].
fn resize(bench: &mut Bench, name: &str, resource: &str, amount: &str) -> Result<(), Status> {
    let amounts = json!({resource: amount});
    let patch = json!({"spec": {"containers": [{"name": "a", "resources": {"requests": amounts, "limits": amounts}}]}});
    let request = Request::patch("pods", "default", name, PatchType::Strategic, patch).subresource("resize");
    bench.cluster.handle(&request.manager("kubectl-patch")).map(|_| ())
}

fn container(pod: &Object) -> &Value {
    &pod.list("/status/containerStatuses")[0]
}

fn has_condition(pod: &Object, kind: &str) -> bool {
    pod.list("/status/conditions").iter().any(|condition| condition.str("/type") == kind)
}

#[test]
fn a_running_container_is_resized_in_place() {
    let mut bench = Bench::open();
    bench.create("pods", resizable("web", "1", "1Gi"));
    bench.settle();
    resize(&mut bench, "web", "cpu", "2").expect("accepted");
    bench.advance(0);
    let pod = bench.get("pods", "web");
    let want = json!({"cpu": "2", "memory": "1Gi"});
    assert_eq!(container(&pod)["resources"], json!({"requests": want, "limits": want}));
    assert_eq!(container(&pod)["allocatedResources"], want);
    assert_eq!((container(&pod).int("/restartCount"), pod.int("/status/observedGeneration")), (Some(0), Some(2)));
    assert!(!has_condition(&pod, "PodResizeInProgress"));
    let amounts =
        "\"resources\":{\"limits\":{\"cpu\":\"2\",\"memory\":\"1Gi\"},\"requests\":{\"cpu\":\"2\",\"memory\":\"1Gi\"}}";
    let summary = format!("{{\"containers\":[{{\"name\":\"a\",{amounts}}}],\"generation\":2}}");
    let events = bench.events("web");
    assert_eq!(
        events[events.len() - 2..],
        [
            format!("ResizeStarted Pod resize started: {summary}"),
            format!("ResizeCompleted Pod resize completed: {summary}")
        ]
    );
}

#[test]
fn a_container_is_restarted_where_its_resize_policy_says_so() {
    let mut bench = Bench::open();
    bench.create("pods", resizable("web", "1", "1Gi"));
    bench.settle();
    resize(&mut bench, "web", "memory", "2Gi").expect("accepted");
    bench.advance(0);
    let pod = bench.get("pods", "web");
    assert!(has_condition(&pod, "PodResizeInProgress"));
    assert_eq!(container(&pod).str("/resources/requests/memory"), "1Gi");
    assert_eq!(container(&pod).str("/allocatedResources/memory"), "2Gi");
    bench.settle();
    let pod = bench.get("pods", "web");
    assert!(!has_condition(&pod, "PodResizeInProgress"));
    assert_eq!(container(&pod).str("/resources/requests/memory"), "2Gi");
    assert_eq!(container(&pod).int("/restartCount"), Some(1));
    assert_eq!(container(&pod).int("/lastState/terminated/exitCode"), Some(137));
    assert!(bench.events("web").contains(&"Killing Container a resize requires restart".to_string()));
}

#[test]
fn limits_of_the_pod_are_those_of_containers_without_own_ones() {
    let mut bench = Bench::open();
    let policy = json!([{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]);
    let amounts = |cpu: &str| json!({"cpu": cpu, "memory": "200Mi"});
    let own = json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "100m"}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {
    "resources": {"requests": amounts("200m"), "limits": amounts("200m")},
    "containers": [
        {"name": "inherits", "image": "nginx", "resizePolicy": policy},
        {"name": "keeps", "image": "nginx", "resizePolicy": policy, "resources": own},
        {"name": "stays", "image": "nginx"},
    ]}});
    bench.create("pods", pod);
    bench.settle();
    let patch = json!({"spec": {"resources": {"requests": amounts("300m"), "limits": amounts("300m")}}});
    let request = Request::patch("pods", "default", "web", PatchType::Strategic, patch).subresource("resize");
    bench.cluster.handle(&request.manager("kubectl-patch")).expect("accepted");
    bench.settle();
    let pod = bench.get("pods", "web");
    let restarts: Vec<_> = pod.list("/status/containerStatuses").iter().map(|c| c.int("/restartCount")).collect();
    assert_eq!(restarts, [Some(1), Some(0), Some(0)]);
    assert!(!has_condition(&pod, "PodResizeInProgress"));
}

#[test]
fn a_resize_waits_for_room_and_one_beyond_the_node_is_refused() {
    let mut bench = Bench::open();
    bench.create("pods", resizable("web", "4", "1Gi"));
    bench.create("pods", resizable("other", "3", "1Gi"));
    bench.settle();
    let refused = resize(&mut bench, "web", "cpu", "9").expect_err("more than the node has");
    assert_eq!(
        refused.message,
        "pods \"web\" is forbidden: node didn't have enough allocatable resources: cpu, requested: 9000, allocatable: 8000"
    );
    resize(&mut bench, "web", "cpu", "6").expect("accepted");
    bench.advance(0);
    let pod = bench.get("pods", "web");
    let pending = &pod.list("/status/conditions")[0];
    assert_eq!((pending.str("/type"), pending.str("/reason")), ("PodResizePending", "Deferred"));
    let why = "Node didn't have enough resource: cpu, requested: 6000, used: 3000, capacity: 8000";
    assert_eq!((pending.str("/message"), pending.int("/observedGeneration")), (why, Some(2)));
    assert_eq!(container(&pod).str("/resources/requests/cpu"), "4");
    let deferred = bench.events("web").pop().expect("an event");
    assert!(deferred.starts_with("ResizeDeferred Pod resize OutOfcpu: {"), "{deferred}");
    // The scheduler reserves what the pod asks for: 9 of 8 CPUs.
    bench.create(
        "pods",
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late"}, "spec": {
        "nodeSelector": {"kubernetes.io/hostname": "k8s-node1"},
        "containers": [{"name": "a", "image": "nginx", "resources": {"requests": {"cpu": "500m"}}}]}}),
    );
    bench.advance(0);
    assert_eq!(bench.get("pods", "late").str("/spec/nodeName"), "");
    bench.delete("pods", "other", Propagation::Background);
    bench.settle();
    let pod = bench.get("pods", "web");
    assert!(!has_condition(&pod, "PodResizePending") && !has_condition(&pod, "PodResizeInProgress"));
    assert_eq!(container(&pod).str("/resources/requests/cpu"), "6");
    assert_eq!(bench.get("pods", "late").str("/spec/nodeName"), "k8s-node1");
}

#[test]
fn a_smaller_resize_makes_room_for_another() {
    let mut bench = Bench::open();
    bench.create("pods", resizable("web", "4", "1Gi"));
    bench.create("pods", resizable("other", "3", "1Gi"));
    bench.settle();
    resize(&mut bench, "web", "cpu", "6").expect("accepted");
    bench.advance(0);
    resize(&mut bench, "other", "cpu", "1").expect("accepted");
    bench.advance(0);
    let pod = bench.get("pods", "web");
    assert_eq!(container(&pod).str("/resources/requests/cpu"), "6");
    assert!(!has_condition(&pod, "PodResizePending"));
}

#[test]
fn room_goes_to_the_resize_of_the_more_important_pod() {
    let mut bench = Bench::open();
    let class = |name: &str, value: i64| json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value});
    bench.create("priorityclasses.scheduling.k8s.io", class("high", 1000));
    for (name, class) in [("low", ""), ("high", "high"), ("other", "")] {
        let mut pod = resizable(name, "2", "1Gi");
        pod["spec"]["priorityClassName"] = class.into();
        bench.create("pods", pod);
    }
    bench.settle();
    for name in ["low", "high"] {
        resize(&mut bench, name, "cpu", "5").expect("accepted");
        bench.advance(1);
    }
    bench.delete("pods", "other", Propagation::Background);
    bench.settle();
    let cpu =
        |bench: &mut Bench, name: &str| container(&bench.get("pods", name)).str("/resources/requests/cpu").to_owned();
    assert_eq!((cpu(&mut bench, "low").as_str(), cpu(&mut bench, "high").as_str()), ("2", "5"));
}

#[test]
fn a_restart_rule_restarts_all_containers() {
    let mut bench = Bench::open();
    let rule = json!([{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [3]}}]);
    bench.create(
        "pods",
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gang"}, "spec": {
        "restartPolicy": "Never",
        "initContainers": [{"name": "i", "image": "busybox", "command": ["sleep", "2"]}],
        "containers": [
            {"name": "bystander", "image": "busybox", "command": ["sh", "-c", "exit 1"]},
            {"name": "trigger", "image": "busybox", "command": ["sh", "-c", "sleep 5; exit 3"],
             "restartPolicy": "Never", "restartPolicyRules": rule},
        ]}}),
    );
    let condition = |pod: &Object| {
        let all = pod.list("/status/conditions").iter();
        all.filter(|c| c.str("/type") == "AllContainersRestarting")
            .map(|c| c.str("/status").to_owned())
            .collect::<Vec<_>>()
    };
    let trigger = |pod: &Object| pod.list("/status/containerStatuses")[1].clone();
    let mut steps = 0;
    while trigger_state(&bench.get("pods", "gang")) != "terminated" && steps < 60 {
        bench.advance(1);
        steps += 1;
    }
    let pod = bench.get("pods", "gang");
    assert_eq!((pod.str("/status/phase"), condition(&pod)), ("Running", vec!["True".to_string()]));
    bench.advance(1);
    let pod = bench.get("pods", "gang");
    // The init container runs again before the others.
    assert_eq!(pod.list("/status/initContainerStatuses")[0].int("/restartCount"), Some(1));
    assert_eq!(trigger(&pod).str("/state/waiting/reason"), "RestartingAllContainers");
    assert_eq!(condition(&pod), ["False"]);
    bench.advance(3);
    let pod = bench.get("pods", "gang");
    for status in pod.list("/status/containerStatuses") {
        assert_eq!(status.int("/restartCount"), Some(1), "{status}");
        assert_eq!(status.str("/lastState/terminated/reason"), "RestartingAllContainers");
    }
    assert!(trigger(&pod).at("/state/running").is_some());
}

/// Returns the state of the second container of a pod.
fn trigger_state(pod: &Object) -> String {
    let statuses = pod.list("/status/containerStatuses");
    let state = statuses.get(1).and_then(|status| status.map("/state")).into_iter().flatten().next();
    state.map(|(name, _)| name.to_string()).unwrap_or_default()
}

#[test]
fn an_ephemeral_container_waits_for_what_its_environment_refers_to() {
    let mut bench = Bench::open();
    bench.create("pods", resizable("web", "1", "1Gi"));
    bench.settle();
    let variable = json!({"name": "A", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "k"}}});
    let patch = json!({"spec": {"ephemeralContainers": [{"name": "d", "image": "busybox", "env": [variable]}]}});
    let request = Request::patch("pods", "default", "web", PatchType::Strategic, patch);
    bench.cluster.handle(&request.subresource("ephemeralcontainers")).expect("accepted");
    bench.settle();
    let state = |bench: &mut Bench| bench.get("pods", "web").list("/status/ephemeralContainerStatuses")[0].clone();
    assert_eq!(state(&mut bench).str("/state/waiting/reason"), "CreateContainerConfigError");
    assert_eq!(state(&mut bench).str("/state/waiting/message"), "configmap \"late\" not found");
    bench.create(
        "configmaps",
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}, "data": {"k": "v"}}),
    );
    bench.advance(15);
    assert_eq!(state(&mut bench).at("/state/waiting"), None);
}

#[test]
fn a_pod_with_a_forbidden_sysctl_is_rejected() {
    let mut bench = Bench::open();
    let spec = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name.replace(['.', '_'], "-")}, "spec": {
            "securityContext": {"sysctls": [{"name": name, "value": "1"}]},
            "containers": [{"name": "a", "image": "nginx"}]}})
    };
    bench.create("pods", spec("kernel.msgmax"));
    bench.create("pods", spec("kernel.shm_rmid_forced"));
    bench.settle();
    let pod = bench.get("pods", "kernel-msgmax");
    let message = "forbidden sysctl: \"kernel.msgmax\" not allowlisted";
    assert_eq!((pod.str("/status/phase"), pod.str("/status/reason")), ("Failed", "SysctlForbidden"));
    assert_eq!(pod.str("/status/message"), format!("Pod was rejected: {message}"));
    assert!(bench.events("kernel-msgmax").contains(&format!("SysctlForbidden {message}")));
    assert_eq!(bench.get("pods", "kernel-shm-rmid-forced").str("/status/phase"), "Running");
    bench.delete("pods", "kernel-msgmax", Propagation::Background);
    bench.settle();
    assert!(bench.find("pods", "kernel-msgmax").is_none());
}

#[test]
fn a_container_that_must_not_run_as_root_waits_until_its_image_does_not() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {
        "securityContext": {"runAsNonRoot": true}, "containers": [{"name": "a", "image": "nginx:1.25"}]}});
    bench.create("pods", pod);
    bench.advance(45);
    let state = |bench: &mut Bench| container(&bench.get("pods", "web"))["state"].clone();
    let message = state(&mut bench).str("/waiting/message").to_owned();
    assert_eq!(state(&mut bench).str("/waiting/reason"), "CreateContainerConfigError");
    assert!(message.starts_with("container has runAsNonRoot and image will run as root (pod: \"web_default("));
    let events = bench.events("web");
    assert!(events.contains(&format!("Failed Error: {message}")), "{events:?}");
    let pulled = "Pulled Container image \"nginx:1.25\" already present on machine and can be accessed by the pod";
    assert!(events.contains(&pulled.to_owned()), "{events:?}");
    let patch = json!({"spec": {"containers": [{"name": "a", "image": "nginxinc/nginx-unprivileged:1.25"}]}});
    bench.cluster.handle(&Request::patch("pods", "default", "web", PatchType::Strategic, patch)).expect("accepted");
    bench.advance(15);
    assert!(state(&mut bench).at("/running").is_some());
}

/// Returns a pod with one container and a security context.
fn with_security(name: &str, context: &Value) -> Object {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"securityContext": context,
        "containers": [{"name": "a", "image": "nginx:1.25"}]}})
}

#[test]
fn a_container_whose_profile_the_node_does_not_have_is_not_created() {
    let mut bench = Bench::open();
    let local = |name: &str| json!({"type": "Localhost", "localhostProfile": name});
    bench.create("pods", with_security("armor", &json!({"appArmorProfile": local("k8s-deny-write")})));
    bench.create("pods", with_security("calls", &json!({"seccompProfile": local("profiles/audit.json")})));
    bench.settle();
    let path = "/var/lib/kubelet/seccomp/profiles/audit.json";
    let expected = [
        (
            "armor",
            "failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found k8s-deny-write"
                .to_owned(),
        ),
        (
            "calls",
            format!(
                "failed to create containerd container: cannot load seccomp profile \"{path}\": open {path}: no such file or directory"
            ),
        ),
    ];
    for (name, message) in expected {
        let pod = bench.get("pods", name);
        let waiting = container(&pod)["state"]["waiting"].clone();
        assert_eq!((waiting.str("/reason"), waiting.str("/message")), ("CreateContainerError", message.as_str()));
        assert!(bench.events(name).contains(&format!("Failed Error: {message}")), "{name}");
    }
}

#[test]
fn a_seccomp_profile_that_a_pod_has_put_on_the_node_is_found() {
    let mut bench = Bench::open();
    let loader = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loader"}, "spec": {
        "volumes": [{"name": "profiles", "hostPath": {"path": "/var/lib/kubelet/seccomp/profiles",
            "type": "DirectoryOrCreate"}}],
        "containers": [{"name": "a", "image": "busybox", "command": ["sh", "-c", "echo {} > /p/audit.json; sleep 1d"],
            "volumeMounts": [{"name": "profiles", "mountPath": "/p"}]}]}});
    bench.create("pods", loader);
    bench.settle();
    let mut pod = with_security(
        "calls",
        &json!({"seccompProfile": {"type": "Localhost", "localhostProfile": "profiles/audit.json"}}),
    );
    pod["spec"]["nodeName"] = bench.get("pods", "loader").str("/spec/nodeName").into();
    bench.create("pods", pod);
    bench.settle();
    assert_eq!(bench.get("pods", "calls").str("/status/phase"), "Running");
}

#[test]
fn the_status_of_a_container_tells_its_user_and_its_mounts() {
    let mut bench = Bench::open_with(Profile::Kind);
    let mut pod = with_security("web", &json!({"runAsUser": 1000, "runAsGroup": 3000, "supplementalGroups": [4000]}));
    pod["spec"]["automountServiceAccountToken"] = false.into();
    pod["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
    pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data", "readOnly": true}]);
    bench.create("pods", pod);
    let mounts = json!([{"name": "data", "mountPath": "/data", "readOnly": true, "recursiveReadOnly": "Disabled"}]);
    let waiting = container(&bench.get("pods", "web")).clone();
    assert_eq!(waiting.str("/image"), "nginx:1.25");
    assert_eq!((waiting.at("/volumeMounts"), waiting.at("/user")), (Some(&mounts), None));
    bench.settle();
    let running = container(&bench.get("pods", "web")).clone();
    assert_eq!(running.str("/image"), "docker.io/library/nginx:1.25");
    assert_eq!(running.at("/volumeMounts"), Some(&mounts));
    assert_eq!(
        running.at("/user"),
        Some(&json!({"linux": {"uid": 1000, "gid": 3000, "supplementalGroups": [3000, 4000]}}))
    );
}

#[test]
fn an_image_that_may_not_be_pulled_is_waited_for() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {
        "containers": [{"name": "a", "image": "team/app:1", "imagePullPolicy": "Never"}]}});
    bench.create("pods", pod);
    bench.advance(60);
    let state = |bench: &mut Bench| container(&bench.get("pods", "web"))["state"].clone();
    assert_eq!(state(&mut bench).str("/waiting/reason"), "ErrImageNeverPull");
}

#[test]
fn sidecars_stop_one_after_the_other_when_the_work_is_done() {
    let mut bench = Bench::open();
    let sidecar = |name: &str| json!({"name": name, "image": "nginx:1.25", "restartPolicy": "Always"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"restartPolicy": "Never",
        "initContainers": [sidecar("first"), sidecar("last")],
        "containers": [{"name": "work", "image": "busybox", "command": ["true"]}]}});
    bench.create("pods", pod);
    let running = |bench: &mut Bench| -> Vec<bool> {
        let pod = bench.get("pods", "web");
        let statuses = pod.list("/status/initContainerStatuses").iter().chain(pod.list("/status/containerStatuses"));
        statuses.map(|status| status.at("/state/running").is_some()).collect()
    };
    let mut seen = Vec::new();
    for _ in 0..12 {
        bench.advance(1);
        let now = (running(&mut bench), bench.get("pods", "web").str("/status/phase").to_owned());
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    let ends = seen.iter().map(|(running, phase)| (running.as_slice(), phase.as_str())).collect::<Vec<_>>();
    assert_eq!(
        ends[ends.len() - 3..],
        [
            ([true, true, false].as_slice(), "Running"),
            ([true, false, false].as_slice(), "Running"),
            ([false, false, false].as_slice(), "Succeeded"),
        ]
    );
    assert!(
        bench
            .events("web")
            .ends_with(&["Killing Stopping container last", "Killing Stopping container first"].map(String::from))
    );
}
