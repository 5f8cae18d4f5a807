//! Which pods of a node `drain` takes away, which it leaves, and which it refuses to touch.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{CliResult, Ctx};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_cluster::client::{ListParams, ResourcePath};

/// What the flags allow.
pub(super) struct Rules {
    /// Pods without a controller may go.
    pub(super) force: bool,
    /// Pods of daemon sets are passed over.
    pub(super) ignore_daemon_sets: bool,
    /// Pods with emptyDir volumes may go.
    pub(super) delete_local_data: bool,
    /// Only pods with these labels.
    pub(super) selector: String,
    /// Pods deleted longer ago than so many seconds are passed over; 0 for none.
    pub(super) skip_deleted_after: i64,
    /// Number of pods in each request of the list; 0 for all in one.
    pub(super) chunk_size: usize,
}

/// What is to become of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes.
    Go,
    /// It goes, and something is to be said about it.
    GoWith(String),
    /// It stays.
    Stay,
    /// It stays, and something is to be said about it.
    StayWith(String),
    /// It must not go.
    Refuse(String),
}

impl Verdict {
    fn goes(&self) -> bool {
        matches!(self, Verdict::Go | Verdict::GoWith(_))
    }
}

/// A pod and what is to become of it.
pub(super) type Judged = (Arc<Object>, Verdict);

/// Judges the pods of a node.
pub(super) fn on_node(ctx: &mut Ctx, node: &str, rules: &Rules) -> CliResult<Vec<Judged>> {
    let params = ListParams {
        labels: rules.selector.clone(),
        fields: format!("spec.nodeName={node}"),
        chunk_size: rules.chunk_size,
    };
    let pods = ctx.api(|client| client.list(&ResourcePath::all("pods", ""), &params))?.items;
    let now = ctx.now()?;
    let mut judged = Vec::new();
    for pod in pods {
        let verdict = match pod.controller_of().filter(|o| o.kind == "DaemonSet") {
            Some(owner) => {
                let path = ResourcePath::one("daemonsets.apps", pod.namespace(), &owner.name);
                let owner = ctx.api(|client| client.get_opt(&path))?;
                judge(&pod, rules, now, owner.is_some())
            }
            None => judge(&pod, rules, now, false),
        };
        judged.push((pod, verdict));
    }
    Ok(judged)
}

/// The rules one after the other; the first that keeps a pod ends them, and the last one speaks.
fn judge(pod: &Object, rules: &Rules, now: Time, daemon_set_exists: bool) -> Verdict {
    let checks = [
        deleted_long_ago(pod, rules, now),
        of_daemon_set(pod, rules, daemon_set_exists),
        mirrored(pod),
        with_local_data(pod, rules),
        without_controller(pod, rules),
    ];
    let mut last = Verdict::Go;
    for verdict in checks {
        last = verdict;
        if !last.goes() {
            break;
        }
    }
    last
}

fn is_over(pod: &Object) -> bool {
    ["Succeeded", "Failed"].contains(&pod.str("/status/phase"))
}

fn deleted_long_ago(pod: &Object, rules: &Rules, now: Time) -> Verdict {
    let limit = Duration::from_secs(rules.skip_deleted_after);
    let long_ago = rules.skip_deleted_after > 0 && pod.deletion_time().is_some_and(|at| now - at > limit);
    if long_ago { Verdict::Stay } else { Verdict::Go }
}

fn of_daemon_set(pod: &Object, rules: &Rules, exists: bool) -> Verdict {
    let Some(owner) = pod.controller_of().filter(|o| o.kind == "DaemonSet") else { return Verdict::Go };
    if is_over(pod) {
        return Verdict::Go;
    }
    if !exists {
        let text = format!("daemonsets.apps \"{}\" not found", owner.name);
        return if rules.force { Verdict::GoWith(text) } else { Verdict::Refuse(text) };
    }
    match rules.ignore_daemon_sets {
        true => Verdict::StayWith("ignoring DaemonSet-managed Pods".into()),
        false => Verdict::Refuse("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)".into()),
    }
}

