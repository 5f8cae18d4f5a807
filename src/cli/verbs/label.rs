//! `label`: sets, removes and lists labels.
//!
//! Upstream: `kubectl/pkg/cmd/label/label.go`.

use std::collections::BTreeMap;

use clap::{ArgMatches, Command};

use super::metadata_map::{self, MapVerb, Pairs};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::labels::value_problems;
use kctl_base::object::ValueRead;

/// The `label` verb.
pub(super) const VERB: Verb = Verb {
    name: "label",
    aliases: &[],
    about: "Update the labels on a resource",
    long: "Update the labels of one or more objects.

 Keys and values consist of at most 63 letters, digits, dashes, underscores and dots and begin and end with a \
    letter or digit; a key may have a DNS subdomain and a slash before it, as in example.com/my-app.

 A label that has another value already is changed only with --overwrite. KEY- removes a label. With \
    --resource-version the change is made only if the object still has that version.",
    examples: &[
        ("Add the label 'tier' to the pod 'web-0'", "label pods web-0 tier=frontend"),
        ("Replace the value of a label", "label --overwrite pods web-0 tier=backend"),
        ("Label all pods of the namespace", "label pods --all tier=frontend"),
        ("Label the objects of a manifest", "label -f pod.yaml tier=frontend"),
        (
            "Change the pod only if it still has resource version 1",
            "label pods web-0 tier=frontend --resource-version=1",
        ),
        ("Remove a label", "label pods web-0 tier-"),
    ],
    usage: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    metadata_map::flags(command, "kubectl-label")
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let verb = MapVerb {
        what: "label",
        pointer: "/metadata/labels",
        manager: "kubectl-label",
        parse,
        check_overwriting,
        done,
        says_not_found: true,
    };
    metadata_map::run(ctx, matches, &verb)
}

fn parse(words: &[String]) -> CliResult<Pairs> {
    let mut pairs = Pairs::default();
    for word in words {
        if word.contains('=') {
            let parts: Vec<&str> = word.split('=').collect();
            let [key, value] = parts.as_slice() else {
                return Err(CliError::new(format!("invalid label spec: {word}")));
            };
            let problems = value_problems(value);
            if !problems.is_empty() {
                let problems = problems.join(";");
                return Err(CliError::new(format!("invalid label value: {}: {problems}", quote(word))));
            }
            pairs.set.insert((*key).into(), (*value).into());
        } else if let Some(key) = word.strip_suffix('-') {
            pairs.remove.push(key.into());
        } else {
            return Err(CliError::new(format!("unknown label spec: {word}")));
        }
    }
    match pairs.remove.iter().any(|key| pairs.set.contains_key(key)) {
        true => Err(CliError::new("can not both modify and remove a label in the same command")),
        false => Ok(pairs),
    }
}

fn check_overwriting(old: &BTreeMap<String, String>, set: &BTreeMap<String, String>) -> CliResult<()> {
    let mut errors = Vec::new();
    for (key, value) in set {
        if let Some(found) = old.get(key).filter(|found| *found != value) {
            errors.push(CliError::new(format!("'{key}' already has a value ({found}), and --overwrite is false")));
        }
    }
    CliError::all(errors)
}

/// The word in the report. As in kubectl, without `--overwrite` an object with fewer labels than before counts as
/// unlabeled.
fn done(old: &Value, new: &Value, overwrite: bool) -> &'static str {
    let size = |object: &Value| {
        let labels = object.strings("/metadata/labels");
        labels.iter().map(|(k, v)| k.len() + v.len() + 6).sum::<usize>()
    };
    match old == new {
        true => "not labeled",
        false if !overwrite && size(new) < size(old) => "unlabeled",
        false => "labeled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_labels() {
        let answer = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            parse(&words).map(|p| format!("{:?} {:?}", p.set, p.remove)).map_err(|e| e.message().trim().to_string())
        };
        let err = |text: &str| Err(text.to_string());
        assert_eq!(answer(&["a=b", "c-"]), Ok("{\"a\": \"b\"} [\"c\"]".into()));
        assert_eq!(answer(&["a=b=c"]), err("error: invalid label spec: a=b=c"));
        assert_eq!(answer(&["x=1", "x-"]), err("error: can not both modify and remove a label in the same command"));
    }
}
