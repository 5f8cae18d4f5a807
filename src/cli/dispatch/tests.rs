//! Tests over all verbs: flags that the sources read are declared, and help texts and their examples work.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use clap::Command;

use super::command_line::path_text;
use super::help;
use super::parse::{Parsed, parse};
use super::tree::{self, Scope};
use crate::testing::Session;
use crate::{Verb, verbs};

/// The names of all arguments of a command and its subcommands.
fn declared(command: &Command, names: &mut BTreeSet<String>) {
    names.extend(command.get_arguments().map(|arg| arg.get_id().to_string()));
    command.get_subcommands().for_each(|member| declared(member, names));
}

/// The sources of the crate below a directory, without test code.
fn sources(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a source directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file");
            texts.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_string());
        }
    }
}

/// Every path of verbs: `get`, `rollout`, `rollout status`.
fn paths() -> Vec<Vec<&'static Verb>> {
    fn below(path: Vec<&'static Verb>, found: &mut Vec<Vec<&'static Verb>>) {
        let family = path.last().map_or(&[][..], |verb| verb.family);
        found.push(path.clone());
        for member in family {
            below([path.clone(), vec![member]].concat(), found);
        }
    }
    let mut found = Vec::new();
    verbs::all().for_each(|verb| below(vec![verb], &mut found));
    found
}

/// Splits a command line at blanks outside of quotes, as a shell does.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().expect("a word").push(c),
        }
    }
    words
}

#[test]
fn every_flag_that_is_read_is_declared() {
    let mut names = BTreeSet::new();
    verbs::all().for_each(|verb| declared(&tree::command("kctl", Scope::Only(verb)), &mut names));
    let mut texts = Vec::new();
    sources(Path::new(env!("CARGO_MANIFEST_DIR")), &mut texts);
    let read = regex::Regex::new(r#"\.(flag|flag_or|string|value_of|values|int|duration|is_set)\(\s*"([a-z0-9-]+)""#);
    let read = read.expect("a pattern");
    let found: Vec<&str> = texts
        .iter()
        .flat_map(|text| read.captures_iter(text))
        .filter_map(|capture| capture.get(2).map(|name| name.as_str()))
        .collect();
    assert!(found.len() > 100, "only {} reads of flags found", found.len());
    let missing: Vec<&&str> = found.iter().filter(|name| !names.contains(**name)).collect();
    assert!(missing.is_empty(), "read but not declared: {missing:?}");
}

#[test]
fn clap_accepts_the_declarations() {
    tree::command("kctl", Scope::Names).debug_assert();
    verbs::all().for_each(|verb| tree::command("kctl", Scope::NamesAnd(verb)).debug_assert());
}

#[test]
fn flags_and_verbs_are_described() {
    for path in paths() {
        let name = path_text("kctl", &path);
        let verb = path.last().expect("a verb");
        assert!(!verb.about.is_empty() && !verb.about.ends_with('.'), "{name}: summary");
        assert!(verb.long.contains('.'), "{name}: description");
        let command = (verb.flags)(Command::new(verb.name));
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            // The flags of `config` are described in kubectl's words.
            let sentence = path[0].name == "config"
                || help.starts_with(|c: char| c.is_uppercase() || c == '"') && help.ends_with('.');
            assert!(sentence, "{name}: --{}: {help}", arg.get_id());
        }
        let text = help::of_path("kctl", &path, help::Language::ENGLISH);
        assert!(!text.contains("{program}"), "{name}: {text}");
    }
}

#[test]
fn examples_are_valid_command_lines() {
    for path in paths() {
        let verb = path.last().expect("a verb");
        // Substitutions are the business of a shell.
        for (comment, line) in verb.examples.iter().filter(|(_, line)| !line.contains("$(")) {
            let argv: Vec<OsString> =
                std::iter::once("kctl".to_string()).chain(shell_words(line)).map(OsString::from).collect();
            match parse(&argv, "kctl") {
                Ok(Parsed::Run(call)) if verb.family.is_empty() => assert_eq!(call.verb.name, verb.name, "{line}"),
                Ok(_) => {}
                Err(error) => panic!("{comment}: {line}: {}", error.message()),
            }
        }
    }
}

