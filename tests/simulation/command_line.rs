//! Random commands of every verb on a store, as processes: none panics, what only reads changes nothing, the store stays
//! consistent, and a seed determines every byte of output.
//!
//! The operators are in [`verbs`]; the program itself says which verbs there are.

mod verbs;

use std::collections::{BTreeMap, BTreeSet};

use super::checkers::{self, Objects};
use crate::harness::cluster::{Cluster, ObjectKey, changes_since, dump, objects, revision};
use crate::harness::random::Random;
use crate::harness::{Output, Sandbox, finish};
use verbs::{Effect, Operator, VERBS};

/// The default number of commands.
const COMMANDS: usize = 160;
/// The number of commands of a run that is repeated.
const REPEATED_COMMANDS: usize = 50;
/// A run of this many commands must have performed every verb.
const COVERING_COMMANDS: usize = 1500;
/// The number of commands after which lists and the store are checked.
const COMMANDS_BETWEEN_CHECKS: usize = 25;
/// The text that commands print in place of the directory of the sandbox.
const ROOT: &str = "$ROOT";

/// The beginnings of the names of directories that are compared.
const COMPARED: [&str; 2] = ["/LIVE-", "/MERGED-"];

/// A sandbox and the objects in its store.
struct Session {
    sandbox: Sandbox,
    objects: Objects,
    revision: u64,
    log: Vec<String>,
}

impl Session {
    /// Creates a store and the files that commands name.
    fn new(seed: u64) -> Session {
        let sandbox = Sandbox::new(seed);
        for (name, text) in verbs::FILES {
            std::fs::write(sandbox.path(name), text).expect("a file");
        }
        let mut session = Session { sandbox, objects: Objects::new(), revision: 1, log: Vec::new() };
        session.run("get nodes");
        session
    }

    /// Runs a command line, words of which are separated by spaces.
    fn run(&mut self, line: &str) -> Output {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = self.sandbox.kctl(&words);
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("KUBE_EDITOR", "sed -i -e s/nginx/httpd/");
        let mut output = finish(&mut command);
        let root = self.sandbox.path("").display().to_string();
        for text in [&mut output.out, &mut output.err] {
            *text = text.replace(root.trim_end_matches('/'), ROOT);
            // Each comparison has directories with other names.
            *text = text
                .lines()
                .filter(|line| !COMPARED.iter().any(|name| line.contains(name)))
                .map(|line| format!("{line}\n"))
                .collect();
        }
        self.log.push(format!("$ {line}\n{}{}= {}", output.out, output.err, output.code));
        output
    }

    /// Performs an operator, and returns the violations.
    fn perform(&mut self, random: &mut Random, operator: &Operator) -> Vec<String> {
        let line = operator.line(random, &self.objects);
        let effect = operator.effect_of(&line);
        let before = (effect == Effect::None).then(|| content(&mut self.sandbox.cluster()));
        let output = self.run(&line);
        let mut problems = Vec::new();
        // A comparison reports a failure by another code than a difference.
        let highest = if ["diff", "snapshot diff", "test", "test record"].contains(&operator.verb) { 2 } else { 1 };
        if !(0..=highest).contains(&output.code) || output.err.contains("internal error at ") {
            problems.push(format!("exit code {}: {}", output.code, output.err));
        }
        let mut cluster = self.sandbox.cluster();
        if before.is_some_and(|before| before != content(&mut cluster)) {
            problems.push("changes the store".into());
        }
        if effect == Effect::Back {
            (self.objects, self.revision) = (objects(&mut cluster).into_iter().collect(), revision(&mut cluster));
        }
        problems.extend(self.check(&mut cluster));
        problems.into_iter().map(|problem| format!("{line}: {problem}")).collect()
    }

