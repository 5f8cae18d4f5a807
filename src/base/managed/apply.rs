//! Server-side apply: merging a configuration, removing what its owner no longer applies, and conflicts with other owners.

use super::check;
use super::compare::Comparison;
use super::entries::{Entry, Operation, read_entries, take_entries, write_entries};
use super::merge::{merge, without_nulls};
use super::set::{FieldSet, show_path};
use super::typed::{Place, fields_of, with_declared_parents, without_fields};
use super::update::{Rules, Writer, tracked};
use crate::json::{Map, Value, json};
use crate::patch::Types;

/// The annotation in which client-side apply keeps what it applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The manager that may take over what client-side apply owns, because it is kubectl's own.
const KUBECTL: &str = "kubectl";

/// A field that another owner has with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other owner, as messages name it.
    pub manager: String,
    /// The field.
    pub path: String,
}

/// Why a configuration is not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The configuration must not say who owns what.
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsGiven,
    /// The configuration does not fit its types.
    #[error("failed to create typed patch object ({object}; {kind}): {problems}")]
    Typed {
        /// Namespace and name.
        object: String,
        /// Version and kind.
        kind: String,
        /// What does not fit.
        problems: String,
    },
    /// Others own fields that would change.
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
}

/// The live object (`None` when it does not exist yet) after a configuration was applied to it.
///
/// With `force` the fields of conflicts are taken away from their owners.
pub fn apply<T: Types + ?Sized>(
    rules: &Rules<'_, T>,
    live: Option<&Value>,
    config: &Value,
    force: bool,
    writer: &Writer,
) -> Result<Value, ApplyError> {
    if config.pointer("/metadata/managedFields").and_then(Value::as_array).is_some_and(|given| !given.is_empty()) {
        return Err(ApplyError::ManagedFieldsGiven);
    }
    let config = Value::Object(without_nulls(config.as_object().unwrap_or(&Map::new())));
    let problems = check::problems(rules.types, rules.root, &config);
    if !problems.is_empty() {
        return Err(typed_error(&config, &problems));
    }
    let applied = match rules.applied(live, &config, force, writer) {
        Err(conflicts) if writer.manager == KUBECTL => rules.take_over(live, &config, writer, conflicts),
        other => other,
    };
    let mut applied = applied.map_err(|conflicts| ApplyError::Conflicts(conflicts.shown()))?;
    if writer.manager == KUBECTL {
        renew_last_applied(&mut applied, &config);
    }
    Ok(applied)
}

/// The fields of conflicts, owner by owner.
struct Conflicts(Vec<Entry>);

impl Conflicts {
    fn shown(&self) -> Vec<Conflict> {
        let shown = |entry: &Entry| {
            let manager = entry.shown();
            let paths = entry.fields.paths();
            paths.iter().map(|path| Conflict { manager: manager.clone(), path: show_path(path) }).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(shown).collect()
    }

    fn without(self, allowed: &FieldSet) -> Conflicts {
        let rest = self.0.into_iter().map(|entry| Entry { fields: entry.fields.difference(allowed), ..entry });
        Conflicts(rest.filter(|entry| !entry.fields.is_empty()).collect())
    }
}

impl<T: Types + ?Sized> Rules<'_, T> {
    fn applied(&self, live: Option<&Value>, config: &Value, force: bool, writer: &Writer) -> Result<Value, Conflicts> {
        let mut entries = self.entries_before(live, writer);
        let mut before = live.cloned().unwrap_or_else(|| json!({}));
        take_entries(&mut before);
        let owned = fields_of(self.types, self.root, config).recursive_difference(self.ignored);
        let mut own = writer.entry(Operation::Apply, owned);
        let last = entries.iter().position(|entry| entry.same_owner(&own)).map(|at| entries.remove(at));
        own.time = last.as_ref().and_then(|last| last.time.clone());

        let merged = merge(self.types, &Place::root(self.root), &before, config);
        let kept = entries.iter().fold(own.fields.clone(), |kept, entry| kept.union(&entry.fields));
        let after = match &last {
            Some(last) => self.pruned(merged, &last.fields, &kept),
            None => merged,
        };

        let changes = Comparison::between(self.types, self.root, &before, &after).without(self.ignored);
        let conflicts = conflicts_of(&entries, &changes);
        if !force && !conflicts.0.is_empty() {
            return Err(conflicts);
        }
        let gone = changes.taken().union(&changes.removed);
        for entry in &mut entries {
            entry.fields = entry.fields.difference(&gone);
        }
        own.fields = tracked(&own.fields);
        // Applying what is there already is no event in the life of the object.
        if !changes.is_same() {
            own.time = Some(writer.now.to_owned());
        }
        entries.push(own);
        let mut after = after;
        write_entries(&mut after, entries);
        Ok(after)
    }

