//! Field ownership after a create, an update or any patch but server-side apply: the manager that changes a field owns
//! it.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::compare::{Changes, Comparison, Exclusions, compare_objects};
use super::entries::{Entry, Operation, entries_value, sort_encoded};
use super::set::{FieldSet, FieldsV1, MEMBER_MARK, is_encoded_member, subtract_encoded, union_encoded};
use crate::json::{SharedStr, Value, json};
use crate::patch::{FieldType, Types};

/// The author of a write.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// The apiVersion of the written object.
    pub api_version: &'a str,
    /// The subresource that is written; empty for the object itself.
    pub subresource: &'a str,
    /// The time of the write, in RFC 3339; `None` if it is not recorded.
    pub now: Option<&'a str>,
}

/// The rules of a kind and subresource.
pub struct Rules<'a, T: Types + ?Sized> {
    /// The types of fields.
    pub types: &'a T,
    /// The type of the objects.
    pub root: &'a FieldType,
    /// Fields that such a write does not change, for instance `status` for the object itself (`ResetFields`).
    pub ignored: &'a FieldSet,
}

/// Returns `metadata.managedFields` after an object was written over the live one (`None` if it is created); `None` if
/// there are no entries.
///
/// An existing object without entries keeps none. A list of one empty entry in the new object resets ownership.
///
/// The encoded entries are changed in place: a write changes few fields, and decoding and encoding all of them would be
/// most of the work of a request.
pub fn on_write<T: Types + ?Sized>(
    rules: &Rules<'_, T>,
    live: Option<&Value>,
    new: &Value,
    writer: &Writer,
) -> Option<Value> {
    let mut entries = entries_before_write(live, new, writer);
    if entries.is_empty() && live.is_some() {
        return None;
    }
    let zero = live.is_none().then(|| rules.zero_object());
    let touched = rules.touched(live.or(zero.as_ref()).unwrap_or(&Value::Null), new);
    let mut own = None;
    for (index, entry) in entries.iter_mut().enumerate() {
        if own.is_none() && is_own(entry, writer) {
            own = Some(index);
        }
        touched.update_entry(entry, own == Some(index));
    }
    match own.and_then(|index| entries.get_mut(index)).and_then(Value::as_object_mut) {
        _ if touched.changed.is_empty() => {}
        Some(own) => drop(writer.now.map(|now| own.insert("time", now.into()))),
        None => entries.push(touched.new_entry(writer)),
    }
    entries.retain(|entry| entry.get("fieldsV1").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty()));
    sort_encoded(&mut entries);
    (!entries.is_empty()).then_some(Value::from(entries))
}

/// Returns `metadata.managedFields` of a new object as [`on_write`] does, derived from those of an earlier new object of the
/// same author and kind; `None` if the objects differ in more than metadata, or the new one owns nothing.
///
/// Objects that are made from one template own the same fields but for some labels and owners, and comparing them takes less
/// time than collecting all fields.
pub fn on_create_like<T: Types + ?Sized>(
    rules: &Rules<'_, T>,
    (earlier, managed): (&Value, &Value),
    new: &Value,
    writer: &Writer,
) -> Option<Value> {
    // Elsewhere a field that has been set to its zero value has no owner, and neither has a struct itself.
    let (before, after) = (earlier.as_object()?, new.as_object()?);
    let is_same = |(field, value): (&SharedStr, &Value)| field == "metadata" || after.get(field) == Some(value);
    if before.len() != after.len() || !before.iter().all(is_same) {
        return None;
    }
    let Changes { added, modified, removed } = rules.compare(earlier, new);
    let [entry] = managed.as_array()?.as_slice() else { return None };
    let mut entry = entry.clone();
    let fields = entry.get_mut("fieldsV1")?.as_object_mut()?;
    subtract_encoded(fields, &removed);
    union_encoded(fields, &added);
    union_encoded(fields, &modified);
    if fields.is_empty() {
        return None;
    }
    let own = entry.as_object_mut()?;
    match writer.now {
        Some(now) => drop(own.insert("time", now.into())),
        None => drop(own.remove("time")),
    }
    Some(Value::from(vec![entry]))
}

