//! Redis: a store that clients inside and outside of the pod share, and the client.

mod collections;
mod store;

use kctl_base::sim::Duration;
use serde::{Deserialize, Serialize};

use super::resolver;
use super::script::Script;
use crate::call::{Call, Stop};
use crate::http::exchange;
use crate::network::{Endpoint, NetworkError};

pub(crate) use store::Store;
use store::{commands, words};

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
            let count: usize = rest.parse().unwrap_or(0);
            let item = |number: usize| match lines.next() {
                Some("$-1") | None if has_tty => format!("{number}) (nil)\n"),
                Some("$-1") | None => "\n".to_owned(),
                Some(_) => {
                    let text = quote(lines.next().unwrap_or_default());
                    if has_tty { format!("{number}) {text}\n") } else { format!("{text}\n") }
                }
            };
            match (count, has_tty) {
                (0, true) => "(empty array)\n".to_owned(),
                (0, false) => "\n".to_owned(),
                _ => (1..=count).map(item).collect(),
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
    /// What was typed after the last line end.
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
                let command = words(&String::from_utf8_lossy(&line));
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
            ("rpush l apple \"big banana\" cherry\n", true, "(integer) 3\n"),
            ("lrange l 0 -1\n", true, "1) \"apple\"\n2) \"big banana\"\n3) \"cherry\"\n"),
            ("lrange l 1 9\n", false, "big banana\ncherry\n"),
            ("lrange l 5 9\n", true, "(empty array)\n"),
            ("rpoplpush l done\n", true, "\"cherry\"\n"),
            ("lpop l\nllen l\n", true, "\"apple\"\n"),
            ("blpop none l 0\n", true, "1) \"l\"\n2) \"big banana\"\n"),
            ("lpop l\n", true, "(nil)\n"),
            ("type l\n", true, "none\n"),
            ("get done\n", true, "(error) WRONGTYPE Operation against a key holding the wrong kind of value\n"),
            ("rpush done\n", true, "(error) ERR wrong number of arguments for 'rpush' command\n"),
            ("hset h a 1 b 2\n", true, "(integer) 2\n"),
            ("hincrby h a 5\n", true, "(integer) 6\n"),
            ("hgetall h\n", false, "a\n6\nb\n2\n"),
            ("sadd s x y x\n", true, "(integer) 2\n"),
            ("smembers s\n", false, "x\ny\n"),
            ("mget n none\n", true, "1) \"1\"\n2) (nil)\n"),
            ("del done h s\n", false, "3\n"),
            ("config get maxmemory\n", false, "maxmemory\n2097152\n"),
            ("CONFIG GET maxmemory-policy\n", true, "1) \"maxmemory-policy\"\n2) \"noeviction\"\n"),
            ("get\n", true, "(error) ERR wrong number of arguments for 'get' command\n"),
            ("del a n x\n", false, "2\n"),
        ];
        for (text, has_tty, expected) in cases {
            assert_eq!(run(text, has_tty), expected, "{text}");
        }
        assert_eq!(
            store,
            Store::with_settings([("maxmemory", "2mb")].into_iter()),
            "nothing is left, and no space taken"
        );
    }
}
