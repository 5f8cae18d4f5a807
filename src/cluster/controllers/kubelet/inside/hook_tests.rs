//! Hooks of containers, and their stop.

use super::tests::{advance, log, pod, sh, start, status, warnings};
use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// Returns a pod whose container has hooks.
fn hooked(name: &str, script: &str, lifecycle: Value) -> Value {
    let mut hooked = pod(name, script);
    hooked["spec"]["containers"][0]["lifecycle"] = lifecycle;
    hooked
}

fn shell(script: &str) -> Value {
    json!({"exec": {"command": ["sh", "-c", script]}})
}

#[test]
fn a_container_runs_when_its_hook_has_succeeded() {
    let mut bench = Bench::open();
    let hook = shell("sleep 5; echo ready > /tmp/state");
    let mut two = hooked("two", "while true; do sleep 1; done", json!({"postStart": hook}));
    let list = two["spec"]["containers"].as_array_mut().expect("containers");
    list.push(json!({"name": "second", "image": "busybox", "command": ["sleep", "1000"]}));
    bench.create("pods", two);
    advance(&mut bench, 5);
    let found = bench.get("pods", "two");
    assert_eq!(status(&found).str("/state/waiting/reason"), "ContainerCreating");
    assert_eq!((found.str("/status/phase"), status(&found).flag("/ready")), ("Pending", false));
    assert_eq!(sh(&mut bench, "two", "cat /tmp/state"), "cat: can't open '/tmp/state': No such file or directory\n");
    advance(&mut bench, 10);
    let found = bench.get("pods", "two");
    assert!(found.list("/status/containerStatuses").iter().all(|status| status.flag("/ready")), "{found}");
    let since =
        |index: usize| found.list("/status/containerStatuses")[index].str("/state/running/startedAt").to_owned();
    assert!(since(0) < since(1));
    assert_eq!(sh(&mut bench, "two", "cat /tmp/state"), "ready\n");
}

#[test]
fn a_failing_hook_after_the_start_kills_the_container() {
    let mut bench = Bench::open();
    let hook = shell("echo no; echo why >&2; exit 3");
    start(&mut bench, hooked("web", "trap 'exit 7' TERM; while true; do sleep 1; done", json!({"postStart": hook})));
    let found = bench.get("pods", "web");
    assert_eq!(status(&found).str("/state/waiting/reason"), "CrashLoopBackOff");
    assert_eq!(status(&found).int("/lastState/terminated/exitCode"), Some(7));
    assert!(status(&found).int("/restartCount") >= Some(1));
    assert_eq!(warnings(&mut bench, "web", "FailedPostStartHook"), ["PostStartHook failed"]);
    assert_eq!(warnings(&mut bench, "web", "Killing"), ["FailedPostStartHook"]);
    let mut never = hooked("never", "sleep 1000", json!({"postStart": shell("exit 1")}));
    never["spec"]["restartPolicy"] = "Never".into();
    never["spec"]["terminationGracePeriodSeconds"] = 3.into();
    start(&mut bench, never);
    assert_eq!(bench.get("pods", "never").str("/status/phase"), "Failed");
    assert_eq!(status(&bench.get("pods", "never")).int("/state/terminated/exitCode"), Some(137));
}

#[test]
fn hooks_ask_servers_and_sleep() {
    let mut bench = Bench::open();
    let nginx = |name: &str, lifecycle: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "nginx", "lifecycle": lifecycle}]}})
    };
    let cases = [
        ("absent", json!({"postStart": {"httpGet": {"path": "/nothing", "port": 80}}}), "Running"),
        ("closed", json!({"postStart": {"httpGet": {"port": 81}}}), "Succeeded"),
        ("tls", json!({"postStart": {"httpGet": {"port": 80, "scheme": "HTTPS"}}}), "Running"),
        ("bad", json!({"postStart": {"exec": {"command": ["badcommand"]}}}), "Succeeded"),
        ("nap", json!({"postStart": {"sleep": {"seconds": 20}}}), "Pending"),
    ];
    for (name, lifecycle, phase) in cases {
        start(&mut bench, nginx(name, lifecycle));
        assert_eq!(bench.get("pods", name).str("/status/phase"), phase, "{name}");
        // nginx ends well when it is stopped.
        let is_killed = phase == "Succeeded";
        assert_eq!(warnings(&mut bench, name, "FailedPostStartHook").is_empty(), !is_killed, "{name}");
    }
    advance(&mut bench, 20);
    assert_eq!(bench.get("pods", "nap").str("/status/phase"), "Running");
    assert!(log(&mut bench, "absent").contains("\"GET /nothing HTTP/1.1\" 404"));
    // What is not known of an image is taken to work.
    let mut unknown = nginx("unknown", json!({"postStart": shell("php artisan migrate")}));
    unknown["spec"]["containers"][0]["image"] = "team/app".into();
    unknown["spec"]["restartPolicy"] = "Always".into();
    start(&mut bench, unknown);
    assert_eq!(bench.get("pods", "unknown").str("/status/phase"), "Running");
}

#[test]
fn a_terminating_pod_shows_what_it_prints_while_it_stops() {
    let mut bench = Bench::open();
    let script = "trap 'echo bye; sleep 3; echo done; exit 4' TERM; while true; do sleep 1; done";
    let hook = shell("sleep 4; echo hook > /proc/1/fd/1");
    let mut stopping = hooked("web", script, json!({"preStop": hook}));
    stopping["metadata"]["finalizers"] = json!(["example.com/x"]);
    start(&mut bench, stopping);
    bench.delete("pods", "web", Propagation::Background);
    advance(&mut bench, 2);
    assert_eq!(log(&mut bench, "web"), "");
    advance(&mut bench, 4);
    assert_eq!(log(&mut bench, "web"), "bye\n");
    assert!(bench.get("pods", "web").list("/status/containerStatuses")[0].at("/state/running").is_some());
    advance(&mut bench, 5);
    assert_eq!(log(&mut bench, "web"), "bye\ndone\n");
    assert_eq!(status(&bench.get("pods", "web")).int("/state/terminated/exitCode"), Some(4));
}

#[test]
fn the_grace_period_limits_hook_and_stop() {
    let mut bench = Bench::open();
    for (name, lifecycle, gone_after) in [
        ("a", json!({"preStop": {"sleep": {"seconds": 4}}}), 5),
        ("b", json!({"preStop": shell("sleep 60")}), 10),
        ("c", json!({"preStop": shell("exit 1")}), 1),
    ] {
        let mut stopping = hooked(name, "trap 'exit 0' TERM; while true; do sleep 1; done", lifecycle);
        stopping["spec"]["terminationGracePeriodSeconds"] = 10.into();
        start(&mut bench, stopping);
        bench.delete("pods", name, Propagation::Background);
        advance(&mut bench, gone_after - 1);
        assert!(bench.find("pods", name).is_some() || gone_after == 1, "{name}");
        advance(&mut bench, 2);
        assert!(bench.find("pods", name).is_none(), "{name}");
    }
    assert_eq!(warnings(&mut bench, "c", "FailedPreStopHook"), ["PreStopHook failed"]);
    assert!(warnings(&mut bench, "a", "FailedPreStopHook").is_empty());
}
