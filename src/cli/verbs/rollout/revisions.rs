//! The revision history of a workload: the ReplicaSets of a Deployment or the ControllerRevisions of another.
//!
//! Upstream: `kubectl/pkg/polymorphichelpers/history.go`.

use std::sync::Arc;

use crate::record::CHANGE_CAUSE;
use crate::{CliError, CliResult, Ctx};
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_cluster::client::{ListParams, ResourcePath};
use kctl_kinds::PrefixWriter;
use kctl_kinds::shared::describe::describe_template;

/// The annotation with the revision of a Deployment or ReplicaSet.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// A revision of a workload.
pub(super) struct Revision {
    /// The number of the revision, from 1; 0 if it is unknown.
    pub(super) number: i64,
    /// The ReplicaSet or ControllerRevision that holds it.
    pub(super) object: Arc<Object>,
}

impl Revision {
    /// Returns the pod template.
    pub(super) fn template(&self) -> Value {
        if self.object.kind() == "ReplicaSet" {
            return self.object.pointer("/spec/template").cloned().unwrap_or_default();
        }
        let mut template = self.object.pointer("/data/spec/template").cloned().unwrap_or_default();
        template.remove_at("/$patch");
        template
    }

    /// Returns the change cause that `--record` stored; empty without one.
    pub(super) fn change_cause(&self) -> &str {
        self.object.annotation(CHANGE_CAUSE).unwrap_or("")
    }
}

/// Returns the revision of a Deployment or ReplicaSet from its annotation; 0 without one.
pub(super) fn revision_of(object: &Value) -> i64 {
    object.annotation(REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
}

/// Lists the revisions of an object, the oldest first; `None` if its kind has no history. The object is read once more, as
/// kubectl's viewer of histories does.
pub(super) fn list(ctx: &mut Ctx, object: &Value) -> CliResult<Option<Vec<Revision>>> {
    let (own, resource) = match object.kind() {
        "Deployment" => ("deployments.apps", "replicasets.apps"),
        "DaemonSet" => ("daemonsets.apps", "controllerrevisions.apps"),
        "StatefulSet" => ("statefulsets.apps", "controllerrevisions.apps"),
        _ => return Ok(None),
    };
    let path = ResourcePath::one(own, object.namespace(), object.name());
    let object = ctx.api(|client| client.get(&path))?;
    let selector = object.at("/spec/selector").and_then(|s| Selector::from_object(s).ok());
    let params = ListParams::labels(&selector.map(|s| s.to_string()).unwrap_or_default());
    let path = ResourcePath::all(resource, object.namespace());
    let mut revisions = Vec::new();
    for found in ctx.api(|client| client.list(&path, &params))?.items {
        if !found.is_controlled_by(object.uid()) {
            continue;
        }
        let number = match resource {
            "replicasets.apps" => revision_of(&found),
            _ => found.int("/revision").unwrap_or(0),
        };
        revisions.push(Revision { number, object: found });
    }
    revisions.order_by_key(|r| r.number);
    Ok(Some(revisions))
}

/// Returns the error for an object whose kind has no history. kubectl distinguishes the kinds of its `KindVisitor`
/// (`kubectl/pkg/apps/kind_visitor.go`) from all others. `missing` is the helper that the kind lacks, and `purpose` the
/// reason it is needed for.
pub(super) fn unsupported(object: &Value, (purpose, missing): (&str, &str)) -> CliError {
    let ((group, _), kind) = (split_api_version(object.api_version()), object.kind());
    let is_visited = match group {
        "" => ["Pod", "ReplicationController"].contains(&kind),
        "apps" => kind == "ReplicaSet",
        "batch" => ["Job", "CronJob"].contains(&kind),
        _ => false,
    };
    let name = if group.is_empty() { kind.to_string() } else { format!("{kind}.{group}") };
    CliError::new(match is_visited {
        true => format!("no {missing} has been implemented for \"{name}\""),
        false => format!("error retrieving {purpose} for \"{name}\", no visitor method exists for {{{group} {kind}}}"),
    })
}

/// Describes a pod template, with tabs between labels and values as `rollout` prints it.
pub(super) fn describe_pod_template(template: &Value) -> String {
    let mut out = PrefixWriter::new();
    describe_template(Some(template), &mut out);
    out.text().to_string()
}