/// Returns the entries before the write: those that the client sent, unless it sent none or writes a subresource.
fn entries_before_write(live: Option<&Value>, new: &Value, writer: &Writer) -> Vec<Value> {
    let of = |object: &Value| object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned();
    let live = live.and_then(of).unwrap_or_default();
    let sent = new.pointer("/metadata/managedFields").and_then(Value::as_array);
    match sent {
        Some(sent) if writer.subresource.is_empty() && *sent != live => {
            if *sent == [json!({})] {
                return Vec::new();
            }
            // Decoding and encoding normalizes the path elements.
            let read = sent.iter().filter_map(Entry::read).collect();
            entries_value(read).and_then(|entries| entries.as_array().cloned()).unwrap_or(live)
        }
        _ => live,
    }
}

/// Returns `true` for the entry of the author, for any operation but apply.
fn is_own(entry: &Value, writer: &Writer) -> bool {
    let is = |field: &str, text: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default() == text;
    is("operation", "Update")
        && is("manager", writer.manager)
        && is("apiVersion", writer.api_version)
        && is("subresource", writer.subresource)
}

/// The fields that a write changes, as FieldsV1.
#[derive(Default)]
struct TouchedFields {
    /// The fields that the author set, without those that cannot be owned.
    changed: FieldsV1,
    removed: FieldsV1,
}

impl TouchedFields {
    /// Updates an encoded entry: the author's fields are added to its own entry and removed from others.
    fn update_entry(&self, entry: &mut Value, is_own: bool) {
        let is_up_to_date = |fields: &FieldsV1| match is_own {
            true => !has_any(fields, &self.removed) && has_all(fields, &self.changed),
            false => ![&self.removed, &self.changed].into_iter().any(|touched| has_any(fields, touched)),
        };
        // Most writes touch what their author owns already. Changing the fields would copy them.
        if entry.get("fieldsV1").and_then(Value::as_object).is_some_and(is_up_to_date) {
            return;
        }
        let Some(fields) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) else { return };
        subtract_encoded(fields, &self.removed);
        match is_own {
            true => union_encoded(fields, &self.changed),
            false => subtract_encoded(fields, &self.changed),
        }
    }

    /// Creates the entry of an author without one.
    fn new_entry(self, writer: &Writer) -> Value {
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        let fields = [
            ("apiVersion", text(writer.api_version)),
            ("fieldsType", text("FieldsV1")),
            ("fieldsV1", Some(Value::Object(self.changed))),
            ("manager", text(writer.manager)),
            ("operation", text("Update")),
            ("subresource", text(writer.subresource)),
            ("time", writer.now.map(Value::from)),
        ];
        fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
    }
}

/// Returns `true` if all members of another set are members, in encoded form.
fn has_all(fields: &FieldsV1, other: &FieldsV1) -> bool {
    other.iter().filter(|(element, _)| *element != MEMBER_MARK).all(|(element, theirs)| {
        let below = fields.get(element).and_then(Value::as_object);
        below.zip(theirs.as_object()).is_some_and(|(below, theirs)| {
            (is_encoded_member(below) || !is_encoded_member(theirs)) && has_all(below, theirs)
        })
    })
}

/// Returns `true` if a member of another set is a member, in encoded form.
fn has_any(fields: &FieldsV1, other: &FieldsV1) -> bool {
    other.iter().filter(|(element, _)| *element != MEMBER_MARK).any(|(element, theirs)| {
        let below = fields.get(element).and_then(Value::as_object);
        below.zip(theirs.as_object()).is_some_and(|(below, theirs)| {
            is_encoded_member(below) && is_encoded_member(theirs) || has_any(below, theirs)
        })
    })
}

impl<T: Types + ?Sized> Rules<'_, T> {
    /// Returns the object that a new one is compared with.
    ///
    /// Its structs exist without being set (`spec`, `spec.template`), so nobody becomes the owner of these themselves,
    /// only of their content, while a map that is added (`metadata.labels`) gets an owner.
    pub(super) fn zero_object(&self) -> Value {
        self.root.definition().map_or_else(|| json!({}), |definition| self.types.zero_object(definition))
    }

    /// Returns the fields that a write changed.
    fn touched(&self, old: &Value, new: &Value) -> TouchedFields {
        let Changes { added: mut changed, modified, removed } = self.compare(old, new);
        union_encoded(&mut changed, &modified);
        TouchedFields { changed, removed }
    }

    /// Returns the differences in fields that can be owned.
    fn compare(&self, old: &Value, new: &Value) -> Changes {
        let usual = USUALLY_SKIPPED.iter().find(|(ignored, _)| ignored == self.ignored);
        let skipped =
            usual.map_or_else(|| Cow::Owned(with_managed(self.ignored)), |(_, skipped)| Cow::Borrowed(skipped));
        let except = Exclusions { skipped: Some(&skipped), uncounted: Some(&UNOWNED) };
        compare_objects(self.types, self.root, old, new, except)
    }

    /// Returns the entries after `writer` changed one object into another.
    pub(super) fn after_write(&self, mut entries: Vec<Entry>, old: &Value, new: &Value, writer: &Writer) -> Vec<Entry> {
        let changes = Comparison::between(self.types, self.root, old, new).without(self.ignored);
        let changed = changes.changed();
        for entry in &mut entries {
            entry.fields = entry.fields.difference(&changed).difference(&changes.removed);
        }
        let changed = without_unowned(&changed);
        if !changed.is_empty() {
            let mut entry = writer.entry(Operation::Update, changed);
            entry.time = writer.now.map(str::to_owned);
            add_entry(&mut entries, entry);
        }
        entries
    }
}

