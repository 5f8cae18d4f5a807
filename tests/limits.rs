//! Each limit that the README states is shown by a script, whose first line is the sentence of the README; and nothing else
//! is. A limit that vanishes takes its script with it, and a new one needs one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::harness::Sandbox;

/// The limits that a test of this file shows, because a script has no home directory.
const SHOWN_HERE: &[&str] = &["`~/.kube/config` is never touched."];

/// The sentences of the list below `## Limits`.
fn stated() -> BTreeSet<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let (_, rest) = readme.split_once("\n## Limits\n").expect("a section about limits");
    let section = rest.split("\n## ").next().unwrap_or(rest);
    let items = section.split("\n- ").skip(1).map(|item| item.split_whitespace().collect::<Vec<_>>().join(" "));
    items.flat_map(|item| sentences(&item)).collect()
}

/// Splits a text behind the full stops that a capital letter or code follows.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(". ") {
        if text[at + 2..].starts_with(|c: char| c.is_uppercase() || c == '`') {
            sentences.push(text[start..=at].to_string());
            start = at + 2;
        }
    }
    sentences.push(text[start..].to_string());
    sentences
}

/// The first lines of the scripts.
fn shown() -> BTreeSet<String> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cli/limits");
    let entries = fs::read_dir(scripts).expect("the scripts").map(|entry| entry.expect("a script").path());
    let purpose = |path: &Path| {
        let text = fs::read_to_string(path).expect("a script");
        let first = text.lines().next().and_then(|line| line.strip_prefix("# ")).map(String::from);
        first.unwrap_or_else(|| panic!("{} does not begin with a sentence", path.display()))
    };
    entries.map(|path| purpose(&path)).collect()
}

#[test]
fn the_readme_states_the_limits_that_tests_show() {
    let (stated, mut shown) = (stated(), shown());
    shown.extend(SHOWN_HERE.iter().map(ToString::to_string));
    let untested: Vec<&String> = stated.difference(&shown).collect();
    let unstated: Vec<&String> = shown.difference(&stated).collect();
    assert!(untested.is_empty(), "limits without a script in testdata/cli/limits: {untested:#?}");
    assert!(unstated.is_empty(), "scripts in testdata/cli/limits whose sentence the README lacks: {unstated:#?}");
}

#[test]
fn the_kubeconfig_in_the_home_directory_is_not_touched() {
    let sandbox = Sandbox::new(1);
    sandbox.must("mkdir .kube && echo 'not: [a kubeconfig' > .kube/config");
    sandbox.must("kctl get configmaps && kctl config set-context own && kctl config use-context own");
    assert_eq!(sandbox.must("cat .kube/config"), "not: [a kubeconfig\n");
}
