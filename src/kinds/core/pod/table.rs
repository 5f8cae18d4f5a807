//! The table of Pods (`printPod` in `pkg/printers/internalversion/printers.go`).

use super::is_terminal;
use crate::shared::pod_spec::is_sidecar;
use crate::shared::table::columns;
use crate::{age, since};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition, condition_is_true};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

pub(super) fn pod_columns() -> Vec<Column> {
    columns(&["Name", "Ready", "Status", "Restarts", "Age", "+IP", "+Node", "+Nominated Node", "+Readiness Gates"])
}

pub(super) fn row(pod: &Object, now: Time) -> Vec<Cell> {
    let summary = Summary::of(pod);
    let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
    let restarts = match summary.last_restart {
        Some(last) if summary.restarts != 0 => format!("{} ({} ago)", summary.restarts, since(Some(last), now)),
        _ => summary.restarts.to_string(),
    };
    vec![
        pod.name().into(),
        format!("{}/{}", summary.ready, summary.total),
        summary.reason,
        restarts,
        age(pod, now),
        or_none(pod.str("/status/podIPs/0/ip")),
        or_none(pod.str("/spec/nodeName")),
        or_none(pod.str("/status/nominatedNodeName")),
        readiness_gates(pod),
    ]
}

fn readiness_gates(pod: &Object) -> String {
    let gates = pod.list("/spec/readinessGates");
    let passed = gates.iter().filter(|gate| condition_is_true(pod, gate.str("/conditionType"))).count();
    if gates.is_empty() { "<none>".into() } else { format!("{passed}/{}", gates.len()) }
}

/// Counts over the containers of a pod.
struct Summary {
    ready: usize,
    total: usize,
    reason: String,
    restarts: i64,
    last_restart: Option<Time>,
}

impl Summary {
    fn of(pod: &Object) -> Summary {
        let phase = pod.str("/status/phase");
        let reason = Some(pod.str("/status/reason")).filter(|r| !r.is_empty()).unwrap_or(phase);
        let mut summary = Summary {
            ready: 0,
            total: pod.list("/spec/containers").len(),
            reason: reason.to_owned(),
            restarts: 0,
            last_restart: None,
        };
        if condition(pod, "PodScheduled").is_some_and(|c| c.str("/reason") == "SchedulingGated") {
            summary.reason = "SchedulingGated".into();
        }
        summary.total += pod.list("/spec/initContainers").iter().filter(|c| is_sidecar(c)).count();
        let (initializing, sidecar_restarts, sidecar_last) = summary.count_init_containers(pod);
        if !initializing || condition_is_true(pod, "Initialized") {
            summary.restarts = sidecar_restarts;
            summary.last_restart = sidecar_last;
            summary.count_containers(pod);
        }
        if pod.is_deleting() && pod.str("/status/reason") == "NodeLost" {
            summary.reason = "Unknown".into();
        } else if pod.is_deleting() && !is_terminal(pod) {
            summary.reason = "Terminating".into();
        }
        summary
    }

    /// Counts init containers up to the first that has not finished. Returns whether there is such a container, and the
    /// restarts of sidecars.
    fn count_init_containers(&mut self, pod: &Object) -> (bool, i64, Option<Time>) {
        let containers = pod.list("/spec/initContainers");
        let (mut restarts, mut last) = (0, None);
        for (index, status) in pod.list("/status/initContainerStatuses").iter().enumerate() {
            let sidecar = containers.iter().any(|c| c.str("/name") == status.str("/name") && is_sidecar(c));
            self.add_restarts(status);
            if sidecar {
                restarts += status.int("/restartCount").unwrap_or(0);
                last = last.max(status.time("/lastState/terminated/finishedAt"));
            }
            let ended = status.at("/state/terminated");
            if ended.is_some_and(|t| t.int("/exitCode").unwrap_or(0) == 0) {
                continue;
            }
            if sidecar && status.flag("/started") {
                self.ready += usize::from(status.flag("/ready"));
                continue;
            }
            let waiting = status.str("/state/waiting/reason");
            self.reason = match ended {
                Some(ended) => format!("Init:{}", exit_text(ended)),
                None if !waiting.is_empty() && waiting != "PodInitializing" => format!("Init:{waiting}"),
                None => format!("Init:{index}/{}", containers.len()),
            };
            return (true, restarts, last);
        }
        (false, restarts, last)
    }

