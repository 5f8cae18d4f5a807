//! The store of a server and its commands, as they arrive in the wire protocol (<https://redis.io/docs/latest/commands/>).

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::collections;

/// Settings that configuration guides ask for, with their defaults.
const DEFAULTS: [(&str, &str); 4] =
    [("appendonly", "no"), ("databases", "16"), ("maxmemory", "0"), ("maxmemory-policy", "noeviction")];
/// Most bytes that a store holds.
const CAPACITY: usize = 16 << 20;

/// The values of a server by key, and its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Store {
    values: BTreeMap<String, Value>,
    settings: BTreeMap<String, String>,
    /// Bytes of keys and values.
    size: usize,
}

/// What a key holds. Collections are never empty: the last element takes its key along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Text(String),
    List(VecDeque<String>),
    Hash(BTreeMap<String, String>),
    Set(BTreeMap<String, ()>),
}

/// An answer of the server.
#[derive(Debug)]
pub(super) enum Reply {
    Simple(&'static str),
    Error(String),
    Number(i64),
    Text(Option<String>),
    /// Elements, of which some may be missing.
    List(Vec<Option<String>>),
}

/// The answer to a command, or the error that is the answer.
pub(super) type Answer = Result<Reply, Reply>;

impl Value {
    /// Returns the name of the kind, as the command `type` tells it.
    fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "string",
            Value::List(_) => "list",
            Value::Hash(_) => "hash",
            Value::Set(_) => "set",
        }
    }

    fn size(&self) -> usize {
        match self {
            Value::Text(text) => text.len(),
            Value::List(items) => items.iter().map(String::len).sum(),
            Value::Hash(fields) => fields.iter().map(|(field, value)| field.len() + value.len()).sum(),
            Value::Set(members) => members.keys().map(String::len).sum(),
        }
    }
}

impl Store {
    /// Creates a store with the settings of a configuration file.
    pub(in super::super) fn with_settings<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> Store {
        let settings = settings.map(|(name, value)| (name.to_lowercase(), value.trim().trim_matches('"').to_owned()));
        Store { settings: settings.collect(), ..Store::default() }
    }

    /// Answers commands of the wire protocol: arrays of strings, or lines.
    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        let mut answers = Vec::new();
        for words in commands(&text) {
            answers.extend(encode(&self.execute(&words)));
        }
        answers
    }

    fn execute(&mut self, words: &[String]) -> Reply {
        let Some((name, args)) = words.split_first() else { return Reply::Error("ERR empty command".into()) };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let name = name.to_lowercase();
        let answer = self
            .of_strings(&name, &args)
            .or_else(|| self.of_keys(&name, &args))
            .or_else(|| collections::list(self, &name, &args))
            .or_else(|| collections::hash(self, &name, &args))
            .or_else(|| collections::set(self, &name, &args));
        match answer {
            Some(answer) => answer.unwrap_or_else(|error| error),
            None if is_known(&name) => Reply::Error(format!("ERR wrong number of arguments for '{name}' command")),
            None => Reply::Error(format!("ERR command '{name}' with these arguments is not simulated")),
        }
    }

    /// Commands on strings and numbers; `None` for others.
    fn of_strings(&mut self, name: &str, args: &[&str]) -> Option<Answer> {
        Some(match (name, args) {
            ("get", [key]) => self.text(key).map(|text| Reply::Text(text.map(String::from))),
            ("mget", keys @ [_, ..]) => {
                Ok(Reply::List(keys.iter().map(|key| self.text(key).ok().flatten().map(String::from)).collect()))
            }
            ("set", [key, value]) => self.set(key, value).map(|()| Reply::Simple("OK")),
            ("mset", pairs @ [_, ..]) if pairs.len().is_multiple_of(2) => {
                let set = pairs.chunks(2).try_for_each(|pair| self.set(pair[0], pair[1]));
                set.map(|()| Reply::Simple("OK"))
            }
            ("setnx", [key, _]) if self.values.contains_key(*key) => Ok(Reply::Number(0)),
            ("setnx", [key, value]) => self.set(key, value).map(|()| Reply::Number(1)),
            ("append", [key, more]) => self.append(key, more),
            ("strlen", [key]) => self.text(key).map(|text| Reply::Number(text.map_or(0, str::len) as i64)),
            ("incr", [key]) => self.add(key, Some(1)),
            ("decr", [key]) => self.add(key, Some(-1)),
            ("incrby", [key, by]) => self.add(key, by.parse().ok()),
            ("decrby", [key, by]) => self.add(key, by.parse::<i64>().ok().and_then(i64::checked_neg)),
            _ => return None,
        })
    }

    /// Commands on keys of any kind and on the server; `None` for others.
    fn of_keys(&mut self, name: &str, args: &[&str]) -> Option<Answer> {
        Some(Ok(match (name, args) {
            ("ping", []) => Reply::Simple("PONG"),
            ("ping" | "echo", [text]) => Reply::Text(Some((*text).to_owned())),
            ("select", ["0"]) | ("save" | "bgsave", []) => Reply::Simple("OK"),
            ("del" | "unlink", keys @ [_, ..]) => {
                Reply::Number(keys.iter().filter(|key| self.remove(key).is_some()).count() as i64)
            }
            ("exists", keys @ [_, ..]) => {
                Reply::Number(keys.iter().filter(|key| self.values.contains_key(**key)).count() as i64)
            }
            ("type", [key]) => Reply::Simple(self.values.get(*key).map_or("none", Value::kind)),
            // No key has an end here.
            ("ttl" | "pttl", [key]) => Reply::Number(if self.values.contains_key(*key) { -1 } else { -2 }),
            ("keys", ["*"]) => Reply::List(self.values.keys().cloned().map(Some).collect()),
            ("dbsize", []) => Reply::Number(self.values.len() as i64),
            ("flushall" | "flushdb", []) => {
                self.values.clear();
                self.size = 0;
                Reply::Simple("OK")
            }
            ("config", [get, name]) if get.eq_ignore_ascii_case("get") => {
                let name = name.to_lowercase();
                let default = DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
                let value = self.settings.get(&name).map(|value| size_in_bytes(value)).or(default);
                Reply::List(value.map(|value| vec![Some(name), Some(value)]).unwrap_or_default())
            }
            _ => return None,
        }))
    }

    /// Returns what a key holds.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Returns what a key holds, to be changed; with `default` for a key that holds nothing. The caller accounts for its size
    /// by [`Store::reserve`] and [`Store::release`], and removes a collection that is empty.
    pub(super) fn value_mut(&mut self, key: &str, default: Value) -> &mut Value {
        self.values.entry(key.to_owned()).or_insert(default)
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &str) -> Option<Value> {
        let value = self.values.remove(key)?;
        self.release(key.len() + value.size());
        Some(value)
    }

    /// Takes bytes of the capacity, and those of the key if it is new.
    ///
    /// # Errors
    /// The answer of a server that is full.
    pub(super) fn reserve(&mut self, key: &str, bytes: usize) -> Result<(), Reply> {
        let size = self.size + bytes + if self.values.contains_key(key) { 0 } else { key.len() };
        if size > CAPACITY {
            return Err(Reply::Error("OOM command not allowed when used memory > 'maxmemory'.".into()));
        }
        self.size = size;
        Ok(())
    }

    /// Gives bytes back.
    pub(super) fn release(&mut self, bytes: usize) {
        self.size = self.size.saturating_sub(bytes);
    }

    fn text(&self, key: &str) -> Result<Option<&str>, Reply> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type()),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Reply> {
        self.remove(key);
        self.reserve(key, value.len())?;
        self.values.insert(key.to_owned(), Value::Text(value.to_owned()));
        Ok(())
    }

    fn append(&mut self, key: &str, more: &str) -> Answer {
        let value = self.text(key)?.unwrap_or_default().to_owned() + more;
        self.set(key, &value)?;
        Ok(Reply::Number(value.len() as i64))
    }

    fn add(&mut self, key: &str, by: Option<i64>) -> Answer {
        let old = self.text(key)?.map_or(Some(0), |value| value.parse::<i64>().ok());
        let sum = old.zip(by).and_then(|(old, by)| old.checked_add(by));
        let sum = sum.ok_or_else(|| Reply::Error("ERR value is not an integer or out of range".into()))?;
        self.set(key, &sum.to_string())?;
        Ok(Reply::Number(sum))
    }
}

