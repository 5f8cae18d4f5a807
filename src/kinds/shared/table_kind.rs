//! [`TableKind`]: a kind assembled from values and functions, for kinds with little behaviour.

use crate::{Describer, Kind, NameRule, Names};
use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

use super::table;

/// The verbs of kinds whose objects are answered at once and never stored, such as reviews.
pub(crate) const CREATE_ONLY: &[&str] = &["create"];

/// A kind assembled from values and functions.
pub(crate) struct TableKind {
    names: Names,
    verbs: &'static [&'static str],
    initial_status: Option<fn() -> Value>,
    generation: bool,
    tells_change_first: bool,
    name_rule: NameRule,
    columns: &'static [&'static str],
    row: fn(&Object, Time) -> Vec<Cell>,
    defaults: fn(&mut Object),
    validate: fn(&Object) -> ErrorList,
    validate_update: fn(&Object, &Object) -> ErrorList,
    describer: Option<Describer>,
    selectable: &'static [&'static str],
}

impl TableKind {
    /// A kind without status, generation, defaults, validation and description, whose table has the columns Name and Age.
    pub(crate) const fn new(names: Names) -> TableKind {
        TableKind {
            names,
            verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            initial_status: None,
            generation: false,
            tells_change_first: false,
            name_rule: NameRule::Subdomain,
            columns: &["Name", "Age"],
            row: table::name_and_age,
            defaults: |_| {},
            validate: |_| ErrorList::new(),
            validate_update: |_, _| ErrorList::new(),
            describer: None,
            selectable: &[],
        }
    }

    /// Sets the verbs.
    pub(crate) const fn verbs(mut self, verbs: &'static [&'static str]) -> TableKind {
        self.verbs = verbs;
        self
    }

    /// Adds a status with the value that new objects start with.
    pub(crate) const fn status(mut self, initial: fn() -> Value) -> TableKind {
        self.initial_status = Some(initial);
        self
    }

    /// Adds `metadata.generation`.
    pub(crate) const fn generation(mut self) -> TableKind {
        self.generation = true;
        self
    }

    /// Sets the rule for names.
    pub(crate) const fn name_rule(mut self, rule: NameRule) -> TableKind {
        self.name_rule = rule;
        self
    }

    /// Sets the columns, as [`table::columns`] takes them, and the function that returns the cells of an object.
    pub(crate) const fn table(
        mut self,
        columns: &'static [&'static str],
        row: fn(&Object, Time) -> Vec<Cell>,
    ) -> TableKind {
        self.columns = columns;
        self.row = row;
        self
    }

    /// Sets the function behind [`Kind::set_defaults`].
    pub(crate) const fn defaults(mut self, defaults: fn(&mut Object)) -> TableKind {
        self.defaults = defaults;
        self
    }

    /// Sets the function behind [`Kind::validate`].
    pub(crate) const fn validate(mut self, validate: fn(&Object) -> ErrorList) -> TableKind {
        self.validate = validate;
        self
    }

    /// Sets the function behind [`Kind::validate_update`], which takes the new object and then the old one.
    pub(crate) const fn validate_update(mut self, validate: fn(&Object, &Object) -> ErrorList) -> TableKind {
        self.validate_update = validate;
        self
    }

    /// Lets the errors about a change precede those about the new object.
    pub(crate) const fn change_first(mut self) -> TableKind {
        self.tells_change_first = true;
        self
    }

    /// Sets the description.
    pub(crate) const fn describer(mut self, describer: Describer) -> TableKind {
        self.describer = Some(describer);
        self
    }

    /// Sets the fields of strings that field selectors can name besides those of the metadata.
    pub(crate) const fn selectable(mut self, fields: &'static [&'static str]) -> TableKind {
        self.selectable = fields;
        self
    }
}

impl Kind for TableKind {
    fn names(&self) -> &Names {
        &self.names
    }

    fn verbs(&self) -> &'static [&'static str] {
        self.verbs
    }

    fn has_status(&self) -> bool {
        self.initial_status.is_some()
    }

    fn initial_status(&self) -> Option<Value> {
        self.initial_status.map(|initial| initial())
    }

    fn has_generation(&self) -> bool {
        self.generation
    }

    fn name_rule(&self) -> NameRule {
        self.name_rule
    }

    fn set_defaults(&self, object: &mut Object) {
        (self.defaults)(object);
    }

    fn validate(&self, object: &Object) -> ErrorList {
        (self.validate)(object)
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        let pointer = || format!("/{}", field.replace('.', "/"));
        self.selectable.contains(&field).then(|| object.str(&pointer()).into())
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        (self.validate_update)(new, old)
    }

    fn tells_change_first(&self) -> bool {
        self.tells_change_first
    }

    fn columns(&self) -> Vec<Column> {
        table::columns(self.columns)
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        (self.row)(object, now)
    }

    fn describer(&self) -> Option<Describer> {
        self.describer
    }
}
