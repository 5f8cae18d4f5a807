//! Commands on lists, hashes and sets. Each function answers the commands of its kind, and returns `None` for others.

use std::collections::{BTreeMap, VecDeque};

use super::store::{Answer, Reply, Store, Value, wrong_type};

/// The names of the commands.
pub(super) const NAMES: [&str; 27] = [
    "blpop",
    "brpop",
    "brpoplpush",
    "hdel",
    "hexists",
    "hget",
    "hgetall",
    "hincrby",
    "hkeys",
    "hlen",
    "hset",
    "hvals",
    "lindex",
    "llen",
    "lpop",
    "lpush",
    "lrange",
    "lrem",
    "ltrim",
    "rpop",
    "rpoplpush",
    "rpush",
    "sadd",
    "scard",
    "sismember",
    "smembers",
    "srem",
];

/// An end of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Commands on lists.
pub(super) fn list(store: &mut Store, name: &str, args: &[&str]) -> Option<Answer> {
    Some(match (name, args) {
        ("lpush", [key, items @ ..]) if !items.is_empty() => push(store, key, items, Side::Left),
        ("rpush", [key, items @ ..]) if !items.is_empty() => push(store, key, items, Side::Right),
        ("lpop", [key]) => pop(store, key, Side::Left).map(Reply::Text),
        ("rpop", [key]) => pop(store, key, Side::Right).map(Reply::Text),
        ("llen", [key]) => items(store, key).map(|items| Reply::Number(items.map_or(0, VecDeque::len) as i64)),
        ("lindex", [key, at]) => element(store, key, at),
        ("lrange", [key, from, to]) => range(store, key, from, to),
        ("lrem", [key, "0", item]) => remove_all(store, key, item),
        ("ltrim", [key, from, to]) => trim(store, key, from, to),
        ("rpoplpush", [from, to]) => transfer(store, from, to),
        ("brpoplpush", [from, to, _]) => match items(store, from) {
            Ok(None) => Err(would_wait(name)),
            _ => transfer(store, from, to),
        },
        ("blpop", [keys @ .., _]) if !keys.is_empty() => pop_first(store, keys, name, Side::Left),
        ("brpop", [keys @ .., _]) if !keys.is_empty() => pop_first(store, keys, name, Side::Right),
        _ => return None,
    })
}

fn items<'a>(store: &'a Store, key: &str) -> Result<Option<&'a VecDeque<String>>, Reply> {
    match store.value(key) {
        None => Ok(None),
        Some(Value::List(items)) => Ok(Some(items)),
        Some(_) => Err(wrong_type()),
    }
}

fn push(store: &mut Store, key: &str, new: &[&str], side: Side) -> Answer {
    items(store, key)?;
    store.reserve(key, new.iter().map(|item| item.len()).sum())?;
    let Value::List(items) = store.value_mut(key, Value::List(VecDeque::new())) else { return Err(wrong_type()) };
    for item in new {
        match side {
            Side::Left => items.push_front((*item).to_owned()),
            Side::Right => items.push_back((*item).to_owned()),
        }
    }
    Ok(Reply::Number(items.len() as i64))
}

fn pop(store: &mut Store, key: &str, side: Side) -> Result<Option<String>, Reply> {
    if items(store, key)?.is_none() {
        return Ok(None);
    }
    let Value::List(items) = store.value_mut(key, Value::List(VecDeque::new())) else { return Err(wrong_type()) };
    let item = if side == Side::Left { items.pop_front() } else { items.pop_back() };
    let is_empty = items.is_empty();
    store.release(item.as_ref().map_or(0, String::len));
    if is_empty {
        store.remove(key);
    }
    Ok(item)
}

/// Answers a command that waits for an element, of which there has to be one.
fn pop_first(store: &mut Store, keys: &[&str], name: &str, side: Side) -> Answer {
    for key in keys {
        if let Some(item) = pop(store, key, side)? {
            return Ok(Reply::List(vec![Some((*key).to_owned()), Some(item)]));
        }
    }
    Err(would_wait(name))
}

fn would_wait(name: &str) -> Reply {
    Reply::Error(format!("ERR command '{name}' would wait for an element, which is not simulated"))
}

