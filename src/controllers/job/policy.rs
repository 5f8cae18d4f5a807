//! `podFailurePolicy` and `successPolicy`: what the end of a pod, or of some indexes, means for the job.

use serde_json::Value;

use super::indexes::Indexes;
use super::view::{Pod, Spec};
use crate::machinery::object::Reading;

/// What a failed pod means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It counts towards the limits.
    Counts,
    /// It is as if it had not been.
    Ignored,
    /// Its index has failed for good.
    FailsIndex,
    /// The whole job has failed, with this message.
    FailsJob(String),
}

impl Failure {
    /// Whether it counts towards the limits.
    pub(super) fn counts(&self) -> bool {
        *self != Failure::Ignored
    }
}

/// What the failure of a pod means by the first rule that matches it.
pub(super) fn of_pod(spec: &Spec, pod: &Pod) -> Failure {
    let rules = spec.failure_policy.as_ref().map_or(&[][..], |policy| policy.list("/rules"));
    for (index, rule) in rules.iter().enumerate() {
        let Some(what) = matched(rule, pod) else { continue };
        match rule.str("/action") {
            "Ignore" => return Failure::Ignored,
            "FailIndex" => return Failure::FailsIndex,
            "Count" => return Failure::Counts,
            "FailJob" => return Failure::FailsJob(format!("{what} matching FailJob rule at index {index}")),
            _ => {}
        }
    }
    Failure::Counts
}

/// What of a pod a rule matches, in words.
fn matched(rule: &Value, pod: &Pod) -> Option<String> {
    if let Some(codes) = rule.at("/onExitCodes") {
        let statuses = pod.status.list("/containerStatuses").iter().chain(pod.status.list("/initContainerStatuses"));
        let status = statuses.into_iter().find(|status| code_matches(codes, status))?;
        let code = status.int("/state/terminated/exitCode").unwrap_or(0);
        let (namespace, name) = (&pod.namespace, &pod.name);
        let container = status.str("/name");
        return Some(format!("Container {container} for pod {namespace}/{name} failed with exit code {code}"));
    }
    let patterns = rule.list("/onPodConditions");
    let same = |condition: &Value, pattern: &Value| {
        condition.str("/type") == pattern.str("/type") && condition.str("/status") == pattern.str("/status")
    };
    let condition = pod.status.list("/conditions").iter().find(|c| patterns.iter().any(|p| same(c, p)))?;
    Some(format!("Pod {}/{} has condition {}", pod.namespace, pod.name, condition.str("/type")))
}

/// Whether a container has ended with one of the codes of a rule; 0 is never one.
fn code_matches(codes: &Value, status: &Value) -> bool {
    let Some(code) = status.int("/state/terminated/exitCode").filter(|code| *code != 0) else { return false };
    let container = codes.str("/containerName");
    if !container.is_empty() && container != status.str("/name") {
        return false;
    }
    let listed = codes.list("/values").iter().any(|value| value.as_i64() == Some(code));
    match codes.str("/operator") {
        "In" => listed,
        "NotIn" => !listed,
        _ => false,
    }
}

/// Why a job has succeeded with these indexes, if it has by a rule of its success policy.
pub(super) fn success(spec: &Spec, succeeded: &Indexes) -> Option<String> {
    let rules = spec.success_policy.as_ref()?.list("/rules");
    let holds = |rule: &&Value| {
        let wanted = rule.int("/succeededCount");
        match rule.at("/succeededIndexes").and_then(Value::as_str) {
            Some(text) => {
                let required = Indexes::parse(text, spec.index_count());
                required.len() > 0 && succeeded.common(&required) >= wanted.unwrap_or(required.len())
            }
            None => wanted.is_some_and(|wanted| succeeded.len() >= wanted),
        }
    };
    let matching = if succeeded.len() == 0 { None } else { rules.iter().position(|rule| holds(&rule)) };
    matching.map(|index| format!("Matched rules at index {index}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = json!({"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {"action": "FailJob", "onExitCodes": {"containerName": "c", "operator": "In", "values": [42]}},
            {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [7]}},
            {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [1]}},
            {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}},
        ]});
        let spec = Spec { failure_policy: Some(rules), ..Spec::default() };
        let ended = |name: &str, code: i64| json!({"containerStatuses": [{"name": name, "state": {"terminated": {"exitCode": code}}}]});
        let message = "Container c for pod n/p failed with exit code 42 matching FailJob rule at index 1".to_string();
        for (status, want) in [
            (json!({"conditions": [{"type": "DisruptionTarget", "status": "True"}]}), Failure::Ignored),
            (ended("c", 42), Failure::FailsJob(message)),
            (ended("other", 42), Failure::Counts),
            (ended("c", 7), Failure::FailsIndex),
            (ended("c", 1), Failure::Ignored),
            (ended("c", 0), Failure::Counts),
        ] {
            let pod = Pod { name: "p".into(), namespace: "n".into(), status: status.clone(), ..Pod::default() };
            assert_eq!(of_pod(&spec, &pod), want, "{status}");
        }
    }

    #[test]
    fn some_indexes_may_be_enough() {
        for (rule, succeeded, met) in [
            (json!({"succeededIndexes": "0-2"}), "0-2,5", true),
            (json!({"succeededIndexes": "0-2"}), "0-1,5", false),
            (json!({"succeededIndexes": "0-4", "succeededCount": 2}), "1,3", true),
            (json!({"succeededIndexes": "0-4", "succeededCount": 2}), "1,7", false),
            (json!({"succeededCount": 2}), "1,7", true),
            (json!({"succeededCount": 3}), "1,7", false),
        ] {
            let policy = json!({"rules": [{"succeededCount": 100}, rule]});
            let spec = Spec { success_policy: Some(policy), completions: Some(10), ..Spec::default() };
            let message = success(&spec, &Indexes::parse(succeeded, 10));
            assert_eq!(message.as_deref(), met.then_some("Matched rules at index 1"), "{rule} {succeeded}");
        }
    }
}