/// The error of a command for another kind of value.
pub(super) fn wrong_type() -> Reply {
    Reply::Error("WRONGTYPE Operation against a key holding the wrong kind of value".into())
}

/// Reports whether a command is simulated, so that it must have had the wrong number of arguments.
fn is_known(name: &str) -> bool {
    const STRINGS: [&str; 17] = [
        "get", "mget", "set", "setnx", "append", "strlen", "incr", "decr", "incrby", "decrby", "del", "exists", "keys",
        "config", "echo", "type", "ttl",
    ];
    STRINGS.contains(&name) || collections::NAMES.contains(&name)
}

/// Converts a size such as `2mb` to bytes, as the server reports it.
fn size_in_bytes(value: &str) -> String {
    let lower = value.to_lowercase();
    let units = [("gb", 1_u64 << 30), ("mb", 1 << 20), ("kb", 1 << 10)];
    let scaled =
        units.iter().find_map(|(unit, factor)| lower.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*factor));
    scaled.map_or_else(|| value.to_owned(), |bytes| bytes.to_string())
}

/// Splits what a client sends into commands.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let mut lines = text.split("\r\n").flat_map(|line| line.split('\n'));
    while let Some(line) = lines.next() {
        match line.strip_prefix('*').and_then(|count| count.parse::<usize>().ok()) {
            Some(count) => {
                let words = (0..count.min(1024)).map(|_| {
                    lines.next();
                    lines.next().unwrap_or_default().to_owned()
                });
                commands.push(words.collect());
            }
            None => commands.extend(Some(words(line)).filter(|words| !words.is_empty())),
        }
    }
    commands
}

/// Splits a line that was typed; quotes keep blanks together.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => {
                quote = Some(c);
                current.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None, c) if c.is_whitespace() => words.extend(current.take()),
            (_, c) => current.get_or_insert_default().push(c),
        }
    }
    words.extend(current);
    words
}

fn encode(reply: &Reply) -> Vec<u8> {
    let text = |text: &Option<String>| match text {
        Some(text) => format!("${}\r\n{text}\r\n", text.len()),
        None => "$-1\r\n".to_owned(),
    };
    match reply {
        Reply::Simple(word) => format!("+{word}\r\n"),
        Reply::Error(message) => format!("-{message}\r\n"),
        Reply::Number(number) => format!(":{number}\r\n"),
        Reply::Text(value) => text(value),
        Reply::List(items) => format!("*{}\r\n{}", items.len(), items.iter().map(text).collect::<String>()),
    }
    .into_bytes()
}
