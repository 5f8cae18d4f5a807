//! The keys of the store's rows, and their encoding, whose byte order is the order of the fields.
//!
//! A key is a tag byte and its fields. Texts end in `00 01` and hold `00 ff` for a zero byte, so that no text is a prefix
//! of another; numbers are eight bytes, big end first, with the sign bit turned.

use std::borrow::Cow;
use std::fmt;

use super::{ObjectKey, StoreError};
use kctl_base::json::SharedStr;
use kctl_base::sim::Time;

/// The end of every scan over everything: no tag is as large.
pub const END: &[u8] = &[0xff];

/// One row of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// Numbers of the store itself: the revision, the start of the change log, the timeline's next sequence.
    Meta(Cow<'a, str>),
    /// An object, as JSON.
    Object(Cow<'a, ObjectKey>),
    /// An object is found under a value of an index; the row itself is empty.
    Index {
        /// The index's name.
        index: Cow<'a, str>,
        /// The value.
        value: Cow<'a, str>,
        /// The object found.
        object: Cow<'a, ObjectKey>,
    },
    /// The change that made a revision.
    Change(u64),
    /// A small named value.
    Row(Cow<'a, str>),
    /// The next draw of chance for an owner and a purpose.
    Counter {
        /// Whose draws they are.
        owner: Cow<'a, str>,
        /// What they are for.
        purpose: Cow<'a, str>,
    },
    /// An entry of the timeline, in the order in which they are due.
    Due(Time, u64),
    /// Where the timeline's entry of a controller's key is.
    Scheduled {
        /// The controller's name.
        controller: Cow<'a, str>,
        /// Its key.
        key: Cow<'a, str>,
    },
}

/// The tag bytes; their order is that of the rows in a dump.
const META: u8 = 1;
const OBJECT: u8 = 2;
const INDEX: u8 = 3;
const CHANGE: u8 = 4;
const ROW: u8 = 5;
const COUNTER: u8 = 6;
const DUE: u8 = 7;
const SCHEDULED: u8 = 8;

impl Key<'_> {
    /// The bytes of the key.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Key::Meta(name) => Encoder::new(META).text(name).done(),
            Key::Object(key) => Encoder::new(OBJECT).object(key).done(),
            Key::Index { index, value, object } => Encoder::new(INDEX).text(index).text(value).object(object).done(),
            Key::Change(revision) => Encoder::new(CHANGE).number(*revision).done(),
            Key::Row(name) => Encoder::new(ROW).text(name).done(),
            Key::Counter { owner, purpose } => Encoder::new(COUNTER).text(owner).text(purpose).done(),
            Key::Due(at, sequence) => Encoder::new(DUE).signed(at.micros()).number(*sequence).done(),
            Key::Scheduled { controller, key } => Encoder::new(SCHEDULED).text(controller).text(key).done(),
        }
    }

    /// Reads the bytes of a key.
    pub fn decode(bytes: &[u8]) -> Result<Key<'static>, StoreError> {
        let broken = || StoreError::damaged(format!("there is no such key as {}", hex(bytes)));
        let mut from = Decoder { rest: bytes.get(1..).ok_or_else(broken)? };
        let key = from.key(bytes[0]).ok_or_else(broken)?;
        match from.rest.is_empty() {
            true => Ok(key),
            false => Err(broken()),
        }
    }
}

/// What the row is about: `object pods/default/web`.
impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Meta(name) => write!(f, "meta {name}"),
            Key::Object(key) => write!(f, "object {key}"),
            Key::Index { index, value, object } => write!(f, "index {index}={value} {object}"),
            Key::Change(revision) => write!(f, "change {revision}"),
            Key::Row(name) => write!(f, "row {name}"),
            Key::Counter { owner, purpose } => write!(f, "counter {owner} {purpose}"),
            Key::Due(at, sequence) => write!(f, "due {} #{sequence}", at.rfc3339_micro()),
            Key::Scheduled { controller, key } => write!(f, "scheduled {controller} {key}"),
        }
    }
}

/// A range of keys: from the first to before the second.
pub type Range = (Vec<u8>, Vec<u8>);

/// All objects of a resource, in one namespace or in all.
pub fn objects(resource: &str, namespace: Option<&str>) -> Range {
    prefix(Encoder::new(OBJECT).text(resource).maybe(namespace))
}

/// The smallest key that is greater than a key.
pub fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

/// All objects under a value of an index; of one resource and one namespace where they are given.
pub fn indexed(index: &str, value: &str, resource: Option<&str>, namespace: Option<&str>) -> Range {
    prefix(Encoder::new(INDEX).text(index).text(value).maybe(resource).maybe(resource.and(namespace)))
}

/// All changes from one revision to before another.
pub fn changes(from: u64, to: u64) -> Range {
    (Key::Change(from).encode(), Key::Change(to).encode())
}

/// All counters of an owner.
pub fn counters(owner: &str) -> Range {
    prefix(Encoder::new(COUNTER).text(owner))
}

/// All named values whose names start with a text.
pub fn rows(start: &str) -> Range {
    let mut from = Encoder::new(ROW).text(start);
    // Without its end the text is a prefix of every name that starts with it.
    from.bytes.truncate(from.bytes.len() - 2);
    prefix(from)
}

