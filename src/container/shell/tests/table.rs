//! Scripts with the answers of busybox, dash and bash.
//!
//! A file of `testdata/shell` has one block a script: the script, what it printed to standard output and error, and its exit
//! status. A backslash at the end says that the output ends without a line end.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{Answered, answer};

struct Case {
    script: String,
    expected: Answered,
}

fn parse(text: &str) -> Vec<Case> {
    let blocks = text.strip_prefix("####\n").unwrap_or_default().split("\n####\n");
    let section = |text: &str| text.strip_suffix("\\\n").unwrap_or(text).to_owned();
    let case = |block: &str| {
        let (script, rest) = block.split_once("\n#### out\n").expect("a block has an output");
        let (out, rest) = rest.split_once("#### err\n").expect("a block has an error output");
        let (err, status) = rest.split_once("#### status ").expect("a block has a status");
        let status = status.trim().parse().expect("the status is a number");
        Case { script: script.into(), expected: Answered { out: section(out), err: section(err), status } }
    };
    blocks.map(case).collect()
}

/// Runs all scripts of a group in a shell; panics with those that answer something else.
fn check(group: &str, shell: &str) {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/shell");
    let text = std::fs::read_to_string(directory.join(format!("{group}-{shell}.txt"))).expect("the file of the group");
    let (image, name) = match shell {
        "busybox" => ("busybox", "sh"),
        "dash" => ("debian", "sh"),
        _ => ("debian", "bash"),
    };
    let cases = parse(&text);
    let count = cases.len();
    let mut report = String::new();
    let mut failed = 0;
    for Case { script, expected } in cases {
        let found = answer(image, &[name, "-c", &script], "");
        if found == expected {
            continue;
        }
        failed += 1;
        let _ = writeln!(report, "--- {script}");
        for (what, expected, found) in [("out", expected.out, found.out), ("err", expected.err, found.err)] {
            if expected != found {
                let _ = writeln!(report, "{what} expected: {expected:?}\n{what} found:    {found:?}");
            }
        }
        if expected.status != found.status {
            let _ = writeln!(report, "status expected: {}, found: {}", expected.status, found.status);
        }
    }
    assert!(failed == 0, "{failed} of {count} scripts of {group} differ in {shell}:\n{report}");
}

macro_rules! groups {
    ($($test:ident: $group:literal in $shell:literal;)*) => {
        $(#[test]
        fn $test() {
            check($group, $shell);
        })*
    };
}

groups! {
    expansion_busybox: "expansion" in "busybox";
    expansion_dash: "expansion" in "dash";
    expansion_bash: "expansion" in "bash";
    commands_busybox: "commands" in "busybox";
    commands_dash: "commands" in "dash";
    commands_bash: "commands" in "bash";
    features_busybox: "features" in "busybox";
    features_dash: "features" in "dash";
    features_bash: "features" in "bash";
    manifests_busybox: "manifests" in "busybox";
    manifests_dash: "manifests" in "dash";
    manifests_bash: "manifests" in "bash";
    syntax_busybox: "syntax" in "busybox";
    syntax_dash: "syntax" in "dash";
    syntax_bash: "syntax" in "bash";
}
