//! The commands that can be planned.

use clap::ArgMatches;

use crate::args::Matches as _;
use crate::{CliError, CliResult, Verb};
use kctl_base::field::quote;

/// The commands that change something in the cluster, or wait for it. A name alone stands for all members of a family.
const CHANGING: &[&str] = &[
    "annotate",
    "apply",
    "apply set-last-applied",
    "auth reconcile",
    "autoscale",
    "certificate",
    "cordon",
    "create",
    "debug",
    "delete",
    "drain",
    "expose",
    "label",
    "patch",
    "replace",
    "rollout pause",
    "rollout restart",
    "rollout resume",
    "rollout status",
    "rollout undo",
    "run",
    "scale",
    "set",
    "sim image",
    "sim metrics",
    "sim node",
    "sim pod",
    "taint",
    "uncordon",
    "wait",
];

/// Commands that are refused for another reason than that they only read.
const REFUSED: &[(&str, &str)] = &[
    ("apply edit-last-applied", "it opens an editor: use apply set-last-applied"),
    ("attach", "it opens a session in a container"),
    ("branch", "it works on the store itself"),
    ("clock", "a plan lets virtual time pass by itself: see --until and --timeout"),
    ("config", "it changes files, not the cluster"),
    ("cp", "it opens a session in a container"),
    ("edit", "it opens an editor: use patch or apply"),
    ("exec", "it opens a session in a container"),
    ("kuberc", "it changes files, not the cluster"),
    ("op", "it works on the store itself"),
    ("plan", "it is a plan already"),
    ("port-forward", "it listens on a port of this machine"),
    ("proxy", "there is no network"),
    ("redo", "it works on the store itself"),
    ("snapshot", "it works on the store itself"),
    ("store", "it works on the store itself"),
    ("test", "it works on stores of its own"),
    ("undo", "it works on the store itself"),
];

/// Admits a command that changes something.
///
/// # Errors
/// The command only reads, cannot be planned, or names another store than that of the plan.
pub(super) fn admit(path: &[&'static Verb], matches: &ArgMatches, own: &ArgMatches) -> CliResult<()> {
    let names: Vec<&str> = path.iter().map(|verb| verb.name).collect();
    let name = names.join(" ");
    let is = |known: &str| known == name || names.first() == Some(&known);
    if let Some((_, why)) = REFUSED.iter().find(|(known, _)| is(known)) {
        return Err(CliError::new(format!("{} cannot be planned: {why}", quote(&name))));
    }
    if !is_changing(&names) {
        return Err(CliError::new(format!("plan runs commands that change something, and {} does not", quote(&name))));
    }
    let is_same = matches.path("store") == own.path("store") && matches.value_of("branch") == own.value_of("branch");
    match is_same {
        true => Ok(()),
        false => {
            Err(CliError::new("--store and --branch belong before \"--\": a plan and its command use the same store"))
        }
    }
}

fn is_changing(names: &[&str]) -> bool {
    let is_whole = |first: &&str| {
        let members = CHANGING.iter().filter(|known| known.split(' ').next() == Some(*first)).count();
        CHANGING.contains(first) && (members == 1 || names.len() == 1)
    };
    names.first().is_some_and(is_whole) || CHANGING.contains(&names.join(" ").as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs;

    /// Every path of verbs: `get`, `rollout`, `rollout status`.
    fn paths() -> Vec<String> {
        let members = |verb: &'static Verb| {
            let members = verb.family.iter().map(move |member| format!("{} {}", verb.name, member.name));
            std::iter::once(verb.name.to_string()).chain(members)
        };
        verbs::all().flat_map(members).collect()
    }

    #[test]
    fn the_lists_name_verbs_that_exist_and_do_not_overlap() {
        let paths = paths();
        for name in CHANGING {
            assert!(paths.iter().any(|path| path == name), "{name} is no command");
            assert!(REFUSED.iter().all(|(refused, _)| refused != name), "{name} is in both lists");
        }
    }

    #[test]
    fn what_changes_something_is_told_from_what_does_not() {
        let is_changing = |line: &str| is_changing(&line.split(' ').collect::<Vec<_>>());
        for line in ["apply", "create deployment", "set image", "rollout undo", "sim node", "certificate approve"] {
            assert!(is_changing(line), "{line}");
        }
        for line in
            ["get", "rollout history", "rollout", "sim show", "apply view-last-applied", "auth can-i", "top pod"]
        {
            assert!(!is_changing(line), "{line}");
        }
    }
}
