//! Sessions recorded from a real control plane, and their conversion to transcripts that `kctl test` runs.
//!
//! The format of recordings: `$` is a command, `|` its standard output, `!` its standard error, `=` its exit code if it is not
//! 0, and `~` an action on the cluster. In a transcript, a function runs each command in a process of its own and prints
//! standard error, if there is any, behind a line `!`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use regex::Regex;

use super::Sandbox;

/// The steps before the first recorded command, in `DIRECTORY`.
const PREPARATION: &str = r#"  $ recorded() {
  >   bash -c "$1" >"$TMPDIR/out" 2>"$TMPDIR/err"; code=$?
  >   if [ -s "$TMPDIR/out" ]; then sed '$a\' "$TMPDIR/out"; fi
  >   if [ -s "$TMPDIR/err" ]; then echo '!'; sed '$a\' "$TMPDIR/err"; fi
  >   return $code
  > }
  $ cd DIRECTORY
"#;

/// Converts a recording to a transcript in cram's format whose commands run in a directory. Text stays text.
pub(crate) fn to_cram(recording: &str, seed: u64, directory: &str) -> String {
    let mut cram = format!("# kctl: seed={seed}\n{}", PREPARATION.replace("DIRECTORY", directory));
    let (mut code, mut has_errors) = (String::new(), false);
    for line in recording.lines() {
        let (sign, rest) = (line.chars().next().unwrap_or('#'), line.get(2..).unwrap_or(""));
        if matches!(sign, '$' | '~' | '#') {
            cram.push_str(&std::mem::take(&mut code));
            has_errors = false;
        }
        let written = match sign {
            '$' => writeln!(cram, "  $ recorded {}", quote(rest)),
            '~' => writeln!(cram, "  $ {} >/dev/null", action(rest.trim())),
            '|' => writeln!(cram, "  {rest}"),
            '!' if std::mem::replace(&mut has_errors, true) => writeln!(cram, "  {rest}"),
            '!' => writeln!(cram, "  !\n  {rest}"),
            '=' => writeln!(code, "  [{}]", rest.trim()),
            _ => writeln!(cram, "{line}"),
        };
        written.expect("a string takes all writes");
    }
    cram + &code
}

/// The command of an action.
fn action(action: &str) -> String {
    match action.split_once("-node ") {
        Some((verb, node)) => format!("kctl sim node {verb} {node}"),
        None => format!("kctl clock {action}"),
    }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The result of a recorded command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// The command as the transcript has it.
    pub(crate) command: String,
    /// The difference from the recorded output; `None` if it agrees.
    pub(crate) difference: Option<String>,
    /// Its output, in XML.
    pub(crate) output: String,
}

/// Runs a transcript in the working directory of a sandbox with `kctl test --like-cluster`, and returns the results of its
/// recorded commands.
pub(crate) fn replay(sandbox: &Sandbox, transcript: &str) -> Vec<Replayed> {
    std::fs::write(sandbox.path("session.t"), transcript).expect("a transcript");
    let command = "kctl test --like-cluster --timeout=120s --junit=report.xml session.t";
    let done = sandbox.run(command);
    assert!(done.code < 2 && done.err.is_empty(), "$ {command}\n{}{}", done.out, done.err);
    cases(&sandbox.path("report.xml"))
        .into_iter()
        .filter(|case| case.command.starts_with("recorded &apos;") || case.command.starts_with("recorded '"))
        .collect()
}

/// The test cases of a report.
fn cases(report: &Path) -> Vec<Replayed> {
    let report = std::fs::read_to_string(report).expect("a report");
    let case = Regex::new(r#"(?s)<testcase name="line \d+: ([^"]*)"[^>]*>(.*?)</testcase>"#).expect("a pattern");
    let output = Regex::new(r"(?s)<system-out>(.*)</system-out>").expect("a pattern");
    let failure = Regex::new(r"(?s)<failure[^>]*>(.*)</failure>").expect("a pattern");
    let inner = |pattern: &Regex, text: &str| pattern.captures(text).map(|found| found[1].to_string());
    let read = |found: regex::Captures<'_>| Replayed {
        command: found[1].to_string(),
        difference: inner(&failure, &found[2]),
        output: inner(&output, &found[2]).unwrap_or_default(),
    };
    case.captures_iter(&report).map(read).collect()
}

/// Compares the steps that differ with those that are known to, which have numbers from 1 on. Returns a failure for each
/// step that differs and is not known, or is known and agrees.
pub(crate) fn failures(name: &str, steps: &[Replayed], known: &BTreeSet<usize>) -> Vec<String> {
    let failure = |(number, step): (usize, &Replayed)| match (&step.difference, known.contains(&number)) {
        (Some(difference), false) => Some(format!("{name}:{number} differs\n{difference}")),
        (None, true) => Some(format!("{name}:{number} agrees now: remove it from the list")),
        _ => None,
    };
    steps.iter().enumerate().filter_map(|(at, step)| failure((at + 1, step))).collect()
}

/// The numbers of the steps of a session in a list of rows `NAME:NUMBER REASON`.
pub(crate) fn known_differences(list: &str, name: &str) -> BTreeSet<usize> {
    let rows = list.lines().filter_map(|l| l.split_whitespace().next()).filter_map(|w| w.split_once(':'));
    rows.filter(|(file, _)| *file == name).filter_map(|(_, step)| step.parse().ok()).collect()
}

#[test]
fn recordings_become_transcripts() {
    let recording = "# Text.\n$ kubectl get 'a'\n| x\n|\n! e\n! f\n= 1\n~ stop-node 2\n~ advance 5s\n$ b\n= 2\n";
    let expected = "# Text.\n  $ recorded 'kubectl get '\\''a'\\'''\n  x\n  \n  !\n  e\n  f\n  [1]\n  \
                    $ kctl sim node stop 2 >/dev/null\n  $ kctl clock advance 5s >/dev/null\n  $ recorded 'b'\n  [2]\n";
    let cram = to_cram(recording, 7, "d");
    assert!(
        cram.starts_with("# kctl: seed=7\n") && cram.contains("\n  $ cd d\n") && cram.ends_with(expected),
        "{cram}"
    );
}
