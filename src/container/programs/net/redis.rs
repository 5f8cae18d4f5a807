//! Redis: a store of strings and numbers that clients inside and outside of the pod share.

use std::collections::BTreeMap;

use kctl_base::sim::Duration;
use serde::{Deserialize, Serialize};

use super::resolver;
use super::script::Script;
use crate::call::{Call, Stop};
use crate::http::exchange;
use crate::network::{Endpoint, NetworkError};

/// Settings that configuration guides ask for, with their defaults.
const DEFAULTS: [(&str, &str); 4] =
    [("appendonly", "no"), ("databases", "16"), ("maxmemory", "0"), ("maxmemory-policy", "noeviction")];
/// Most bytes that a store holds.
const CAPACITY: usize = 16 << 20;

/// The strings of a server by key, and its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Store {
    values: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    size: usize,
}

/// An answer of the server.
enum Reply {
    Simple(&'static str),
    Error(String),
    Number(i64),
    Text(Option<String>),
    List(Vec<String>),
}

impl Store {
    /// Creates a store with the settings of a configuration file.
    pub(super) fn with_settings<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> Store {
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
        match (name.to_lowercase().as_str(), args.as_slice()) {
            ("ping", []) => Reply::Simple("PONG"),
            ("ping" | "echo", [text]) => Reply::Text(Some((*text).to_owned())),
            ("select", ["0"]) | ("save" | "bgsave", []) => Reply::Simple("OK"),
            ("get", [key]) => Reply::Text(self.values.get(*key).cloned()),
            ("set", [key, value]) => self.set(key, value),
            ("setnx", [key, _]) if self.values.contains_key(*key) => Reply::Number(0),
            ("setnx", [key, value]) => match self.set(key, value) {
                Reply::Simple(_) => Reply::Number(1),
                error => error,
            },
            ("append", [key, more]) => {
                let value = self.values.get(*key).cloned().unwrap_or_default() + more;
                let length = value.len() as i64;
                self.set(key, &value).or_number(length)
            }
            ("strlen", [key]) => Reply::Number(self.values.get(*key).map_or(0, String::len) as i64),
            ("incr", [key]) => self.add(key, Some(1)),
            ("decr", [key]) => self.add(key, Some(-1)),
            ("incrby", [key, by]) => self.add(key, by.parse().ok()),
            ("decrby", [key, by]) => self.add(key, by.parse::<i64>().ok().and_then(i64::checked_neg)),
            ("del" | "unlink", keys @ [_, ..]) => {
                Reply::Number(keys.iter().filter(|key| self.values.remove(**key).is_some()).count() as i64)
            }
            ("exists", keys @ [_, ..]) => {
                Reply::Number(keys.iter().filter(|key| self.values.contains_key(**key)).count() as i64)
            }
            ("keys", ["*"]) => Reply::List(self.values.keys().cloned().collect()),
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
                Reply::List(value.map(|value| vec![name, value]).unwrap_or_default())
            }
            (name, []) if is_known(name) => Reply::Error(format!("ERR wrong number of arguments for '{name}' command")),
            (name, _) => Reply::Error(format!("ERR command '{name}' with these arguments is not simulated")),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Reply {
        let old = self.values.get(key).map_or(0, |old| old.len() + key.len());
        let size = self.size - old + key.len() + value.len();
        if size > CAPACITY {
            return Reply::Error("OOM command not allowed when used memory > 'maxmemory'.".into());
        }
        self.size = size;
        self.values.insert(key.to_owned(), value.to_owned());
        Reply::Simple("OK")
    }

    fn add(&mut self, key: &str, by: Option<i64>) -> Reply {
        let old = self.values.get(key).map_or(Some(0), |value| value.parse::<i64>().ok());
        match old.zip(by).and_then(|(old, by)| old.checked_add(by)) {
            Some(sum) => self.set(key, &sum.to_string()).or_number(sum),
            None => Reply::Error("ERR value is not an integer or out of range".into()),
        }
    }
}

impl Reply {
    fn or_number(self, number: i64) -> Reply {
        if matches!(self, Reply::Simple(_)) { Reply::Number(number) } else { self }
    }
}

fn is_known(name: &str) -> bool {
    [
        "get", "set", "setnx", "append", "strlen", "incr", "decr", "incrby", "decrby", "del", "exists", "keys",
        "config", "echo",
    ]
    .contains(&name)
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
fn commands(text: &str) -> Vec<Vec<String>> {
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
            None if line.trim().is_empty() => {}
            None => commands.push(line.split_whitespace().map(String::from).collect()),
        }
    }
    commands
}

fn encode(reply: &Reply) -> Vec<u8> {
    let text = |text: &str| format!("${}\r\n{text}\r\n", text.len());
    match reply {
        Reply::Simple(word) => format!("+{word}\r\n"),
        Reply::Error(message) => format!("-{message}\r\n"),
        Reply::Number(number) => format!(":{number}\r\n"),
        Reply::Text(Some(value)) => text(value),
        Reply::Text(None) => "$-1\r\n".to_owned(),
        Reply::List(items) => {
            format!("*{}\r\n{}", items.len(), items.iter().map(|item| text(item)).collect::<String>())
        }
    }
    .into_bytes()
}

/// Formats an answer for a terminal or for a pipe.
fn show(answer: &str, has_tty: bool) -> String {
    let mut lines = answer.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let rest = first.get(1..).unwrap_or_default();
    let quote = |text: &str| if has_tty { format!("\"{text}\"") } else { text.to_owned() };
    match first.as_bytes().first() {
        Some(b'+') => format!("{rest}\n"),
        Some(b'-') if has_tty => format!("(error) {rest}\n"),
        Some(b'-') => format!("{rest}\n\n"),
        Some(b':') if has_tty => format!("(integer) {rest}\n"),
        Some(b':') => format!("{rest}\n"),
        Some(b'$') if rest == "-1" => if has_tty { "(nil)\n" } else { "\n" }.to_owned(),
        Some(b'$') => format!("{}\n", quote(lines.next().unwrap_or_default())),
        Some(b'*') => {
            let items: Vec<&str> = lines.skip(1).step_by(2).filter(|item| !item.is_empty()).collect();
            match (items.is_empty(), has_tty) {
                (true, true) => "(empty array)\n".to_owned(),
                (true, false) => "\n".to_owned(),
                (false, true) => items.iter().enumerate().map(|(i, item)| format!("{}) \"{item}\"\n", i + 1)).collect(),
                (false, false) => items.iter().map(|item| format!("{item}\n")).collect(),
            }
        }
        _ => String::new(),
    }
}

/// Whom `redis-cli` talks to, and the words of its command.
struct Target {
    host: String,
    port: u16,
    words: Vec<String>,
}

impl Target {
    /// Parses `[-h HOST] [-p PORT] COMMAND...`.
    ///
    /// # Errors
    /// The option that is not known.
    fn parse(args: Vec<String>) -> Result<Target, String> {
        let mut target = Target { host: "127.0.0.1".to_owned(), port: 6379, words: Vec::new() };
        let mut args = args.into_iter().peekable();
        while let Some(option) = args.next_if(|arg| arg.starts_with('-')) {
            match option.as_str() {
                "-h" => target.host = args.next().unwrap_or_default(),
                "-p" => target.port = args.next().and_then(|port| port.parse().ok()).unwrap_or(target.port),
                "-n" | "-a" => drop(args.next()),
                "--raw" | "--no-raw" | "--no-auth-warning" => {}
                _ => return Err(option),
            }
        }
        target.words = args.collect();
        Ok(target)
    }

