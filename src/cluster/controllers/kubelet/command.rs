//! The behaviour of a container, derived from its image and command: how long it runs, what it prints, how it exits.
//!
//! Nothing is executed. A few commands are understood (`sleep`, `exit`, `true`, `false`, `echo`, `printf`, `date`, joined by
//! `;`, `&&` and `||`, alone or in `sh -c`). Any other command is a service, which runs forever, or in a pod that is not
//! restarted after success a task, which succeeds after a moment.

use serde::{Deserialize, Serialize};

use kctl_base::sim::{Duration, Time};

/// Duration of a command that is not understood, if it is a task.
const TASK_TIME: Duration = Duration::from_secs(1);

/// The behaviour of one run of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Program {
    /// Duration; `None` is forever.
    pub(super) runs: Option<Duration>,
    /// Exit code, if it ends.
    pub(super) exit_code: i64,
    /// Lines that it prints, each with the time since its start.
    pub(super) output: Vec<(Duration, String)>,
    /// It is simulated in the inside of the pod, which has its output; the end is a forecast.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_inside: bool,
}

impl Program {
    /// Creates a service, which runs until it is stopped.
    pub(super) fn service() -> Program {
        Program { runs: None, exit_code: 0, output: Vec::new(), is_inside: false }
    }
}

/// A command about to be run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invocation<'a> {
    /// The image reference as the pod has it.
    pub(super) image: &'a str,
    /// `command` and `args`, with variables expanded.
    pub(super) argv: &'a [String],
    /// A command that is not understood is a service and not a task.
    pub(super) is_service: bool,
    /// Start of the run, which `date` prints.
    pub(super) start: Time,
}

/// Derives the behaviour of a run.
pub(super) fn derive(invocation: &Invocation<'_>) -> Program {
    if invocation.argv.is_empty() {
        return match base_name(invocation.image) {
            "hello-world" => Program {
                runs: Some(Duration::ZERO),
                exit_code: 0,
                output: vec![(Duration::ZERO, "Hello from Docker!".into())],
                is_inside: false,
            },
            _ => Program::service(),
        };
    }
    let mut run = Run { invocation, at: Duration::ZERO, output: Vec::new() };
    let end = run.exec(invocation.argv);
    let (runs, exit_code) = match end {
        End::Code(code) => (Some(run.at), code),
        End::Never => (None, 0),
    };
    Program { runs, exit_code, output: run.output, is_inside: false }
}

/// Returns the last part of the repository: `nginx` of `registry.example.com/library/nginx:1.25@sha256:...`.
fn base_name(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next().unwrap_or(name)
}

/// Result of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Code(i64),
    Never,
}

/// A run up to a command of its script.
struct Run<'a> {
    invocation: &'a Invocation<'a>,
    /// Time since the start.
    at: Duration,
    output: Vec<(Duration, String)>,
}

impl Run<'_> {
    /// Runs a command as the container runtime executes it.
    fn exec(&mut self, argv: &[String]) -> End {
        let name = argv[0].rsplit('/').next().unwrap_or("");
        if matches!(name, "sh" | "bash" | "ash" | "dash") {
            let script = argv.iter().position(|w| w.starts_with('-') && w.contains('c') && !w.starts_with("--"));
            return match script.and_then(|at| argv.get(at + 1)) {
                Some(script) => self.script(script),
                None if argv.len() == 1 => End::Code(0),
                None => self.unknown(),
            };
        }
        self.command(argv)
    }

    /// Runs a shell script of simple commands.
    fn script(&mut self, script: &str) -> End {
        let mut last = End::Code(0);
        for (operator, command) in split(script) {
            let skip = match (operator, last) {
                (Operator::And, End::Code(code)) => code != 0,
                (Operator::Or, End::Code(code)) => code == 0,
                _ => false,
            };
            if skip {
                continue;
            }
            // Quotes are unbalanced in here-documents and other syntax that is not interpreted.
            let Some(words) = shlex::split(&command) else { return self.unknown() };
            let Some(first) = words.first() else { continue };
            if first == "exit" {
                return End::Code(words.get(1).and_then(|c| c.parse().ok()).unwrap_or(match last {
                    End::Code(code) => code,
                    End::Never => 0,
                }));
            }
            if matches!(first.as_str(), "while" | "until" | "for" | "if" | "case" | "trap") {
                // Compound commands are not interpreted, but an endless loop is recognised.
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

    /// Runs a simple command.
    fn command(&mut self, words: &[String]) -> End {
        let (words, is_redirected) = without_redirections(words);
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
                let has_option = args.first().is_some_and(|a| a == "-n" || a == "-e");
                let text = args[usize::from(has_option)..].join(" ");
                self.print(&text.replace("\\n", "\n"), is_redirected);
                End::Code(0)
            }
            "date" => {
                let now = self.invocation.start + self.at;
                self.print(&now.to_chrono().format("%a %b %e %H:%M:%S UTC %Y").to_string(), is_redirected);
                End::Code(0)
            }
            "hostname" | "ls" | "cat" | "env" | "id" | "whoami" | "pwd" | "test" | "[" => End::Code(0),
            _ => self.unknown(),
        }
    }

    /// Adds up the durations; like coreutils it accepts fractions and the suffixes s, m, h and d.
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

    fn print(&mut self, text: &str, is_redirected: bool) {
        if !is_redirected {
            self.output.extend(text.trim_end_matches('\n').split('\n').map(|line| (self.at, line.to_string())));
        }
    }

    /// Runs a command that is not understood.
    fn unknown(&mut self) -> End {
        if self.invocation.is_service {
            return End::Never;
        }
        self.at = self.at + TASK_TIME;
        End::Code(0)
    }
}