/// The whole timeline.
pub fn timeline() -> Range {
    (vec![DUE], vec![DUE + 1])
}

/// Everything.
pub fn everything() -> Range {
    (Vec::new(), END.to_vec())
}

/// The keys that start with what has been encoded.
fn prefix(start: Encoder) -> Range {
    let mut to = start.bytes.clone();
    // The first byte is a tag, so there is always one that can be counted up.
    while to.last() == Some(&0xff) {
        to.pop();
    }
    if let Some(last) = to.last_mut() {
        *last += 1;
    }
    (start.bytes, to)
}

/// The row of the object that an index row leads to: an index row ends as the key of its object does.
pub fn object_of_index(row: &[u8]) -> Result<Vec<u8>, StoreError> {
    let broken = || StoreError::damaged(format!("{} is among the indexes", describe(row)));
    let Some((&INDEX, rest)) = row.split_first() else { return Err(broken()) };
    let mut from = Decoder { rest };
    from.bytes().and_then(|_| from.bytes()).ok_or_else(broken)?;
    Ok([&[OBJECT], from.rest].concat())
}

/// A key for a dump: its meaning, or its bytes when it has none.
pub fn describe(bytes: &[u8]) -> String {
    match Key::decode(bytes) {
        Ok(key) => key.to_string(),
        Err(_) => format!("unknown {}", hex(bytes)),
    }
}

/// Bytes as they are printed in errors and dumps.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    fn new(tag: u8) -> Encoder {
        let mut bytes = Vec::with_capacity(128);
        bytes.push(tag);
        Encoder { bytes }
    }

    fn text(mut self, text: &str) -> Encoder {
        let bytes = text.as_bytes();
        // Names have no zero in them, which is seen fastest by looking at all bytes.
        match bytes.iter().fold(false, |found, byte| found | (*byte == 0)) {
            false => self.bytes.extend_from_slice(bytes),
            true => bytes.iter().for_each(|byte| match byte {
                0 => self.bytes.extend_from_slice(&[0, 0xff]),
                other => self.bytes.push(*other),
            }),
        }
        self.bytes.extend_from_slice(&[0, 1]);
        self
    }

    fn maybe(self, text: Option<&str>) -> Encoder {
        match text {
            Some(text) => self.text(text),
            None => self,
        }
    }

    fn object(self, key: &ObjectKey) -> Encoder {
        self.text(&key.resource).text(&key.namespace).text(&key.name)
    }

    fn number(mut self, number: u64) -> Encoder {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    fn signed(self, number: i64) -> Encoder {
        self.number(number.cast_unsigned() ^ (1 << 63))
    }

    fn done(self) -> Vec<u8> {
        self.bytes
    }
}

struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    fn key(&mut self, tag: u8) -> Option<Key<'static>> {
        Some(match tag {
            META => Key::Meta(self.text()?),
            OBJECT => Key::Object(self.object()?),
            INDEX => Key::Index { index: self.text()?, value: self.text()?, object: self.object()? },
            CHANGE => Key::Change(self.number()?),
            ROW => Key::Row(self.text()?),
            COUNTER => Key::Counter { owner: self.text()?, purpose: self.text()? },
            DUE => Key::Due(Time::from_micros((self.number()? ^ (1 << 63)).cast_signed()), self.number()?),
            SCHEDULED => Key::Scheduled { controller: self.text()?, key: self.text()? },
            _ => return None,
        })
    }

    fn text(&mut self) -> Option<Cow<'static, str>> {
        Some(Cow::Owned(str::from_utf8(&self.bytes()?).ok()?.to_owned()))
    }

    fn bytes(&mut self) -> Option<Cow<'a, [u8]>> {
        let mut bytes = Cow::Borrowed(&[][..]);
        loop {
            let end = self.rest.iter().position(|b| *b == 0)?;
            match bytes.is_empty() {
                true => bytes = Cow::Borrowed(&self.rest[..end]),
                false => bytes.to_mut().extend_from_slice(&self.rest[..end]),
            }
            let mark = *self.rest.get(end + 1)?;
            self.rest = &self.rest[end + 2..];
            match mark {
                1 => return Some(bytes),
                0xff => bytes.to_mut().push(0),
                _ => return None,
            }
        }
    }

    fn object(&mut self) -> Option<Cow<'static, ObjectKey>> {
        let mut text = || Some(SharedStr::new(str::from_utf8(&self.bytes()?).ok()?));
        Some(Cow::Owned(ObjectKey { resource: text()?, namespace: text()?, name: text()? }))
    }

    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(resource: &str, namespace: &str, name: &str) -> ObjectKey {
        ObjectKey::new(resource, namespace, name)
    }

    #[test]
    fn keys_sort_by_their_fields_and_come_back() {
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
    fn ranges_hold_their_keys_only() {
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
    fn foreign_bytes_are_no_keys() {
        for bytes in [&b""[..], &[9], &[1, b'a'], &[1, b'a', 0, 2], &[4, 0], &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert!(Key::decode(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(describe(&[9, 1]), "unknown 0901");
        assert_eq!(describe(&Key::Row("clock".into()).encode()), "row clock");
    }
}