    /// Sends a command; returns the answer, or why there is none.
    fn send(&self, call: &mut Call<'_>, command: &[String]) -> Result<String, (NetworkError, &'static str)> {
        let found =
            resolver::resolve(call, &self.host).map_err(|_| (NetworkError::Closed, "Name or service not known"))?;
        let to = Endpoint { address: found.addresses[0], port: self.port };
        let words: String = command.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
        let request = format!("*{}\r\n{words}", command.len());
        let answer = exchange(call, to, request.as_bytes()).map_err(|error| (error, reason(error)))?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// `redis-cli [-h HOST] [-p PORT] COMMAND...`; without a command it reads commands from standard input.
pub(super) fn client(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let target = match Target::parse(call.args()) {
        Ok(target) => target,
        Err(option) => {
            script.err(format!("Unrecognized option or bad number of args for: '{option}'\n"));
            return Ok(1);
        }
    };
    let commands = match target.words.is_empty() {
        true => commands(&String::from_utf8_lossy(&call.stdin()?)),
        false => vec![target.words.clone()],
    };
    let has_tty = has_tty(call);
    for command in commands {
        match target.send(call, &command) {
            Ok(answer) => script.out(show(&answer, has_tty)),
            Err((error, why)) => {
                if error == NetworkError::TimedOut {
                    script.pause(Duration::from_secs(127));
                }
                script.err(format!("Could not connect to Redis at {}:{}: {why}\n", target.host, target.port));
                return Ok(1);
            }
        }
    }
    Ok(0)
}

fn has_tty(call: &Call<'_>) -> bool {
    call.process.session.and_then(|id| call.world.sessions.get(&id)).is_some_and(|session| session.has_tty)
}

/// `redis-cli` on a terminal: it prompts for commands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prompt {
    /// The text behind the last line end.
    typed: Vec<u8>,
    is_shown: bool,
}

impl Prompt {
    /// Reports whether a call of `redis-cli` prompts.
    pub(super) fn is_wanted(call: &Call<'_>) -> bool {
        has_tty(call) && Target::parse(call.args()).is_ok_and(|target| target.words.is_empty())
    }