fn transfer(store: &mut Store, from: &str, to: &str) -> Answer {
    items(store, to)?;
    let Some(item) = pop(store, from, Side::Right)? else { return Ok(Reply::Text(None)) };
    push(store, to, &[&item], Side::Left)?;
    Ok(Reply::Text(Some(item)))
}

fn element(store: &Store, key: &str, at: &str) -> Answer {
    let items = items(store, key)?;
    let at = integer(at)?;
    let found = items.and_then(|items| items.get(usize::try_from(from_start(at, items.len())).ok()?));
    Ok(Reply::Text(found.cloned()))
}

fn range(store: &Store, key: &str, from: &str, to: &str) -> Answer {
    let (from, to) = (integer(from)?, integer(to)?);
    let Some(items) = items(store, key)? else { return Ok(Reply::List(Vec::new())) };
    Ok(Reply::List(items.range(bounds(from, to, items.len())).cloned().map(Some).collect()))
}

fn trim(store: &mut Store, key: &str, from: &str, to: &str) -> Answer {
    let (from, to) = (integer(from)?, integer(to)?);
    let kept: Vec<String> = match items(store, key)? {
        Some(items) => items.range(bounds(from, to, items.len())).cloned().collect(),
        None => Vec::new(),
    };
    replace(store, key, &kept)?;
    Ok(Reply::Simple("OK"))
}

fn remove_all(store: &mut Store, key: &str, item: &str) -> Answer {
    let Some(old) = items(store, key)? else { return Ok(Reply::Number(0)) };
    let kept: Vec<String> = old.iter().filter(|other| *other != item).cloned().collect();
    let removed = old.len() - kept.len();
    replace(store, key, &kept)?;
    Ok(Reply::Number(removed as i64))
}

fn replace(store: &mut Store, key: &str, new: &[String]) -> Result<(), Reply> {
    store.remove(key);
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    push(store, key, &new, Side::Right).map(drop)
}

/// Counts a negative position from the end.
fn from_start(at: i64, length: usize) -> i64 {
    if at < 0 { at.saturating_add(length as i64) } else { at }
}

/// Returns the positions from one to another, the last one included.
fn bounds(from: i64, to: i64, length: usize) -> std::ops::Range<usize> {
    let from = from_start(from, length).clamp(0, length as i64) as usize;
    let to = (from_start(to, length).saturating_add(1)).clamp(0, length as i64) as usize;
    from..to.max(from)
}

fn integer(word: &str) -> Result<i64, Reply> {
    word.parse().map_err(|_| Reply::Error("ERR value is not an integer or out of range".into()))
}

/// Commands on hashes.
pub(super) fn hash(store: &mut Store, name: &str, args: &[&str]) -> Option<Answer> {
    let all = |fields: &BTreeMap<String, String>, pick: fn((&String, &String)) -> Vec<Option<String>>| {
        Reply::List(fields.iter().flat_map(pick).collect())
    };
    Some(match (name, args) {
        ("hset", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len().is_multiple_of(2) => {
            set_fields(store, key, pairs)
        }
        ("hget", [key, field]) => fields(store, key).map(|fields| Reply::Text(fields.get(*field).cloned())),
        ("hexists", [key, field]) => {
            fields(store, key).map(|fields| Reply::Number(i64::from(fields.contains_key(*field))))
        }
        ("hlen", [key]) => fields(store, key).map(|fields| Reply::Number(fields.len() as i64)),
        ("hgetall", [key]) => {
            fields(store, key).map(|fields| all(fields, |(f, v)| vec![Some(f.clone()), Some(v.clone())]))
        }
        ("hkeys", [key]) => fields(store, key).map(|fields| all(fields, |(f, _)| vec![Some(f.clone())])),
        ("hvals", [key]) => fields(store, key).map(|fields| all(fields, |(_, v)| vec![Some(v.clone())])),
        ("hdel", [key, names @ ..]) if !names.is_empty() => remove_fields(store, key, names),
        ("hincrby", [key, field, by]) => add_to_field(store, key, field, by),
        _ => return None,
    })
}

fn fields<'a>(store: &'a Store, key: &str) -> Result<&'a BTreeMap<String, String>, Reply> {
    static EMPTY: BTreeMap<String, String> = BTreeMap::new();
    match store.value(key) {
        None => Ok(&EMPTY),
        Some(Value::Hash(fields)) => Ok(fields),
        Some(_) => Err(wrong_type()),
    }
}

