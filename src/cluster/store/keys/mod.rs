//! The keys of the store's rows and their order-preserving encoding: the byte order is the order of the fields.
//!
//! A key is a tag byte followed by its fields. Strings escape a zero byte as `00 ff` and end in `00 01`, so that no string
//! is a prefix of another. Numbers are eight bytes in big-endian order; signed ones have their sign bit flipped.

mod encoding;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use super::{ObjectKey, StoreError};
use encoding::{Decoder, Encoder};
use kctl_base::sim::Time;

/// The exclusive end of a scan over all rows: greater than every tag.
pub(crate) const END: &[u8] = &[0xff];

/// The key of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// A counter of the store itself: the revision, the start of the change log, the next sequence number of the timeline.
    Meta(Cow<'a, str>),
    /// An object.
    Object(Cow<'a, ObjectKey>),
    /// An index entry, which has no value: the object is found under `value` in `index`.
    Index {
        /// The name of the index: `node`.
        index: Cow<'a, str>,
        /// The value of the index: `k8s-node1`.
        value: Cow<'a, str>,
        /// The object.
        object: Cow<'a, ObjectKey>,
    },
    /// The change that made a revision, in the change log.
    Change(u64),
    /// A named value: `clock`.
    Row(Cow<'a, str>),
    /// The next number of a sequence of generated names or numbers.
    Counter {
        /// The owner of the sequence, usually a uid.
        owner: Cow<'a, str>,
        /// The purpose: `name`.
        purpose: Cow<'a, str>,
    },
    /// An entry of the timeline: its time, and a sequence number that orders entries of the same time.
    Due(Time, u64),
    /// A reference to the timeline entry of a controller's key; the value is the encoded key of the entry.
    Scheduled {
        /// The controller's name.
        controller: Cow<'a, str>,
        /// The key to reconcile: `default/web`.
        key: Cow<'a, str>,
    },
    /// An operation by its number. This and the following rows are those of the history, beside the state of the cluster.
    Operation(u64),
    /// A snapshot by its name.
    Snapshot(Cow<'a, str>),
    /// A named value of the history: `head`.
    History(Cow<'a, str>),
}

/// The tag bytes, in the order of the rows in a dump.
const META: u8 = 1;
const OBJECT: u8 = 2;
const INDEX: u8 = 3;
const CHANGE: u8 = 4;
const ROW: u8 = 5;
const COUNTER: u8 = 6;
const DUE: u8 = 7;
const SCHEDULED: u8 = 8;
const OPERATION: u8 = 9;
const SNAPSHOT: u8 = 10;
const HISTORY: u8 = 11;

impl Key<'_> {
    /// Encodes the key.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Key::Meta(name) => Encoder::new(META).string(name).done(),
            Key::Object(key) => Encoder::new(OBJECT).object(key).done(),
            Key::Index { index, value, object } => {
                Encoder::new(INDEX).string(index).string(value).object(object).done()
            }
            Key::Change(revision) => Encoder::new(CHANGE).number(*revision).done(),
            Key::Row(name) => Encoder::new(ROW).string(name).done(),
            Key::Counter { owner, purpose } => Encoder::new(COUNTER).string(owner).string(purpose).done(),
            Key::Due(at, sequence) => Encoder::new(DUE).signed(at.micros()).number(*sequence).done(),
            Key::Scheduled { controller, key } => Encoder::new(SCHEDULED).string(controller).string(key).done(),
            Key::Operation(number) => Encoder::new(OPERATION).number(*number).done(),
            Key::Snapshot(name) => Encoder::new(SNAPSHOT).string(name).done(),
            Key::History(name) => Encoder::new(HISTORY).string(name).done(),
        }
    }

    /// Decodes a key.
    ///
    /// # Errors
    /// If the bytes are not an encoded key.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Key<'static>, StoreError> {
        let broken = || StoreError::damaged(format!("{} is not a key", hex(bytes)));
        let (tag, rest) = bytes.split_first().ok_or_else(broken)?;
        let mut from = Decoder { rest };
        let key = Key::fields(*tag, &mut from).ok_or_else(broken)?;
        match from.rest.is_empty() {
            true => Ok(key),
            false => Err(broken()),
        }
    }

    /// Decodes the fields behind a tag.
    fn fields(tag: u8, from: &mut Decoder<'_>) -> Option<Key<'static>> {
        Some(match tag {
            META => Key::Meta(from.string()?),
            OBJECT => Key::Object(from.object()?),
            INDEX => Key::Index { index: from.string()?, value: from.string()?, object: from.object()? },
            CHANGE => Key::Change(from.number()?),
            ROW => Key::Row(from.string()?),
            COUNTER => Key::Counter { owner: from.string()?, purpose: from.string()? },
            DUE => Key::Due(Time::from_micros((from.number()? ^ (1 << 63)).cast_signed()), from.number()?),
            SCHEDULED => Key::Scheduled { controller: from.string()?, key: from.string()? },
            OPERATION => Key::Operation(from.number()?),
            SNAPSHOT => Key::Snapshot(from.string()?),
            HISTORY => Key::History(from.string()?),
            _ => return None,
        })
    }
}

/// Names the row in errors and dumps: `object pods/default/web`.
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
            Key::Operation(number) => write!(f, "operation {number}"),
            Key::Snapshot(name) => write!(f, "snapshot {name}"),
            Key::History(name) => write!(f, "history {name}"),
        }
    }
}

