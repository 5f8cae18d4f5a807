//! `podFailurePolicy` and `successPolicy` (`pkg/controller/job/pod_failure_policy.go`, `success_policy.go`).

use super::indexes::IndexSet;
use super::pods;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The consequences of a pod's failure for its Job.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PodFailureOutcome {
    /// The message when the whole Job fails.
    pub(super) job_fails: Option<String>,
    /// The index of the pod fails.
    pub(super) index_fails: bool,
    /// The failure does not count towards the backoff limits.
    pub(super) ignored: bool,
}

/// Applies the first rule of the failure policy that matches a failed pod (`matchPodFailurePolicy`).
pub(super) fn match_pod_failure_policy(job: &Object, pod: &Object) -> PodFailureOutcome {
    for (index, rule) in job.list("/spec/podFailurePolicy/rules").iter().enumerate() {
        let action = rule.str("/action");
        let matched = match rule.at("/onExitCodes") {
            Some(codes) => exit_code(pod, codes).map(|(container, code)| {
                let pod = format!("{}/{}", pod.namespace(), pod.name());
                format!("Container {container} for pod {pod} failed with exit code {code} matching {action} rule at index {index}")
            }),
            None => matching_condition(pod, rule.list("/onPodConditions")).map(|kind| {
                let pod = format!("{}/{}", pod.namespace(), pod.name());
                format!("Pod {pod} has condition {kind} matching {action} rule at index {index}")
            }),
        };
        let Some(message) = matched else { continue };
        match action {
            "Ignore" => return PodFailureOutcome { ignored: true, ..PodFailureOutcome::default() },
            "FailJob" => return PodFailureOutcome { job_fails: Some(message), ..PodFailureOutcome::default() },
            "FailIndex" if job.at("/spec/backoffLimitPerIndex").is_some() => {
                return PodFailureOutcome { index_fails: true, ..PodFailureOutcome::default() };
            }
            "Count" => return PodFailureOutcome::default(),
            _ => {}
        }
    }
    PodFailureOutcome::default()
}

/// Returns the first container whose exit code a rule matches, and the code. Exit code 0 never matches.
fn exit_code<'a>(pod: &'a Object, rule: &Value) -> Option<(&'a str, i64)> {
    let (only, negated) = (rule.str("/containerName"), rule.str("/operator") == "NotIn");
    let values = rule.list("/values");
    let statuses = ["/status/containerStatuses", "/status/initContainerStatuses"];
    statuses.iter().flat_map(|pointer| pod.list(pointer)).find_map(|status| {
        let code = status.int("/state/terminated/exitCode").filter(|code| *code != 0)?;
        let named = only.is_empty() || status.str("/name") == only;
        let listed = values.iter().any(|v| v.as_i64() == Some(code));
        (named && listed != negated).then(|| (status.str("/name"), code))
    })
}

fn matching_condition<'a>(pod: &'a Object, patterns: &[Value]) -> Option<&'a str> {
    let same = |condition: &Value, pattern: &Value| {
        ["/type", "/status"].iter().all(|part| condition.str(part) == pattern.str(part))
    };
    let conditions = pod.list("/status/conditions").iter();
    conditions.filter(|c| patterns.iter().any(|p| same(c, p))).map(|c| c.str("/type")).next()
}

/// Returns `true` when a failed pod makes its index fail, in a Job with a backoff limit per index (`isIndexFailed`).
pub(super) fn index_fails(job: &Object, pod: &Object) -> bool {
    let outcome = match_pod_failure_policy(job, pod);
    let limit = job.int("/spec/backoffLimitPerIndex").unwrap_or(i64::MAX);
    outcome.index_fails || (!outcome.ignored && pods::failures_before(pod).0 >= limit)
}

/// Returns the failures of an index before the pod that replaces a failed one: those that count and those that do not.
pub(super) fn failures_after(job: &Object, failed: &Object) -> (i64, i64) {
    let (counted, ignored) = pods::failures_before(failed);
    if match_pod_failure_policy(job, failed).ignored { (counted, ignored + 1) } else { (counted + 1, ignored) }
}

