//! Accepts the names of CustomResourceDefinitions, which establishes them (`apiextensions-apiserver/pkg/controller/status` and
//! `establish`).
//!
//! Only the status is written here; the API server serves the kinds by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Action, Context, Controller, Key, Watch};
use crate::api::DEFINITIONS;
use crate::store::Change;
use kctl_base::go::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition, condition_is_true};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// The naming controller of CustomResourceDefinitions.
pub(super) const CONTROLLER: Controller =
    Controller { name: "crd-naming-controller", watches: &[Watch::mapped(DEFINITIONS, same_group)], reconcile };

/// Maps a definition to all of its group: names that it gives up are free for the others.
fn same_group(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    let group = change.object.str("/spec/group");
    let all = ctx.list(DEFINITIONS, None)?;
    Ok(all.iter().filter(|definition| definition.str("/spec/group") == group).map(|d| Key::of(d)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action, Status> {
    if let Some(definition) = ctx.get_key(DEFINITIONS, key)?.filter(|d| !d.is_deleting()) {
        let taken = Taken::by_others(&definition, &ctx.list(DEFINITIONS, None)?);
        let planned = plan(&definition, &taken, ctx.now);
        if definition.get("status") != Some(&planned) {
            let mut new = (*definition).clone();
            new.put("/status", planned);
            ctx.update_status(DEFINITIONS, new)?;
        }
    }
    Ok(Action::AwaitChange)
}

/// The names that other definitions of a group have.
#[derive(Default)]
struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Taken {
    fn by_others(definition: &Object, all: &[Arc<Object>]) -> Taken {
        let is_other =
            |d: &&Arc<Object>| d.str("/spec/group") == definition.str("/spec/group") && d.name() != definition.name();
        let mut taken = Taken::default();
        for names in all.iter().filter(is_other).filter_map(|other| other.at("/status/acceptedNames")) {
            let texts = |fields: [&str; 2]| fields.map(|field| names.str(field).to_owned());
            taken.kinds.extend(texts(["/kind", "/listKind"]));
            taken.resources.extend(texts(["/plural", "/singular"]));
            taken.resources.extend(names.list("/shortNames").iter().filter_map(Value::as_str).map(str::to_owned));
        }
        taken
    }
}

/// Accepts the names of a definition that are free; those in conflict stay as they were. Returns the last conflict, reason
/// and message (`calculateNamesAndConditions`).
fn accept(definition: &Object, taken: &Taken) -> (Value, Option<(&'static str, String)>) {
    let mut wanted = definition.pointer("/spec/names").cloned().unwrap_or_default();
    wanted.put_default("/listKind", format!("{}List", definition.str("/spec/names/kind")));
    wanted.put_default("/singular", definition.str("/spec/names/kind").to_lowercase());
    let accepted = definition.pointer("/status/acceptedNames").cloned().unwrap_or_default();
    let mut conflict = None;
    let in_use = |name: &str| format!("{} is already in use", quote(name));
    let fields = [
        ("plural", "PluralConflict", &taken.resources),
        ("singular", "SingularConflict", &taken.resources),
        ("shortNames", "ShortNamesConflict", &taken.resources),
        ("kind", "KindConflict", &taken.kinds),
        ("listKind", "ListKindConflict", &taken.kinds),
    ];
    for (field, reason, taken) in fields {
        let names = match &wanted[field] {
            Value::Array(names) => &names[..],
            name => std::slice::from_ref(name),
        };
        let own = |name: &str| {
            accepted[field] == *name || accepted[field].as_array().is_some_and(|l| l.iter().any(|n| n == name))
        };
        let names = names.iter().filter_map(Value::as_str).filter(|name| !own(name) && taken.contains(*name));
        let messages: Vec<String> = names.map(in_use).collect();
        match messages.as_slice() {
            [] => continue,
            [one] => conflict = Some((reason, one.clone())),
            all => conflict = Some((reason, format!("[{}]", all.join(", ")))),
        }
        match accepted.get(field) {
            Some(before) => wanted[field] = before.clone(),
            None => drop(wanted.remove_at(&format!("/{field}"))),
        }
    }
    (wanted, conflict)
}

/// Returns the status of a definition.
fn plan(definition: &Object, taken: &Taken, now: Time) -> Value {
    let mut status = definition.get("status").cloned().unwrap_or_else(|| json!({}));
    let (accepted, conflict) = accept(definition, taken);
    status["acceptedNames"] = accepted;
    let is_established = condition_is_true(definition, "Established");
    let names = match &conflict {
        Some((reason, message)) => new_condition(definition, "NamesAccepted", "False", reason, message, now),
        None => new_condition(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now),
    };
    let established = match conflict.is_none() || is_established {
        true => {
            let message = "the initial names have been accepted";
            new_condition(definition, "Established", "True", "InitialNamesAccepted", message, now)
        }
        false => new_condition(definition, "Established", "False", "NotAccepted", "not all names are accepted", now),
    };
    status["conditions"] = json!([names, established]);
    let stored = definition.list("/spec/versions").iter().find(|v| v.flag("/storage")).map(|v| v.str("/name"));
    let known = status.list("/storedVersions").iter().any(|v| v.as_str() == stored);
    if let Some(stored) = stored.filter(|_| !known) {
        status.list_mut("/storedVersions").push(stored.into());
    }
    status
}

fn new_condition(definition: &Object, kind: &str, status: &str, reason: &str, message: &str, now: Time) -> Value {
    let before = condition(definition, kind).filter(|c| c.str("/status") == status);
    let since = before.map_or_else(|| now.rfc3339(), |c| c.str("/lastTransitionTime").to_string());
    json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_established_once() {
        let definition = json!({"spec": {"names": {"kind": "Backup", "plural": "backups"}, "versions": [{"name": "v1", "storage": true}]}});
        let first = plan(&definition, &Taken::default(), Time::from_secs(10));
        assert_eq!(first["storedVersions"], json!(["v1"]));
        assert_eq!(first["acceptedNames"]["singular"], "backup");
        let mut later = definition;
        later["status"] = first.clone();
        let taken = Taken { resources: ["backups".into(), "bk".into()].into(), kinds: BTreeSet::new() };
        let mut short = later.clone();
        short["spec"]["names"]["shortNames"] = json!(["bk"]);
        let refused = plan(&short, &taken, Time::from_secs(20));
        assert_eq!(refused["conditions"][0]["reason"], "ShortNamesConflict", "the plural is its own already");
        assert_eq!(refused["conditions"][0]["message"], "\"bk\" is already in use");
        assert_eq!(refused["conditions"][1]["status"], "True", "it stays established");
        assert_eq!(plan(&later, &Taken::default(), Time::from_secs(99)), first, "transition times are kept");
    }
}
