//! The behaviour of a run that image and command alone decide: how long it runs, what it prints, how it exits.
//!
//! Most containers are services, sleep, or print a line and end: for them no inside is made until somebody looks. A command of
//! which more can depend (variables, files, time, the network) is left to the simulation of the inside.

use serde::{Deserialize, Serialize};

use kctl_base::sim::{Duration, Time};
use kctl_container::{Image, ends_by_itself, is_shell, simulates};

/// Duration of a command that is not simulated, if it is a task.
const TASK_TIME: Duration = Duration::from_secs(1);

/// What a word of a plain script may contain: nothing that a shell expands, redirects or escapes.
const SPECIAL: &[char] =
    &['$', '`', '\\', '*', '?', '[', ']', '~', '<', '>', '(', ')', '{', '}', '#', '!', '=', '\r', '\t'];

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
    /// The kernel kills it in the end, for want of memory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_out_of_memory: bool,
    /// It has been asked to stop; the exit code is that of this end.
    #[serde(default, rename = "is_condemned", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_terminating: bool,
}

impl Program {
    /// Creates a service, which runs until it is stopped.
    pub(super) fn service() -> Program {
        Program {
            runs: None,
            exit_code: 0,
            output: Vec::new(),
            is_inside: false,
            is_out_of_memory: false,
            is_terminating: false,
        }
    }

    /// Creates a run that is simulated in the inside of the pod.
    pub(super) fn inside() -> Program {
        Program { is_inside: true, ..Program::service() }
    }

    fn task(runs: Duration) -> Program {
        Program { runs: Some(runs), ..Program::service() }
    }
}

/// A command about to be run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invocation<'a> {
    /// The image reference as the pod has it.
    pub(super) image: &'a str,
    /// `command` and `args`, with variables expanded.
    pub(super) argv: &'a [String],
    /// A command that is not simulated is a service and not a task.
    pub(super) is_service: bool,
    /// Start of the run, which `date` prints.
    pub(super) start: Time,
}

/// Decides the behaviour of a run; `None` if the inside has to be simulated for that.
pub(super) fn decide(invocation: &Invocation<'_>) -> Option<Program> {
    let words: Vec<&str> = invocation.argv.iter().map(String::as_str).collect();
    let Some(first) = words.first() else { return of_image(invocation.image) };
    match (base_name(first), &words[1..]) {
        // A variable that is not a literal one, or one with references.
        ("echo", args) if args.iter().any(|arg| arg.contains("$(")) => None,
        ("true" | "false" | "sleep" | "echo" | "date", _) => Run::new(invocation.start).decide_alone(&words),
        ("tail", ["-f", "/dev/null"]) => Some(Program::service()),
        (name, ["-c", script]) if is_shell(name) => Run::new(invocation.start).decide_script(script),
        _ if is_client(invocation.image) => None,
        // What a script does is seen inside.
        ("python" | "python3", ["-c", ..] | ["-u", "-c", ..]) if Image::of(invocation.image).brings(first) => None,
        (name, _) if is_main_program(invocation.image, first) || !(is_shell(name) || simulates(name)) => {
            Some(if invocation.is_service { Program::service() } else { Program::task(TASK_TIME) })
        }
        _ => None,
    }
}

/// Returns the behaviour of an image without a command; `None` if its inside decides that.
fn of_image(image: &str) -> Option<Program> {
    match image_name(image) {
        "hello-world" => Some(Program {
            output: vec![(Duration::ZERO, "Hello from Docker!".into())],
            ..Program::task(Duration::ZERO)
        }),
        _ if is_client(image) => None,
        _ => Some(Program::service()),
    }
}

/// Returns whether the program of an image is simulated and ends by itself: its arguments are left to the inside. A start
/// script is no such program: what it starts is a server.
fn is_client(image: &str) -> bool {
    let image = Image::of(image);
    let main = image.command.first().or_else(|| image.entrypoint.first()).map_or("", |main| base_name(main));
    ends_by_itself(main)
}

/// Returns whether a program is the server that an image brings.
pub(super) fn is_main_program(image: &str, program: &str) -> bool {
    let image = Image::of(image);
    let main = image.entrypoint.iter().chain(image.command).next();
    main.is_some_and(|main| base_name(main) == base_name(program) && !is_shell(base_name(main)))
        || image.command.first().is_some_and(|own| *own == program && !is_shell(base_name(own)))
}

/// Returns the last part of a path.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or("")
}

/// Returns the last part of the repository: `nginx` of `registry.example.com/library/nginx:1.25@sha256:...`.
fn image_name(image: &str) -> &str {
    let name = base_name(image);
    name.split([':', '@']).next().unwrap_or(name)
}

