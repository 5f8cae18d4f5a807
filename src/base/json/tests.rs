use proptest::prelude::*;

use super::*;

#[test]
fn values_are_small() {
    assert_eq!(size_of::<Value>(), 24);
}

#[test]
fn the_macro_matches_that_of_serde_json() {
    let (name, none, labels) = ("web".to_string(), None::<i64>, [("b", 1), ("a", 2)]);
    let labels = std::collections::BTreeMap::from(labels);
    let own = json!({"n": name, "l": [1, null, {}, [], {"x": [name, -2.5]}], "o": none, "m": labels, ("k"): true});
    let theirs =
        serde_json::json!({"n": name, "l": [1, null, {}, [], {"x": [name, -2.5]}], "o": none, "m": labels, "k": true});
    assert_eq!(own, Value::from(theirs.clone()));
    assert_eq!(own.to_string(), theirs.to_string());
    assert_eq!(format!("{own:#}"), format!("{theirs:#}"));
    assert_eq!(serde_json::Value::from(&own), theirs);
}

#[test]
fn changes_do_not_affect_clones() {
    let old = json!({"a": {"list": [1, 2], "other": {"x": "a text that is too long to stand in its value"}}});
    let mut new = old.clone();
    assert!(new.as_object().unwrap().is_shared_with(old.as_object().unwrap()));
    new["a"]["list"].as_array_mut().unwrap().push(3.into());
    assert_eq!(old["a"]["list"], json!([1, 2]));
    assert_eq!(new["a"]["list"], json!([1, 2, 3]));
    let other = |value: &Value| value["a"]["other"].as_object().unwrap().clone();
    assert!(other(&new).is_shared_with(&other(&old)), "what did not change is still shared");
}

#[test]
fn missing_keys_read_as_null_and_are_inserted_on_write() {
    let mut value = json!({"a": 1});
    assert!(value["b"]["c"][2].is_null());
    value["b"]["c"] = "d".into();
    assert_eq!(value, json!({"a": 1, "b": {"c": "d"}}));
}

#[test]
fn parsing_matches_serde_json() {
    for text in [
        r#"{"b":1,"a":"0123456789012345678901234567890","b":[1.5e300,-1,18446744073709551615,true,null,"\u00e9\n"]}"#,
        r#"[]"#,
        r#""x""#,
    ] {
        let own: Value = serde_json::from_str(text).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(own.to_string(), theirs.to_string());
    }
    let own = serde_json::from_str::<Value>("{\"a\":}").unwrap_err().to_string();
    assert_eq!(own, serde_json::from_str::<serde_json::Value>("{\"a\":}").unwrap_err().to_string());
}

#[test]
fn pointers_resolve_as_in_serde_json() {
    let value = json!({"a": {"b/c": [1, {"d": null}], "": 2, "~": 3, "0": 4}, "": {"": 5}});
    let lists = json!([[1, 2], [3]]);
    let into_value = [
        "/a/\0",
        "/\0",
        "/a/0\0",
        "/a\0",
        "",
        "/",
        "//",
        "/a",
        "/a/",
        "/a/b~1c/0",
        "/a/b~1c/1/d",
        "/a/~0",
        "/a/0",
        "a",
        "/a/b",
        "/a/b~1c/00",
    ];
    let into_lists = ["/0/1", "/0/01", "/0/+1", "/1/0", "/1/1", "/-1", "/0/1/2", "/x"];
    let long = json!({"sevenbe": {"eightby8": 1, "nineteen-bytes-long": {"a": 2, "t~e/n": 3}}, "größe/der": {"x": 4}});
    let into_long = [
        "/sevenbe/eightby8",
        "/sevenbe/eightby",
        "/sevenbe/nineteen-bytes-long/a",
        "/sevenbe/nineteen-bytes-long/t~0e~1n",
        "/sevenbe/nineteen-bytes-long",
        "/größe~1der/x",
        "/größe/der/x",
    ];
    let all = into_value.map(|pointer| (&value, pointer)).into_iter();
    let all = all.chain(into_long.map(|pointer| (&long, pointer)));
    for (value, pointer) in all.chain(into_lists.map(|pointer| (&lists, pointer))) {
        let theirs = serde_json::Value::from(value).pointer(pointer).cloned().map(Value::from);
        assert_eq!(value.pointer(pointer), theirs.as_ref(), "{pointer}");
        assert_eq!(value.clone().pointer_mut(pointer).as_deref(), theirs.as_ref(), "{pointer}");
    }
}

#[test]
fn the_last_of_equal_keys_wins() {
    let map = Map::from_iter([("b", json!(1)), ("a", json!(2)), ("b", json!(3)), ("c", json!(4)), ("a", json!(5))]);
    assert_eq!(Value::Object(map), json!({"a": 5, "b": 3, "c": 4}));
}

