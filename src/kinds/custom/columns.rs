//! The printer columns of a custom kind (`apiextensions-apiserver/pkg/registry/customresource/tableconvertor`).

use crate::since;
use kctl_base::json::Value;
use kctl_base::jsonpath::{JsonPath, relaxed};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// An entry of `additionalPrinterColumns`.
pub(super) struct PrinterColumn {
    name: String,
    kind: String,
    wide: bool,
    path: JsonPath,
}

impl PrinterColumn {
    /// Reads an entry; `None` when its JSONPath cannot be parsed.
    pub(super) fn read(column: &Value) -> Option<PrinterColumn> {
        let path = relaxed(column.str("/jsonPath")).ok()?;
        Some(PrinterColumn {
            name: column.str("/name").into(),
            kind: column.str("/type").into(),
            wide: column.int("/priority").unwrap_or(0) > 0,
            path: JsonPath::parse(&path).ok()?,
        })
    }

    /// The column of the table.
    pub(super) fn column(&self) -> Column {
        Column { name: self.name.clone(), wide: self.wide }
    }

    /// The cell of an object; empty when the path finds no value of the column's type.
    pub(super) fn cell(&self, object: &Object, now: Time) -> Cell {
        let found = self.path.find(object).unwrap_or_default();
        let Some(value) = found.into_iter().next().and_then(|group| group.into_iter().next()) else {
            return String::new();
        };
        match (self.kind.as_str(), &value) {
            (_, Value::Null) => String::new(),
            ("date", Value::String(text)) => {
                Time::parse(text).map_or_else(|| "<invalid>".into(), |t| since(Some(t), now))
            }
            ("date", _) => "<invalid>".into(),
            ("integer", Value::Number(n)) => n.as_i64().map_or_else(|| whole(n.as_f64()), |n| n.to_string()),
            ("integer", Value::String(text)) => text.parse::<i64>().map(|n| n.to_string()).unwrap_or_default(),
            ("number", Value::Number(n)) => n.to_string(),
            ("boolean", Value::Bool(truth)) => truth.to_string(),
            ("boolean", Value::String(text)) => text.parse::<bool>().map(|t| t.to_string()).unwrap_or_default(),
            ("string", Value::String(text)) => text.to_string(),
            ("string", other) => other.to_string(),
            _ => String::new(),
        }
    }
}

fn whole(number: Option<f64>) -> String {
    number.map(|n| (n as i64).to_string()).unwrap_or_default()
}