    /// The entries to start from: what an object without any has is owned by whoever wrote it before the first apply.
    fn entries_before(&self, live: Option<&Value>, writer: &Writer) -> Vec<Entry> {
        let Some(live) = live else { return Vec::new() };
        let entries = read_entries(live);
        if !entries.is_empty() {
            return entries;
        }
        let zero = self.zero_object();
        let before = Writer { manager: "before-first-apply", ..*writer };
        self.after_write(entries, &zero, live, &before)
    }

    /// Removes what the owner applied the last time and nobody, itself included, has now.
    fn pruned(&self, merged: Value, last: &FieldSet, kept: &FieldSet) -> Value {
        let named = |set: &FieldSet| with_declared_parents(self.types, self.root, set);
        let of = |object: &Value| named(&fields_of(self.types, self.root, object));
        let without = |set: &FieldSet| without_fields(self.types, self.root, &merged, set);
        let (all, last) = (of(&merged), named(last));
        let pruned = without(&last);
        let pruned = without(&all.difference(&of(&pruned).union(&named(kept))));
        without(&all.difference(&of(&pruned)).intersection(&last))
    }

    /// kubectl takes over from client-side apply: what that applied last, and is still so, is no conflict.
    fn take_over(
        &self,
        live: Option<&Value>,
        config: &Value,
        writer: &Writer,
        conflicts: Conflicts,
    ) -> Result<Value, Conflicts> {
        let Some(allowed) = live.and_then(|live| self.last_applied_fields(live, writer)) else { return Err(conflicts) };
        let rest = conflicts.without(&allowed);
        if !rest.0.is_empty() {
            return Err(rest);
        }
        self.applied(live, config, true, writer)
    }

    /// What client-side apply applied last and nobody has changed since.
    fn last_applied_fields(&self, live: &Value, writer: &Writer) -> Option<FieldSet> {
        let last: Value = serde_json::from_str(last_applied(live)?).ok()?;
        if last.get("apiVersion").and_then(Value::as_str) != Some(writer.api_version) {
            return None;
        }
        let changes = Comparison::between(self.types, self.root, &last, live);
        let fields = fields_of(self.types, self.root, &last);
        Some(fields.difference(&changes.taken()).difference(&changes.removed))
    }
}

fn conflicts_of(entries: &[Entry], changes: &Comparison) -> Conflicts {
    let taken = changes.taken();
    let conflict = |entry: &Entry| Entry { fields: entry.fields.intersection(&taken), ..entry.clone() };
    let mut conflicts: Vec<Entry> = entries.iter().map(conflict).filter(|entry| !entry.fields.is_empty()).collect();
    conflicts.sort_by(|left, right| left.manager.cmp(&right.manager));
    Conflicts(conflicts)
}

fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.path);
    }
    let mut lines = Vec::new();
    let mut manager = "";
    for conflict in conflicts {
        if conflict.manager != manager {
            lines.push(format!("conflicts with {}:", conflict.manager));
            manager = &conflict.manager;
        }
        lines.push(format!("- {}", conflict.path));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

fn typed_error(config: &Value, problems: &[String]) -> ApplyError {
    let text = |path: &str| config.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let version = text("/apiVersion");
    // The core group is written as nothing in front of the slash.
    let version = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
    ApplyError::Typed {
        object: format!("{}/{}", text("/metadata/namespace"), text("/metadata/name")),
        kind: format!("{version}, Kind={}", text("/kind")),
        problems: check::joined(problems),
    }
}

fn last_applied(object: &Value) -> Option<&str> {
    let annotations = object.pointer("/metadata/annotations")?;
    annotations.get(LAST_APPLIED)?.as_str().filter(|text| !text.is_empty())
}

/// Where client-side apply has left its annotation, kubectl keeps it up to date.
fn renew_last_applied(object: &mut Value, config: &Value) {
    if last_applied(object).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations") {
        annotations[LAST_APPLIED] = json!(format!("{}\n", html_safe(&config.to_string())));
    }
}

/// The characters that Go's JSON encoder writes as escapes; they occur in strings only.
fn html_safe(text: &str) -> String {
    let mut safe = text.to_owned();
    for (character, escape) in
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")]
    {
        safe = safe.replace(character, escape);
    }
    safe
}