/// A range of encoded keys: inclusive start, exclusive end.
pub(crate) type Range = (Vec<u8>, Vec<u8>);

/// The objects of a resource, in one namespace or in all.
pub(crate) fn objects(resource: &str, namespace: Option<&str>) -> Range {
    prefix(Encoder::new(OBJECT).string(resource).optional(namespace))
}

/// The smallest key that is greater than a key.
pub(crate) fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

/// The index rows under a value of an index, optionally of one resource and one namespace.
pub(crate) fn indexed(index: &str, value: &str, resource: Option<&str>, namespace: Option<&str>) -> Range {
    prefix(Encoder::new(INDEX).string(index).string(value).optional(resource).optional(resource.and(namespace)))
}

/// The changes from one revision up to, but excluding, another.
pub(crate) fn changes(from: u64, to: u64) -> Range {
    (Key::Change(from).encode(), Key::Change(to).encode())
}

/// The counters of an owner.
pub(crate) fn counters(owner: &str) -> Range {
    prefix(Encoder::new(COUNTER).string(owner))
}

/// The named values whose names have a prefix.
pub(crate) fn rows(name_prefix: &str) -> Range {
    let mut from = Encoder::new(ROW).string(name_prefix);
    // Without its terminator, the encoded string is a prefix of every string that it is a prefix of.
    from.bytes.truncate(from.bytes.len() - 2);
    prefix(from)
}

/// The whole timeline.
pub(crate) fn timeline() -> Range {
    (vec![DUE], vec![DUE + 1])
}

/// Returns true for the key of an object.
pub(crate) fn is_object(key: &[u8]) -> bool {
    key.first() == Some(&OBJECT)
}

/// The objects of all resources.
pub(crate) fn all_objects() -> Range {
    (vec![OBJECT], vec![OBJECT + 1])
}

/// The rows of all indexes.
pub(crate) fn all_indexes() -> Range {
    (vec![INDEX], vec![INDEX + 1])
}

/// The operations.
pub(crate) fn operations() -> Range {
    (vec![OPERATION], vec![OPERATION + 1])
}

/// The snapshots.
pub(crate) fn snapshots() -> Range {
    (vec![SNAPSHOT], vec![SNAPSHOT + 1])
}

/// All rows of the history, the last of all rows.
pub(crate) fn history() -> Range {
    (vec![OPERATION], END.to_vec())
}

/// All rows.
pub(crate) fn everything() -> Range {
    (Vec::new(), END.to_vec())
}

/// The keys with an encoded prefix.
fn prefix(start: Encoder) -> Range {
    let mut to = start.bytes.clone();
    // The first byte is a tag and less than ff, so at least one byte remains that can be incremented.
    while to.last() == Some(&0xff) {
        to.pop();
    }
    if let Some(last) = to.last_mut() {
        *last += 1;
    }
    (start.bytes, to)
}

/// Returns the encoded key of the object that an index row leads to, which shares its last fields.
///
/// # Errors
/// If the row is not an index row.
pub(crate) fn object_of_index(row: &[u8]) -> Result<Vec<u8>, StoreError> {
    let broken = || StoreError::damaged(format!("{} is among the indexes", describe(row)));
    let Some((&INDEX, rest)) = row.split_first() else { return Err(broken()) };
    let mut from = Decoder { rest };
    from.bytes().and_then(|_| from.bytes()).ok_or_else(broken)?;
    Ok([&[OBJECT], from.rest].concat())
}

/// Names a row by its encoded key: `object pods/default/web`, or `unknown 0901` for bytes that are not a key.
pub(crate) fn describe(bytes: &[u8]) -> String {
    match Key::decode(bytes) {
        Ok(key) => key.to_string(),
        Err(_) => format!("unknown {}", hex(bytes)),
    }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
