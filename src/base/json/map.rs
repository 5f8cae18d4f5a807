//! Maps: entries in the order of their keys, which copies share until one of them is changed.
//!
//! The maps of objects are small: a row of entries is read and copied faster than a tree of them, and takes less memory.

use std::ops::{Index, IndexMut};

use ecow::EcoVec;

use super::{SharedStr, Value};

/// From this length on a key is found by halving, before by looking at the mark of every entry.
const LONG: usize = 16;

/// A map from texts to values, in the order of the keys' bytes.
#[derive(Clone, Debug, Default, Eq)]
pub struct Map(EcoVec<Pair>);

/// An entry. Maps are asked for their keys more than for anything else, so each has a mark that tells most apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    mark: u32,
    key: SharedStr,
    value: Value,
}

/// The length and three bytes of a key.
fn mark(key: &[u8]) -> u32 {
    let at = |place: usize| key.get(place).copied().unwrap_or_default();
    u32::from_le_bytes([key.len() as u8, at(0), at(key.len() / 2), at(key.len().wrapping_sub(1))])
}

impl Pair {
    fn new(key: SharedStr, value: Value) -> Pair {
        Pair { mark: mark(key.as_bytes()), key, value }
    }
}

impl Map {
    /// A map of nothing.
    pub fn new() -> Map {
        Map::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether two maps are copies of each other, known without looking at their entries.
    pub fn is_shared_with(&self, other: &Map) -> bool {
        std::ptr::eq(self.0.as_slice(), other.0.as_slice())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.get_bytes(key.as_bytes())
    }

    /// The value of a key that is part of a longer text.
    pub(super) fn get_bytes(&self, key: &[u8]) -> Option<&Value> {
        self.position(key).map(|at| &self.0[at].value)
    }

    /// The value of a key, to be changed: the map is then no longer shared.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key.as_bytes()).map(|at| &mut self.0.make_mut()[at].value)
    }

    /// Whether there is a key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key.as_bytes()).is_some()
    }

    /// Sets the value of a key and answers the one before.
    pub fn insert(&mut self, key: impl Into<SharedStr>, value: Value) -> Option<Value> {
        let key = key.into();
        match self.place(key.as_bytes()) {
            Ok(at) => Some(std::mem::replace(&mut self.0.make_mut()[at].value, value)),
            Err(at) => {
                self.0.insert(at, Pair::new(key, value));
                None
            }
        }
    }

    /// The value of a key, `null` and to be changed if it was not there.
    pub fn slot(&mut self, key: &str) -> &mut Value {
        let at = self.position(key.as_bytes()).unwrap_or_else(|| {
            let (Ok(at) | Err(at)) = self.place(key.as_bytes());
            self.0.insert(at, Pair::new(key.into(), Value::Null));
            at
        });
        &mut self.0.make_mut()[at].value
    }

    /// Removes a key and answers its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.position(key.as_bytes()).map(|at| self.0.remove(at).value)
    }

    /// The place of a key, whether it is there or not.
    pub fn entry(&mut self, key: impl Into<SharedStr>) -> Entry<'_> {
        let key = key.into();
        let place = self.place(key.as_bytes());
        Entry { map: self, place, key }
    }

    /// Keeps the entries of which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&SharedStr, &mut Value) -> bool) {
        self.0.retain(|pair| keep(&pair.key, &mut pair.value));
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &SharedStr> + ExactSizeIterator + Clone {
        self.0.iter().map(|pair| &pair.key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator + Clone {
        self.0.iter().map(|pair| &pair.value)
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.make_mut().iter_mut().map(|pair| &mut pair.value)
    }

    /// The values in the order of their keys, without the keys.
    pub fn into_values(self) -> impl Iterator<Item = Value> {
        self.0.into_iter().map(|pair| pair.value)
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(halves)
    }

    /// The entries, the values to be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_> {
        self.0.make_mut().iter_mut().map(halves_mut)
    }

    /// Where a key is.
    fn position(&self, key: &[u8]) -> Option<usize> {
        if self.0.len() >= LONG {
            return self.search(key).ok();
        }
        let mark = mark(key);
        self.0.iter().position(|pair| pair.mark == mark && pair.key.as_bytes() == key)
    }

    /// Where a key is, or where it belongs. Most maps are built in order.
    fn place(&self, key: &[u8]) -> Result<usize, usize> {
        match self.0.last() {
            Some(last) if last.key.as_bytes() >= key => self.search(key),
            _ => Err(self.0.len()),
        }
    }

    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|pair| pair.key.as_bytes().cmp(key))
    }
}

