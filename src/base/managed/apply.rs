//! Server-side apply: merges a configuration, prunes fields that its manager no longer applies, and detects conflicts
//! (structured-merge-diff, `merge/update.go`; apimachinery, `pkg/util/managedfields`).

use super::check;
use super::compare::Comparison;
use super::entries::{Entry, Operation, read_entries, remove_entries, write_entries};
use super::merge::merge;
use super::set::{FieldSet, format_path};
use super::typed::{TypeRef, fields_of, with_declared_parents, without_fields};
use super::update::{Rules, Writer, without_unowned};
use crate::json::{Value, json};
use crate::order::Order as _;
use crate::patch::Types;

/// The annotation in which client-side apply stores the last applied configuration.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The manager of `kubectl apply --server-side`, which may take over the fields of client-side apply.
const KUBECTL: &str = "kubectl";

/// A field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other manager as messages name it.
    pub manager: String,
    /// The path, such as `.spec.replicas`.
    pub path: String,
}

/// The reason why a configuration cannot be applied, with the message of the API server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The configuration contains managedFields.
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsGiven,
    /// The configuration does not match the schema.
    #[error("failed to create typed patch object ({object}; {kind}): {problems}")]
    Typed {
        /// The namespace and name, such as `default/web`.
        object: String,
        /// The group, version and kind.
        kind: String,
        /// The schema errors.
        problems: String,
    },
    /// Other managers own fields that would change.
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
}

/// Applies a configuration to the live object (`None` if it does not exist) and returns the new object.
///
/// With `force` the fields of conflicts are removed from their other managers.
///
/// # Errors
///
/// Returns an error if the configuration is invalid or, without `force`, conflicts with other managers.
pub fn apply<T: Types + ?Sized>(
    rules: &Rules<'_, T>,
    live: Option<&Value>,
    config: &Value,
    force: bool,
    writer: &Writer,
) -> Result<Value, ApplyError> {
    if config.pointer("/metadata/managedFields").is_some_and(|given| !given.is_null()) {
        return Err(ApplyError::ManagedFieldsGiven);
    }
    let problems = check::validate(rules.types, rules.root, config);
    if !problems.is_empty() {
        return Err(typed_error(config, &problems));
    }
    let applied = match rules.try_apply(live, config, force, writer) {
        Err(conflicts) if writer.manager == KUBECTL => rules.take_over(live, config, writer, conflicts),
        other => other,
    };
    let mut applied = applied.map_err(|conflicts| ApplyError::Conflicts(conflicts.describe()))?;
    if writer.manager == KUBECTL {
        update_last_applied(&mut applied, config);
    }
    Ok(applied)
}

/// The conflicting fields by manager.
struct Conflicts(Vec<Entry>);

impl Conflicts {
    fn describe(&self) -> Vec<Conflict> {
        let shown = |entry: &Entry| {
            let manager = entry.describe();
            let paths = entry.fields.paths();
            paths.iter().map(|path| Conflict { manager: manager.clone(), path: format_path(path) }).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(shown).collect()
    }

    fn without(self, allowed: &FieldSet) -> Conflicts {
        let rest = self.0.into_iter().map(|entry| Entry { fields: entry.fields.difference(allowed), ..entry });
        Conflicts(rest.filter(|entry| !entry.fields.is_empty()).collect())
    }
}

impl<T: Types + ?Sized> Rules<'_, T> {
    fn try_apply(
        &self,
        live: Option<&Value>,
        config: &Value,
        force: bool,
        writer: &Writer,
    ) -> Result<Value, Conflicts> {
        let mut entries = self.entries_before_apply(live, writer);
        let mut before = live.cloned().unwrap_or_else(|| json!({}));
        remove_entries(&mut before);
        let owned = fields_of(self.types, self.root, config).recursive_difference(self.ignored);
        let mut own = writer.entry(Operation::Apply, owned);
        let last = entries.iter().position(|entry| entry.same_manager(&own)).map(|at| entries.remove(at));
        own.time = last.as_ref().and_then(|last| last.time.clone());

        let merged = merge(self.types, &TypeRef::root(self.root), &before, config);
        let kept = entries.iter().fold(own.fields.clone(), |kept, entry| kept.union(&entry.fields));
        let after = match &last {
            Some(last) => self.prune(merged, &last.fields, &kept),
            None => merged,
        };

        let changes = Comparison::between(self.types, self.root, &before, &after).without(self.ignored);
        let conflicts = find_conflicts(&entries, &changes);
        if !force && !conflicts.0.is_empty() {
            return Err(conflicts);
        }
        let gone = changes.changed().union(&changes.removed);
        for entry in &mut entries {
            entry.fields = entry.fields.difference(&gone);
        }
        own.fields = without_unowned(&own.fields);
        // An apply that changes nothing keeps its time.
        if !changes.is_same() {
            own.time = writer.now.map(str::to_owned);
        }
        entries.push(own);
        let mut after = after;
        write_entries(&mut after, entries);
        Ok(after)
    }

