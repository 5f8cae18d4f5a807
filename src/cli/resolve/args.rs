//! Positional arguments that name types and objects.

use crate::{CliError, CliResult};
use kctl_kinds::catalog::{KindRef, serves};
use kctl_kinds::{Catalog, Kind};

use super::{Selection, Target};
use kctl_base::gvk::GroupVersion;

/// The meaning of positional arguments.
pub(super) enum ResourceArgs {
    /// There are no arguments.
    Nothing,
    /// All objects of these types that match the selectors.
    Types(Vec<Target>),
    /// Objects by name.
    Named(Vec<(Target, String)>),
}

/// Interprets the positional arguments of a selection.
pub(super) fn read(catalog: &Catalog, selection: &Selection, program: &str) -> CliResult<ResourceArgs> {
    let words = one_name_each(&selection.args);
    let names_win = selection.all && !selection.all_is_strict;
    let named = words.len() > 1 || words.iter().any(|w| w.contains('/'));
    let selects = match names_win && named {
        true => !selection.labels.is_empty() || !selection.fields.is_empty(),
        false => selection.has_selector(),
    };
    if words.iter().any(|w| w.contains('/')) {
        let named = slashed(catalog, &words, program)?;
        if selects {
            return refuse("selectors and the all flag cannot be used when passing resource/name arguments");
        }
        return Ok(ResourceArgs::Named(named));
    }
    let Some((first, names)) = words.split_first() else {
        return match selects {
            true => refuse("at least one resource must be specified to use a selector"),
            false => Ok(ResourceArgs::Nothing),
        };
    };
    if selects && !names.is_empty() {
        return refuse("name cannot be provided when a selector is specified");
    }
    let targets = types(catalog, first)?;
    if selects || (names.is_empty() && selection.type_means_all) {
        if !selection.subresource.is_empty() {
            return refuse("subresource cannot be used when bulk resources are specified");
        }
        return Ok(ResourceArgs::Types(targets));
    }
    if names.is_empty() {
        return refuse("resource(s) were provided, but no name was specified");
    }
    if targets.len() > 1 {
        return refuse("you must specify only one resource");
    }
    Ok(ResourceArgs::Named(names.iter().flat_map(|name| targets.iter().map(|t| (t.clone(), name.clone()))).collect()))
}

fn refuse<T>(text: &str) -> CliResult<T> {
    Err(CliError::new(text))
}

/// Expands `cm,secret one two` to `cm/one cm/two secret/one secret/two`.
fn one_name_each(words: &[String]) -> Vec<String> {
    match words.split_first() {
        Some((types, names)) if !names.is_empty() && types.contains(',') && !types.contains('/') => {
            types.split(',').flat_map(|t| names.iter().map(move |n| format!("{t}/{n}"))).collect()
        }
        _ => words.to_vec(),
    }
}

fn slashed(catalog: &Catalog, words: &[String], program: &str) -> CliResult<Vec<(Target, String)>> {
    if !words.iter().all(|w| w.contains('/')) {
        return refuse(&format!(
            "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. '{program} get resource/<resource_name>' instead of '{program} get resource resource/<resource_name>'"
        ));
    }
    let mut named = Vec::new();
    for word in words {
        let (kind, name) = word.split_once('/').unwrap_or((word, ""));
        if name.contains('/') {
            return refuse("arguments in resource/name form may not have more than one slash");
        }
        if kind.is_empty() || name.is_empty() || kind.contains(',') {
            return refuse("arguments in resource/name form must have a single resource and name");
        }
        named.push((target(catalog, kind)?, name.to_string()));
    }
    Ok(named)
}

/// Resolves `deploy,svc` or a category such as `all`; each type occurs once.
pub(super) fn types(catalog: &Catalog, text: &str) -> CliResult<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::new();
    for word in text.split(',') {
        let members: Vec<Target> = catalog
            .iter()
            .filter(|k| k.names().categories.contains(&word))
            .map(|kind| Target { kind, version: None })
            .collect();
        let found = if members.is_empty() { vec![target(catalog, word)?] } else { members };
        for one in found {
            if !targets.iter().any(|t| t.kind.names() == one.kind.names() && t.version == one.version) {
                targets.push(one);
            }
        }
    }
    Ok(targets)
}

/// Returns a kind as the version that was asked for describes it.
pub(super) fn in_version(kind: KindRef, version: &Option<GroupVersion>) -> KindRef {
    let asked = version.as_ref().and_then(|asked| kind.at_version(&asked.version));
    asked.map_or(kind, KindRef::Custom)
}

