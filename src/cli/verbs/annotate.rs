//! `annotate`: sets, removes and lists annotations.
//!
//! Upstream: `kubectl/pkg/cmd/annotate/annotate.go`.

use std::collections::BTreeMap;

use clap::ArgMatches;

use super::metadata_map::{self, MapVerb, Pairs};
use crate::record::CHANGE_CAUSE;
use crate::{CliError, CliResult, Ctx, Verb};

/// The `annotate` verb.
pub(super) const VERB: Verb = Verb {
    name: "annotate",
    aliases: &[],
    about: "Update the annotations on a resource",
    long: "Update the annotations of one or more objects.

 An annotation is a key/value pair that can hold longer and structured data for tools and extensions. Unlike \
    labels, annotations cannot be used in selectors.

 An annotation that has another value already is changed only with --overwrite. KEY- removes an annotation. With \
    --resource-version the change is made only if the object still has that version.",
    examples: &[
        ("Add the annotation 'description' to the pod 'web-0'", "annotate pods web-0 description='shop front end'"),
        ("Annotate the objects of a manifest", "annotate -f pod.yaml description='shop front end'"),
        (
            "Replace the value of an annotation on all pods of the namespace",
            "annotate --overwrite pods --all description='shop front end'",
        ),
        (
            "Change the pod only if it still has resource version 1",
            "annotate pods web-0 description='shop front end' --resource-version=1",
        ),
        ("Remove an annotation", "annotate pods web-0 description-"),
    ],
    usage: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]",
    flags: |c| metadata_map::flags(c, "kubectl-annotate"),
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let verb = MapVerb {
        what: "annotation",
        pointer: "/metadata/annotations",
        manager: "kubectl-annotate",
        parse,
        check_overwriting,
        done: |_, _, _| "annotated",
        says_not_found: false,
    };
    metadata_map::run(ctx, matches, &verb)
}

fn parse(words: &[String]) -> CliResult<Pairs> {
    let (mut pairs, mut wrong) = (Pairs::default(), Vec::new());
    for word in words {
        match (word.split_once('='), word.strip_suffix('-')) {
            (Some((key, value)), _) if !key.is_empty() => drop(pairs.set.insert(key.into(), value.into())),
            (None, Some(key)) if !key.is_empty() => pairs.remove.push(key.into()),
            _ => wrong.push(word.as_str()),
        }
    }
    if !wrong.is_empty() {
        return Err(CliError::new(format!("invalid annotation format: {}", wrong.join(", "))));
    }
    let both: Vec<&str> = pairs.remove.iter().filter(|key| pairs.set.contains_key(*key)).map(String::as_str).collect();
    match both.is_empty() {
        true => Ok(pairs),
        false => Err(CliError::new(format!(
            "can not both modify and remove the following annotation(s) in the same command: {}",
            both.join(", ")
        ))),
    }
}

/// Refuses to replace values without `--overwrite`. The change cause may always be replaced.
fn check_overwriting(old: &BTreeMap<String, String>, set: &BTreeMap<String, String>) -> CliResult<()> {
    let found: Vec<String> = set
        .iter()
        .filter(|(key, _)| *key != CHANGE_CAUSE)
        .filter_map(|(key, new)| Some((key, old.get(key).filter(|value| *value != new)?)))
        .map(|(key, value)| format!("'{key}' already has a value ({value})"))
        .collect();
    match found.is_empty() {
        true => Ok(()),
        false => Err(CliError::new(format!(
            "--overwrite is false but found the following declared annotation(s): {}",
            found.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_may_be_overwritten() {
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_string(), value.to_string())]);
        assert!(check_overwriting(&map(CHANGE_CAUSE, "a"), &map(CHANGE_CAUSE, "b")).is_ok());
        assert!(check_overwriting(&map("note", "same"), &map("note", "same")).is_ok());
        let error = check_overwriting(&map("note", "two words"), &map("note", "x")).map_err(|e| e.message());
        let text = "error: --overwrite is false but found the following declared annotation(s): 'note' already has a value (two words)\n";
        assert_eq!(error, Err(text.into()));
    }
}