    /// Answers the lines that are there, and waits for more.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let Ok(target) = Target::parse(call.args()) else { return Ok(1) };
        loop {
            if !self.is_shown {
                call.print(format!("{}:{}> ", target.host, target.port))?;
                self.is_shown = true;
            }
            let bytes = call.read(0, 4096)?.unwrap_or_default();
            if bytes.is_empty() {
                return Ok(0);
            }
            self.typed.extend(bytes);
            while let Some(end) = self.typed.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.typed.drain(..=end).collect();
                let command: Vec<String> = String::from_utf8_lossy(&line)
                    .split_whitespace()
                    .map(|word| word.trim_matches('"').to_owned())
                    .collect();
                match command.first().map(|word| word.to_lowercase()).as_deref() {
                    None => {}
                    Some("exit" | "quit") => return Ok(0),
                    Some(_) => {
                        let text = target.send(call, &command).map_or_else(
                            |(_, why)| {
                                format!("Could not connect to Redis at {}:{}: {why}\n", target.host, target.port)
                            },
                            |answer| show(&answer, true),
                        );
                        call.print(text)?;
                    }
                }
                self.is_shown = false;
            }
        }
    }
}

fn reason(error: NetworkError) -> &'static str {
    match error {
        NetworkError::Refused => "Connection refused",
        NetworkError::TimedOut => "Connection timed out",
        NetworkError::Unreachable => "No route to host",
        NetworkError::Closed => "Server closed the connection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_executed_and_answers_shown() {
        let mut store = Store::with_settings([("maxmemory", "2mb")].into_iter());
        let mut run = |text: &str, has_tty| show(&String::from_utf8_lossy(&store.exchange(text.as_bytes())), has_tty);
        let cases = [
            ("ping\r\n", true, "PONG\n"),
            ("get a\n", true, "(nil)\n"),
            ("*3\r\n$3\r\nset\r\n$1\r\na\r\n$3\r\nb c\r\n", true, "OK\n"),
            ("get a\n", true, "\"b c\"\n"),
            ("get a\n", false, "b c\n"),
            ("incr n\n", true, "(integer) 1\n"),
            ("incr a\n", true, "(error) ERR value is not an integer or out of range\n"),
            ("keys *\n", true, "1) \"a\"\n2) \"n\"\n"),
            ("config get maxmemory\n", false, "maxmemory\n2097152\n"),
            ("CONFIG GET maxmemory-policy\n", true, "1) \"maxmemory-policy\"\n2) \"noeviction\"\n"),
            ("get\n", true, "(error) ERR wrong number of arguments for 'get' command\n"),
            ("del a n x\n", false, "2\n"),
        ];
        for (text, has_tty, expected) in cases {
            assert_eq!(run(text, has_tty), expected, "{text}");
        }
    }
}
