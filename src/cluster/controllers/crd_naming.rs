//! Accepts the names of CustomResourceDefinitions, which establishes them (`apiextensions-apiserver/pkg/controller/status` and
//! `establish`).
//!
//! Only the status is written here; the API server serves the kinds by itself.

use super::{Action, Context, Controller, Key, Watch};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition};
use kctl_base::sim::Time;
use kctl_base::status::Status;

const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The naming controller of CustomResourceDefinitions.
pub(super) const CONTROLLER: Controller =
    Controller { name: "crd-naming-controller", watches: &[Watch::primary(DEFINITIONS)], reconcile };

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action, Status> {
    if let Some(definition) = ctx.get_key(DEFINITIONS, key)?.filter(|d| !d.is_deleting()) {
        let planned = plan(&definition, ctx.now);
        if definition.get("status") != Some(&planned) {
            let mut new = (*definition).clone();
            new.put("/status", planned);
            ctx.update_status(DEFINITIONS, new)?;
        }
    }
    Ok(Action::AwaitChange)
}

/// Returns the status of a definition whose names are accepted.
fn plan(definition: &Object, now: Time) -> Value {
    let mut status = definition.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut accepted = definition.pointer("/spec/names").cloned().unwrap_or_default();
    accepted.put_default("/listKind", format!("{}List", definition.str("/spec/names/kind")));
    accepted.put_default("/singular", definition.str("/spec/names/kind").to_lowercase());
    status["acceptedNames"] = accepted;
    status["conditions"] = json!([
        accepted_condition(definition, "NamesAccepted", "NoConflicts", "no conflicts found", now),
        accepted_condition(
            definition,
            "Established",
            "InitialNamesAccepted",
            "the initial names have been accepted",
            now
        ),
    ]);
    let stored = definition.list("/spec/versions").iter().find(|v| v.flag("/storage")).map(|v| v.str("/name"));
    let known = status.list("/storedVersions").iter().any(|v| v.as_str() == stored);
    if let Some(stored) = stored.filter(|_| !known) {
        status.list_mut("/storedVersions").push(stored.into());
    }
    status
}

fn accepted_condition(definition: &Object, kind: &str, reason: &str, message: &str, now: Time) -> Value {
    let before = condition(definition, kind).filter(|c| c.str("/status") == "True");
    let since = before.map_or_else(|| now.rfc3339(), |c| c.str("/lastTransitionTime").to_string());
    json!({"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": since})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_established_once() {
        let definition = json!({"spec": {"names": {"kind": "Backup", "plural": "backups"}, "versions": [{"name": "v1", "storage": true}]}});
        let first = plan(&definition, Time::from_secs(10));
        assert_eq!(first["storedVersions"], json!(["v1"]));
        assert_eq!(first["acceptedNames"]["singular"], "backup");
        let mut later = definition;
        later["status"] = first.clone();
        assert_eq!(plan(&later, Time::from_secs(99)), first, "transition times are kept");
    }
}