fn set_fields(store: &mut Store, key: &str, pairs: &[&str]) -> Answer {
    fields(store, key)?;
    let mut added = 0;
    for pair in pairs.chunks(2) {
        store.reserve(key, pair[0].len() + pair[1].len())?;
        let Value::Hash(fields) = store.value_mut(key, Value::Hash(BTreeMap::new())) else { return Err(wrong_type()) };
        match fields.insert(pair[0].to_owned(), pair[1].to_owned()) {
            Some(old) => store.release(pair[0].len() + old.len()),
            None => added += 1,
        }
    }
    Ok(Reply::Number(added))
}

fn remove_fields(store: &mut Store, key: &str, names: &[&str]) -> Answer {
    if fields(store, key)?.is_empty() {
        return Ok(Reply::Number(0));
    }
    let Value::Hash(fields) = store.value_mut(key, Value::Hash(BTreeMap::new())) else { return Err(wrong_type()) };
    let removed: Vec<usize> = names.iter().filter_map(|name| Some(name.len() + fields.remove(*name)?.len())).collect();
    let is_empty = fields.is_empty();
    store.release(removed.iter().sum());
    if is_empty {
        store.remove(key);
    }
    Ok(Reply::Number(removed.len() as i64))
}

fn add_to_field(store: &mut Store, key: &str, field: &str, by: &str) -> Answer {
    let by = integer(by)?;
    let old = fields(store, key)?.get(field).map_or(Ok(0), |value| integer(value))?;
    let sum = old.checked_add(by).ok_or_else(|| Reply::Error("ERR increment or decrement would overflow".into()))?;
    set_fields(store, key, &[field, &sum.to_string()])?;
    Ok(Reply::Number(sum))
}

/// Commands on sets, whose members are listed in order.
pub(super) fn set(store: &mut Store, name: &str, args: &[&str]) -> Option<Answer> {
    Some(match (name, args) {
        ("sadd", [key, new @ ..]) if !new.is_empty() => add_members(store, key, new),
        ("srem", [key, old @ ..]) if !old.is_empty() => remove_members(store, key, old),
        ("scard", [key]) => members(store, key).map(|members| Reply::Number(members.len() as i64)),
        ("sismember", [key, one]) => {
            members(store, key).map(|members| Reply::Number(i64::from(members.contains_key(*one))))
        }
        ("smembers", [key]) => {
            members(store, key).map(|members| Reply::List(members.keys().cloned().map(Some).collect()))
        }
        _ => return None,
    })
}

fn members<'a>(store: &'a Store, key: &str) -> Result<&'a BTreeMap<String, ()>, Reply> {
    static EMPTY: BTreeMap<String, ()> = BTreeMap::new();
    match store.value(key) {
        None => Ok(&EMPTY),
        Some(Value::Set(members)) => Ok(members),
        Some(_) => Err(wrong_type()),
    }
}

fn add_members(store: &mut Store, key: &str, new: &[&str]) -> Answer {
    members(store, key)?;
    let mut added = 0;
    for member in new {
        store.reserve(key, member.len())?;
        let Value::Set(members) = store.value_mut(key, Value::Set(BTreeMap::new())) else { return Err(wrong_type()) };
        match members.insert((*member).to_owned(), ()) {
            Some(()) => store.release(member.len()),
            None => added += 1,
        }
    }
    Ok(Reply::Number(added))
}

fn remove_members(store: &mut Store, key: &str, old: &[&str]) -> Answer {
    if members(store, key)?.is_empty() {
        return Ok(Reply::Number(0));
    }
    let Value::Set(members) = store.value_mut(key, Value::Set(BTreeMap::new())) else { return Err(wrong_type()) };
    let removed: Vec<usize> =
        old.iter().filter(|member| members.remove(**member).is_some()).map(|member| member.len()).collect();
    let is_empty = members.is_empty();
    store.release(removed.iter().sum());
    if is_empty {
        store.remove(key);
    }
    Ok(Reply::Number(removed.len() as i64))
}
