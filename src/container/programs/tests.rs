//! Runs the calls of `testdata/*.calls` and compares with what the real programs have answered (`testdata/record.py`).

use kctl_base::sim::Duration;

use crate::fs::{Attributes, NodeKind};
use crate::process::Status;
use crate::shell::tests::{Nowhere, start, world};
use crate::world::{Stream, World};

/// A call with the answer of one flavour.
pub(super) struct Case {
    pub(super) line: String,
    pub(super) answer: Vec<String>,
}

/// Returns the calls of a file that a flavour has.
pub(super) fn cases(text: &str, flavour: &str) -> Vec<Case> {
    let mut cases: Vec<(bool, Case)> = Vec::new();
    for line in text.lines() {
        let call = ["busybox$ ", "gnu$ ", "$ "].iter().find_map(|prefix| Some((*prefix, line.strip_prefix(prefix)?)));
        match call {
            Some((prefix, call)) => {
                let is_wanted = prefix == "$ " || prefix.strip_suffix("$ ") == Some(flavour);
                cases.push((is_wanted, Case { line: call.to_owned(), answer: Vec::new() }));
            }
            None => {
                if let Some((_, case)) = cases.last_mut() {
                    case.answer.push(line.to_owned());
                }
            }
        }
    }
    cases.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, case)| case).collect()
}

/// Runs a line in the shell of the container; returns its answer as the files have it.
fn run(world: &mut World, line: &str) -> Vec<String> {
    let mut surroundings = Nowhere(1);
    let argv = ["sh", "-c", &format!("cd /w; {line}")].map(String::from);
    let session = match world.exec(&mut surroundings, "main", &argv, false, false) {
        Ok(session) => session,
        Err(errno) => return vec![format!("{errno:?}")],
    };
    let outcome = world.run(&mut surroundings, world.now + Duration::from_secs(20), 100_000);
    let status = world.sessions[&session].status.map_or(if outcome.is_exhausted { -2 } else { -1 }, Status::code);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for (stream, bytes) in world.take_output(session) {
        if stream == Stream::Out { &mut out } else { &mut err }.extend(bytes);
    }
    let out = String::from_utf8_lossy(&out).into_owned();
    let err = String::from_utf8_lossy(&err).into_owned();
    let mut lines: Vec<String> = out.split('\n').map(String::from).collect();
    if let Some(tail) = lines.pop().filter(|tail| !tail.is_empty()) {
        lines.push(tail + "\\");
    }
    // Usage messages of busybox are compared but for their text.
    let err = err.split("BusyBox v").next().unwrap_or_default();
    lines.extend(err.lines().map(|line| format!("2> {line}")));
    if status != 0 {
        lines.push(format!("= {status}"));
    }
    lines
}

/// Compares all calls of a file; prints what differs.
fn check(text: &str, flavour: &str, image: &str) -> Vec<String> {
    let mut world = world(image, &["sleep", "infinity"]);
    let now = world.now;
    if let Some(tree) = world.trees.get_mut("root/main") {
        let _ = tree.put("/w", NodeKind::Directory(Default::default()), Attributes::root(0o755, now));
    }
    // Images lack some of the programs.
    for name in crate::programs::names() {
        let (file, attributes) = (NodeKind::File("".into()), Attributes::root(0o755, now));
        let _ =
            world.trees.get_mut("root/main").map(|tree| tree.put(&format!("/usr/local/bin/{name}"), file, attributes));
    }
    world.run(&mut Nowhere(1), start(), 1000);
    let mut differences = Vec::new();
    for case in cases(text, flavour) {
        let answer = run(&mut world, &case.line);
        if answer != case.answer {
            let (wanted, got) = (case.answer.join("\n"), answer.join("\n"));
            differences.push(format!("{flavour}$ {}\n--- wanted\n{wanted}\n--- got\n{got}\n", case.line));
        }
    }
    differences
}

fn check_both(text: &str) {
    let mut differences = check(text, "busybox", "busybox");
    differences.extend(check(text, "gnu", "debian"));
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

/// Defines a test for every file of calls.
macro_rules! files {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check_both(include_str!(concat!("../testdata/", stringify!($name), ".calls")));
        })*
    };
}

files!(awk, readers, sorting, grepping, copying, listing, making, sed, words, encoding, gnu);

#[test]
fn calls_are_parsed() {
    let cases = cases("# x\n$ a\nb\nbusybox$ c\n2> d\ngnu$ c\n= 1\n", "gnu");
    let lines: Vec<&str> = cases.iter().map(|case| case.line.as_str()).collect();
    assert_eq!(lines, ["a", "c"]);
    assert_eq!(cases[1].answer, ["= 1"]);
}