/// Verbs whose examples need nothing but an empty cluster.
const WITHOUT_SETUP: &[&str] = &[
    "api-resources",
    "api-versions",
    "auth can-i",
    "auth whoami",
    "clock",
    "clock advance",
    "clock settle",
    "clock show",
    "completion",
    "cordon",
    "create clusterrole",
    "create clusterrolebinding",
    "create cronjob",
    "create deployment",
    "create ingress",
    "create namespace",
    "create poddisruptionbudget",
    "create priorityclass",
    "create quota",
    "create role",
    "create rolebinding",
    "create service clusterip",
    "create service externalname",
    "create service loadbalancer",
    "create service nodeport",
    "create serviceaccount",
    "explain",
    "help",
    "options",
    "sim image",
    "sim node",
    "sim show",
    "uncordon",
    "version",
];

#[test]
fn examples_without_setup_succeed() {
    for path in paths() {
        let name = path_text("", &path);
        let verb = path.last().expect("a verb");
        if !WITHOUT_SETUP.contains(&name.trim()) {
            continue;
        }
        let mut session = Session::new(&[]);
        for (_, line) in verb.examples {
            let answer = session.kubectl(&shell_words(line));
            // `can-i` reports by its exit code, too.
            assert!(!answer.contains("\n= ") || name.ends_with("can-i"), "{line}: {answer}");
        }
    }
}

/// Verbs whose examples must not run in a test: they need an editor or standard input, write files, or serve until a signal.
const NOT_RUN: &[&str] =
    &["edit", "apply edit-last-applied", "cluster-info dump", "config", "store", "kustomize", "port-forward"];

/// Objects that the examples refer to.
const SETUP: &[&str] = &[
    "create deployment web --image=nginx",
    "create deployment abc --image=nginx",
    "run web-0 --image=nginx --labels=app=web",
    "create service clusterip web --tcp=80",
    "create cronjob backup --image=busybox --schedule=@daily",
    "create configmap settings --from-literal=a=b",
    "create secret generic login --from-literal=a=b",
    "create clusterrolebinding admins --clusterrole=cluster-admin",
    "create rolebinding admins --clusterrole=admin",
    "clock settle",
];

/// Reading a flag that the verb does not declare panics in debug builds.
#[test]
fn examples_run_without_undeclared_flags() {
    for path in paths() {
        let name = path_text("", &path);
        let verb = path.last().expect("a verb");
        if NOT_RUN.iter().any(|skipped| name.trim().starts_with(skipped)) || verb.examples.is_empty() {
            continue;
        }
        let mut session = Session::new(&[]);
        SETUP.iter().for_each(|line| drop(session.kubectl(&shell_words(line))));
        for (_, line) in verb.examples.iter().filter(|(_, line)| !line.ends_with(" -")) {
            let answer = session.kubectl(&shell_words(line));
            assert!(!answer.contains("See 'kubectl"), "{line}: {answer}");
        }
    }
}

#[test]
fn the_help_has_kubectl_s_shape() {
    let mut session = Session::new(&[]);
    let expected = "Create a LoadBalancer service with the given name.

Examples:
  # Create a LoadBalancer service
  kubectl create service loadbalancer shop --tcp=5678:8080

Options:
    --allow-missing-template-keys=true:
\tIf true, a template prints nothing for a missing field or map key. Applies to go-template and jsonpath.

    --dry-run='none':
";
    let text = session.kubectl(&shell_words("create service loadbalancer --help"));
    assert!(text.starts_with(expected), "{text}");
    let end = "Usage:
  kubectl create service loadbalancer NAME [--tcp=port:targetPort] [--dry-run=server|client|none] [options]

Use \"kubectl options\" for a list of global command-line options (applies to all commands).
";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(session.kubectl(&shell_words("create svc loadbalancer -h")), text);
    assert_eq!(session.kubectl(&shell_words("help create service loadbalancer")), text);
    let text = session.kubectl(&shell_words("--help"));
    assert!(
        text.contains(
            "\n\nBasic Commands (Beginner):\n  create          Create a resource from a file or from stdin\n"
        )
    );
    assert!(text.contains("\n\nUsage:\n  kubectl [flags] [options]\n\nUse \"kubectl <command> --help\""), "{text}");
    assert_eq!(session.kubectl(&shell_words("help")), text);
    assert_eq!(session.kubectl(&shell_words("help nope")), "! Unknown help topic [`nope`]\n= 1\n");
    // A verb with subcommands prints its help when none is given.
    let text = session.kubectl(&shell_words("set"));
    assert!(text.contains("! Available Commands:\n!   env              Update environment variables"), "{text}");
    assert!(text.ends_with("= 1\n"), "{text}");
}
