//! The arrangement of pods: sections for workloads, groups for owners, rows for names.

use std::collections::BTreeMap;

use super::scope::{Scope, Selected};
use super::{Group, Row, Section};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_cluster::chronicle::{ObjectRef, PodLife, Workload};

/// The identity of a section: the pods without a workload come last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    is_bare: bool,
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Key<'a> {
    fn of(object: &'a ObjectRef) -> Key<'a> {
        Key { is_bare: false, namespace: &object.namespace, kind: &object.kind, name: &object.name }
    }

    fn bare(pod: &'a PodLife) -> Key<'a> {
        Key { is_bare: true, namespace: &pod.namespace, kind: "", name: "" }
    }
}

/// Arranges the selected pods and workloads.
pub(super) fn sections<'a>(scope: &Scope, selected: &Selected<'a>) -> Vec<Section<'a>> {
    let mut members: BTreeMap<Key<'a>, Vec<&'a PodLife>> = BTreeMap::new();
    for workload in selected.workloads.iter().filter(|w| is_top(scope, w)) {
        members.entry(Key::of(&workload.object)).or_default();
    }
    for pod in &selected.pods {
        let owner = scope.named_owner(&pod.owners).or(pod.owners.last());
        members.entry(owner.map_or_else(|| Key::bare(pod), Key::of)).or_default().push(pod);
    }
    let section = |(key, pods): (Key<'a>, Vec<&'a PodLife>)| {
        let own = |w: &&&'a Workload| Key::of(&w.object) == key;
        let workloads: Vec<&Workload> = selected.workloads.iter().filter(own).copied().collect();
        let what = if key.is_bare { "pods".into() } else { format!("{}/{}", key.kind.to_lowercase(), key.name) };
        let place = if scope.namespace.is_none() { format!(" in {}", key.namespace) } else { String::new() };
        Section { title: format!("{what}{place}"), workloads, groups: groups(&key, pods) }
    };
    members.into_iter().map(section).collect()
}

/// Returns whether a workload has a section of its own: it is named, or nothing owns it.
fn is_top(scope: &Scope, workload: &Workload) -> bool {
    match scope.objects.is_empty() {
        true => workload.owners.is_empty(),
        false => scope.named_owner(std::slice::from_ref(&workload.object)).is_some(),
    }
}

/// Groups pods by their nearest owner: by revision, then by their beginning.
fn groups<'a>(section: &Key<'a>, pods: Vec<&'a PodLife>) -> Vec<Group<'a>> {
    let mut members: BTreeMap<Option<&'a str>, Vec<&'a PodLife>> = BTreeMap::new();
    for pod in pods {
        members.entry(pod.owners.first().map(|owner| owner.name.as_str())).or_default().push(pod);
    }
    let mut groups: Vec<(i64, Time, Group<'a>)> = Vec::new();
    for pods in members.into_values() {
        let owner = pods[0].owners.first();
        let revision = pods[0].revision.unwrap_or(0);
        let is_section = owner.is_none_or(|owner| Key::of(owner) == *section);
        let title = match (owner, pods[0].revision) {
            _ if is_section => String::new(),
            (Some(owner), Some(revision)) => format!("{owner}, revision {revision}"),
            (Some(owner), None) => owner.to_string(),
            (None, _) => String::new(),
        };
        let from = pods.iter().map(|pod| pod.from()).min().unwrap_or_default();
        let prefix = owner.map_or_else(String::new, |owner| format!("{}-", owner.name));
        groups.push((revision, from, Group { title, prefix, rows: rows(pods) }));
    }
    groups.order_by_key(|(revision, from, _)| (*revision, *from));
    groups.into_iter().map(|(_, _, group)| group).collect()
}

/// Joins the lives of the pods of one name, by their beginning and then by name, numbers in it by their size.
fn rows<'a>(pods: Vec<&'a PodLife>) -> Vec<Row<'a>> {
    let mut lives: BTreeMap<(&'a str, &'a str), Vec<&'a PodLife>> = BTreeMap::new();
    for pod in pods {
        lives.entry((&pod.namespace, &pod.name)).or_default().push(pod);
    }
    let mut rows: Vec<Row<'a>> = lives.into_iter().map(|((_, name), lives)| Row { name, lives }).collect();
    for row in &mut rows {
        row.lives.order_by_key(|life| life.from());
    }
    rows.sort_by_cached_key(|row| (row.lives[0].from(), natural(row.name)));
    rows
}

/// Returns a key that sorts `web-2` before `web-10`.
fn natural(name: &str) -> (String, u64, String) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem.into(), name[stem.len()..].parse().unwrap_or(0), name.into())
}
