//! Tests of the binary form.

use proptest::prelude::*;

use super::super::{json, on_deep_stack};
use super::*;

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, &mut bytes);
    bytes
}

fn value() -> impl Strategy<Value = Value> {
    let float = any::<f64>().prop_filter_map("not a number of JSON", Number::from_f64);
    let numbers = prop_oneof![
        any::<u64>().prop_map(Number::from),
        any::<i64>().prop_map(Number::from),
        (-300..300i64).prop_map(Number::from),
        float
    ];
    let text = prop_oneof!["[a-c]{0,2}", "\\PC{0,40}", prop::sample::select(&**DICTIONARY).prop_map(String::from)];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        numbers.prop_map(Value::Number),
        text.clone().prop_map(Value::from)
    ];
    let key = prop_oneof![Just("metadata".to_owned()), Just("managedFields".to_owned()), text];
    scalar.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_is_decoded_as_it_was(value in value()) {
        prop_assert_eq!(decode(&encoded(&value), Parts::All).expect("a value"), value);
    }

    #[test]
    fn managed_fields_alone_are_left_out(mut value in value()) {
        let decoded = decode(&encoded(&value), Parts::NoManagedFields).expect("a value");
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        prop_assert_eq!(decoded, value);
    }

    #[test]
    fn what_no_column_shows_is_left_out(spec in value(), other in value(), list in value()) {
        let mut pod = json!({"kind": "Pod", "metadata": {"managedFields": list, "name": "p", "volumes": list},
            "other": {"volumes": other, "containers": [{"env": other}]},
            "spec": {"nodeName": "n", "tolerations": list, "volumes": spec, "z": other,
                "containers": [{"env": other, "name": "c", "resources": list}], "initContainers": []},
            "status": {"phase": other, "tolerations": list,
                "containerStatuses": [{"image": list, "ready": true, "state": {"image": list}}]}});
        let decoded = decode(&encoded(&pod), Parts::Columns).expect("a value");
        let mut remove = |pointer: &str, keys: &[&str]| {
            let map = pod.pointer_mut(pointer).and_then(Value::as_object_mut);
            map.into_iter().for_each(|map| keys.iter().for_each(|key| drop(map.remove(key))));
        };
        remove("/metadata", &["managedFields"]);
        remove("/spec", &["tolerations", "volumes"]);
        remove("/spec/containers/0", &["env", "resources"]);
        remove("/status/containerStatuses/0", &["image"]);
        prop_assert_eq!(decoded, pod);
    }

    #[test]
    fn damaged_bytes_are_no_value_or_another(value in value(), at: prop::sample::Index, byte: u8, cut: bool) {
        let mut bytes = encoded(&value);
        let at = at.index(bytes.len());
        let is_damaged = cut || bytes[at] != byte;
        match cut {
            true => bytes.truncate(at),
            false => bytes[at] = byte,
        }
        for parts in [Parts::All, Parts::NoManagedFields, Parts::Columns] {
            let decoded = decode(&bytes, parts).ok();
            prop_assert!(!cut || decoded.is_none(), "{decoded:?}");
            prop_assert!(is_damaged || parts != Parts::All || decoded == Some(value.clone()));
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
        let decoded = decode(&bytes, Parts::All);
        prop_assert!(decoded.is_err() || decode(&encoded(&decoded.unwrap()), Parts::All).is_ok());
    }
}

#[test]
fn numbers_of_bytes_that_are_not_there_allocate_nothing() {
    for major in [TEXT_BYTES, LIST, MAP, SIZED] {
        let mut bytes = Vec::new();
        head(&mut bytes, major, u64::MAX / 2);
        assert!(decode(&bytes, Parts::All).is_err(), "{major}");
    }
    let unsorted = [MAP << 5 | 2, KNOWN_TEXT << 5, 1, KNOWN_TEXT << 5, 1];
    assert_eq!(decode(&unsorted, Parts::All).expect_err("unsorted").to_string(), "damaged at byte 4");
}

#[test]
fn the_nesting_is_limited() {
    let nested = |depth: usize| [vec![LIST << 5 | 1; depth], vec![0]].concat();
    let is_read = |depth| on_deep_stack(|| decode(&nested(depth), Parts::All).is_ok()).expect("a stack");
    assert!(is_read(READ_DEPTH_MAX) && !is_read(READ_DEPTH_MAX + 1));
}

#[test]
fn a_pod_is_a_third_of_its_json() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"containers": [{"imagePullPolicy": "Always", "terminationMessagePath": "/dev/termination-log"}]}});
    let (bytes, text) = (encoded(&pod).len(), pod.to_string().len());
    assert!(3 * bytes < text, "{bytes} of {text} bytes");
}

#[test]
fn the_dictionary_has_each_text_once() {
    assert_eq!(NUMBERS.len(), DICTIONARY.len());
    assert!(DICTIONARY.iter().all(|text| text.len() <= DICTIONARY_TEXT_MAX));
}

#[test]
fn objects_share_the_fields_of_their_managers() {
    let object = |name: &str, fields: &Value| json!({"metadata": {"name": name, "managedFields": [{"fieldsV1": fields, "manager": name}]}});
    let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:app": {}}}});
    let others = json!({"f:metadata": {}});
    let mut known = Known::default();
    let mut decoded = |name: &str, fields: &Value| {
        let object = object(name, fields);
        let decoded = decode_sharing(&encoded(&object), Parts::All, &mut known).expect("a value");
        assert_eq!(decoded, object);
        decoded["metadata"]["managedFields"][0]["fieldsV1"].as_object().expect("a map").clone()
    };
    let (one, other, third) = (decoded("one", &fields), decoded("other", &fields), decoded("third", &others));
    assert!(one.is_shared_with(&other) && !one.is_shared_with(&third));
    let mut cut = encoded(&object("cut", &fields));
    cut.truncate(cut.len() - 10);
    assert!(decode_sharing(&cut, Parts::All, &mut known).is_err());
}