impl Writer<'_> {
    pub(super) fn entry(&self, operation: Operation, fields: FieldSet) -> Entry {
        Entry {
            manager: self.manager.to_owned(),
            operation,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.to_owned(),
            time: None,
            fields,
        }
    }
}

/// Adds fields to the entry of their manager, or a new entry.
fn add_entry(entries: &mut Vec<Entry>, mut entry: Entry) {
    if let Some(at) = entries.iter().position(|old| old.same_manager(&entry)) {
        entry.fields = entry.fields.union(&entries.remove(at).fields);
    }
    entries.push(entry);
}

/// Returns the fields that a comparison skips besides those that a write does not change: managedFields is often the largest
/// part of an object.
fn with_managed(ignored: &FieldSet) -> FieldSet {
    ignored.union(&FieldSet::of_fields(&[["metadata", "managedFields"]]))
}

/// The fields that most writes do not change, and those that their comparison skips.
static USUALLY_SKIPPED: LazyLock<[(FieldSet, FieldSet); 2]> = LazyLock::new(|| {
    ["spec", "status"].map(|part| FieldSet::of_fields(&[[part]])).map(|ignored| {
        let skipped = with_managed(&ignored);
        (ignored, skipped)
    })
});

/// Fields that cannot be owned: the identity of an object and fields that the server sets (`stripmeta.go`).
static UNOWNED: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of_fields(&[
        &["apiVersion"][..],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
});

/// Removes the fields that cannot be owned.
pub(super) fn without_unowned(set: &FieldSet) -> FieldSet {
    set.difference(&UNOWNED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::set::tests::any_set;
    use crate::patch::test_types::{SmallTypes, deployment};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn members_are_found_in_encoded_sets(a in any_set(), b in any_set()) {
            let (first, second) = (a.to_fields_v1(), b.to_fields_v1());
            let (first, second) = (first.as_object().unwrap(), second.as_object().unwrap());
            prop_assert_eq!(has_all(first, second), b.difference(&a).is_empty());
            prop_assert_eq!(has_any(first, second), !a.intersection(&b).is_empty());
        }
    }

    #[test]
    fn new_objects_of_one_template_own_the_same_fields() {
        let (root, ignored) = (deployment(), FieldSet::of_fields(&[&["status"]]));
        let rules = Rules { types: &SmallTypes, root: &root, ignored: &ignored };
        let writer = |now| Writer { manager: "a", api_version: "apps/v1", subresource: "", now: Some(now) };
        let create = |object: &Value, now| on_write(&rules, None, object, &writer(now)).unwrap();
        let like = |earlier: &Value, new: &Value| {
            on_create_like(&rules, (earlier, &create(earlier, "early")), new, &writer("late"))
        };
        let web = || {
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                   "metadata": {"name": "web", "labels": {"app": "web", "team": "blue"}}, "spec": {"replicas": 2}})
        };
        let owned_by = |uid: &str| json!([{"apiVersion": "v1", "kind": "Job", "name": uid, "uid": uid}]);
        let mut variants = vec![web()];
        for (field, value) in [
            ("name", json!("api")),
            ("labels", json!({"app": "api", "tier": "back"})),
            ("labels", json!({})),
            ("annotations", Value::Null),
            ("ownerReferences", owned_by("one")),
            ("ownerReferences", owned_by("two")),
            ("finalizers", json!(["x/y"])),
        ] {
            let mut variant = web();
            variant["metadata"][field] = value;
            variants.push(variant);
        }
        for earlier in &variants {
            for new in &variants {
                assert_eq!(like(earlier, new), Some(create(new, "late")), "{new} after {earlier}");
            }
        }
        let mut other = web();
        other["spec"]["replicas"] = 3.into();
        assert_eq!(like(&web(), &other), None);
    }
}
