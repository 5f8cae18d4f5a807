//! The commands of the five seed documents, each document in a sandbox of its own, from its first command to its last.
//!
//! `testdata/seed-commands/*.txt` are transcripts (see [`crate::transcripts`]); a comment before each step names its entry in
//! the list of commands. A `~` line prepares something: `settle`, `advance`, or a whole command whose output is of no
//! interest. Where a document prints what Kubernetes does not print any more, the transcript has what it prints today.
//! `KCTL_RECORD=1` writes down what the commands print now, to be read against the list before it is kept. Entries that are
//! not yet as they should be stand in `differs.txt` with the reason; that list may only get shorter.

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

/// Does what a `~` line says.
fn prepare(sandbox: &Sandbox, what: &str) {
    let of_the_clock = what.starts_with("settle") || what.starts_with("advance");
    sandbox.must(&if of_the_clock { format!("kctl clock {what}") } else { what.to_string() });
}

/// Runs a document and answers what each step printed.
fn replay(lines: &[Line]) -> Vec<Output> {
    let sandbox = sandbox();
    let mut outputs = Vec::new();
    for line in lines {
        match line {
            Line::Step(step) => outputs.push(sandbox.run(&step.command)),
            Line::Do(what) => prepare(&sandbox, what),
        }
    }
    outputs
}

/// Which steps are known to differ, and why: `000:7 reason`.
fn known(document: &str) -> BTreeMap<usize, String> {
    let list = std::fs::read_to_string(folder().join("differs.txt")).unwrap_or_default();
    let rows = list.lines().filter_map(|l| l.strip_prefix(document)?.strip_prefix(':')?.split_once(' '));
    rows.filter_map(|(step, reason)| Some((step.parse().ok()?, reason.to_string()))).collect()
}

/// The transcript with other outputs.
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
    let text = std::fs::read_to_string(&file).expect("a transcript");
    let lines = parse(&text);
    let outputs = replay(&lines);
    if std::env::var_os("KCTL_RECORD").is_some() {
        std::fs::write(&file, recorded(&text, &outputs)).expect("a transcript");
        return;
    }
    let steps: Vec<&Step> = lines.iter().filter_map(|l| if let Line::Step(s) = l { Some(s) } else { None }).collect();
    let known = known(document);
    let mut wrong = Vec::new();
    for (number, (step, got)) in steps.iter().zip(&outputs).enumerate().map(|(n, s)| (n + 1, s)) {
        match (agrees(step, got), known.contains_key(&number)) {
            (false, false) => wrong.push(format!(
                "{document}:{number} $ {}\nwant {}{}= {}\ngot  {}{}= {}",
                step.command, step.out, step.err, step.code, got.out, got.err, got.code
            )),
            (true, true) => wrong.push(format!("{document}:{number} agrees now: take it off differs.txt")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
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