/// The entries of a map.
pub(super) type Iter<'a> = std::iter::Map<std::slice::Iter<'a, Pair>, fn(&Pair) -> (&SharedStr, &Value)>;
/// The entries of a map, the values to be changed.
pub(super) type IterMut<'a> = std::iter::Map<std::slice::IterMut<'a, Pair>, fn(&mut Pair) -> (&SharedStr, &mut Value)>;

fn halves(pair: &Pair) -> (&SharedStr, &Value) {
    (&pair.key, &pair.value)
}

fn halves_mut(pair: &mut Pair) -> (&SharedStr, &mut Value) {
    (&pair.key, &mut pair.value)
}

/// The place of a key in a map.
pub struct Entry<'a> {
    map: &'a mut Map,
    key: SharedStr,
    /// Where the key is, or where it belongs.
    place: Result<usize, usize>,
}

impl<'a> Entry<'a> {
    /// The value, which is this one if there was none.
    pub fn or_insert(self, value: Value) -> &'a mut Value {
        self.or_insert_with(|| value)
    }

    /// The value, which is made if there was none.
    pub fn or_insert_with(self, make: impl FnOnce() -> Value) -> &'a mut Value {
        let at = match self.place {
            Ok(at) => at,
            Err(at) => {
                self.map.0.insert(at, Pair::new(self.key, make()));
                at
            }
        };
        &mut self.map.0.make_mut()[at].value
    }
}

/// Maps that are shared are not compared entry by entry.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        self.is_shared_with(other) || self.0 == other.0
    }
}

/// The value of a key that is known to be there: panics if it is not.
impl Index<&str> for Map {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or_else(|| panic!("no entry {key:?}"))
    }
}

/// The value of a key that is known to be there: panics if it is not.
impl IndexMut<&str> for Map {
    fn index_mut(&mut self, key: &str) -> &mut Value {
        self.get_mut(key).unwrap_or_else(|| panic!("no entry {key:?}"))
    }
}

impl<const N: usize> From<[(SharedStr, Value); N]> for Map {
    fn from(entries: [(SharedStr, Value); N]) -> Map {
        let mut map = Map(EcoVec::with_capacity(N));
        map.extend(entries);
        map
    }
}

/// Of several entries with one key the last one counts.
impl<K: Into<SharedStr>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Map {
        let (mut pairs, mut sorted) = (EcoVec::<Pair>::new(), true);
        for (key, value) in entries {
            let key = key.into();
            sorted &= pairs.last().is_none_or(|last| last.key.as_bytes() < key.as_bytes());
            pairs.push(Pair::new(key, value));
        }
        if sorted {
            return Map(pairs);
        }
        // Put in their places one by one they would cost the square of their number.
        let mut pairs: Vec<Pair> = pairs.into_iter().rev().collect();
        pairs.sort_by(|one, other| one.key.cmp(&other.key));
        pairs.dedup_by(|later, kept| later.key == kept.key);
        Map(pairs.into())
    }
}

impl<K: Into<SharedStr>> Extend<(K, Value)> for Map {
    fn extend<I: IntoIterator<Item = (K, Value)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl IntoIterator for Map {
    type Item = (SharedStr, Value);
    type IntoIter = std::iter::Map<ecow::vec::IntoIter<Pair>, fn(Pair) -> (SharedStr, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|pair| (pair.key, pair.value))
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a SharedStr, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Map {
    type Item = (&'a SharedStr, &'a mut Value);
    type IntoIter = IterMut<'a>;

    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}