/// The operator before a command of a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// `;`, a line end, or none.
    Sequence,
    And,
    Or,
}

/// Splits a script into commands at `;`, line ends, `&&` and `||` outside quotes.
fn split(script: &str) -> Vec<(Operator, String)> {
    let mut parts = Vec::new();
    let mut operator = Operator::Sequence;
    let mut current = String::new();
    let mut quote: Option<char> = None;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        let next = match (c, quote) {
            // A backslash takes the special meaning from the next character, except in single quotes.
            ('\\', None | Some('"')) => {
                current.push(c);
                current.extend(chars.next());
                continue;
            }
            ('\'' | '"', None) => {
                quote = Some(c);
                None
            }
            (c, Some(q)) if c == q => {
                quote = None;
                None
            }
            (';' | '\n', None) => Some(Operator::Sequence),
            ('&', None) if chars.next_if_eq(&'&').is_some() => Some(Operator::And),
            ('|', None) if chars.next_if_eq(&'|').is_some() => Some(Operator::Or),
            _ => None,
        };
        match next {
            Some(next) => {
                parts.push((operator, std::mem::take(&mut current)));
                operator = next;
            }
            None => current.push(c),
        }
    }
    parts.push((operator, current));
    parts
}

/// Returns a command without its redirections, and whether its output is redirected to a file.
fn without_redirections(words: &[String]) -> (Vec<String>, bool) {
    let first = words.iter().position(|w| w.starts_with('>') || w.starts_with("2>") || w.starts_with("1>") || w == "<");
    match first {
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

    fn run(image: &str, argv: &[&str], is_service: bool) -> Program {
        let argv: Vec<String> = argv.iter().map(|w| w.to_string()).collect();
        derive(&Invocation { image, argv: &argv, is_service, start: Time::from_secs(1_767_225_600) })
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
            (&["sh", "-c", "# a comment\necho \"a  b\"c"], Some(secs(0)), 0, &["a  bc"]),
            (&["sh", "-c", "echo \"a; \\\"b; c\\\"\"; exit 1"], Some(secs(0)), 1, &["a; \"b; c\""]),
            (&["sh", "-c", "cat <<END\nit's\nEND"], None, 0, &[]),
        ];
        for (argv, runs, code, output) in cases {
            let program = run("busybox", argv, true);
            let lines: Vec<&str> = program.output.iter().map(|(_, l)| l.as_str()).collect();
            assert_eq!((program.runs, program.exit_code, lines.as_slice()), (*runs, *code, *output), "{argv:?}");
        }
    }

    #[test]
    fn other_commands_are_services_or_tasks() {
        assert_eq!(run("perl", &["perl", "-e", "1"], true).runs, None);
        assert_eq!(run("perl", &["perl", "-e", "1"], false).runs, Some(TASK_TIME));
        assert_eq!(run("nginx:1.25", &[], false).runs, None);
        assert_eq!(run("docker.io/library/hello-world", &[], true).runs, Some(Duration::ZERO));
    }
}
