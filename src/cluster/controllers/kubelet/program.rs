//! What a container does, guessed from its image and command: how long it runs, what it prints, how it ends.
//!
//! Nothing is executed. A few commands are understood (`sleep`, `exit`, `true`, `false`, `echo`, `printf`, `date`, joined by
//! `;`, `&&` and `||`, alone or under `sh -c`); everything else is a service, which runs for ever, or, in a pod that is
//! not to be restarted when it succeeds, a task that ends well after a moment.

use serde::{Deserialize, Serialize};

use kctl_base::sim::{Duration, Time};

/// How long a task that is not understood takes.
const TASK_TIME: Duration = Duration::from_secs(1);

/// The life of one run of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// How long it runs; `None` is for ever.
    pub runs: Option<Duration>,
    /// How it ends.
    pub exit_code: i64,
    /// What it prints, and how long after its start.
    pub output: Vec<(Duration, String)>,
}

impl Program {
    /// A service: runs until it is stopped.
    pub fn service() -> Program {
        Program { runs: None, exit_code: 0, output: Vec::new() }
    }
}

/// What has to be known of a container to guess its program.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The image as written.
    pub image: &'a str,
    /// `command` and `args` together, with variables expanded.
    pub words: &'a [String],
    /// Whether the pod's containers are always restarted, so that what is not understood is a service.
    pub restarts_always: bool,
    /// When the run starts: what `date` prints.
    pub start: Time,
}

/// Guesses the program of a container.
pub fn guess(launch: &Launch<'_>) -> Program {
    if launch.words.is_empty() {
        return match base_name(launch.image) {
            "hello-world" => Program {
                runs: Some(Duration::ZERO),
                exit_code: 0,
                output: vec![(Duration::ZERO, "Hello from Docker!".into())],
            },
            _ => Program::service(),
        };
    }
    let mut run = Run { launch, at: Duration::ZERO, output: Vec::new() };
    let end = run.words(launch.words);
    let (runs, exit_code) = match end {
        End::Code(code) => (Some(run.at), code),
        End::Never => (None, 0),
    };
    Program { runs, exit_code, output: run.output }
}

/// `nginx` of `registry.example.com/library/nginx:1.25@sha256:...`.
fn base_name(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next().unwrap_or(name)
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Code(i64),
    Never,
}

struct Run<'a> {
    launch: &'a Launch<'a>,
    at: Duration,
    output: Vec<(Duration, String)>,
}

impl Run<'_> {
    /// A command as a list of words, as the container runtime starts it.
    fn words(&mut self, words: &[String]) -> End {
        let name = words[0].rsplit('/').next().unwrap_or("");
        if matches!(name, "sh" | "bash" | "ash" | "dash") {
            let script = words.iter().position(|w| w.starts_with('-') && w.contains('c') && !w.starts_with("--"));
            return match script.and_then(|at| words.get(at + 1)) {
                Some(script) => self.script(script),
                None if words.len() == 1 => End::Code(0),
                None => self.unknown(),
            };
        }
        self.command(words)
    }

    /// A shell script of simple commands.
    fn script(&mut self, script: &str) -> End {
        let mut last = End::Code(0);
        for (joint, command) in split(script) {
            let skip = match (joint, last) {
                (Joint::And, End::Code(code)) => code != 0,
                (Joint::Or, End::Code(code)) => code == 0,
                _ => false,
            };
            if skip {
                continue;
            }
            let words = shell_words(&command);
            let Some(first) = words.first() else { continue };
            if first == "exit" {
                return End::Code(words.get(1).and_then(|c| c.parse().ok()).unwrap_or(match last {
                    End::Code(code) => code,
                    End::Never => 0,
                }));
            }
            if matches!(first.as_str(), "while" | "until" | "for" | "if" | "case" | "trap") {
                // Loops and conditions are not followed: `while true` is a service, anything else is not understood.
                return if first == "while"
                    && matches!(words.get(1).map(String::as_str), Some("true" | ":" | "[" | "sleep"))
                {
                    End::Never
                } else {
                    self.unknown()
                };
            }
            last = self.command(&words);
            if last == End::Never {
                return End::Never;
            }
        }
        last
    }

    fn command(&mut self, words: &[String]) -> End {
        let (words, hidden) = redirected(words);
        let args = &words[1..];
        match words[0].rsplit('/').next().unwrap_or("") {
            "true" | ":" | "set" | "export" | "cd" | "mkdir" | "touch" | "rm" | "cp" | "mv" | "chmod" | "chown" => {
                End::Code(0)
            }
            "false" => End::Code(1),
            "exec" if !args.is_empty() => self.command(args),
            "exit" => End::Code(args.first().and_then(|c| c.parse().ok()).unwrap_or(0)),
            "sleep" => self.sleep(args),
            "echo" | "printf" => {
                let newline = args.first().is_some_and(|a| a == "-n" || a == "-e");
                let text = args[usize::from(newline)..].join(" ");
                self.print(&text.replace("\\n", "\n"), hidden);
                End::Code(0)
            }
            "date" => {
                let now = self.launch.start + self.at;
                self.print(&now.to_chrono().format("%a %b %e %H:%M:%S UTC %Y").to_string(), hidden);
                End::Code(0)
            }
            "hostname" | "ls" | "cat" | "env" | "id" | "whoami" | "pwd" | "test" | "[" => End::Code(0),
            _ => self.unknown(),
        }
    }

    fn sleep(&mut self, args: &[String]) -> End {
        let mut total = 0.0;
        for arg in args {
            if arg == "infinity" || arg == "inf" {
                return End::Never;
            }
            let (number, factor) = match arg.char_indices().last() {
                Some((at, 's')) => (&arg[..at], 1.0),
                Some((at, 'm')) => (&arg[..at], 60.0),
                Some((at, 'h')) => (&arg[..at], 3600.0),
                Some((at, 'd')) => (&arg[..at], 86_400.0),
                _ => (arg.as_str(), 1.0),
            };
            match number.parse::<f64>() {
                Ok(seconds) if (0.0..1e11).contains(&seconds) => total += seconds * factor,
                _ => return End::Code(1),
            }
        }
        self.at = self.at + Duration::from_micros((total * 1e6) as i64);
        End::Code(0)
    }

    fn print(&mut self, text: &str, hidden: bool) {
        if !hidden {
            self.output.extend(text.trim_end_matches('\n').split('\n').map(|line| (self.at, line.to_string())));
        }
    }

    fn unknown(&mut self) -> End {
        if self.launch.restarts_always {
            return End::Never;
        }
        self.at = self.at + TASK_TIME;
        End::Code(0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    Then,
    And,
    Or,
}

/// Splits a script at `;`, line ends, `&&` and `||` outside quotes.
fn split(script: &str) -> Vec<(Joint, String)> {
    let mut parts = Vec::new();
    let mut joint = Joint::Then;
    let mut current = String::new();
    let mut quote: Option<char> = None;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        let next = match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                None
            }
            (c, Some(q)) if c == q => {
                quote = None;
                None
            }
            (';' | '\n', None) => Some(Joint::Then),
            ('&', None) if chars.next_if_eq(&'&').is_some() => Some(Joint::And),
            ('|', None) if chars.next_if_eq(&'|').is_some() => Some(Joint::Or),
            _ => None,
        };
        match next {
            Some(next) => {
                parts.push((joint, std::mem::take(&mut current)));
                joint = next;
            }
            None => current.push(c),
        }
    }
    parts.push((joint, current));
    parts
}

