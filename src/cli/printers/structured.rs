//! `-o yaml`, `-o kyaml` and `-o json`.
//!
//! Upstream: `cli-runtime/pkg/printers/yaml.go` and `json.go`.

use std::io::{self, Write};

use super::kyaml;
use kctl_base::json::{Value, json};
use kctl_base::schema::order::GoOrder;
use kctl_base::{json, yaml};

/// A format that prints complete objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Structure {
    /// `-o yaml`.
    Yaml,
    /// `-o json`.
    Json,
    /// `-o kyaml`.
    Kyaml,
}

/// Prints a sequence of objects; `---` separates YAML documents.
#[derive(Debug, Clone)]
pub(crate) struct StructuredPrinter {
    structure: Structure,
    typed: bool,
    printed: usize,
}

impl StructuredPrinter {
    /// Creates a printer that has not printed anything yet.
    pub(crate) fn new(structure: Structure) -> Self {
        Self { structure, typed: false, printed: 0 }
    }

    /// Prints the fields of built-in types in the order of Go's structs from now on.
    pub(crate) fn print_typed(&mut self) {
        self.typed = true;
    }

    /// Prints the next object.
    pub(crate) fn print(&mut self, object: &Value, out: &mut dyn Write) -> io::Result<()> {
        if self.printed > 0 && self.structure == Structure::Yaml {
            out.write_all(b"---\n")?;
        }
        self.printed += 1;
        let order = if self.typed { GoOrder::of(object) } else { GoOrder::Alphabet };
        match self.structure {
            Structure::Yaml => out.write_all(yaml::print(object).as_bytes()),
            Structure::Json => writeln!(out, "{}", json::to_pretty_in(object, order)),
            Structure::Kyaml => write!(out, "---\n{}\n", kyaml::to_kyaml(object, order)),
        }
    }
}

/// The `List` with which kubectl wraps several objects.
pub(crate) fn list_of(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_follow_each_other() {
        let print = |structure| {
            let mut printer = StructuredPrinter::new(structure);
            let mut out = Vec::new();
            for object in [json!({"a": 1}), list_of(vec![json!({"b": 2})])] {
                printer.print(&object, &mut out).expect("a buffer takes everything");
            }
            String::from_utf8(out).expect("text")
        };
        let list = "apiVersion: v1\nitems:\n- b: 2\nkind: List\nmetadata:\n  resourceVersion: \"\"\n";
        assert_eq!(print(Structure::Yaml), format!("a: 1\n---\n{list}"));
        assert!(print(Structure::Json).starts_with("{\n    \"a\": 1\n}\n{\n    \"apiVersion\": \"v1\",\n"));
    }
}
