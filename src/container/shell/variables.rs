//! Variables of a shell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::syntax::Dialect;
use kctl_base::order::Order as _;

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Value {
    /// Only attributes are set.
    Unset,
    Text(String),
    /// An array of bash.
    List(BTreeMap<i64, String>),
    /// An associative array of bash.
    Map(BTreeMap<String, String>),
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Variable {
    pub(super) value: Value,
    pub(super) is_exported: bool,
    pub(super) is_readonly: bool,
    /// `declare -i`: assignments are expressions.
    pub(super) is_integer: bool,
    /// `declare -u` and `-l`: assigned texts become upper (true) or lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) is_upper: Option<bool>,
    /// Order of creation.
    order: u32,
}

/// All variables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Variables {
    by_name: BTreeMap<String, Variable>,
    created: u32,
    /// The exported ones, as long as none has changed.
    #[serde(skip)]
    exported: Exported,
}

/// A cache, which is no part of the state.
#[derive(Clone, Debug, Default)]
struct Exported(Option<Vec<(String, String)>>);

impl PartialEq for Exported {
    fn eq(&self, _: &Exported) -> bool {
        true
    }
}

impl Eq for Exported {}

impl Variables {
    /// Returns a variable.
    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.by_name.get(name)
    }

    /// Returns a variable, which is created without a value if it does not exist.
    pub(super) fn entry(&mut self, name: &str) -> &mut Variable {
        self.exported.0 = None;
        if !self.by_name.contains_key(name) {
            self.created += 1;
            let (is_exported, is_readonly, is_integer) = (false, false, false);
            let (value, is_upper, order) = (Value::Unset, None, self.created);
            let variable = Variable { value, is_exported, is_readonly, is_integer, is_upper, order };
            self.by_name.insert(name.to_owned(), variable);
        }
        self.by_name.get_mut(name).unwrap_or_else(|| unreachable!("it was inserted before"))
    }

    /// Returns the text of a variable, of an array its first element; `None` if it has no value.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match &self.by_name.get(name)?.value {
            Value::Unset => None,
            Value::Text(text) => Some(text),
            Value::List(list) => list.get(&0).map(String::as_str),
            Value::Map(map) => map.get("0").map(String::as_str),
        }
    }

    /// Sets the text of a variable without regard to attributes.
    pub(super) fn set(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        if let Some(Variable { value: Value::Text(old), is_exported: false, .. }) = self.by_name.get_mut(name) {
            *old = text;
            return;
        }
        match &mut self.entry(name).value {
            Value::List(list) => {
                list.insert(0, text);
            }
            Value::Map(map) => {
                map.insert("0".into(), text);
            }
            value => *value = Value::Text(text),
        }
    }

    /// Puts back or removes a variable.
    pub(super) fn restore(&mut self, name: &str, old: Option<Variable>) {
        self.exported.0 = None;
        match old {
            Some(variable) => self.by_name.insert(name.to_owned(), variable),
            None => self.by_name.remove(name),
        };
    }

    /// Returns all variables in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.by_name.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// Returns names and values of the exported variables in the order in which the shell passes them on.
    pub(super) fn environment(&mut self, dialect: Dialect) -> Vec<(String, String)> {
        if self.exported.0.is_none() {
            let mut found: Vec<(&str, &Variable)> = self.iter().filter(|(_, variable)| variable.is_exported).collect();
            found.order_by_key(|(name, variable)| match dialect {
                Dialect::Bash => (0, variable.order),
                _ => (bucket(name), variable.order),
            });
            let pairs = found.into_iter().filter_map(|(name, variable)| match &variable.value {
                Value::Text(text) => Some((name.to_owned(), text.clone())),
                _ => None,
            });
            self.exported.0 = Some(pairs.collect());
        }
        self.exported.0.clone().unwrap_or_default()
    }
}

/// Returns the place in the hash table of ash (`hashvar`), whose order the environment has.
fn bucket(name: &str) -> u32 {
    let first = name.bytes().next().map_or(0, u32::from) << 4;
    name.bytes().fold(first, |sum, byte| sum.wrapping_add(u32::from(byte))) % 39
}
