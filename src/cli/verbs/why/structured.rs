//! The answer as a value, for `-o json` and `-o yaml`.

use super::Answer;
use kctl_base::json::{Value, json};
use kctl_cluster::why::{Author, Diagnosis, Finding, ObjectName, Step, Weight};

/// Returns an answer as a value.
pub(super) fn value(answer: &Answer) -> Value {
    let mut value = json!({"object": object(&answer.object), "exists": answer.diagnosis.is_some()});
    if let Some(diagnosis) = &answer.diagnosis {
        value["state"] = weight(diagnosis.weight(), "Healthy").into();
        value["summary"] = diagnosis.summary.clone().into();
        value["findings"] = findings(diagnosis);
    }
    if let Some(story) = &answer.story {
        let chain = |chain: &Vec<Step>| Value::from(chain.iter().map(step).collect::<Vec<_>>());
        value["causes"] = story.chains.iter().map(chain).collect::<Vec<_>>().into();
        if let Some(start) = story.log_starts {
            value["logStarts"] = start.rfc3339().into();
        }
    }
    value
}

/// Returns the findings about an object as a value.
pub(in crate::verbs) fn findings(diagnosis: &Diagnosis) -> Value {
    diagnosis.findings.iter().map(finding).collect::<Vec<_>>().into()
}

fn weight(weight: Weight, remark: &'static str) -> &'static str {
    match weight {
        Weight::Remark => remark,
        Weight::Unknown => "Unknown",
        Weight::Progress => "Progress",
        Weight::Problem => "Problem",
    }
}

fn object(object: &ObjectName) -> Value {
    let mut value = json!({"kind": object.kind, "resource": object.resource, "name": object.name});
    if !object.namespace.is_empty() {
        value["namespace"] = object.namespace.clone().into();
    }
    value
}

fn finding(found: &Finding) -> Value {
    json!({
        "weight": weight(found.weight, "Remark"),
        "object": object(&found.object),
        "others": found.others as u64,
        "sentence": found.sentence,
        "evidence": found.evidence,
        "because": found.because.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn step(step: &Step) -> Value {
    let mut value = json!({
        "revision": step.revision,
        "time": step.at.rfc3339_micro(),
        "object": object(&step.object),
        "what": step.what,
        "leftOut": step.left_out as u64,
        "toldAbove": step.joins,
    });
    match &step.author {
        Author::Controller(name) => value["controller"] = name.clone().into(),
        Author::Command(operation) => {
            value["command"] =
                operation.as_ref().map_or(Value::Null, |operation| operation.command_line.clone().into());
            value["operation"] = operation.as_ref().map_or(Value::Null, |operation| operation.number.into());
        }
        Author::ClusterStart => value["clusterStart"] = true.into(),
    }
    if let Some(during) = &step.during {
        value["during"] = json!({"operation": during.number, "command": during.command_line});
    }
    if let Some(because) = &step.because {
        value["because"] = because.clone().into();
    }
    value
}
