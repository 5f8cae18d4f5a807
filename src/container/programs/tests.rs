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

files!(
    awk, awk2, gnuawk, patterns, readers, sorting, grepping, copying, listing, making, sed, words, encoding, gnu,
    finding
);

#[test]
fn calls_are_parsed() {
    let cases = cases("# x\n$ a\nb\nbusybox$ c\n2> d\ngnu$ c\n= 1\n", "gnu");
    let lines: Vec<&str> = cases.iter().map(|case| case.line.as_str()).collect();
    assert_eq!(lines, ["a", "c"]);
    assert_eq!(cases[1].answer, ["= 1"]);
}

/// Runs a line for some virtual seconds; returns what it has printed by then.
fn printed_after(image: &str, line: &str, seconds: i64) -> String {
    let mut world = world(image, &["sleep", "infinity"]);
    let mut surroundings = Nowhere(1);
    let session = match world.exec(&mut surroundings, "main", &["sh", "-c", line].map(String::from), false, false) {
        Ok(session) => session,
        Err(errno) => return format!("{errno:?}"),
    };
    world.run(&mut surroundings, start() + Duration::from_secs(seconds), 100_000);
    let out = world.take_output(session).into_iter().filter(|(stream, _)| *stream == Stream::Out);
    String::from_utf8_lossy(&out.flat_map(|(_, bytes)| bytes).collect::<Vec<_>>()).into_owned()
}

#[test]
fn filters_print_as_input_arrives() {
    let lines = "(echo a1; sleep 2; echo b2; sleep 60)";
    for filter in ["cat", "grep .", "sed s/x/y/", "awk '{print}'", "cut -c1-", "tr x y", "tee /tmp/t", "uniq", "head"] {
        for image in ["busybox", "debian"] {
            assert_eq!(
                printed_after(image, &format!("{lines} | {filter}"), 1),
                if filter == "uniq" { "" } else { "a1\n" }
            );
            let second = if filter == "uniq" { "a1\n" } else { "a1\nb2\n" };
            assert_eq!(printed_after(image, &format!("{lines} | {filter}"), 3), second, "{filter} {image}");
        }
    }
}

#[test]
fn tail_follows_a_file() {
    let line = "cd /tmp; echo old > x; (sleep 3; echo new >> x; sleep 60) & tail -f x | grep --line-buffered e";
    assert_eq!(printed_after("debian", line, 2), "");
    assert_eq!(printed_after("debian", line, 10), "new\n");
    let line = "cd /tmp; (sleep 3; echo new > x; sleep 60) & tail -F x";
    assert_eq!(printed_after("busybox", line, 10), "new\n");
}

#[test]
fn endless_programs_let_others_run_and_end_at_a_closed_pipe() {
    assert_eq!(printed_after("busybox", "yes | head -n 2; cat /dev/zero | head -c 3 | wc -c", 10), "y\ny\n3\n");
    assert_eq!(printed_after("debian", "seq 100000 | sort -n | tail -n 1; seq 100000 | wc -l", 10), "100000\n100000\n");
    assert_eq!(printed_after("debian", "awk 'BEGIN { while (1) n++ }'; echo $?", 10), "2\n");
    assert_eq!(printed_after("debian", "echo x | sed ':a;ba'; echo $?", 10), "4\n");
}

#[test]
fn figures_are_those_of_virtual_time_and_of_the_node() {
    let last =
        |line: &str, image: &str| printed_after(image, &format!("({line}) 2>&1 | tail -n 1"), 10).trim_end().to_owned();
    let slow = "(sleep 2; echo abc) | dd";
    assert_eq!(last(slow, "debian"), "4 bytes copied, 2 s, 0.0 kB/s");
    assert_eq!(last(slow, "busybox"), "4 bytes (4B) copied, 2.000000 seconds, 2B/s");
    let fast = "head -c 3000 /dev/zero | dd";
    assert_eq!(
        last(&format!("{fast} of=/dev/null"), "debian"),
        "3000 bytes (3.0 kB, 2.9 KiB) copied, 0 s, Infinity B/s"
    );
    assert_eq!(last(&format!("{fast} of=/dev/null"), "busybox"), "3000 bytes (2.9KB) copied, 0.000000 seconds, 0B/s");
    // The main process, the shell of the session, the subshell and the program itself take 4 MiB each.
    let memory = "free -m | awk 'NR == 2 { print $2, $3, $4, $5 }'";
    assert_eq!(last(memory, "busybox"), "1024 28 996 0");
    assert_eq!(last("grep -c '^processor' /proc/cpuinfo; nproc", "busybox"), "2");
    assert_eq!(last("sleep 7; cut -d. -f1 /proc/uptime", "debian"), "7");
}

#[test]
fn a_shell_is_a_process_for_the_programs_that_it_starts() {
    for (image, shell) in [("busybox", "sh"), ("debian", "bash")] {
        let mut world = world(image, &["sleep", "infinity"]);
        let answer =
            run(&mut world, "head -n 1 /proc/$$/status; cat /proc/$$/comm | cat; test -d /proc/$$ && echo yes");
        let name = answer[1].clone();
        assert_eq!(answer[..3], [format!("Name:\t{name}"), name.clone(), "yes".to_owned()], "{image}");
        assert!([shell, "sh"].contains(&name.as_str()), "{image} {name}");
    }
}

#[test]
fn a_full_disk_is_reported() {
    let line = "dd if=/dev/zero of=/big bs=1M count=40 2>&1 | head -n 1; fallocate -l 1T /x 2>&1; rm /big";
    let mut world = world("debian", &["sleep", "infinity"]);
    if let Some(tree) = world.trees.get_mut("root/main") {
        let used = tree.used();
        tree.set_capacity(used + (8 << 20));
    }
    let answer = run(&mut world, line);
    assert_eq!(answer[0], "dd: error writing '/big': No space left on device");
    assert_eq!(answer[1], "fallocate: fallocate failed: File too large");
}
