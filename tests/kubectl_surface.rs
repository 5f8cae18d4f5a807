//! The verbs and flags of kubectl, and what becomes of each: supported, accepted without effect, or refused and why.
//!
//! The table, `testdata/help/kubectl_surface.txt`, lists every verb and flag that the help of kubectl v1.36 shows. It is compared with
//! the help of the program, so that neither can change without the other.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::harness::Sandbox;

const TABLE: &str = include_str!("../testdata/help/kubectl_surface.txt");

/// The heading of the verbs that kubectl does not have.
const OWN_VERBS: &str = "Simulation Commands";
/// The global flags that kubectl does not have.
const OWN_FLAGS: &[&str] = &["--branch", "--store"];
/// Verbs that kubectl has, but does not list.
const UNLISTED: &[&str] = &["alpha", "help", "options"];
/// The largest number of verbs and flags that may be refused.
const MOST_REFUSED: usize = 3;

/// The help of a verb: what the table says about it.
#[derive(Default)]
struct Help {
    /// The names of its members.
    members: Vec<String>,
    /// Why the verb is refused.
    refused: Option<String>,
    /// Its flags, by what becomes of them.
    supported: Vec<String>,
    without_effect: Vec<String>,
    refused_flags: Vec<String>,
}

impl Help {
    /// Reads a help text.
    fn read(text: &str) -> Help {
        let mut help = Help::default();
        let mut section = "";
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(heading) = line.strip_suffix(':').filter(|_| line.starts_with(char::is_alphabetic)) {
                section = heading;
            } else if let Some(reason) = line.trim().strip_prefix("This command is not supported") {
                help.refused = Some(reason.trim_start_matches([':', '.']).trim().to_string());
            } else if section.ends_with("Commands") || section.contains("Commands (") {
                let name = line.split_whitespace().next().filter(|_| line.starts_with("  ") && section != OWN_VERBS);
                help.members.extend(name.map(String::from));
            } else if let Some(at) = line.find("--").filter(|_| line.starts_with("    ") && line.ends_with(':')) {
                let name = line[at..].split('=').next().unwrap_or_default().to_string();
                let description = lines.peek().map_or("", |next| next.trim());
                if OWN_FLAGS.contains(&name.as_str()) {
                    continue;
                } else if description.starts_with("Not supported") {
                    help.refused_flags.push(name);
                } else if description.starts_with("Accepted for compatibility") {
                    help.without_effect.push(name);
                } else {
                    help.supported.push(name);
                }
            }
        }
        help
    }

    /// The rows of the table.
    fn rows(&self, verb: &str) -> String {
        let mut rows = match &self.refused {
            Some(reason) => format!("{verb}: refused: {reason}\n"),
            None => format!("{verb}: supported\n"),
        };
        let lists = [
            ("supported", &self.supported),
            ("without effect", &self.without_effect),
            ("refused", &self.refused_flags),
        ];
        for (status, flags) in lists.into_iter().filter(|(_, flags)| !flags.is_empty()) {
            writeln!(rows, "  {status}: {}", flags.join(" ")).expect("a string takes all writes");
        }
        rows
    }
}

/// The help of every verb that kubectl has, with its names, and of `options`.
fn helps(sandbox: &Sandbox) -> Vec<(String, Help)> {
    let root = Help::read(&sandbox.must("kctl --help"));
    let mut names: Vec<String> = root.members.into_iter().chain(UNLISTED.iter().map(|name| name.to_string())).collect();
    let mut found = Vec::new();
    while let Some(name) = names.pop() {
        let text = sandbox.must(&format!("kctl {name} --help"));
        assert_shape(&name, &text);
        let mut help = Help::read(&text);
        if name == "options" {
            help.supported.clear();
            let globals = Help::read(&sandbox.must("kctl options"));
            help = Help { refused: help.refused, ..globals };
        }
        names.extend(help.members.iter().map(|member| format!("{name} {member}")));
        found.push((name, help));
    }
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

/// Asserts that a help text has the parts that each has: a sentence, the usage, and the pointers to more.
fn assert_shape(verb: &str, text: &str) {
    let first = text.lines().next().unwrap_or_default();
    assert!(first.contains('.') || first.ends_with(':'), "{verb}: no sentence: {first}");
    assert!(text.contains(&format!("\n\nUsage:\n  kctl {verb}")), "{verb}: {text}");
    let pointer = format!("\n\nUse \"kctl {verb} <command> --help\" for more information about a given command.\n");
    assert_eq!(text.contains("\n\nAvailable Commands:\n"), text.contains(&pointer), "{verb}: {text}");
    let end = "\nUse \"kctl options\" for a list of global command-line options (applies to all commands).\n";
    assert!(text.ends_with(end), "{verb}: {text}");
}

#[test]
fn the_table_is_that_of_the_program() {
    let sandbox = Sandbox::new(1);
    let helps = helps(&sandbox);
    assert!(!sandbox.store().exists(), "a help text opened the store");
    let rows: String = helps.iter().map(|(verb, help)| help.rows(verb)).collect();
    let differs: Vec<&str> = rows.lines().filter(|row| !TABLE.lines().any(|listed| listed == *row)).collect();
    assert!(rows == TABLE, "the table differs in these rows of the program:\n{}\n\n{rows}", differs.join("\n"));
    let refused_verbs = helps.iter().filter(|(_, help)| help.refused.is_some()).map(|(verb, _)| verb.as_str());
    let refused_flags = helps.iter().flat_map(|(_, help)| help.refused_flags.iter().map(String::as_str));
    let refused: BTreeSet<&str> = refused_verbs.chain(refused_flags).collect();
    assert!(refused.len() <= MOST_REFUSED, "{refused:?}");
}

#[test]
fn refused_verbs_say_so() {
    let sandbox = Sandbox::new(1);
    // The objects and files of the examples: these verbs check their arguments first.
    sandbox.must("mkdir site && kctl create serviceaccount ci && kctl run web-0 --image=nginx && kctl clock settle");
    for (verb, _) in helps(&sandbox).iter().filter(|(_, help)| help.refused.is_some()) {
        let text = sandbox.must(&format!("kctl {verb} --help"));
        let example = text.lines().map(str::trim).find(|line| line.starts_with("kctl ")).unwrap_or_default();
        let got = sandbox.run(example.trim_end_matches(" [options]"));
        assert_eq!((got.out.as_str(), got.code), ("", 1), "{example}: {got:?}");
        assert!(got.err.starts_with("error: ") && got.err.contains("not supported"), "{example}: {}", got.err);
    }
}

#[test]
fn the_environment_names_the_language() {
    let sandbox = Sandbox::new(1);
    let english = sandbox.must("kctl");
    assert!(english.contains("\n  get             Display one or many resources\n"), "{english}");
    for (variables, expected) in [
        ("LC_ALL=de_DE.UTF-8", "\n  get             Eine oder mehrere Ressourcen anzeigen\n"),
        ("LC_ALL= LC_MESSAGES=pt_BR.UTF-8 LANG=de_DE.UTF-8", "\n  get             Mostrar um ou mais recursos\n"),
        ("LC_ALL= LANG=ja_JP.UTF-8", "\n  get             一つまたは複数のリソースを表示する\n"),
    ] {
        let text = sandbox.must(&format!("{variables} kctl --help"));
        assert!(text.contains(expected), "{variables}: {text}");
    }
    assert_eq!(sandbox.must("LC_ALL=nl_NL.UTF-8 kctl"), english);
}
