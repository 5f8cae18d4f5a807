//! The inputs that mutations start from: manifests of the tests, and texts in each language.

use std::sync::LazyLock;

use kctl_base::json::{Value, json};
use kctl_base::yaml;

/// Names of fields and directives.
pub(super) const FIELDS: &[&str] = &[
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "managedFields",
    "spec",
    "status",
    "replicas",
    "selector",
    "template",
    "containers",
    "image",
    "env",
    "ports",
    "volumes",
    "data",
    "uid",
    "resourceVersion",
    "generateName",
    "deletionTimestamp",
    "type",
    "kind",
    "apiVersion",
    "strategy",
    "$patch",
    "$retainKeys",
    "delete",
    "replace",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/finalizers",
    "kctl.dev/life",
    "run=1s exit=1",
    "a",
    "default",
];

/// The texts of manifests.
pub(super) static MANIFESTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/seeds");
    let entries = std::fs::read_dir(folder).expect("the seeds").flatten();
    let mut paths: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    paths.sort();
    let texts = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    texts.filter(|text| text.len() < 4000).chain([JSON.to_owned(), ODD_YAML.to_owned()]).collect()
});

/// The objects in the manifests.
pub(super) static OBJECTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let documents = MANIFESTS.iter().flat_map(|text| yaml::split_documents(text));
    let objects = documents.filter_map(|document| document.load().ok()).map(|loaded| loaded.value);
    objects.filter(Value::is_object).chain([definition(), custom()]).collect()
});

const JSON: &str = r#"{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "labels": {"x": "\u00e9\ud83d\ude00"}},
 "data": {"n": "1e3", "t": "\t\"\\\/"}, "l": [1, -2.5e-3, true, false, null, [], {}]}"#;

const ODD_YAML: &str = "%YAML 1.1\n---\na: &x {k: 1, <<: {z: 2}}\nb: *x\nc: |2-\n    two\n   one\nd: >+\n  folded\n  text\n\n? key\n: - 'it''s'\n  - \"\\x41\\L\\u2029\"\n  - !!str 12\n  - !!binary aGk=\ne: 0o17\nf: 1:30\ng: 2001-01-01\n...\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: b}\n";

/// A definition with rules.
fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.x.io"},
        "spec": {"group": "x.io", "scope": "Namespaced", "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "N", "type": "string", "jsonPath": ".spec.name"}],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object",
                    "x-kubernetes-validations": [{"rule": "self.size < 10", "message": "too big"}],
                    "properties": {"size": {"type": "integer", "default": 3, "minimum": 0},
                        "name": {"type": "string", "maxLength": 9, "pattern": "^[a-z]*$"},
                        "list": {"type": "array", "maxItems": 5, "items": {"type": "string"}, "x-kubernetes-list-type": "set"}}}}}}}]}})
}

fn custom() -> Value {
    json!({"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": "default"},
        "spec": {"size": 1, "name": "abc", "list": ["a"]}})
}

pub(super) const TEMPLATES: &[&str] = &[
    "{{range $i, $e := .items}}{{if $i}},{{end}}{{$e.name | printf \"%-5.3s|%[1]q\"}}{{else}}none{{end}}",
    "{{define \"x\"}}{{.}}{{end}}{{with .spec}}{{template \"x\" .}}{{else with .b}}{{len .}}{{end}}",
    "{{printf \"%5.2f %e %x %v %T %08d\" .n .n .s . .s .i}}{{index .items 0 \"name\"}}{{slice .s 1 2}}",
    "{{if and .a (or .b (not .c))}}{{eq .i 1 2}}{{else if lt .i 5}}{{println .}}{{end}}{{/* c */ -}} x",
    "{{range 3}}{{.}}{{continue}}{{end}}{{$x := 1}}{{$x = print $x \"a\"}}{{html .s}}{{js .s}}{{urlquery .s}}",
];

