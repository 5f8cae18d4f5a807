//! `-o yaml`, `-o kyaml` and `-o json`.
//!
//! Upstream: `cli-runtime/pkg/printers/yaml.go` and `json.go`.

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

    /// The structure that is printed.
    pub(crate) fn structure(&self) -> Structure {
        self.structure
    }

    /// Appends the next object to `out`.
    pub(crate) fn print(&mut self, object: &Value, out: &mut String) {
        if self.printed > 0 && self.structure == Structure::Yaml {
            out.push_str("---\n");
        }
        self.printed += 1;
        let order = if self.typed { GoOrder::of(object) } else { GoOrder::Alphabet };
        match self.structure {
            Structure::Yaml => out.push_str(&yaml::print(object)),
            Structure::Json => json::write_pretty(out, object, order, 0),
            Structure::Kyaml => {
                out.push_str("---\n");
                kyaml::write(out, object, order, 0);
            }
        }
        if self.structure != Structure::Yaml {
            out.push('\n');
        }
    }
}

/// The text of a list as [`list_of`] makes it, whose items are added one by one and need not be in memory at the same time.
pub(crate) struct ListText {
    structure: Structure,
    text: String,
    count: usize,
}

impl ListText {
    /// Creates a list without items.
    pub(crate) fn new(structure: Structure) -> ListText {
        let start = match structure {
            Structure::Yaml => "apiVersion: v1\nitems:",
            Structure::Json => "{\n    \"apiVersion\": \"v1\",\n    \"items\": [",
            Structure::Kyaml => "---\n{\n  apiVersion: \"v1\",\n  items: [",
        };
        ListText { structure, text: start.into(), count: 0 }
    }

    /// Returns `true` if there are no items.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds an item.
    pub(crate) fn push(&mut self, item: Value) {
        let text = &mut self.text;
        let is_first = self.count == 0;
        self.count += 1;
        match self.structure {
            Structure::Yaml => {
                text.push_str(if is_first { "\n" } else { "" });
                text.push_str(&yaml::print(&json!([item])));
            }
            Structure::Json => {
                text.push_str(if is_first { "\n        " } else { ",\n        " });
                json::write_pretty(text, &item, GoOrder::Alphabet, 2);
            }
            Structure::Kyaml => {
                text.push_str(if is_first { "" } else { ", " });
                kyaml::write(text, &item, GoOrder::Alphabet, 1);
            }
        }
    }

    /// Returns the text of the list.
    pub(crate) fn finish(mut self) -> String {
        let end = match (self.structure, self.count) {
            (Structure::Yaml, 0) => " []\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
            (Structure::Yaml, _) => "kind: List\nmetadata:\n  resourceVersion: \"\"\n",
            (Structure::Json, 0) => {
                "],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n"
            }
            (Structure::Json, _) => {
                "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n"
            }
            (Structure::Kyaml, _) => "],\n  kind: \"List\",\n  metadata: {\n    resourceVersion: \"\",\n  },\n}\n",
        };
        self.text.push_str(end);
        self.text
    }
}

/// The `List` with which kubectl wraps several objects.
pub(crate) fn list_of(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRUCTURES: [Structure; 3] = [Structure::Yaml, Structure::Json, Structure::Kyaml];

    #[test]
    fn objects_follow_each_other() {
        let print = |structure| {
            let mut printer = StructuredPrinter::new(structure);
            let mut out = String::new();
            [json!({"a": 1}), list_of(vec![json!({"b": 2})])].iter().for_each(|object| printer.print(object, &mut out));
            out
        };
        let list = "apiVersion: v1\nitems:\n- b: 2\nkind: List\nmetadata:\n  resourceVersion: \"\"\n";
        assert_eq!(print(Structure::Yaml), format!("a: 1\n---\n{list}"));
        assert!(print(Structure::Json).starts_with("{\n    \"a\": 1\n}\n{\n    \"apiVersion\": \"v1\",\n"));
    }

    #[test]
    fn items_one_by_one_are_the_list_of_all() {
        let items = [json!({"a": {"b": [1, {"c": "x y\nz\n"}], "d": []}}), json!({}), json!({"e": [[2], "f"]})];
        for (structure, count) in
            STRUCTURES.into_iter().flat_map(|structure| (0..=3).map(move |count| (structure, count)))
        {
            let mut list = ListText::new(structure);
            items[..count].iter().for_each(|item| list.push(item.clone()));
            let mut whole = String::new();
            StructuredPrinter::new(structure).print(&list_of(items[..count].to_vec()), &mut whole);
            assert_eq!(list.finish(), whole);
        }
    }
}