    fn count_containers(&mut self, pod: &Object) {
        let mut running = false;
        for status in pod.list("/status/containerStatuses").iter().rev() {
            self.add_restarts(status);
            let waiting = status.str("/state/waiting/reason");
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if let Some(ended) = status.at("/state/terminated") {
                self.reason = exit_text(ended);
            } else if status.flag("/ready") && status.at("/state/running").is_some() {
                running = true;
                self.ready += 1;
            }
        }
        // One container has completed while another is still running.
        if self.reason == "Completed" && running {
            self.reason = if condition_is_true(pod, "Ready") { "Running".into() } else { "NotReady".into() };
        }
    }

    fn add_restarts(&mut self, status: &Value) {
        self.restarts += status.int("/restartCount").unwrap_or(0);
        self.last_restart = self.last_restart.max(status.time("/lastState/terminated/finishedAt"));
    }
}

/// The reason why a container terminated, else its signal or exit code.
fn exit_text(ended: &Value) -> String {
    match (ended.str("/reason"), ended.int("/signal").unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", ended.int("/exitCode").unwrap_or(0)),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn pod(status: Value) -> Object {
        json!({
            "metadata": {"name": "p"},
            "spec": {
                "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}],
                "containers": [{"name": "a"}, {"name": "b"}]
            },
            "status": status
        })
    }

    #[test]
    fn status_is_that_of_the_decisive_container() {
        let running = json!({"running": {}});
        let done = json!({"terminated": {"exitCode": 0, "reason": "Completed"}});
        let cases = [
            (json!({"phase": "Pending"}), "0/3", "Pending"),
            (
                json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": running}]}),
                "0/3",
                "Init:0/2",
            ),
            (
                json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
                "0/3",
                "Init:CrashLoopBackOff",
            ),
            (
                json!({"phase": "Running", "initContainerStatuses": [
                    {"name": "i", "state": done}, {"name": "s", "state": running, "started": true, "ready": true}],
                    "containerStatuses": [{"name": "a", "state": running, "ready": true}, {"name": "b", "state": {"terminated": {"exitCode": 3}}}]}),
                "2/3",
                "ExitCode:3",
            ),
            (
                json!({"phase": "Running", "containerStatuses": [
                    {"name": "a", "state": done}, {"name": "b", "state": running, "ready": true}]}),
                "1/3",
                "NotReady",
            ),
        ];
        for (status, ready, text) in cases {
            let row = row(&pod(status.clone()), Time::from_secs(0));
            assert_eq!((row[1].as_str(), row[2].as_str()), (ready, text), "{status}");
        }
    }

    #[test]
    fn restarts_show_when_the_last_one_was() {
        let status = json!({"phase": "Running", "containerStatuses": [{
            "name": "a", "restartCount": 2, "state": {"running": {}}, "ready": true,
            "lastState": {"terminated": {"finishedAt": Time::from_secs(95).rfc3339()}}
        }]});
        assert_eq!(row(&pod(status), Time::from_secs(100))[3], "2 (5s ago)");
    }

    #[test]
    fn deleted_pods_are_terminating() {
        let mut object = pod(json!({"phase": "Running"}));
        object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        assert_eq!(Summary::of(&object).reason, "Terminating");
        object["status"]["reason"] = "NodeLost".into();
        assert_eq!(Summary::of(&object).reason, "Unknown");
        object["status"] = json!({"phase": "Succeeded"});
        assert_eq!(Summary::of(&object).reason, "Succeeded");
    }
}
