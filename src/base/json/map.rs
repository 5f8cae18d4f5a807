//! Maps as sorted vectors, which clones share until one of them is changed.
//!
//! The maps of objects are small, so a vector is faster to search and to copy than a tree, and takes less memory.

use std::hash::{Hash, Hasher};
use std::ops::{Index, IndexMut};

use ecow::EcoVec;
use smallvec::SmallVec;

use super::pair::{MIXED, Pair, ends, mark_of};
use super::{SharedStr, Value};

/// Number of entries from which on keys are found by binary search; below, the marks are scanned.
const BINARY_SEARCH_FROM: usize = 32;

/// A map from strings to values, sorted by the bytes of the keys.
#[derive(Clone, Debug, Default, Eq)]
pub struct Map(EcoVec<Pair>);

impl Map {
    /// Creates an empty map.
    #[inline]
    pub fn new() -> Map {
        Map::default()
    }

    /// Creates a map of entries that are sorted by key, without one key twice.
    #[inline]
    pub(super) fn from_sorted(pairs: EcoVec<Pair>) -> Map {
        Map(pairs)
    }

    /// Returns the number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there are no entries.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if two maps share their entries, without looking at these.
    #[inline]
    pub(crate) fn is_shared_with(&self, other: &Map) -> bool {
        std::ptr::eq(self.0.as_slice(), other.0.as_slice())
    }

    /// Returns the value of a key.
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.get_bytes(key.as_bytes())
    }

    /// Like [`get`](Self::get), for a key that is part of a longer string.
    #[inline]
    pub(super) fn get_bytes(&self, key: &[u8]) -> Option<&Value> {
        self.position(key).map(|at| &self.0[at].value)
    }

    /// Like [`get`](Self::get), for a key of at most eight bytes given as a number, the first byte lowest. Returns `None` if
    /// the map is too large for a scan, or if the key could be mistaken for another; then the key has to be looked for by its
    /// bytes.
    #[inline]
    pub(super) fn get_short(&self, key: u64, length: usize) -> Option<Option<&Value>> {
        let is_mark = key < MIXED && (length == 0 || key >> (8 * (length - 1)) != 0);
        let find = || self.0.iter().find(|pair| pair.mark == key).map(|pair| &pair.value);
        (is_mark && self.0.len() < BINARY_SEARCH_FROM).then(find)
    }

    /// Returns the value of a key for changing it, which copies the entries if they are shared.
    #[inline]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key.as_bytes()).map(|at| &mut self.0.make_mut()[at].value)
    }

    /// Returns `true` if there is an entry for the key.
    #[inline]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key.as_bytes()).is_some()
    }

    /// Sets the value of a key and returns the previous value.
    #[inline]
    pub fn insert(&mut self, key: impl Into<SharedStr>, value: Value) -> Option<Value> {
        let key = key.into();
        match self.find(key.as_bytes()) {
            Ok(at) => Some(std::mem::replace(&mut self.0.make_mut()[at].value, value)),
            Err(at) => {
                self.0.insert(at, Pair::new(key, value));
                None
            }
        }
    }

    /// Returns the value of a key for changing it, after inserting `null` if the key is missing.
    ///
    /// In contrast to [`entry`](Self::entry) it allocates the key only if that is missing.
    #[inline]
    pub fn get_or_insert_null(&mut self, key: &str) -> &mut Value {
        let at = self.position(key.as_bytes()).unwrap_or_else(|| {
            let (Ok(at) | Err(at)) = self.find(key.as_bytes());
            self.0.insert(at, Pair::new(key.into(), Value::Null));
            at
        });
        &mut self.0.make_mut()[at].value
    }

    /// Removes a key and returns its value.
    #[inline]
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.position(key.as_bytes()).map(|at| self.0.remove(at).value)
    }

    /// Returns the occupied or vacant entry of a key.
    #[inline]
    pub fn entry(&mut self, key: impl Into<SharedStr>) -> Entry<'_> {
        let key = key.into();
        let place = self.find(key.as_bytes());
        Entry { map: self, place, key }
    }

    /// Removes the entries for which `keep` returns `false`.
    pub fn retain(&mut self, mut keep: impl FnMut(&SharedStr, &mut Value) -> bool) {
        self.0.retain(|pair| keep(&pair.key, &mut pair.value));
    }

    /// Iterates over the keys, sorted.
    #[inline]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &SharedStr> + ExactSizeIterator + Clone {
        self.0.iter().map(|pair| &pair.key)
    }

    /// Iterates over the values in the order of their keys.
    #[inline]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator + Clone {
        self.0.iter().map(|pair| &pair.value)
    }

    /// Iterates over the values for changing them.
    #[inline]
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.make_mut().iter_mut().map(|pair| &mut pair.value)
    }

    /// Turns the map into its values, in the order of their keys.
    #[inline]
    pub fn into_values(self) -> impl Iterator<Item = Value> {
        self.0.into_iter().map(|pair| pair.value)
    }

    /// Iterates over the entries, sorted by key.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(as_entry)
    }

    /// Iterates over the entries, whose values may be changed.
    #[inline]
    pub fn iter_mut(&mut self) -> IterMut<'_> {
        self.0.make_mut().iter_mut().map(entry_mut)
    }

    /// Returns the position of a key.
    #[inline]
    fn position(&self, key: &[u8]) -> Option<usize> {
        let mark = mark_of(key);
        match mark < MIXED && self.0.len() < BINARY_SEARCH_FROM {
            true => self.0.iter().position(|pair| pair.mark == mark),
            false => self.position_of_long(key, mark),
        }
    }

    /// Like [`position`](Self::position), for a key whose mark does not tell everything, or a large map.
    #[inline(never)]
    fn position_of_long(&self, key: &[u8], mark: u64) -> Option<usize> {
        match ends(key) {
            Some(ends) if key.len() <= 16 && self.0.len() < BINARY_SEARCH_FROM => {
                self.0.iter().position(|pair| pair.mark == mark && pair.has_ends(key.len(), ends))
            }
            _ => self.position_of_any(key, mark),
        }
    }

    /// Like [`position`](Self::position), for any key. It is a function of its own because it needs a stack frame.
    #[inline(never)]
    fn position_of_any(&self, key: &[u8], mark: u64) -> Option<usize> {
        match self.0.len() < BINARY_SEARCH_FROM {
            true => self.0.iter().position(|pair| pair.mark == mark && pair.key.as_bytes() == key),
            false => self.search(key).ok(),
        }
    }

    /// Returns the position of a key, or `Err` with the position to insert it at. Most maps are built in order, so the
    /// end is tried first.
    #[inline]
    fn find(&self, key: &[u8]) -> Result<usize, usize> {
        match self.0.last() {
            Some(last) if last.key.as_bytes() >= key => self.search(key),
            _ => Err(self.0.len()),
        }
    }

    #[inline]
    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|pair| pair.key.as_bytes().cmp(key))
    }
}