    /// Checks the changes since the last command and the state after them.
    fn check(&mut self, cluster: &mut Cluster) -> Vec<String> {
        let newest = revision(cluster);
        if newest < self.revision {
            // The store has been reset.
            (self.objects, self.revision) = (Objects::new(), 1);
        }
        let (mut problems, mut changed) = (Vec::new(), BTreeSet::<ObjectKey>::new());
        for change in changes_since(cluster, self.revision) {
            problems.extend(checkers::record_recomputed(&mut self.objects, &change));
            changed.insert(change.key.clone());
        }
        self.revision = newest;
        problems.extend(checkers::recomputed(cluster, &self.objects, &changed));
        problems
    }
}

/// The revision, the time and all objects of a cluster.
fn content(cluster: &mut Cluster) -> String {
    format!("{} {}\n{}", revision(cluster), cluster.now().rfc3339_micro(), dump(cluster))
}

/// Runs random commands, and returns everything they printed and the final objects.
fn simulate(seed: u64, commands: usize) -> String {
    let mut random = Random::new(seed);
    let mut session = Session::new(seed);
    let mut performed: BTreeMap<&str, usize> = BTreeMap::new();
    for count in 1..=commands {
        let operator = verbs::choose(&mut random);
        let mut problems = session.perform(&mut random, operator);
        *performed.entry(operator.verb).or_default() += 1;
        if count % COMMANDS_BETWEEN_CHECKS == 0 || count == commands {
            problems.extend(session.sandbox.problems());
            let mut cluster = session.sandbox.cluster();
            problems.extend(checkers::recomputed_lists(&mut cluster, &session.objects));
        }
        let recent = &session.log[session.log.len().saturating_sub(8)..];
        assert!(problems.is_empty(), "seed {seed}, command {count}:\n{}\n\n{}", recent.join("\n"), problems.join("\n"));
    }
    let missing: Vec<&str> = VERBS.iter().map(|v| v.verb).filter(|verb| !performed.contains_key(verb)).collect();
    assert!(commands < COVERING_COMMANDS || missing.is_empty(), "seed {seed}: never in {commands}: {missing:?}");
    format!("{}\n{}", session.log.join("\n"), content(&mut session.sandbox.cluster()))
}

/// The verbs that the help of a command lists, with those of their families.
fn verbs_of(session: &mut Session, path: &str) -> Vec<String> {
    let help = session.run(format!("{path} --help").trim_start()).out;
    let mut is_list = false;
    let mut found = Vec::new();
    for line in help.lines() {
        match line.strip_prefix("  ").and_then(|line| line.split(' ').next()) {
            _ if !line.starts_with(' ') => {
                is_list = line.ends_with("Commands:") || line.contains("Commands (") || is_list && line.is_empty();
            }
            Some(verb) if is_list && !verb.is_empty() => {
                let verb = format!("{path} {verb}").trim_start().to_string();
                found.extend(verbs_of(session, &verb));
                found.push(verb);
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_verb_of_the_program_has_an_operator() {
    let mut session = Session::new(1);
    let found: BTreeSet<String> = verbs_of(&mut session, "").into_iter().collect();
    let known: BTreeSet<String> = VERBS.iter().map(|operator| operator.verb.to_string()).collect();
    let is_family = |verb: &String| known.iter().any(|known| known.starts_with(&format!("{verb} ")));
    let missing: Vec<&String> = found.iter().filter(|verb| !known.contains(*verb) && !is_family(verb)).collect();
    // The help of the program leaves these out.
    let unlisted = ["alpha", "help", "options"].map(String::from);
    let gone: Vec<&String> = known.iter().filter(|verb| !found.contains(*verb) && !unlisted.contains(verb)).collect();
    assert!(missing.is_empty() && gone.is_empty(), "without operator: {missing:?}, without verb: {gone:?}");
}

#[test]
fn random_commands_violate_no_invariant() {
    simulate(Random::seed(1), super::steps(COMMANDS));
}

#[test]
fn a_seed_determines_the_output_of_commands() {
    let seed = Random::seed(2);
    let (first, second) = (simulate(seed, REPEATED_COMMANDS), simulate(seed, REPEATED_COMMANDS));
    let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
    assert!(first == second, "seed {seed}: the second run differs: {differs:#?}");
}
