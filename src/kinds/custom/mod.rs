//! Kinds that CustomResourceDefinitions define: names, versions, columns, subresources and schema come from the
//! definition (`apiextensions-apiserver/pkg/registry/customresource`).
mod columns;
pub(crate) mod defaults;
mod field_types;
pub(crate) mod rules;
mod schema;
mod validate;

pub(crate) use validate::is_known_format;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use columns::PrinterColumn;
use field_types::FieldTypes;

use crate::{Kind, Names, ScalePaths, age};
use kctl_base::cel;
use kctl_base::field::{ErrorList, quote};
use kctl_base::gvk::compare_versions;
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::patch::{FieldType, Types};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The finalizer that keeps a definition in deletion until its instances are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The kind of a CustomResourceDefinition, as one of its versions describes it.
#[derive(Clone)]
pub struct Custom {
    names: Names,
    others: &'static [(&'static str, &'static str)],
    versions: Arc<BTreeMap<&'static str, Version>>,
    /// The version of which the schema, subresources and columns are.
    current: &'static str,
}

/// The part of a definition about one version.
struct Version {
    schema: Value,
    types: FieldTypes,
    has_status: bool,
    scale: Option<ScalePaths>,
    columns: Vec<PrinterColumn>,
    selectable: BTreeSet<String>,
    deprecation: Option<String>,
}

/// Leaks a string for the lifetime of the process, so that [`Names`] can be `Copy`; equal strings are leaked once.
fn intern(text: &str) -> &'static str {
    static TEXTS: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return known;
    }
    let kept: &'static str = Box::leak(text.into());
    texts.insert(kept);
    kept
}

/// Leaks a list of strings; equal lists are leaked once.
fn intern_list(list: &[Value]) -> &'static [&'static str] {
    static LISTS: LazyLock<Mutex<BTreeSet<&'static [&'static str]>>> = LazyLock::new(Mutex::default);
    let texts: Vec<&'static str> = list.iter().filter_map(Value::as_str).map(intern).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lists.get(texts.as_slice()) {
        return known;
    }
    let kept: &'static [&'static str] = Box::leak(texts.into_boxed_slice());
    lists.insert(kept);
    kept
}

/// Leaks the (group, version) pairs of the other served versions; equal lists are leaked once.
fn intern_versions(group: &'static str, versions: &[&str]) -> &'static [(&'static str, &'static str)] {
    type Pairs = &'static [(&'static str, &'static str)];
    static LISTS: LazyLock<Mutex<BTreeSet<Pairs>>> = LazyLock::new(Mutex::default);
    let pairs: Vec<_> = versions.iter().map(|v| (group, intern(v))).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lists.get(pairs.as_slice()) {
        return known;
    }
    let kept: Pairs = Box::leak(pairs.into_boxed_slice());
    lists.insert(kept);
    kept
}

impl Custom {
    /// Creates the kind that a definition describes, in its preferred version: the highest one that is served. `None` when
    /// no version is.
    pub fn from_definition(definition: &Object) -> Option<Custom> {
        let all = definition.list("/spec/versions");
        let mut served: Vec<&str> = all.iter().filter(|v| v.flag("/served")).map(|v| v.str("/name")).collect();
        served.order_by(|left, right| compare_versions(right, left));
        let (preferred, others) = served.split_first()?;
        let name = |field: &str| intern(definition.str(&format!("/spec/names/{field}")));
        let group = intern(definition.str("/spec/group"));
        let names = Names {
            group,
            version: intern(preferred),
            kind: name("kind"),
            plural: name("plural"),
            singular: name("singular"),
            short: intern_list(definition.list("/spec/names/shortNames")),
            namespaced: definition.str("/spec/scope") == "Namespaced",
            categories: intern_list(definition.list("/spec/names/categories")),
        };
        let read = all.iter().map(|v| (intern(v.str("/name")), Version::read(v, all, &names)));
        Some(Custom {
            names,
            others: intern_versions(group, others),
            versions: Arc::new(read.collect()),
            current: names.version,
        })
    }

    /// The OpenAPI schema of a version, for `explain` and strict decoding.
    pub fn schema(&self, version: &str) -> Option<&Value> {
        self.versions.get(version).map(|v| &v.schema)
    }

    fn version(&self) -> Option<&Version> {
        self.versions.get(self.current)
    }
}

impl Version {
    fn read(version: &Value, all: &[Value], names: &Names) -> Version {
        let pointer = |name: &str| {
            let path = version.str(&format!("/subresources/scale/{name}"));
            intern(&path.replace('.', "/"))
        };
        let scale = version.at("/subresources/scale").map(|_| ScalePaths {
            spec_replicas: pointer("specReplicasPath"),
            status_replicas: pointer("statusReplicasPath"),
            selector: pointer("labelSelectorPath"),
        });
        let schema = version.at("/schema/openAPIV3Schema").cloned().unwrap_or(Value::Null);
        Version {
            types: FieldTypes::new(schema.clone()),
            schema,
            has_status: version.at("/subresources/status").is_some(),
            scale,
            columns: version.list("/additionalPrinterColumns").iter().filter_map(PrinterColumn::read).collect(),
            selectable: version
                .list("/selectableFields")
                .iter()
                .map(|f| f.str("/jsonPath").trim_start_matches('.').to_string())
                .collect(),
            deprecation: version.flag("/deprecated").then(|| deprecation(version, all, names)),
        }
    }
}

/// The warning about a deprecated version, which names the highest version to use in its place
/// (`apiextensions-apiserver/pkg/apiserver/customresource_handler.go`).
fn deprecation(version: &Value, all: &[Value], names: &Names) -> String {
    if let Some(text) = version.get("deprecationWarning").and_then(Value::as_str) {
        return text.to_owned();
    }
    let (group, name, kind) = (names.group, version.str("/name"), names.kind);
    let usable = all.iter().filter(|v| v.flag("/served") && !v.flag("/deprecated")).map(|v| v.str("/name"));
    let newer = usable.filter(|other| compare_versions(other, name).is_gt());
    let replacement = newer.max_by(|left, right| compare_versions(left, right));
    let advice = replacement.map(|other| format!("; use {group}/{other} {kind}")).unwrap_or_default();
    format!("{group}/{name} {kind} is deprecated{advice}")
}

/// Warns about new finalizers whose names could be those of others too (`validateKubeFinalizerName` of
/// `apiextensions-apiserver/pkg/registry/customresource/strategy.go`).
fn finalizer_warnings(new: &Object, old: Option<&Object>) -> Vec<String> {
    const STANDARD: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];
    let is_new = |name: &&str| old.is_none_or(|old| !old.has_finalizer(name));
    let names: BTreeSet<&str> = new.finalizers().into_iter().filter(is_new).collect();
    let plain = names.into_iter().filter(|name| !name.contains('/') && !STANDARD.contains(name));
    let text = "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers";
    plain.map(|name| format!("metadata.finalizers: {}: {text}", quote(name))).collect()
}

