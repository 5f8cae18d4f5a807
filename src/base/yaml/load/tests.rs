//! Documents as kubectl reads them, and its errors.

use super::*;
use crate::json::json;

fn value(doc: &str) -> Value {
    yaml_to_json(doc).unwrap_or_else(|error| panic!("{doc}: {error}")).value
}

#[test]
fn documents_are_parsed_as_by_kubectl() {
    let cases = [
        ("", json!(null)),
        ("# nothing\n", json!(null)),
        (
            "nodeSelector: {no: such, y: 1, 12: a, 1.5: b, 1234567.5: c, '5': d}",
            json!({"nodeSelector": {
            "false": "such", "true": 1, "12": "a", "1.5": "b", "1.2345675e+06": "c", "5": "d"}}),
        ),
        (
            "mode: 0644\nsize: 1e3\nday: 2001-01-01\nbig: 18446744073709551615\nratio: 2.50",
            json!({"mode": 420, "size": 1000, "day": "2001-01-01", "big": 18446744073709551615.0, "ratio": 2.5}),
        ),
        (
            "quoted: 'yes'\nblock: |\n  yes\nempty:\ntilde: ~",
            json!({"quoted": "yes", "block": "yes\n", "empty": null, "tilde": null}),
        ),
        ("a: &x {k: 1}\nb: *x\nc: [*x]", json!({"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}]})),
        (
            "b: &b {x: 1, z: 2}\nm: {<<: *b, z: 3}\no: {z: 3, <<: *b}",
            json!({"b": {"x": 1, "z": 2}, "m": {"x": 1, "z": 3}, "o": {"x": 1, "z": 2}}),
        ),
        ("a: 1\n<<: [{a: 2, b: 3}, {b: 4}]", json!({"a": 2, "b": 3})),
        (
            "'<<': 1\nb: ! 12\nc: !!str 12\nd: !!int '3'\ne: !foo 3\nf: !!binary aGk=",
            json!({"<<": 1, "b": "12", "c": "12", "d": 3, "e": "3", "f": "hi"}),
        ),
        ("\u{feff}a: 1", json!({"a": 1})),
        ("a:\n  b: [\n  x,\nw\n  ]\nc: {\nd: e\n}", json!({"a": {"b": ["x", "w"]}, "c": {"d": "e"}})),
        (
            r#"a: "é" # it's
b: ["it\'s \\' a \"\'", "\'"]"#,
            json!({"a": "é", "b": ["it's \\' a \"'", "'"]}),
        ),
        ("a:\n  b: \"x\ny\n z\"\n  c:\td", json!({"a": {"b": "x y z", "c": "d"}})),
    ];
    for (doc, expected) in cases {
        assert_eq!(value(doc), expected, "{doc}");
    }
}

#[test]
fn the_last_of_equal_keys_wins() {
    let loaded = yaml_to_json("spec:\n  x: 1\n  x: 2\n  5: a\n  5: b\n").expect("readable");
    assert_eq!(loaded.value, json!({"spec": {"x": 2, "5": "b"}}));
    assert!(loaded.duplicates.is_empty());
}

#[test]
fn errors_have_the_messages_and_line_numbers_of_kubectl() {
    let cases = [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("k: v\nspec:\n  a: b\n  c: d: e", "yaml: line 4: mapping values are not allowed in this context"),
        ("k: v\nspec:\n\ta: b", "yaml: line 3: found character that cannot start any token"),
        ("k: v\nspec:\n  a: b\n c: d", "yaml: line 3: did not find expected key"),
        ("k: v\nspec:\n  - a\n  b: c", "yaml: line 3: did not find expected '-' indicator"),
        ("k: v\nspec: [a, b\nfoo: c", "yaml: line 2: did not find expected ',' or ']'"),
        ("k: v\nspec: {a: b\nfoo: c", "yaml: line 2: did not find expected ',' or '}'"),
        ("k: v\nspec: \"abc\n", "yaml: line 3: found unexpected end of stream"),
        ("k: v\nspec: \"ab\\q\"", "yaml: line 2: found unknown escape character"),
        ("k: v\nspec:\n  a: b\n  foo\n  bar: x", "yaml: line 5: could not find expected ':'"),
        ("k: v\nspec: @x", "yaml: line 2: found character that cannot start any token"),
        ("k: v\nspec: %x", "yaml: line 2: found character that cannot start any token"),
        ("k: v\nspec:\n  a: |\n   x\n  y", "yaml: line 6: could not find expected ':'"),
        ("k: v\nspec: {a: b}}", "yaml: line 1: did not find expected key"),
        ("k: v\nspec: ]", "yaml: line 1: did not find expected node content"),
        ("k: v\nspec: - a", "yaml: line 2: block sequence entries are not allowed in this context"),
        ("k: v\nspec: ? a", "yaml: line 2: mapping keys are not allowed in this context"),
        ("k: v\nspec: a\n  b: c", "yaml: line 3: mapping values are not allowed in this context"),
        ("k: v\nspec: !<x y", "yaml: line 2: did not find the expected '>'"),
        ("k: v\nspec: |0\n  a", "yaml: line 2: found an indentation indicator equal to 0"),
        ("k: v\nspec: \"a\" b", "yaml: line 1: did not find expected key"),
        ("k: v\nspec: a\n\tb: c", "yaml: line 3: found a tab character that violates indentation"),
        ("k: v\nspec: |\n\tx", "yaml: line 3: found a tab character where an indentation space is expected"),
        ("k: v\nspec: 'x\na: b\n", "yaml: line 4: found unexpected end of stream"),
        ("a: *x", "yaml: unknown anchor 'x' referenced"),
        ("a: &x {b: *x}", "yaml: anchor 'x' value contains itself"),
        ("a: 1\n<<: 5", "yaml: map merge requires map or sequence of maps as the value"),
        ("a: !!int x", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: .inf", "json: unsupported value: +Inf"),
        ("{null: 1}", "unsupported map key of type: %!s(<nil>), key: <nil>, value: 1"),
        ("{[1]: 1}", "yaml: invalid map key: []interface {}{1}"),
        ("a: \u{1}", "yaml: control characters are not allowed"),
    ];
    let mut wrong = Vec::new();
    for (doc, expected) in cases {
        let expected = format!("error converting YAML to JSON: {expected}");
        match yaml_to_json(doc) {
            Err(error) if error.to_string() == expected => {}
            other => wrong.push(format!("{doc:?}: {other:?}, not {expected}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documents_of_many_aliases_are_refused() {
    let mut doc = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        doc.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let error = yaml_to_json(&doc).expect_err("a bomb");
    assert_eq!(error.to_string(), "error converting YAML to JSON: yaml: document contains excessive aliasing");
}

#[test]
fn deep_documents_are_refused() {
    let nested = |open: &str| open.repeat(100_000);
    let aliases: String = (0..100_000).map(|level| format!("- &a{} [*a{level}]\n", level + 1)).collect();
    let cases = [
        nested("["),
        nested("{a: "),
        nested("- "),
        nested("? "),
        nested("[{"),
        nested("&a ["),
        nested("!!seq ["),
        format!("- &a0 x\n{aliases}"),
        format!("{{\"a\": {}", nested("[")),
        nested("{\"a\":"),
    ];
    let load_all = || {
        for text in &cases {
            let error = to_json(text).err().unwrap_or_else(|| panic!("{} is read", &text[..20]));
            assert!(!error.to_string().is_empty());
        }
    };
    crate::json::on_deep_stack(load_all).expect("a stack");
}

#[test]
fn lines_in_brackets_may_end_in_carriage_returns() {
    assert_eq!(value("k: {\ra: 1,\r\nb: 2\n}\r"), json!({"k": {"a": 1, "b": 2}}));
    assert_eq!(value("k: 'x\ry'\r"), json!({"k": "x y"}));
    for unfinished in [": {\ra", "k: [\r\na", "k: {\n", "k: 'a\r"] {
        assert!(to_json(unfinished).is_err(), "{unfinished:?}");
    }
}
