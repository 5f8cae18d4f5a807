//! Keys sort by their fields, round-trip, and lie in the right ranges.

use super::*;

fn object(resource: &str, namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new(resource, namespace, name)
}

#[test]
fn keys_sort_by_their_fields_and_round_trip() {
    let of = |o: &ObjectKey| Key::Object(Cow::Owned(o.clone()));
    let sorted = [
        Key::Meta("revision".into()),
        of(&object("nodes", "", "a")),
        of(&object("pods", "", "z")),
        of(&object("pods", "a", "b")),
        of(&object("pods", "a", "b-c")),
        of(&object("pods", "a\u{0}", "a")),
        of(&object("pods", "a-b", "a")),
        of(&object("pods.metrics", "a", "a")),
        Key::Index { index: "node".into(), value: "n1".into(), object: Cow::Owned(object("pods", "a", "b")) },
        Key::Index { index: "node".into(), value: "n10".into(), object: Cow::Owned(object("pods", "a", "a")) },
        Key::Change(1),
        Key::Change(256),
        Key::Row("clock".into()),
        Key::Counter { owner: "u1".into(), purpose: "name".into() },
        Key::Due(Time::from_micros(-5), 9),
        Key::Due(Time::from_micros(0), 1),
        Key::Due(Time::from_micros(0), 2),
        Key::Due(Time::from_micros(7), 0),
        Key::Scheduled { controller: "job".into(), key: "default/pi".into() },
        Key::Operation(7),
        Key::Snapshot("before".into()),
        Key::History("head".into()),
    ];
    for pair in sorted.windows(2) {
        assert!(pair[0].encode() < pair[1].encode(), "{} before {}", pair[0], pair[1]);
    }
    for key in sorted {
        assert_eq!(Key::decode(&key.encode()).expect("a key"), key);
        assert!(key.encode().as_slice() < END);
    }
}

#[test]
fn ranges_contain_exactly_their_keys() {
    let inside = |range: &Range, key: &Key| {
        let key = key.encode();
        range.0 <= key && key < range.1
    };
    let pod = |ns: &str| Key::Object(Cow::Owned(object("pods", ns, "web")));
    assert!(inside(&objects("pods", None), &pod("a")) && inside(&objects("pods", Some("a")), &pod("a")));
    assert!(!inside(&objects("pods", Some("a")), &pod("ab")) && !inside(&objects("po", None), &pod("a")));
    assert!(inside(&rows("sim/"), &Key::Row("sim/x".into())) && inside(&rows(""), &Key::Row("a".into())));
    assert!(!inside(&rows("sim/"), &Key::Row("sim".into())));
    assert!(inside(&changes(2, 4), &Key::Change(3)) && !inside(&changes(2, 4), &Key::Change(4)));
}

#[test]
fn other_bytes_are_not_keys() {
    for bytes in [&b""[..], &[9], &[1, b'a'], &[1, b'a', 0, 2], &[4, 0], &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
        assert!(Key::decode(bytes).is_err(), "{bytes:?}");
    }
    assert_eq!(describe(&[9, 1]), "unknown 0901");
    assert_eq!(describe(&Key::Row("clock".into()).encode()), "row clock");
}
