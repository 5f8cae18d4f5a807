//! PodDisruptionBudgets that allow no eviction.

use super::reader::Reader;
use super::{Finding, words};
use crate::api::Result;
use crate::controllers::pods;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

fn status(budget: &Object, field: &str) -> i64 {
    budget.int(&format!("/status/{field}")).unwrap_or(0)
}

/// Tells how many pods may be evicted now.
pub(super) fn summary(budget: &Object) -> String {
    format!("{} may be evicted now", words::count(status(budget, "disruptionsAllowed"), "pod"))
}

/// Finds why a budget allows no eviction, down to the pods that are not healthy.
pub(super) fn diagnose(reader: &mut Reader<'_>, budget: &Object) -> Result<Vec<Finding>> {
    if status(budget, "disruptionsAllowed") > 0 {
        return Ok(Vec::new());
    }
    if let Some(condition) = words::condition_with(budget, "DisruptionAllowed", "False")
        && condition.str("/reason") == "SyncFailed"
    {
        let sentence = "allows no eviction, because it cannot be computed how many pods there should be";
        return Ok(vec![Finding::problem(sentence).shown_by(condition.str("/message"))]);
    }
    let pods = reader.pods_matching(budget.namespace(), &selector(budget))?;
    if pods.is_empty() {
        return Ok(vec![Finding::problem("selects no pod")]);
    }
    let unhealthy = pods.iter().filter(|pod| !pods::is_ready(pod));
    let causes = reader.follow("pods", unhealthy)?;
    Ok(vec![Finding::problem(refusal(budget)).because(causes)])
}

/// Tells why no pod of a budget may be evicted.
fn refusal(budget: &Object) -> String {
    let bound = ["minAvailable", "maxUnavailable"].iter().find_map(|field| {
        budget.at(&format!("/spec/{field}")).map(|bound| format!("{field} is {}", words::value(bound)))
    });
    let (healthy, wanted) = (status(budget, "currentHealthy"), status(budget, "desiredHealthy"));
    format!(
        "allows no eviction: {} {} healthy, and {wanted} have to be ({})",
        words::count(healthy, "pod"),
        words::are(healthy),
        bound.unwrap_or_default()
    )
}

fn selector(budget: &Object) -> Selector {
    let selector = budget.at("/spec/selector").map_or(Ok(Selector::Nothing), Selector::from_object);
    selector.unwrap_or(Selector::Nothing)
}

/// Finds the budget that keeps a pod from being evicted; `None` if none does.
pub(super) fn refusing(reader: &mut Reader<'_>, pod: &Object) -> Result<Option<Finding>> {
    let budgets = reader.list("poddisruptionbudgets.policy", pod.namespace())?;
    let refusing =
        budgets.iter().find(|budget| selector(budget).matches_object(pod) && status(budget, "disruptionsAllowed") == 0);
    Ok(refusing.map(|budget| Finding::remark(format!("poddisruptionbudget/{} {}", budget.name(), refusal(budget)))))
}
