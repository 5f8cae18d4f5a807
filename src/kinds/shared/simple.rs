//! A kind that is a row of a table: names, columns and a few functions. For kinds with little behaviour of their own.

use crate::{Describer, Kind, Lookup, NameRule, Names};
use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The verbs of kinds that are answered at once and never stored, such as reviews.
pub const CREATE_ONLY: &[&str] = &["create"];

/// All verbs of an ordinary kind.
pub const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// A kind made of values and functions.
pub struct Simple {
    names: Names,
    verbs: &'static [&'static str],
    status: Option<fn(&Object) -> Value>,
    generations: bool,
    name_rule: NameRule,
    columns: &'static [&'static str],
    row: fn(&Object, Time) -> Vec<Cell>,
    defaults: fn(&mut Object),
    validate: fn(&Object) -> ErrorList,
    validate_update: fn(&Object, &Object) -> ErrorList,
    describe: Option<fn(&Object, &dyn Lookup, &mut Describer)>,
}

impl Simple {
    /// A kind with names only: no status, columns Name and Age, no rules.
    pub const fn new(names: Names) -> Simple {
        Simple {
            names,
            verbs: ALL_VERBS,
            status: None,
            generations: false,
            name_rule: NameRule::Subdomain,
            columns: &["Name", "Age"],
            row: crate::shared::simple::name_and_age,
            defaults: |_| {},
            validate: |_| ErrorList::new(),
            validate_update: |_, _| ErrorList::new(),
            describe: None,
        }
    }

    /// Other verbs than all of them.
    pub const fn verbs(mut self, verbs: &'static [&'static str]) -> Simple {
        self.verbs = verbs;
        self
    }

    /// Has a status, with the value a new object starts with.
    pub const fn status(mut self, fresh: fn(&Object) -> Value) -> Simple {
        self.status = Some(fresh);
        self
    }

    /// Keeps `metadata.generation`.
    pub const fn generations(mut self) -> Simple {
        self.generations = true;
        self
    }

    /// Another rule for names.
    pub const fn name_rule(mut self, rule: NameRule) -> Simple {
        self.name_rule = rule;
        self
    }

    /// The table: columns (those that begin with `+` are wide) and the row of an object.
    pub const fn table(mut self, columns: &'static [&'static str], row: fn(&Object, Time) -> Vec<Cell>) -> Simple {
        self.columns = columns;
        self.row = row;
        self
    }

    /// What is filled in.
    pub const fn defaults(mut self, defaults: fn(&mut Object)) -> Simple {
        self.defaults = defaults;
        self
    }

    /// What is checked.
    pub const fn validate(mut self, validate: fn(&Object) -> ErrorList) -> Simple {
        self.validate = validate;
        self
    }

    /// What is checked on update: new, then old.
    pub const fn validate_update(mut self, validate: fn(&Object, &Object) -> ErrorList) -> Simple {
        self.validate_update = validate;
        self
    }

    /// Its own description.
    pub const fn describe(mut self, describe: fn(&Object, &dyn Lookup, &mut Describer)) -> Simple {
        self.describe = Some(describe);
        self
    }
}

/// The row of a table that has only a name and an age.
pub fn name_and_age(object: &Object, now: Time) -> Vec<Cell> {
    use kctl_base::object::ObjectMeta as _;
    vec![object.name().into(), crate::age(object, now)]
}

/// Columns from their names; those that begin with `+` are wide.
pub fn columns(names: &[&str]) -> Vec<Column> {
    names.iter().map(|n| n.strip_prefix('+').map_or_else(|| Column::new(n), Column::wide)).collect()
}

impl Kind for Simple {
    fn names(&self) -> &Names {
        &self.names
    }

    fn verbs(&self) -> &'static [&'static str] {
        self.verbs
    }

    fn has_status(&self) -> bool {
        self.status.is_some()
    }

    fn counts_generations(&self) -> bool {
        self.generations
    }

    fn name_rule(&self) -> NameRule {
        self.name_rule
    }

    fn set_defaults(&self, object: &mut Object) {
        (self.defaults)(object);
    }

    fn prepare_create(&self, new: &mut Object) {
        if let Some(fresh) = self.status {
            new.put("/status", fresh(new));
        }
        if self.generations {
            new.put("/metadata/generation", 1);
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        (self.validate)(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        (self.validate_update)(new, old)
    }

    fn columns(&self) -> Vec<Column> {
        columns(self.columns)
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        (self.row)(object, now)
    }

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
        if let Some(describe) = self.describe {
            describe(object, look, out);
        }
        self.describe.is_some()
    }
}