fn mirrored(pod: &Object) -> Verdict {
    if pod.annotation("kubernetes.io/config.mirror").is_some() { Verdict::Stay } else { Verdict::Go }
}

fn with_local_data(pod: &Object, rules: &Rules) -> Verdict {
    let has_data = pod.list("/spec/volumes").iter().any(|v| v.at("/emptyDir").is_some());
    match (has_data && !is_over(pod), rules.delete_local_data) {
        (false, _) => Verdict::Go,
        (true, true) => Verdict::GoWith("deleting Pods with local storage".into()),
        (true, false) => Verdict::Refuse("Pods with local storage (use --delete-emptydir-data to override)".into()),
    }
}

fn without_controller(pod: &Object, rules: &Rules) -> Verdict {
    match (is_over(pod) || pod.is_managed(), rules.force) {
        (true, _) => Verdict::Go,
        (false, true) => Verdict::GoWith("deleting Pods that declare no controller".into()),
        (false, false) => Verdict::Refuse("Pods that declare no controller (use --force to override)".into()),
    }
}

/// `default/web`.
pub(super) fn full_name(pod: &Object) -> String {
    format!("{}/{}", pod.namespace(), pod.name())
}

fn grouped<'a>(judged: &'a [Judged], text: impl Fn(&'a Verdict) -> Option<&'a str>) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (pod, verdict) in judged {
        if let Some(text) = text(verdict) {
            groups.entry(text).or_default().push(full_name(pod));
        }
    }
    groups.into_iter().map(|(text, pods)| format!("{text}: {}", pods.join(", "))).collect()
}

/// Why the node can not be drained.
pub(super) fn errors(judged: &[Judged]) -> Vec<String> {
    let refused = grouped(judged, |verdict| match verdict {
        Verdict::Refuse(text) => Some(text),
        _ => None,
    });
    refused.into_iter().map(|text| format!("cannot delete {text}")).collect()
}

/// What is to be said about pods.
pub(super) fn warnings(judged: &[Judged]) -> String {
    let said = grouped(judged, |verdict| match verdict {
        Verdict::GoWith(text) | Verdict::StayWith(text) => Some(text),
        _ => None,
    });
    said.join("; ")
}

/// The pods that go.
pub(super) fn chosen(judged: Vec<Judged>) -> Vec<Arc<Object>> {
    judged.into_iter().filter(|(_, verdict)| verdict.goes()).map(|(pod, _)| pod).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn rules(force: bool, ignore_daemon_sets: bool, delete_local_data: bool) -> Rules {
        Rules {
            force,
            ignore_daemon_sets,
            delete_local_data,
            selector: String::new(),
            skip_deleted_after: 0,
            chunk_size: 0,
        }
    }

    fn owned(kind: &str) -> Value {
        json!({"metadata": {"ownerReferences": [{"kind": kind, "name": "o", "controller": true}]}})
    }

    #[test]
    fn pods_are_judged() {
        let bare = json!({"metadata": {}});
        let scratch = json!({"metadata": {}, "spec": {"volumes": [{"emptyDir": {}}]}});
        let over = json!({"metadata": {}, "status": {"phase": "Succeeded"}});
        let cases = [
            (owned("ReplicaSet"), rules(false, false, false), Verdict::Go),
            (
                owned("DaemonSet"),
                rules(false, true, false),
                Verdict::StayWith("ignoring DaemonSet-managed Pods".into()),
            ),
            (bare, rules(true, false, false), Verdict::GoWith("deleting Pods that declare no controller".into())),
            (
                scratch,
                rules(true, false, false),
                Verdict::Refuse("Pods with local storage (use --delete-emptydir-data to override)".into()),
            ),
            (over, rules(false, false, false), Verdict::Go),
        ];
        for (pod, rules, expected) in cases {
            assert_eq!(judge(&pod, &rules, Time::default(), true), expected, "{pod}");
        }
    }
}