/// Iterator over entries.
pub(super) type Iter<'a> = std::iter::Map<std::slice::Iter<'a, Pair>, fn(&Pair) -> (&SharedStr, &Value)>;
/// Iterator over entries with mutable values.
pub(super) type IterMut<'a> = std::iter::Map<std::slice::IterMut<'a, Pair>, fn(&mut Pair) -> (&SharedStr, &mut Value)>;

fn as_entry(pair: &Pair) -> (&SharedStr, &Value) {
    (&pair.key, &pair.value)
}

fn entry_mut(pair: &mut Pair) -> (&SharedStr, &mut Value) {
    (&pair.key, &mut pair.value)
}

/// An occupied or vacant entry.
pub struct Entry<'a> {
    map: &'a mut Map,
    key: SharedStr,
    /// The position of the key, or `Err` with the position to insert it at.
    place: Result<usize, usize>,
}

impl<'a> Entry<'a> {
    /// Returns the value, after inserting this one if the entry is vacant.
    #[inline]
    pub fn or_insert(self, value: Value) -> &'a mut Value {
        self.or_insert_with(|| value)
    }

    /// Returns the value, after inserting the result of `make` if the entry is vacant.
    #[inline]
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

impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Shared maps are equal without comparing their entries.
impl PartialEq for Map {
    #[inline]
    fn eq(&self, other: &Map) -> bool {
        self.is_shared_with(other) || self.0 == other.0
    }
}

/// Panics if the key is missing.
impl Index<&str> for Map {
    type Output = Value;

    #[inline]
    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or_else(|| panic!("no entry {key:?}"))
    }
}

/// Panics if the key is missing.
impl IndexMut<&str> for Map {
    #[inline]
    fn index_mut(&mut self, key: &str) -> &mut Value {
        self.get_mut(key).unwrap_or_else(|| panic!("no entry {key:?}"))
    }
}

/// The last of several entries with the same key wins.
impl<const N: usize> From<[(SharedStr, Value); N]> for Map {
    fn from(entries: [(SharedStr, Value); N]) -> Map {
        let pairs = entries.map(|(key, value)| Pair::new(key, value));
        // Most are written in the order of their keys, and are moved at once.
        match pairs.is_sorted_by(Pair::precedes) {
            true => Map(EcoVec::from(pairs)),
            false => pairs.into_iter().map(|pair| (pair.key, pair.value)).collect(),
        }
    }
}

/// Collects the entries of a map. They are on the stack first: few maps are larger, and all are then allocated at once.
#[derive(Default)]
pub(super) struct MapBuilder {
    pairs: SmallVec<[Pair; 12]>,
    is_unsorted: bool,
}

impl MapBuilder {
    /// Adds an entry. Of several with one key, the last one counts.
    #[inline]
    pub(super) fn push(&mut self, key: SharedStr, value: Value) {
        let pair = Pair::new(key, value);
        self.is_unsorted |= self.pairs.last().is_some_and(|last| !last.precedes(&pair));
        self.pairs.push(pair);
    }

    /// Returns the map.
    pub(super) fn build(&mut self) -> Map {
        if self.is_unsorted {
            // Inserting one by one would take quadratic time.
            self.pairs.reverse();
            self.pairs.sort_by(|one, other| one.key.cmp(&other.key));
            self.pairs.dedup_by(|later, kept| later.key == kept.key);
        }
        let mut exact = EcoVec::with_capacity(self.pairs.len());
        exact.extend(self.pairs.drain(..));
        Map(exact)
    }
}

impl<K: Into<SharedStr>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Map {
        let mut map = MapBuilder::default();
        entries.into_iter().for_each(|(key, value)| map.push(key.into(), value));
        map.build()
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

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|pair| (pair.key, pair.value))
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a SharedStr, &'a Value);
    type IntoIter = Iter<'a>;

    #[inline]
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Map {
    type Item = (&'a SharedStr, &'a mut Value);
    type IntoIter = IterMut<'a>;

    #[inline]
    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}