/// Resolves the name of a type, with the version that it asks for (`deployments.v1.apps`).
pub(super) fn target(catalog: &Catalog, word: &str) -> CliResult<Target> {
    let kind = catalog.by_name(word).ok_or_else(|| {
        let bare = word.split('.').next().unwrap_or(word);
        CliError::new(CliError::unknown_resource_type(bare))
    })?;
    let version = asked_version(&*kind, word);
    Ok(Target { kind: in_version(kind, &version), version })
}

/// Returns the group and version that the name of a type asks for; `None` for those that are stored.
fn asked_version(kind: &dyn Kind, word: &str) -> Option<GroupVersion> {
    let names = kind.names();
    let (name, rest) = word.split_once('.')?;
    let (version, group) = rest.split_once('.').unwrap_or(("", rest));
    // As in kubectl, the version is ignored after a short name.
    let is_short = names.short.contains(&name) && ![names.plural, names.singular].contains(&name);
    if !is_short && serves(kind, group, version) {
        return (names.group != group || names.version != version).then(|| GroupVersion::new(group, version));
    }
    let is_asked = |other: &str| other != names.group && (other == rest || other == group);
    let other = kind.other_versions().iter().find(|(group, _)| is_asked(group));
    other.map(|(group, version)| GroupVersion::new(group, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(words: &[&str], change: impl FnOnce(&mut Selection)) -> String {
        let mut selection = Selection { args: words.iter().map(ToString::to_string).collect(), ..Selection::default() };
        change(&mut selection);
        match read(&Catalog::default(), &selection, "kubectl") {
            Ok(ResourceArgs::Nothing) => "nothing".into(),
            Ok(ResourceArgs::Types(types)) => types.iter().map(Target::go_name).collect::<Vec<_>>().join("; "),
            Ok(ResourceArgs::Named(named)) => {
                named.iter().map(|(t, n)| format!("{}/{n}", t.kind.names().plural)).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.message().trim_end().into(),
        }
    }

    #[test]
    fn words_name_types_and_objects() {
        let cases: &[(&[&str], &str)] = &[
            (&["cm", "a", "b"], "configmaps/a configmaps/b"),
            (&["cm,secret", "one"], "configmaps/one secrets/one"),
            (&["cm/a", "ns/b"], "configmaps/a namespaces/b"),
            (&["cm/"], "error: arguments in resource/name form must have a single resource and name"),
            (&["cm/a/b"], "error: arguments in resource/name form may not have more than one slash"),
            (&["cm"], "error: resource(s) were provided, but no name was specified"),
            (&["foo.bar", "x"], "error: the server doesn't have a resource type \"foo\""),
            (&["deploy.v1.apps", "x"], "deployments/x"),
            (&["cm,", "x"], "error: arguments in resource/name form must have a single resource and name"),
            (&["", "x"], "error: the server doesn't have a resource type \"\""),
            (&[], "nothing"),
        ];
        for (words, expected) in cases {
            assert_eq!(answer(words, |_| ()), *expected, "{words:?}");
        }
    }

    #[test]
    fn versions_and_groups_are_asked_for() {
        let version = |word: &str| {
            let target = target(&Catalog::default(), word).map_err(|error| error.text())?;
            Ok::<_, String>(target.version.map_or("stored".into(), |asked| asked.to_string()))
        };
        for (word, expected) in [
            ("hpa", "stored"),
            ("horizontalpodautoscalers.v2.autoscaling", "stored"),
            ("horizontalpodautoscalers.v1.autoscaling", "autoscaling/v1"),
            ("hpa.v1.autoscaling", "stored"),
            ("events.v1.events.k8s.io", "events.k8s.io/v1"),
            ("events.events.k8s.io", "events.k8s.io/v1"),
            ("ev.events.k8s.io", "events.k8s.io/v1"),
            ("ev.v1.events.k8s.io", "events.k8s.io/v1"),
        ] {
            assert_eq!(version(word).as_deref(), Ok(expected), "{word}");
        }
    }

    #[test]
    fn selectors_take_types_only() {
        let labelled = |s: &mut Selection| s.labels = "a=b".into();
        assert_eq!(answer(&["cm,ns,cm"], labelled), "/v1, Resource=configmaps; /v1, Resource=namespaces");
        assert_eq!(answer(&["cm", "a"], labelled), "error: name cannot be provided when a selector is specified");
        assert_eq!(
            answer(&["cm/a"], labelled),
            "error: selectors and the all flag cannot be used when passing resource/name arguments"
        );
        assert_eq!(answer(&["cm", "a"], |s| s.all = true), "configmaps/a");
        assert_eq!(answer(&["cm/a"], |s| s.all = true), "configmaps/a");
        let strict = |s: &mut Selection| (s.all, s.all_is_strict) = (true, true);
        assert_eq!(answer(&["cm", "a"], strict), "error: name cannot be provided when a selector is specified");
        assert_eq!(answer(&[], labelled), "error: at least one resource must be specified to use a selector");
    }
}