/// Result of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Code(i64),
    Exit(i64),
    Never,
}

/// A run up to a command of its script.
struct Run {
    start: Time,
    /// Time since the start.
    at: Duration,
    output: Vec<(Duration, String)>,
}

impl Run {
    fn new(start: Time) -> Run {
        Run { start, at: Duration::ZERO, output: Vec::new() }
    }

    fn decide_alone(mut self, words: &[&str]) -> Option<Program> {
        let end = self.command(words)?;
        Some(self.end(end))
    }

    /// Decides a script of plain commands; `None` if there is anything else in it.
    fn decide_script(mut self, script: &str) -> Option<Program> {
        if script.contains(SPECIAL) {
            return None;
        }
        let mut last = End::Code(0);
        for (operator, command) in split(script)? {
            let is_skipped = match (operator, last) {
                (Operator::And, End::Code(code)) => code != 0,
                (Operator::Or, End::Code(code)) => code == 0,
                _ => false,
            };
            let words = shlex::split(&command)?;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                [] if operator == Operator::Sequence => continue,
                [] => return None,
                // What is skipped has to be plain, too: it may be the begin of something else.
                words if is_skipped => is_plain(words).then_some(())?,
                words => last = self.command(words)?,
            }
            if !matches!(last, End::Code(_)) {
                break;
            }
        }
        Some(self.end(last))
    }

    /// Runs a plain command; `None` for any other.
    fn command(&mut self, words: &[&str]) -> Option<End> {
        if !is_plain(words) {
            return None;
        }
        let args = &words[1..];
        match base_name(words[0]) {
            "true" | ":" => Some(End::Code(0)),
            "false" => Some(End::Code(1)),
            "exit" => Some(End::Exit(args[0].parse().ok()?)),
            "sleep" => self.sleep(args),
            "echo" => {
                self.output.push((self.at, args.join(" ")));
                Some(End::Code(0))
            }
            "date" => {
                let now = self.start + self.at;
                self.output.push((self.at, now.to_chrono().format("%a %b %e %H:%M:%S UTC %Y").to_string()));
                Some(End::Code(0))
            }
            _ => None,
        }
    }

    /// Adds up the durations; like coreutils it accepts fractions and the suffixes s, m, h and d.
    fn sleep(&mut self, args: &[&str]) -> Option<End> {
        let mut total = 0.0;
        for arg in args {
            if matches!(*arg, "infinity" | "inf") {
                return Some(End::Never);
            }
            total += seconds(arg)?;
        }
        self.at = self.at + Duration::from_micros((total * 1e6) as i64);
        Some(End::Code(0))
    }

    fn end(self, end: End) -> Program {
        let (runs, exit_code) = match end {
            End::Code(code) | End::Exit(code) => (Some(self.at), code),
            End::Never => (None, 0),
        };
        Program { runs, exit_code, output: self.output, ..Program::service() }
    }
}

/// Parses an argument of `sleep`; `None` for one that it rejects.
fn seconds(arg: &str) -> Option<f64> {
    let (number, factor) = match arg.char_indices().last()? {
        (at, 's') => (&arg[..at], 1.0),
        (at, 'm') => (&arg[..at], 60.0),
        (at, 'h') => (&arg[..at], 3600.0),
        (at, 'd') => (&arg[..at], 86_400.0),
        _ => (arg, 1.0),
    };
    let is_plain = number.starts_with(|c: char| c.is_ascii_digit()) && !number.contains(['e', 'x', 'E', 'X']);
    let seconds = number.parse::<f64>().ok().filter(|_| is_plain)?;
    (0.0..1e11).contains(&seconds).then_some(seconds * factor)
}

