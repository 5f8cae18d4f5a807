//! The functions of Kubernetes, errors, and depth.

use super::*;

fn evaluate(text: &str) -> Result<Value, String> {
    Expression::compile(text)?.evaluate(vec![("self", Value::from(vec![3i64, 1, 2, 1]))])
}

#[test]
fn kubernetes_functions_are_available() {
    for text in [
        "self.sum() == 7 && [].sum() == 0 && [0.5, 1.5].sum() == 2.0",
        "self.min() == 1 && self.max() == 3",
        "!self.isSorted() && ['a', 'b'].isSorted()",
        "self.indexOf(1) == 1 && self.lastIndexOf(1) == 3 && self.indexOf(9) == -1 && ['a', 'b'].indexOf('b') == 1",
        "'abc 123 45'.find('[0-9]+') == '123' && 'abc'.find('x') == ''",
        "'abc 123 45'.findAll('[0-9]+') == ['123', '45']",
        "matches('abc', 'b') && !'abc'.matches('^b') && 'a}'.matches('^a}$') && !'\\u0663'.matches('\\\\d')",
        "'aBc'.lowerAscii() == 'abc' && 'a,b'.split(',').size() == 2 && 'abcb'.indexOf('b') == 1",
        "self.all(x, x > 0) && self.exists(x, x == 3) && 'abc'.matches('^a.c$') && size(self) == 4",
        "duration('90s') == duration('1m30s') && timestamp('2026-01-01T00:00:00Z').getFullYear() == 2026",
    ] {
        assert_eq!(evaluate(text), Ok(Value::Bool(true)), "{text}");
    }
}

#[test]
fn unsupported_expressions_are_refused() {
    let error = |text: &str| evaluate(text).expect_err("an error");
    assert!(error("self.all(").starts_with("ERROR: <input>:1:"), "{}", error("self.all("));
    assert_eq!(error("quantity('1Gi').isGreaterThan(self)"), "no such overload");
    assert_eq!(error("self.frobnicate()"), "no such attribute(s): frobnicate");
    assert_eq!(error("{'a': 1}.b == 1"), "no such key: b");
    assert_eq!(error("1 / 0 == 1"), "division by zero");
    assert_eq!(error("[].min() == 1"), "min called on empty list");
    assert_eq!(error("'a'.matches('(' + 'a')"), "error parsing regexp: missing closing ): `(a`");
    assert_eq!(
        error("object.spec.("),
        "ERROR: <input>:1:13: Syntax error: no viable alternative at input '.('\n | object.spec.(\n | ............^"
    );
}

#[test]
fn deep_expressions_are_refused_and_others_fit_on_the_stack() {
    let nested = |count: usize| {
        let many = |text: &str| text.repeat(count);
        [
            format!("1{} > 0", many("+1")),
            format!("self{} == 1", many("[0]")),
            format!("has(self{})", many(".a")),
            format!("{}1{} == 1", many("(1+"), many(")")),
            format!("{}true", many("!")),
            format!("{}1 == 1", many("-")),
            format!("{}1", many("false ? 1 : ")),
            format!(
                "{}1{} == 1",
                many("[").chars().take(90).collect::<String>(),
                many("]").chars().take(90).collect::<String>()
            ),
            format!("{}true{}", many("self.all(x, "), many(")")),
            format!("{}1{}", many("size("), many(")")),
            format!("{}1", many("1 in ")),
        ]
    };
    let cases: Vec<String> = [50, 90, 200, 249, 50_000].into_iter().flat_map(nested).collect();
    let run = move || {
        for text in cases {
            match evaluate(&text) {
                Err(error) if text.len() > 20_000 => assert!(error.contains("exceed"), "{error}"),
                _ => {}
            }
        }
    };
    std::thread::spawn(run).join().expect("no panic");
    assert_eq!(evaluate(&format!("1{} == 201", "+1".repeat(200))), Ok(Value::Bool(true)));
}

#[test]
fn errors_have_the_words_of_cel_go() {
    for (text, error) in [
        ("none.x == 1", "no such key: x"),
        ("none.x.y == 1", "no such key: x"),
        ("'a'.x == 1", "no such key: x"),
        ("has(none.x)", "false"),
        ("{'a': none}.a.b == 1", "no such key: b"),
        ("self[9] == 1", "index out of bounds: 9"),
        ("{'a': 1}['b'] == 1", "no such key: b"),
        ("int('x') == 1", "type conversion error from 'string' to 'int'"),
        ("double('x') == 1.0", "type conversion error from 'string' to 'double'"),
        ("bool('x')", "type conversion error from 'string' to 'bool'"),
        ("uint('x') == 1u", "type conversion error from 'string' to 'uint'"),
        ("duration('x') == duration('1s')", "type conversion error from 'string' to 'google.protobuf.Duration'"),
        (
            "timestamp('x') == timestamp('2026-01-01T00:00:00Z')",
            "type conversion error from 'string' to 'google.protobuf.Timestamp'",
        ),
        ("9223372036854775807 + self[1] == 1", "integer overflow"),
        ("1u - 2u == 1u", "unsigned integer overflow"),
        ("int(1e30) == 1", "integer overflow"),
        ("none + 1 == 1", "no such overload"),
        ("none > 1", "no such overload"),
        ("none.size() == 1", "no such overload"),
        ("none && true", "no such overload"),
        ("[1, 2].all(x, none.y == 1 || x == 3) || true", "true"),
        ("[1, 2].all(x, x == 1 ? none.y == 1 : false)", "false"),
        ("[1, 2].exists(x, x == 1 ? none.y == 1 : true)", "true"),
        ("[1, 2].map(x, x + 1).filter(x, x > 2) == [3] && [1, 2].exists_one(x, x == 2)", "true"),
        ("none.?x.hasValue()", "false"),
        ("type(net.IP) == type && has({'a': none}.a) && !has({'a': none}.a.b)", "true"),
        ("none.all(x, x)", "no such overload"),
        ("none.exists(x, x)", "no such overload"),
        ("none.map(x, x) == []", "no such overload"),
    ] {
        let variables = vec![("self", Value::from(vec![3i64, 1])), ("none", Value::Null)];
        let got = Expression::compile(text).and_then(|expression| expression.evaluate(variables));
        let got = match got {
            Ok(Value::Bool(flag)) => flag.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(error) => error,
        };
        assert_eq!(got, error, "{text}");
    }
}
