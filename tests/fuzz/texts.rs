//! YAML, JSON, selectors and amounts.

use kctl_base::fields::FieldSelector;
use kctl_base::intstr::{IntOrPercent, Rounding};
use kctl_base::json::{self, Value};
use kctl_base::labels::Selector;
use kctl_base::quantity::Quantity;
use kctl_base::sim::{Duration, Time};
use kctl_base::{go, yaml};

use super::corpus::{self, AMOUNT_WORDS, AMOUNTS, MANIFESTS, OBJECTS, SELECTOR_WORDS, SELECTORS};
use super::{fuzz, mutate};
use crate::harness::random::Random;

const YAML_WORDS: &[&str] = &[
    "---\n",
    "...\n",
    "\n",
    "  ",
    "- ",
    ": ",
    "? ",
    "|",
    ">",
    "|2-\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!str ",
    "!!int ",
    "!!binary ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "'",
    "\"",
    "%",
    "@",
    "`",
    "\t",
    "key: ",
    "null",
    "yes",
    "0o7",
    "~",
    ".inf",
    "{\"a\":",
    "\\x",
    "\\u2028",
];

fn manifest(random: &mut Random) -> String {
    let manifests: Vec<&str> = MANIFESTS.iter().map(String::as_str).collect();
    mutate::text(random, &manifests, YAML_WORDS)
}

#[test]
fn yaml_is_split_and_loaded_and_what_is_written_reads_back() {
    fuzz(300, manifest, |text| {
        for document in yaml::split_documents(text) {
            let Ok(loaded) = document.load() else { continue };
            if !has_merge_key(&loaded.value) {
                check_round_trip(&loaded.value);
            }
        }
        drop(yaml::to_json_in(text, yaml::Dialect::Core));
    });
}

#[test]
fn values_are_written_as_yaml_and_json_and_read_back() {
    fuzz(200, |random| mutate::value(random, &OBJECTS), check_round_trip);
}

/// Returns true if a map has a key `<<`, which was quoted. go-yaml writes it plain, and reads it as a merge of maps.
fn has_merge_key(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_merge_key),
        Value::Object(fields) => fields.iter().any(|(key, field)| key.as_str() == "<<" || has_merge_key(field)),
        _ => false,
    }
}

fn check_round_trip(value: &Value) {
    let written = yaml::to_yaml(value);
    match yaml::to_json(&written) {
        Ok(read) => assert_eq!(normal(&read.value), normal(value), "{written:?}"),
        Err(error) => assert!(error.to_string().contains("depth"), "{written:?}: {error}"),
    }
    for text in [json::to_compact(value), json::to_pretty(value)] {
        match go::json::parse(&text) {
            Ok(read) => assert_eq!(normal(&read), normal(value), "{text:?}"),
            Err(error) => assert!(error.contains("depth"), "{text:?}: {error}"),
        }
    }
}

/// Returns a value as it is after a round trip: integral floats are the integers that their shortest digits denote, and
/// unsigned integers beyond the signed range floats.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.as_i64().is_none() && float.fract() == 0.0 && float.abs() < 9e18 => {
                float.to_string().parse::<i64>().map_or_else(|_| float.into(), Into::into)
            }
            Some(float) if number.as_i64().is_none() => float.into(),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => fields.iter().map(|(key, field)| (key.as_str(), normal(field))).collect(),
        _ => value.clone(),
    }
}

#[test]
fn json_is_read_and_written() {
    let texts: Vec<String> = OBJECTS.iter().map(json::to_compact).chain(MANIFESTS.iter().cloned()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let words = [
        "{", "}", "[", "]", ",", ":", "\"", "\\u", "\\ud83d", "\\ude00", "true", "null", "1", "-", "e", ".", " ",
        "{\"a\":", "[[",
    ];
    let make = |random: &mut Random| mutate::text(random, &texts, &words);
    fuzz(500, make, |text: &String| {
        drop(go::json::object_error(text));
        if let Ok(value) = go::json::parse(text) {
            assert_eq!(go::json::parse(&json::to_compact(&value)).map(|read| normal(&read)), Ok(normal(&value)));
        }
    });
}

#[test]
fn selectors_are_parsed_and_what_is_written_reads_back() {
    let make = |random: &mut Random| mutate::text(random, SELECTORS, SELECTOR_WORDS);
    fuzz(1000, make, |text: &String| {
        if let Ok(selector) = Selector::parse(text) {
            let written = selector.to_string();
            assert_eq!(Selector::parse(&written).map(|read| read.to_string()), Ok(written.clone()), "{text:?}");
            let _ = OBJECTS.iter().filter(|object| selector.matches_object(object)).count();
        }
        if let Ok(selector) = FieldSelector::parse(text) {
            selector.matches(|field| Some(field.to_owned()));
        }
    });
}

#[test]
fn amounts_are_parsed_and_computed_with() {
    let make = |random: &mut Random| mutate::text(random, AMOUNTS, AMOUNT_WORDS);
    fuzz(1000, make, |text: &String| {
        if let Ok(quantity) = text.parse::<Quantity>() {
            let canonical = quantity.canonical();
            assert_eq!(canonical.parse::<Quantity>().map(|read| read.canonical()), Ok(canonical.clone()), "{text:?}");
            let sum = quantity.add(&quantity).sub(&quantity.neg());
            drop((
                sum.canonical(),
                sum.value(),
                sum.milli_value(),
                sum.scaled_value(-9),
                sum.round_up(-3),
                sum.as_f64(),
            ));
        }
        if let Some(amount) = IntOrPercent::from_value(&text.as_str().into()) {
            drop(amount.resolve(i64::MAX, Rounding::Up));
        }
        if let Some(time) = Time::parse(text) {
            drop((time.rfc3339_micro(), time.rfc1123(), (time + Duration::from_secs(i64::MAX)).truncate_secs()));
        }
        if let Some(span) = Duration::parse(text) {
            drop((span.human(), span.to_string(), (Duration::ZERO - span).to_string(), span + span));
        }
    });
    assert!(!corpus::FIELDS.is_empty());
}