/// Splits a command into words, with quotes taken off.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in command.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                current.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(current.take()),
            (c, _) => current.get_or_insert_default().push(c),
        }
    }
    words.extend(current);
    words
}

/// Takes redirections off a command; true when its output goes to a file.
fn redirected(words: &[String]) -> (Vec<String>, bool) {
    let to_file =
        words.iter().position(|w| w.starts_with('>') || w.starts_with("2>") || w.starts_with("1>") || w == "<");
    match to_file {
        Some(0) | None => (words.to_vec(), false),
        Some(at) => (
            words[..at].to_vec(),
            words[at].starts_with('>') && !words[at].contains("/dev/std") || words[at].starts_with("1>"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(image: &str, words: &[&str], always: bool) -> Program {
        let words: Vec<String> = words.iter().map(|w| w.to_string()).collect();
        guess(&Launch { image, words: &words, restarts_always: always, start: Time::from_secs(1_767_225_600) })
    }

    #[test]
    fn commands_are_understood() {
        let secs = Duration::from_secs;
        type Case<'a> = (&'a [&'a str], Option<Duration>, i64, &'a [&'a str]);
        let cases: &[Case] = &[
            (&["true"], Some(secs(0)), 0, &[]),
            (&["false"], Some(secs(0)), 1, &[]),
            (&["sleep", "5"], Some(secs(5)), 0, &[]),
            (&["sleep", "infinity"], None, 0, &[]),
            (&["sh", "-c", "echo hi; sleep 2; exit 3"], Some(secs(2)), 3, &["hi"]),
            (&["sh", "-c", "false && echo no || echo yes"], Some(secs(0)), 0, &["yes"]),
            (&["/bin/sh", "-ec", "while true; do sleep 1; done"], None, 0, &[]),
            (&["date"], Some(secs(0)), 0, &["Thu Jan  1 00:00:00 UTC 2026"]),
            (&["sh", "-c", "echo 'a; b' > /tmp/x; echo done"], Some(secs(0)), 0, &["done"]),
            (&["nginx", "-g", "daemon off;"], None, 0, &[]),
        ];
        for (words, runs, code, output) in cases {
            let program = run("busybox", words, true);
            let lines: Vec<&str> = program.output.iter().map(|(_, l)| l.as_str()).collect();
            assert_eq!((program.runs, program.exit_code, lines.as_slice()), (*runs, *code, *output), "{words:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_a_service_or_a_task() {
        assert_eq!(run("perl", &["perl", "-e", "1"], true).runs, None);
        assert_eq!(run("perl", &["perl", "-e", "1"], false).runs, Some(TASK_TIME));
        assert_eq!(run("nginx:1.25", &[], false).runs, None);
        assert_eq!(run("docker.io/library/hello-world", &[], true).runs, Some(Duration::ZERO));
    }
}
