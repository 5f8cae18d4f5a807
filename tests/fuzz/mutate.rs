//! Mutations of texts and values.

use kctl_base::json::{OBJECT_DEPTH_MAX, Value, json};

use super::corpus;
use crate::harness::random::Random;

/// Numbers at the borders of their types.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "255",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "1e999",
    "-0.0",
    "1.5",
    "0x7f",
    "0777",
    "1_000",
];

/// Characters that parsers treat in their own ways.
const ODD: &[&str] = &[
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "\u{1F600}",
    "e\u{301}",
    "\r",
    "\r\n",
    "\n",
    "\t",
    "  ",
    "\u{1b}[31m",
    "\\ud800",
    "\\u0000",
    "\\",
    "\"",
    "'",
    "`",
];

/// Returns a text of a corpus after one to six mutations; `words` are those of its language.
pub(super) fn text(random: &mut Random, corpus: &[&str], words: &[&str]) -> String {
    let mut text = (*random.pick(corpus)).to_owned();
    for _ in 0..=random.below(6) {
        mutate(random, &mut text, corpus, words);
    }
    text
}

fn mutate(random: &mut Random, text: &mut String, corpus: &[&str], words: &[&str]) {
    let (from, to) = range(random, text);
    match random.below(9) {
        0 => drop(text.drain(from..to)),
        1 => {
            let part = text[from..to].to_owned();
            text.insert_str(from, &part);
        }
        2 | 3 => text.insert_str(from, random.pick::<&str>(words)),
        4 => text.insert_str(from, random.pick::<&str>(ODD)),
        5 => text.replace_range(from..to, random.pick::<&str>(NUMBERS)),
        6 => {
            let other = *random.pick(corpus);
            let (start, end) = range(random, other);
            text.insert_str(from, &other[start..end]);
        }
        7 => {
            let part: String = text[from..to].chars().take(20).collect();
            let times = 1 << random.below(9);
            text.insert_str(from, &part.repeat(times));
        }
        _ => {
            let word = *random.pick(words);
            text.insert_str(from, &word.repeat(1 << random.below(9)));
        }
    }
}

/// Returns a random range of a text between characters; mostly a short one.
fn range(random: &mut Random, text: &str) -> (usize, usize) {
    let border = |at: u64| {
        let at = (at as usize).min(text.len());
        (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
    };
    let from = random.below(text.len() as u64 + 1);
    let length = if random.once_in(4) { random.below(text.len() as u64 + 1) } else { random.below(8) };
    (border(from), border(from + length))
}

/// Returns a value of a corpus after up to five mutations.
pub(super) fn value(random: &mut Random, corpus: &[Value]) -> Value {
    let original = random.pick(corpus);
    changed(random, original, corpus)
}

/// Returns a value after up to five mutations, which is no deeper than what can be read.
pub(super) fn changed(random: &mut Random, original: &Value, corpus: &[Value]) -> Value {
    let mut value = original.clone();
    for _ in 0..random.below(6) {
        change(random, &mut value, corpus);
    }
    if depth(&value) > OBJECT_DEPTH_MAX { original.clone() } else { value }
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}

/// Changes a random place of a value.
fn change(random: &mut Random, value: &mut Value, corpus: &[Value]) {
    let descends = !random.once_in(5);
    match value {
        Value::Object(map) if descends && !map.is_empty() => {
            let keys: Vec<String> = map.keys().map(ToString::to_string).collect();
            let key = random.pick(&keys).clone();
            match random.below(12) {
                0 => drop(map.remove(&key)),
                1 => {
                    let inner = map.remove(&key).unwrap_or_default();
                    map.insert(other_key(random), inner);
                }
                2 => drop(map.insert(other_key(random), leaf(random))),
                _ => change(random, map.get_or_insert_null(&key), corpus),
            }
        }
        Value::Array(items) if descends && !items.is_empty() => {
            let at = random.below(items.len() as u64) as usize;
            match random.below(10) {
                0 => drop(items.remove(at)),
                1 => {
                    let item = items[at].clone();
                    items.push(item);
                }
                2 => {
                    let item = items.remove(at);
                    items.insert(0, item);
                }
                _ => change(random, &mut items[at], corpus),
            }
        }
        other => *other = replacement(random, other, corpus),
    }
}

fn other_key(random: &mut Random) -> String {
    match random.below(3) {
        0 => (*random.pick(ODD)).to_owned(),
        _ => (*random.pick(corpus::FIELDS)).to_owned(),
    }
}

fn replacement(random: &mut Random, value: &Value, corpus: &[Value]) -> Value {
    match random.below(8) {
        0 => json!([value]),
        1 => json!({(other_key(random)): value}),
        2 => random.pick(corpus).clone(),
        3 => (0..random.below(400)).fold(value.clone(), |inner, _| json!({"a": inner})),
        4 => match value.as_str() {
            Some(text) => mutated(random, text).into(),
            None => leaf(random),
        },
        _ => leaf(random),
    }
}

fn mutated(random: &mut Random, text: &str) -> String {
    self::text(random, &[text], &["-", ".", "/", "a", "9", "=", ":", "%", "s", "*"])
}

fn leaf(random: &mut Random) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => json!(random.once_in(2)),
        2 => json!([]),
        3 => json!({}),
        4 => (*random.pick(ODD)).into(),
        5 => (*random.pick(corpus::FIELDS)).into(),
        _ => {
            let number = *random.pick(NUMBERS);
            serde_json::from_str::<serde_json::Value>(number).map_or_else(|_| number.into(), Value::from)
        }
    }
}