/// Returns the message for the first rule of the success policy that is met (`matchSuccessPolicy`).
pub(super) fn match_success_policy(job: &Object, succeeded: &IndexSet) -> Option<String> {
    let completions = job.int("/spec/completions").unwrap_or(0);
    if succeeded.total() == 0 {
        return None;
    }
    let rules = job.list("/spec/successPolicy/rules");
    let met = rules.iter().position(|rule| {
        let count = rule.int("/succeededCount");
        match rule.at("/succeededIndexes").and_then(Value::as_str) {
            Some(text) => {
                let wanted = IndexSet::parse(text, completions);
                succeeded.common(&wanted) >= count.unwrap_or_else(|| wanted.total())
            }
            None => count.is_some_and(|count| succeeded.total() >= count),
        }
    });
    met.map(|index| format!("Matched rules at index {index}"))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    fn failed(code: i64) -> Object {
        json!({"metadata": {"namespace": "n", "name": "p"}, "status": {
            "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": code}}}],
            "conditions": [{"type": "DisruptionTarget", "status": "True"}]}})
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let codes = |action: &str, operator: &str, values: &[i64]| json!({"action": action, "onExitCodes": {"operator": operator, "values": values}});
        let disrupted = |action: &str| json!({"action": action, "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]});
        let fails = |text: &str| PodFailureOutcome { job_fails: Some(text.into()), ..PodFailureOutcome::default() };
        let cases = [
            (
                vec![codes("FailJob", "In", &[42])],
                fails("Container main for pod n/p failed with exit code 42 matching FailJob rule at index 0"),
            ),
            (
                vec![codes("FailJob", "In", &[1]), disrupted("FailJob")],
                fails("Pod n/p has condition DisruptionTarget matching FailJob rule at index 1"),
            ),
            (
                vec![disrupted("Ignore"), codes("FailJob", "In", &[42])],
                PodFailureOutcome { ignored: true, ..PodFailureOutcome::default() },
            ),
            (vec![codes("Count", "NotIn", &[1]), disrupted("Ignore")], PodFailureOutcome::default()),
            (
                vec![codes("FailIndex", "In", &[42])],
                PodFailureOutcome { index_fails: true, ..PodFailureOutcome::default() },
            ),
            (vec![], PodFailureOutcome::default()),
        ];
        for (rules, want) in cases {
            let job = json!({"spec": {"backoffLimitPerIndex": 1, "podFailurePolicy": {"rules": rules}}});
            assert_eq!(match_pod_failure_policy(&job, &failed(42)), want);
        }
    }

    #[test]
    fn an_index_fails_after_its_own_limit() {
        let job = json!({"spec": {"backoffLimitPerIndex": 1}});
        let mut pod = failed(1);
        assert!(!index_fails(&job, &pod));
        assert_eq!(failures_after(&job, &pod), (1, 0));
        pod["metadata"]["annotations"] = json!({(pods::FAILURES): "1"});
        assert!(index_fails(&job, &pod));
    }

    #[test]
    fn a_success_policy_may_need_only_some_indexes() {
        let cases = [
            (json!([{"succeededIndexes": "0,2"}]), "0,2", Some("Matched rules at index 0")),
            (json!([{"succeededIndexes": "0,2"}]), "0,1", None),
            (json!([{"succeededIndexes": "0-3", "succeededCount": 2}]), "1,3", Some("Matched rules at index 0")),
            (json!([{"succeededIndexes": "0"}, {"succeededCount": 2}]), "1,3", Some("Matched rules at index 1")),
            (json!([]), "0-3", None),
        ];
        for (rules, succeeded, want) in cases {
            let job = json!({"spec": {"completions": 5, "successPolicy": {"rules": rules}}});
            assert_eq!(match_success_policy(&job, &IndexSet::parse(succeeded, 5)).as_deref(), want, "{rules}");
        }
    }
}