    /// Returns the entries before the apply. Fields of an object without any belong to the manager `before-first-apply`
    /// (`skipnonapplied.go`).
    fn entries_before_apply(&self, live: Option<&Value>, writer: &Writer) -> Vec<Entry> {
        let Some(live) = live else { return Vec::new() };
        let entries = read_entries(live);
        if !entries.is_empty() {
            return entries;
        }
        let zero = self.zero_object();
        let before = Writer { manager: "before-first-apply", ..*writer };
        self.after_write(entries, &zero, live, &before)
    }

    /// Removes the fields that the manager applied last time and no manager has now (`Updater.prune`).
    fn prune(&self, merged: Value, last: &FieldSet, kept: &FieldSet) -> Value {
        let named = |set: &FieldSet| with_declared_parents(self.types, self.root, set);
        let of = |object: &Value| named(&fields_of(self.types, self.root, object));
        let without = |set: &FieldSet| without_fields(self.types, self.root, &merged, set);
        let (all, last) = (of(&merged), named(last));
        let pruned = without(&last);
        let pruned = without(&all.difference(&of(&pruned).union(&named(kept))));
        without(&all.difference(&of(&pruned)).intersection(&last))
    }

    /// Lets kubectl take over from client-side apply: unchanged fields of the last applied configuration are not
    /// conflicts (`lastappliedmanager.go`).
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
        self.try_apply(live, config, true, writer)
    }

    /// Returns the fields of the last applied configuration that have not changed since.
    fn last_applied_fields(&self, live: &Value, writer: &Writer) -> Option<FieldSet> {
        let last: Value = crate::json::from_str(last_applied(live)?).ok()?;
        if last.get("apiVersion").and_then(Value::as_str) != Some(writer.api_version) {
            return None;
        }
        let changes = Comparison::between(self.types, self.root, &last, live);
        let fields = fields_of(self.types, self.root, &last);
        Some(fields.difference(&changes.changed()).difference(&changes.removed))
    }
}

fn find_conflicts(entries: &[Entry], changes: &Comparison) -> Conflicts {
    let changed = changes.changed();
    let conflict = |entry: &Entry| Entry { fields: entry.fields.intersection(&changed), ..entry.clone() };
    let mut conflicts: Vec<Entry> = entries.iter().map(conflict).filter(|entry| !entry.fields.is_empty()).collect();
    conflicts.order_by(|left, right| left.manager.cmp(&right.manager));
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
    // The core group is empty, but its slash is printed.
    let version = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
    ApplyError::Typed {
        object: format!("{}/{}", text("/metadata/namespace"), text("/metadata/name")),
        kind: format!("{version}, Kind={}", text("/kind")),
        problems: check::join_errors(problems),
    }
}

fn last_applied(object: &Value) -> Option<&str> {
    let annotations = object.pointer("/metadata/annotations")?;
    annotations.get(LAST_APPLIED)?.as_str().filter(|text| !text.is_empty())
}

/// Updates the annotation of client-side apply if it exists (`lastappliedupdater.go`).
fn update_last_applied(object: &mut Value, config: &Value) {
    if last_applied(object).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations") {
        annotations[LAST_APPLIED] = json!(format!("{}\n", escape_html(&config.to_string())));
    }
}

/// Escapes the characters that Go's JSON encoder escapes; they occur only in strings.
fn escape_html(text: &str) -> String {
    let mut safe = text.to_owned();
    for (character, escape) in
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")]
    {
        safe = safe.replace(character, escape);
    }
    safe
}
