//! The kept revisions of a workload: ReplicaSets of a Deployment, ControllerRevisions of the others.

use std::sync::Arc;

use crate::record::CHANGE_CAUSE;
use crate::{CliError, CliResult, Ctx};
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_cluster::client::{ListParams, ResourcePath};
use kctl_kinds::PrefixWriter;
use kctl_kinds::shared::describe::describe_template;

/// The annotation with a Deployment's or ReplicaSet's revision.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// One revision.
pub(super) struct Revision {
    /// Its number.
    pub(super) number: i64,
    /// What is kept of it: a ReplicaSet or a ControllerRevision.
    pub(super) kept: Arc<Object>,
}

impl Revision {
    /// The pod template of this revision.
    pub(super) fn template(&self) -> Value {
        if self.kept.kind() == "ReplicaSet" {
            return self.kept.pointer("/spec/template").cloned().unwrap_or_default();
        }
        let mut template = self.kept.pointer("/data/spec/template").cloned().unwrap_or_default();
        template.remove_at("/$patch");
        template
    }

    /// Why it came about.
    pub(super) fn cause(&self) -> &str {
        self.kept.annotation(CHANGE_CAUSE).unwrap_or("")
    }
}

/// The revision that is noted on a Deployment or ReplicaSet; 0 when none is.
pub(super) fn revision_of(object: &Value) -> i64 {
    object.annotation(REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
}

/// All kept revisions of an object, oldest first; none when its kind keeps no revisions.
pub(super) fn of(ctx: &mut Ctx, object: &Value) -> CliResult<Option<Vec<Revision>>> {
    let resource = match object.kind() {
        "Deployment" => "replicasets.apps",
        "DaemonSet" | "StatefulSet" => "controllerrevisions.apps",
        _ => return Ok(None),
    };
    let selector = object.at("/spec/selector").and_then(|s| Selector::from_object(s).ok());
    let params = ListParams::labels(&selector.map(|s| s.to_string()).unwrap_or_default());
    let path = ResourcePath::all(resource, object.namespace());
    let mut revisions = Vec::new();
    for kept in ctx.api(|client| client.list(&path, &params))?.items {
        if !kept.is_controlled_by(object.uid()) {
            continue;
        }
        let number = match resource {
            "replicasets.apps" => revision_of(&kept),
            _ => kept.int("/revision").unwrap_or(0),
        };
        revisions.push(Revision { number, kept });
    }
    revisions.sort_by_key(|r| r.number);
    Ok(Some(revisions))
}

/// Why there are no revisions of an object: kubectl knows the kinds of pods and what makes them, and no others.
pub(super) fn without(object: &Value, (sought, missing): (&str, &str)) -> CliError {
    let ((group, _), kind) = (split_api_version(object.api_version()), object.kind());
    let known = match group {
        "" => ["Pod", "ReplicationController"].contains(&kind),
        "apps" => kind == "ReplicaSet",
        "batch" => ["Job", "CronJob"].contains(&kind),
        _ => false,
    };
    let name = if group.is_empty() { kind.to_string() } else { format!("{kind}.{group}") };
    CliError::new(match known {
        true => format!("no {missing} has been implemented for \"{name}\""),
        false => format!("error retrieving {sought} for \"{name}\", no visitor method exists for {{{group} {kind}}}"),
    })
}

/// A pod template in words, with raw tabs, as `rollout` prints it.
pub(super) fn template_text(template: &Value) -> String {
    let mut out = PrefixWriter::new();
    describe_template(Some(template), &mut out);
    out.text().to_string()
}
