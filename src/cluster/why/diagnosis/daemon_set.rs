//! DaemonSets: nodes without a ready pod.

use super::reader::Reader;
use super::{Finding, creation, rollout, words};
use crate::api::Result;
use kctl_base::object::{Object, ValueRead};

fn status(set: &Object, field: &str) -> i64 {
    set.int(&format!("/status/{field}")).unwrap_or(0)
}

/// Counts the nodes with a ready pod.
pub(super) fn summary(set: &Object) -> String {
    match status(set, "desiredNumberScheduled") {
        0 => "it runs on no node".into(),
        wanted => format!(
            "{} of {} {} a ready pod",
            status(set, "numberReady"),
            words::count(wanted, "node"),
            words::have(wanted)
        ),
    }
}

/// Finds what keeps a set from having an available pod, of the newest template, on each of its nodes.
pub(super) fn diagnose(reader: &mut Reader<'_>, set: &Object) -> Result<Vec<Finding>> {
    if let Some(finding) = rollout::unobserved(set) {
        return Ok(vec![finding]);
    }
    let wanted = status(set, "desiredNumberScheduled");
    if wanted == 0 {
        let sentence = "runs on no node: none matches its node selector and affinity, or all have taints that it does not tolerate";
        return Ok(vec![Finding::problem(sentence)]);
    }
    let owned = reader.owned("pods", set)?;
    let mut causes = Vec::new();
    if (owned.len() as i64) < wanted {
        causes.extend(creation::diagnose(reader, set)?);
    }
    causes.extend(rollout::of_pods(reader, &owned, set.int("/spec/minReadySeconds").unwrap_or(0))?);
    let (available, updated) = (status(set, "numberAvailable"), status(set, "updatedNumberScheduled"));
    let mut found = Vec::new();
    let missing = wanted - available;
    if missing <= 0 {
        found.extend(causes);
    } else {
        let sentence =
            format!("{missing} of {} {} no available pod", words::count(wanted, "node"), words::have(missing));
        found.push(rollout::incomplete(false, sentence, causes));
    }
    if updated < wanted {
        found.push(old_template(set, wanted - updated));
    }
    Ok(found)
}

fn old_template(set: &Object, old: i64) -> Finding {
    let pods = format!("{} {} the old template", words::count(old, "pod"), words::have(old));
    if set.str("/spec/updateStrategy/type") == "OnDelete" {
        return Finding::problem(format!("{pods}: {}", rollout::ON_DELETE));
    }
    let limit = set.at("/spec/updateStrategy/rollingUpdate/maxUnavailable").map(words::value);
    let limit = limit.map_or_else(String::new, |limit| format!(" (maxUnavailable is {limit})"));
    Finding::progress(format!("{pods}; such pods are replaced in turn{limit}"))
}