impl Kind for Custom {
    fn prune(&self, object: &mut Object) -> Vec<String> {
        match self.version() {
            Some(version) => schema::prune(&version.schema, object),
            None => Vec::new(),
        }
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn other_versions(&self) -> &'static [(&'static str, &'static str)] {
        self.others
    }

    fn at_version(&self, version: &str) -> Option<Arc<dyn Kind>> {
        let (current, _) = self.versions.get_key_value(version)?;
        Some(Arc::new(Custom { current, ..self.clone() }))
    }

    fn served_version(&self) -> &str {
        self.current
    }

    fn expression_type(&self) -> Option<cel::Kind> {
        self.version().and_then(|version| rules::object_type(&version.schema))
    }

    fn field_types(&self) -> Option<(&dyn Types, FieldType)> {
        let types = &self.version()?.types;
        Some((types, types.root()))
    }

    fn convert(&self, object: &mut Object, group: &str, version: &str) {
        object.put("/apiVersion", format!("{group}/{version}"));
    }

    fn has_status(&self) -> bool {
        self.version().is_some_and(|v| v.has_status)
    }

    fn scale(&self) -> Option<ScalePaths> {
        self.version()?.scale
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Object) {
        if let Some(version) = self.version() {
            schema::set_defaults(&version.schema, object);
        }
    }

    /// Without the status subresource, `status` counts like any other field.
    fn raises_generation(&self, new: &Object, old: &Object) -> bool {
        let parts = |o: &Object| -> Vec<(SharedStr, Value)> {
            let fields = o.as_object().into_iter().flatten();
            fields
                .filter(|(k, _)| *k != "metadata" && !(*k == "status" && self.has_status()))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        parts(new) != parts(old)
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
    }

    fn has_known_finalizers(&self) -> bool {
        false
    }

    /// Defaults the status too, which a stored object gets when it is read.
    fn prepare_create(&self, new: &mut Object) {
        if self.has_status() {
            new.remove_at("/status");
        }
        new.put("/metadata/generation", 1);
        self.set_defaults(new);
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        finalizer_warnings(new, old)
    }

    fn validate(&self, object: &Object) -> ErrorList {
        match self.version() {
            Some(version) => validate::validate(&version.schema, version.scale, object, None),
            None => ErrorList::new(),
        }
    }

    fn validate_change(&self, new: &Object, old: &Object) -> ErrorList {
        match self.version() {
            Some(version) => validate::validate(&version.schema, version.scale, new, Some(old)),
            None => ErrorList::new(),
        }
    }

    fn validate_status(&self, new: &Object, old: &Object) -> ErrorList {
        match self.version() {
            Some(version) => validate::validate_status(&version.schema, version.scale, new, old),
            None => ErrorList::new(),
        }
    }

    fn evaluate_rules(&self, new: &Object, old: Option<&Object>) -> ErrorList {
        self.version().map(|version| rules::evaluate(&version.schema, new, old)).unwrap_or_default()
    }

    fn deprecation(&self) -> Option<String> {
        self.version()?.deprecation.clone()
    }

    fn columns(&self) -> Vec<Column> {
        let mut all = vec![Column::new("Name")];
        match self.version().map_or(&[][..], |v| &v.columns) {
            [] => all.push(Column::new("Age")),
            columns => all.extend(columns.iter().map(PrinterColumn::column)),
        }
        all
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let mut cells = vec![object.name().to_string()];
        match self.version().map_or(&[][..], |v| &v.columns) {
            [] => cells.push(age(object, now)),
            columns => cells.extend(columns.iter().map(|c| c.cell(object, now))),
        }
        cells
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        self.version()?.selectable.contains(field).then_some(())?;
        let pointer = format!("/{}", field.replace('.', "/"));
        Some(match object.at(&pointer) {
            None => String::new(),
            Some(Value::String(text)) => text.to_string(),
            Some(other) => other.to_string(),
        })
    }
}

#[cfg(test)]
mod tests;
