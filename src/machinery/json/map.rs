//! Maps: entries in the order of their keys, which copies share until one of them is changed.
//!
//! The maps of objects are small: a row of entries is read and copied faster than a tree of them, and takes less memory.

use std::ops::{Index, IndexMut};

use ecow::EcoVec;

use super::{Text, Value};

/// From this length on a key is found by halving, before by looking at every entry, most of which differ in length.
const LONG: usize = 16;

/// A map from texts to values, in the order of the keys' bytes.
#[derive(Clone, Debug, Default, Eq)]
pub struct Map(EcoVec<(Text, Value)>);

impl Map {
    /// A map of nothing.
    pub fn new() -> Map {
        Map::default()
    }

    /// A map of nothing with room for so many entries.
    pub fn with_capacity(entries: usize) -> Map {
        Map(EcoVec::with_capacity(entries))
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
        self.position(key).map(|at| &self.0[at].1)
    }

    /// The value of a key, to be changed: the map is then no longer shared.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).map(|at| &mut self.0.make_mut()[at].1)
    }

    /// The key as it stands in the map, and its value.
    pub fn get_key_value(&self, key: &str) -> Option<(&Text, &Value)> {
        self.position(key).map(|at| (&self.0[at].0, &self.0[at].1))
    }

    /// Whether there is a key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets the value of a key and answers the one before.
    pub fn insert(&mut self, key: impl Into<Text>, value: Value) -> Option<Value> {
        let key = key.into();
        match self.place(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0.make_mut()[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes a key and answers its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.position(key).map(|at| self.0.remove(at).1)
    }

    /// The place of a key, whether it is there or not.
    pub fn entry(&mut self, key: impl Into<Text>) -> Entry<'_> {
        let key = key.into();
        let place = self.place(&key);
        Entry { map: self, place, key }
    }

    /// Keeps the entries of which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Text, &mut Value) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The entries of another map, which it loses; they replace those that are here.
    pub fn append(&mut self, other: &mut Map) {
        self.extend(std::mem::take(other));
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Text> + ExactSizeIterator + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.make_mut().iter_mut().map(|(_, value)| value)
    }

    /// The values in the order of their keys, without the keys.
    pub fn into_values(self) -> impl Iterator<Item = Value> {
        self.0.into_iter().map(|(_, value)| value)
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
    fn position(&self, key: &str) -> Option<usize> {
        match self.0.len() < LONG {
            true => self.0.iter().position(|(own, _)| own == key),
            false => self.search(key).ok(),
        }
    }

    /// Where a key is, or where it belongs. Most maps are built in order.
    fn place(&self, key: &str) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if last.as_str() >= key => self.search(key),
            _ => Err(self.0.len()),
        }
    }

    fn search(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| own.as_str().cmp(key))
    }
}

/// The entries of a map.
pub(super) type Iter<'a> = std::iter::Map<std::slice::Iter<'a, (Text, Value)>, fn(&(Text, Value)) -> (&Text, &Value)>;
/// The entries of a map, the values to be changed.
pub(super) type IterMut<'a> =
    std::iter::Map<std::slice::IterMut<'a, (Text, Value)>, fn(&mut (Text, Value)) -> (&Text, &mut Value)>;

fn halves((key, value): &(Text, Value)) -> (&Text, &Value) {
    (key, value)
}

fn halves_mut((key, value): &mut (Text, Value)) -> (&Text, &mut Value) {
    (key, value)
}

/// The place of a key in a map.
pub struct Entry<'a> {
    map: &'a mut Map,
    key: Text,
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
                self.map.0.insert(at, (self.key, make()));
                at
            }
        };
        &mut self.map.0.make_mut()[at].1
    }

    /// The value, `null` if there was none.
    pub fn or_default(self) -> &'a mut Value {
        self.or_insert(Value::Null)
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

impl<const N: usize> From<[(Text, Value); N]> for Map {
    fn from(entries: [(Text, Value); N]) -> Map {
        let mut map = Map::with_capacity(N);
        map.extend(entries);
        map
    }
}

impl<K: Into<Text>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Map {
        let mut map = Map::new();
        map.extend(entries);
        map
    }
}

impl<K: Into<Text>> Extend<(K, Value)> for Map {
    fn extend<I: IntoIterator<Item = (K, Value)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl IntoIterator for Map {
    type Item = (Text, Value);
    type IntoIter = ecow::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Text, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Map {
    type Item = (&'a Text, &'a mut Value);
    type IntoIter = IterMut<'a>;

    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}