/// Returns whether the behaviour of a command follows from its words.
fn is_plain(words: &[&str]) -> bool {
    let args = &words[1..];
    match base_name(words[0]) {
        "true" | "false" | ":" => true,
        "exit" => args.len() == 1 && args[0].parse::<u8>().is_ok(),
        "sleep" => {
            !args.is_empty() && args.iter().all(|arg| matches!(*arg, "infinity" | "inf") || seconds(arg).is_some())
        }
        "echo" => !args.first().is_some_and(|arg| arg.starts_with('-')),
        "date" => args.is_empty(),
        _ => false,
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

/// Splits a script into commands at `;`, line ends, `&&` and `||` outside quotes; `None` for one with other operators.
fn split(script: &str) -> Option<Vec<(Operator, String)>> {
    let mut parts = Vec::new();
    let mut operator = Operator::Sequence;
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
            (';', None) if chars.peek() == Some(&';') => return None,
            (';' | '\n', None) => Some(Operator::Sequence),
            ('&', None) if chars.next_if_eq(&'&').is_some() => Some(Operator::And),
            ('|', None) if chars.next_if_eq(&'|').is_some() => Some(Operator::Or),
            ('&' | '|', None) => return None,
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
    quote.is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(image: &str, argv: &[&str], is_service: bool) -> Option<Program> {
        let argv: Vec<String> = argv.iter().map(|w| w.to_string()).collect();
        decide(&Invocation { image, argv: &argv, is_service, start: Time::from_secs(1_767_225_600) })
    }

    #[test]
    fn plain_commands_are_decided() {
        let secs = Duration::from_secs;
        type Case<'a> = (&'a [&'a str], Option<Duration>, i64, &'a [&'a str]);
        let cases: &[Case] = &[
            (&["true"], Some(secs(0)), 0, &[]),
            (&["false"], Some(secs(0)), 1, &[]),
            (&["sleep", "5"], Some(secs(5)), 0, &[]),
            (&["sleep", "infinity"], None, 0, &[]),
            (&["/bin/date"], Some(secs(0)), 0, &["Thu Jan  1 00:00:00 UTC 2026"]),
            (&["echo", "a\\nb", "$HOME"], Some(secs(0)), 0, &["a\\nb $HOME"]),
            (&["sh", "-c", "echo hi; sleep 2; exit 3"], Some(secs(2)), 3, &["hi"]),
            (&["sh", "-c", "false && echo no || echo yes"], Some(secs(0)), 0, &["yes"]),
            (&["sh", "-c", "date"], Some(secs(0)), 0, &["Thu Jan  1 00:00:00 UTC 2026"]),
            (&["tail", "-f", "/dev/null"], None, 0, &[]),
            (&["/bin/sh", "-c", "echo 'a; b' \"c  d\" && sleep 1m"], Some(secs(60)), 0, &["a; b c  d"]),
            (&["sh", "-c", "exit 2; echo never"], Some(secs(0)), 2, &[]),
        ];
        for (argv, runs, code, output) in cases {
            let program = run("busybox", argv, true).expect("a plain command");
            let lines: Vec<&str> = program.output.iter().map(|(_, l)| l.as_str()).collect();
            assert_eq!((program.runs, program.exit_code, lines.as_slice()), (*runs, *code, *output), "{argv:?}");
        }
    }

    #[test]
    fn everything_else_that_a_shell_does_is_left_to_the_inside() {
        for script in [
            "echo $HOME",
            "echo hi > /tmp/x",
            "while true; do sleep 1; done",
            "echo -n x",
            "sleep 1 & wait",
            "echo a | cat",
            "false && cat x; echo y",
            "echo 'open",
            "echo a;; echo b",
            "sleep x",
            "exit 300",
            "cat /etc/hosts",
            "echo *",
        ] {
            assert_eq!(run("busybox", &["sh", "-c", script], true), None, "{script}");
        }
        assert_eq!(run("busybox", &["sh", "-ec", "true"], true), None);
        assert_eq!(run("busybox", &["echo", "$(MESSAGE)"], true), None);
        for argv in [&["curl", "-s", "http://web"] as &[&str], &["-s", "http://web"], &[]] {
            assert_eq!(run("curlimages/curl", argv, false), None, "{argv:?}");
        }
    }

    #[test]
    fn other_commands_are_services_or_tasks() {
        let program = |image: &str, argv: &[&str], is_service| run(image, argv, is_service).expect("decided");
        assert_eq!(program("app", &["/app/server", "-v"], true).runs, None);
        assert_eq!(program("openjdk", &["java", "-jar", "app.jar"], false).runs, Some(TASK_TIME));
        assert_eq!(run("perl", &["perl", "-e", "print 1"], false), None);
        assert_eq!(run("python:3", &["python3", "-c", "print(1)"], false), None);
        assert_eq!(program("app", &["python3", "-c", "print(1)"], false).runs, Some(TASK_TIME));
        assert_eq!(program("python:3", &["python3", "app.py"], true).runs, None);
        assert_eq!(program("nginx:1.25", &[], false).runs, None);
        assert_eq!(program("fluentd-elasticsearch:1.20", &[], true).runs, None);
        assert_eq!(program("docker.io/library/hello-world", &[], true).runs, Some(Duration::ZERO));
        let decides = |words: &[&str]| {
            let argv: Vec<String> = words.iter().map(ToString::to_string).collect();
            let (image, start) = ("curlimages/curl:8.17.0", Time::from_secs(1_767_225_600));
            decide(&Invocation { image, argv: &argv, is_service: true, start }).is_some()
        };
        assert!(
            !decides(&[]) && !decides(&["-sS", "http://web"]) && !decides(&["curl", "web"]) && decides(&["sleep", "9"])
        );
    }
}
