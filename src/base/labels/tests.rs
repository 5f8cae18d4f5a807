use proptest::prelude::*;

use super::*;
use crate::json::json;

fn parse(text: &str) -> Selector {
    Selector::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn selectors_are_formatted_canonically() {
    let cases = [
        ("", ""),
        ("a=b,c!=d", "a=b,c!=d"),
        ("e in (y, x ,x)", "e in (x,y)"),
        ("g notin (h)", "g notin (h)"),
        ("tier", "tier"),
        ("! tier", "!tier"),
        ("k>1,j<2", "j<2,k>1"),
        ("z==1, a", "a,z==1"),
        ("a=", "a="),
        ("a in (,b)", "a in (,b)"),
        ("in in (in)", "in in (in)"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).to_string(), expected, "{text}");
    }
}

#[test]
fn an_empty_list_has_the_empty_value() {
    for text in ["a in ()", "a in (,)"] {
        assert_eq!(Selector::parse(text), Ok(Selector::parse("a in (,)").expect("a selector")), "{text}");
        assert_eq!(Selector::parse(text).expect("a selector").to_string(), "a in ()");
    }
    assert!(Selector::parse("a notin ()").is_ok());
}

#[test]
fn error_messages_match_kubernetes() {
    let cases = [
        ("app in alpha", "unable to parse requirement: found 'alpha' expected: '('"),
        ("app=a=b", "found '=', expected: ',' or 'end of string'"),
        ("bad key=x", "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"),
        ("a,", "found '', expected: identifier after ','"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("a in (b)c", "found 'c', expected: ',' or 'end of string'"),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(Selector::parse(text).unwrap_err().to_string(), expected, "{text}");
    }
    let bad_key = Selector::parse("a/b/c=d").unwrap_err().to_string();
    assert!(
        bad_key.starts_with(
            "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a valid label key must consist"
        )
    );
    let control = Selector::parse("a=\u{1b}[31m").unwrap_err().to_string();
    assert!(control.contains("Invalid value: \"\\x1b[31m\""), "{control}");
    let bad_value = Selector::parse("app=-x").unwrap_err().to_string();
    assert!(
        bad_value
            .starts_with("unable to parse requirement: values[0][app]: Invalid value: \"-x\": a valid label must be")
    );
}

#[test]
fn labels_are_matched() {
    let labels = json!({"app": "alpha", "env": "dev", "weight": "10"});
    let cases = [
        ("", true),
        ("app=alpha", true),
        ("app==beta", false),
        ("app!=beta,tier!=x", true),
        ("env in (dev,stage)", true),
        ("env notin (dev)", false),
        ("tier notin (dev)", true),
        ("env", true),
        ("!env", false),
        ("weight>9", true),
        ("weight<9", false),
        ("app>1", false),
        ("tier=", false),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).matches(&labels), expected, "{text}");
    }
    assert!(parse("!env").matches(&Value::Null));
    assert!(!Selector::Nothing.matches(&labels));
    assert!(parse("app=alpha").matches_object(&json!({"metadata": {"labels": labels}})));
}

#[test]
fn label_selector_objects_are_converted() {
    let cases = [
        (Value::Null, "<none>"),
        (json!({}), "<none>"),
        (json!({"matchLabels": {"b": "2", "a": "1"}}), "a=1,b=2"),
        (
            json!({"matchLabels": {"m": "1"}, "matchExpressions": [
                {"key": "z", "operator": "Exists"},
                {"key": "e", "operator": "NotIn", "values": ["y", "x"]},
                {"key": "n", "operator": "DoesNotExist"}]}),
            "e notin (x,y),m=1,!n,z",
        ),
        (json!({"matchExpressions": [{"key": "a", "operator": "Equal"}]}), "<error>"),
    ];
    for (selector, expected) in cases {
        assert_eq!(format_label_selector(&selector), expected);
    }
    assert_eq!(Selector::from_object(&Value::Null), Ok(Selector::Nothing));
    assert_eq!(Selector::from_object(&json!({})), Ok(Selector::everything()));
    let wrong = Selector::from_object(&json!({"matchExpressions": [{"key": "a", "operator": "Equal"}]}));
    assert_eq!(wrong.unwrap_err().to_string(), "\"Equal\" is not a valid label selector operator");
}

#[test]
fn exact_values_are_found_for_index_lookups() {
    let selector = parse("a=1,b in (2),c in (3,4),d!=5,e");
    assert_eq!(selector.exact_pairs().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    assert_eq!(selector.exact_value("b"), Some("2"));
    assert_eq!(selector.exact_value("c"), None);
}

#[test]
fn keys_and_values_are_checked() {
    let fine = ["a", "a.b-c_d", "example.com/name", "A1"];
    assert!(fine.iter().all(|key| key_problems(key).is_empty()));
    assert_eq!(key_problems("/a"), ["prefix part must be non-empty"]);
    assert_eq!(key_problems("a/").len(), 2);
    assert!(key_problems("Bad/name")[0].starts_with("prefix part a lowercase RFC 1123 subdomain must consist"));
    assert_eq!(key_problems(&"a".repeat(64)), ["name part must be no more than 63 bytes"]);
    assert!(value_problems("").is_empty());
    assert_eq!(value_problems(&"a".repeat(64)), ["must be no more than 63 bytes"]);
    assert!(value_problems("a b")[0].starts_with("a valid label must be an empty string or consist of"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_reads_back(text in "[a-c=!(),>< in]{0,20}") {
        if let Ok(selector) = Selector::parse(&text) {
            prop_assert_eq!(parse(&selector.to_string()), selector);
        }
    }

    #[test]
    fn both_together_match_where_each_does(left in "[ab](=|!=)[xy]", right in "[ab](=|!=)[xy]", a in "[xy]", b in "[xy]") {
        let labels = json!({"a": a, "b": b});
        let (left, right) = (parse(&left), parse(&right));
        let expected = left.matches(&labels) && right.matches(&labels);
        prop_assert_eq!(left.and(right).matches(&labels), expected);
    }
}
