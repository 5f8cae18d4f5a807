//! The commands of the five seed documents, each document in its own sandbox.
//!
//! `testdata/seed-commands/*.txt` are transcripts (see [`crate::transcripts`]); a comment before each step names its entry in
//! the list of commands. A `~` line prepares something: `settle`, `advance`, or a whole command whose output is
//! ignored. Where a document shows output of an older Kubernetes version, the transcript has that of the current one.
//! `KCTL_RECORD=1` records the output of the commands, to be reviewed before it is committed. Steps that are known to differ
//! are listed in `differs.txt` with the reason; that list may only get shorter.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::harness::{Output, Sandbox, copy_tree, testdata};
use crate::transcripts::{Line, Step, agrees, parse};

fn folder() -> PathBuf {
    testdata().join("seed-commands")
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(9);
    copy_tree(&testdata().join("seeds"), &sandbox.path("seeds"));
    sandbox
}

/// Executes a `~` line.
fn prepare(sandbox: &Sandbox, action: &str) {
    let is_clock = action.starts_with("settle") || action.starts_with("advance");
    sandbox.must(&if is_clock { format!("kctl clock {action}") } else { action.to_string() });
}

/// Runs a document and returns the output of each step.
fn replay(lines: &[Line]) -> Vec<Output> {
    let sandbox = sandbox();
    let mut outputs = Vec::new();
    for line in lines {
        match line {
            Line::Step(step) => outputs.push(sandbox.run(&step.command)),
            Line::Action(action) => prepare(&sandbox, action),
        }
    }
    outputs
}

/// The steps of a document that are known to differ, with the reason: `000:7 reason`.
fn known_differences(document: &str) -> BTreeMap<usize, String> {
    let list = std::fs::read_to_string(folder().join("differs.txt")).unwrap_or_default();
    let rows = list.lines().filter_map(|l| l.strip_prefix(document)?.strip_prefix(':')?.split_once(' '));
    rows.filter_map(|(step, reason)| Some((step.parse().ok()?, reason.to_string()))).collect()
}

/// Replaces the outputs in a transcript.
fn recorded(text: &str, outputs: &[Output]) -> String {
    let mut outputs = outputs.iter();
    let mut new = String::new();
    for line in text.lines().filter(|l| !l.starts_with(['|', '!', '='])) {
        new.push_str(&format!("{line}\n"));
        let Some(output) = line.strip_prefix("$ ").and_then(|_| outputs.next()) else { continue };
        for (sign, text) in [('|', &output.out), ('!', &output.err)] {
            text.lines().for_each(|l| new.push_str(&format!("{sign} {l}\n")));
        }
        if output.code != 0 {
            new.push_str(&format!("= {}\n", output.code));
        }
    }
    new
}

fn check(document: &str) {
    let file = folder().join(format!("{document}.txt"));
    let mut text = std::fs::read_to_string(&file).expect("a transcript");
    let mut lines = parse(&text);
    let outputs = replay(&lines);
    if std::env::var_os("KCTL_RECORD").is_some() {
        text = recorded(&text, &outputs);
        std::fs::write(&file, &text).expect("a transcript");
        lines = parse(&text);
    }
    let steps: Vec<&Step> = lines.iter().filter_map(|l| if let Line::Step(s) = l { Some(s) } else { None }).collect();
    let known = known_differences(document);
    let mut failures = Vec::new();
    for (number, (step, got)) in steps.iter().zip(&outputs).enumerate().map(|(n, s)| (n + 1, s)) {
        match (agrees(step, got), known.contains_key(&number)) {
            (false, false) => failures.push(format!(
                "{document}:{number} $ {}\nwant {}{}= {}\ngot  {}{}= {}",
                step.command, step.out, step.err, step.code, got.out, got.err, got.code
            )),
            (true, true) => failures.push(format!("{document}:{number} agrees now: remove it from differs.txt")),
            _ => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn document_000() {
    check("000");
}

#[test]
fn document_001() {
    check("001");
}

#[test]
fn document_002() {
    check("002");
}

#[test]
fn document_003() {
    check("003");
}

#[test]
fn document_004() {
    check("004");
}