pub(super) const TEMPLATE_WORDS: &[&str] = &[
    "{{",
    "}}",
    "{{end}}",
    "{{else}}",
    "{{else if .a}}",
    "{{if .a}}",
    "{{range .items}}",
    "{{break}}",
    "(",
    ")",
    "|",
    "$x",
    ":=",
    "=",
    ".items",
    ".name",
    "\"%*d\"",
    "\"%.70000f\"",
    "printf",
    "print",
    "index",
    "slice",
    "len",
    "base64decode",
    "nil",
    "1",
    "-",
    "{{-",
    "/*",
    "`",
    "and",
    "call",
    "block",
    "template",
];

pub(super) const PATHS: &[&str] = &[
    "{range .items[*]}{.name}{\"\\t\"}{end}",
    "{.items[?(@.n>1)].name}{.items[-1:].name}{.items[0:5:2]}",
    "{..name}{.items[*]['name','n']}{.spec.*}{@}{$.kind}",
    "{.metadata.annotations.a\\.b/c}{.items[?(@.name==\"a\")]}{'it\\'s'}",
    ".metadata.name",
];

pub(super) const PATH_WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "[?(",
    ")]",
    "@",
    "$",
    "..",
    ".",
    "*",
    "[*]",
    "'",
    "\"",
    ",",
    ":",
    "range",
    "end",
    "==",
    "!=",
    "<=",
    "-",
    "name",
    "items",
    "[9223372036854775807]",
    "[-1]",
    "\\",
];

pub(super) const SELECTORS: &[&str] = &[
    "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>5,m<6",
    "app.kubernetes.io/name in ()",
    "metadata.name=a,status.phase!=Running",
    "x notin (,a,,b)",
];

pub(super) const SELECTOR_WORDS: &[&str] =
    &["in", "notin", "(", ")", ",", "=", "==", "!=", "!", ">", "<", "a", "a/b", " ", "\\,", "metadata.name", "-", "_"];

pub(super) const AMOUNTS: &[&str] = &[
    "100m",
    "1.5Gi",
    "-2e3",
    "0.1",
    "1E",
    "5Ki",
    "12345678901234567890",
    "50%",
    "1h30m",
    "300ms",
    "-1.5s",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.123456+01:00",
    "0",
    "1e-9",
    "9Ei",
];

pub(super) const AMOUNT_WORDS: &[&str] = &[
    "m",
    "k",
    "Ki",
    "Mi",
    "Ei",
    "n",
    "u",
    "e",
    "E",
    "+",
    "-",
    ".",
    "0",
    "9",
    "%",
    "h",
    "s",
    "ms",
    "µs",
    "T",
    "Z",
    ":",
    "999999999999",
];

pub(super) const EXPRESSIONS: &[&str] = &[
    "self.items.all(x, x.n > 0 && x.name.startsWith('a')) || has(self.spec)",
    "self.s.replace('a', 'bb').split(',').map(x, x + '!').join('-').size() < 10",
    "self.items.exists_one(x, x.n == 1) ? self.i + 1 : -self.i % 3",
    "{'a': 1, 'b': [1, 2]}.b.filter(x, x in [1, 3]).sum() == 1",
    "duration('1h') + duration('30m') > duration(self.s) && timestamp('2026-01-01T00:00:00Z').getFullYear() == 2026",
    "self.s.matches('^[a-z]+$') && '%s %d'.format([self.s, self.i]) != '' && type(self.i) == int",
    "optional.of(self.?i.orValue(1)).hasValue() && self.s.find('[0-9]+') == '' && [3, 1].isSorted()",
];

pub(super) const EXPRESSION_WORDS: &[&str] = &[
    "self",
    ".items",
    ".s",
    ".i",
    ".n",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "==",
    "<",
    "?",
    ":",
    ".all(x, ",
    ".map(x, ",
    "x",
    "1",
    "'a'",
    "\"",
    "in",
    "has(self.a)",
    ".replace('', 'xx')",
    ".join(',')",
    ".size()",
    "true",
    "null",
    "//",
    "r'\\",
    "b'a'",
    "'''",
    ".?a",
    "[?0]",
    "dyn(",
    "string(",
    "int(",
    "9223372036854775807",
    ".format([",
    ".substring(1)",
    ".charAt(0)",
];