#[test]
fn keys_with_equal_marks_are_distinguished() {
    let long = |letter: char| ["abcd", &letter.to_string().repeat(252), "abcd"].concat();
    let lengths = (0..40).map(|length| "x".repeat(length));
    let keys: Vec<String> = lengths
        .chain(
            [
                "abxd",
                "abyd",
                "abcxefg",
                "abcyefg",
                "abxcdefd",
                "abycdefd",
                "abcdefghxabcdefgh",
                "abcdefghyabcdefgh",
                "\0",
                "\0\0",
                "abcdefg",
                "abcdefg\0",
                "abcdefg\0\0",
                "abcdefgh",
                "größe",
            ]
            .map(String::from),
        )
        .collect();
    for key in keys.iter().chain([&long('x'), &long('y')]) {
        let map = Map::from_iter([(key.as_str(), Value::Null)]);
        for other in keys.iter().chain([&long('x'), &long('y'), &"abcdabcd".to_string()]) {
            assert_eq!(map.contains_key(other), key == other, "{key:?} {other:?}");
        }
    }
    let mut sorted: Vec<&str> = keys.iter().map(String::as_str).collect();
    let map = Map::from_iter(sorted.iter().map(|key| (*key, Value::Null)));
    sorted.sort_unstable();
    sorted.dedup();
    assert!(map.keys().eq(sorted.iter()), "{map:?}");
    assert!(sorted.iter().all(|key| map.contains_key(key)));
}

#[derive(Clone, Debug)]
enum Act {
    Insert(String, u8),
    Remove(String),
    Entry(String, u8),
    Retain(u8),
    Share,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let key = "[a-d]{0,3}";
    let act = prop_oneof![
        4 => (key, any::<u8>()).prop_map(|(k, v)| Act::Insert(k, v)),
        2 => key.prop_map(Act::Remove),
        2 => (key, any::<u8>()).prop_map(|(k, v)| Act::Entry(k, v)),
        1 => any::<u8>().prop_map(Act::Retain),
        1 => Just(Act::Share),
    ];
    prop::collection::vec(act, 0..80)
}

proptest! {
    #[test]
    fn maps_behave_like_b_tree_maps(acts in acts()) {
        let (mut own, mut tree) = (Map::new(), std::collections::BTreeMap::<String, Value>::new());
        let mut copies = Vec::new();
        for act in acts {
            match act {
                Act::Insert(key, value) => {
                    prop_assert_eq!(own.insert(key.as_str(), value.into()), tree.insert(key, value.into()));
                }
                Act::Remove(key) => prop_assert_eq!(own.remove(&key), tree.remove(&key)),
                Act::Entry(key, value) => {
                    let was = own.entry(key.as_str()).or_insert(value.into()).clone();
                    prop_assert_eq!(&was, tree.entry(key).or_insert(value.into()));
                }
                Act::Retain(limit) => {
                    own.retain(|_, value| value.as_u64() < Some(limit.into()));
                    tree.retain(|_, value| value.as_u64() < Some(limit.into()));
                }
                Act::Share => copies.push((own.clone(), tree.clone())),
            }
        }
        copies.push((own, tree));
        for (own, tree) in copies {
            let listed: Vec<_> = own.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
            prop_assert_eq!(listed, tree.clone().into_iter().collect::<Vec<_>>());
            for (key, value) in &tree {
                prop_assert_eq!(own.get(key), Some(value));
            }
        }
    }
}

#[test]
fn keys_that_share_their_ends_are_told_apart() {
    let keys =
        ["", "a", "aa", "ab", "ba", "aba", "abca", "abcabc", "abcdabcd", "abcdxabcd", "abcdyabcd", "abcdabcdabcd"];
    let map: Map = keys.iter().zip(1..).map(|(key, number)| (*key, Value::from(number))).collect();
    for (key, number) in keys.iter().zip(1..) {
        assert_eq!(map.get(key), Some(&Value::from(number)), "{key}");
    }
    for other in ["b", "bb", "aca", "abba", "abcdefabcd", "abcd", "abc", "a\0", "\0", "abcdabc\0", "abcdabc"] {
        assert_eq!(map.get(other), None, "{other}");
    }
    let odd =
        ["\0", "\0\0", "a\0", "a\0\0", "abcdefg\0", "abcdef\u{e9}", "abcdefghijklmnopqrst", "abcdefghijklxnopqrst"];
    let map: Map = odd.iter().zip(1..).map(|(key, number)| (*key, Value::from(number))).collect();
    for (key, number) in odd.iter().zip(1..) {
        assert_eq!(map.get(key), Some(&Value::from(number)), "{key:?}");
    }
    for other in ["", "a", "abcdefg", "abcdef\u{ea}", "abcdefghijklynopqrst"] {
        assert_eq!(map.get(other), None, "{other:?}");
    }
}
