//! The legend of the marks: a letter for each instant at which commands changed something, a digit for each kind of event.

use std::collections::BTreeMap;

use super::axis::short;
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_cluster::chronicle::{Mark, MarkKind};

/// The labels of commands; what comes later is only counted.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// The labels of kinds of events; warnings come first if there are more.
const DIGITS: &str = "123456789";
/// The number of objects of one kind to which the same was done that an entry names.
const ALIKE_MAX: usize = 2;

/// The marks of a picture.
pub(super) struct Legend<'a> {
    /// All marks, by time.
    pub(super) marks: Vec<&'a Mark>,
    /// By their label.
    pub(super) entries: Vec<Entry<'a>>,
    /// The number of instants with commands that have no entry.
    pub(super) more_commands: usize,
    /// The number of kinds of events that have no entry.
    pub(super) more_events: usize,
}

/// What one label stands for.
pub(super) struct Entry<'a> {
    pub(super) label: char,
    pub(super) kind: MarkKind,
    /// At least one, by time.
    pub(super) marks: Vec<&'a Mark>,
}

impl<'a> Legend<'a> {
    /// Gives labels to marks, which are sorted by time.
    pub(super) fn of(marks: &[&'a Mark]) -> Legend<'a> {
        let mut commands: BTreeMap<Time, Vec<&'a Mark>> = BTreeMap::new();
        let mut events: BTreeMap<(MarkKind, &'a str), Vec<&'a Mark>> = BTreeMap::new();
        for mark in marks {
            match mark.kind {
                MarkKind::Command => commands.entry(mark.at).or_default().push(mark),
                kind => events.entry((kind, &mark.reason)).or_default().push(mark),
            }
        }
        let (more_commands, more_events) =
            (commands.len().saturating_sub(LETTERS.len()), events.len().saturating_sub(DIGITS.len()));
        // Warnings sort before normal events.
        let mut events: Vec<Vec<&Mark>> = events.into_values().take(DIGITS.len()).collect();
        events.order_by_key(|marks| marks[0].at);
        let labelled = LETTERS.chars().zip(commands.into_values()).chain(DIGITS.chars().zip(events));
        let entries = labelled.map(|(label, marks)| Entry { label, kind: marks[0].kind, marks }).collect();
        Legend { marks: marks.to_vec(), entries, more_commands, more_events }
    }

    /// The entries of commands, or those of events.
    pub(super) fn of_commands(&self, commands: bool) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(move |entry| (entry.kind == MarkKind::Command) == commands)
    }

    /// Returns the warnings about a pod with their labels; without a UID, those about every pod of the name.
    pub(super) fn warnings_of(&self, namespace: &str, name: &str) -> impl Iterator<Item = (char, &'a Mark)> {
        let warnings = self.entries.iter().filter(|entry| entry.kind == MarkKind::Warning);
        let marks = warnings.flat_map(|entry| entry.marks.iter().map(|mark| (entry.label, *mark)));
        let is_own = move |mark: &Mark| {
            mark.object.kind == "Pod" && mark.object.namespace == namespace && mark.object.name == name
        };
        marks.filter(move |(_, mark)| is_own(mark))
    }

    /// Returns what has no entry, in a sentence; `None` if everything has one.
    pub(super) fn rest(&self) -> Option<String> {
        let count = |number: usize, what: &str| (number > 0).then(|| format!("{number} more {what}"));
        let parts = [count(self.more_commands, "times of commands"), count(self.more_events, "kinds of events")];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        (!text.is_empty()).then(|| format!("There are {text}; a shorter --since shows them."))
    }
}

impl Entry<'_> {
    /// Returns when it happened, after the beginning of the picture: `12s`, `12s-40s`.
    pub(super) fn when(&self, from: Time) -> String {
        let (first, last) = (self.marks[0].at, self.marks[self.marks.len() - 1].at);
        let (first, last) = (short(first - from), short(last - from));
        if first == last { first } else { format!("{first}-{last}") }
    }

    /// Returns what happened.
    pub(super) fn text(&self) -> String {
        let first = self.marks[0];
        if self.kind == MarkKind::Command {
            return deeds(&self.marks);
        }
        let warning = if self.kind == MarkKind::Warning { "Warning " } else { "" };
        let times = if self.marks.len() > 1 { format!(" x{}", self.marks.len()) } else { String::new() };
        let message = first.text.lines().next().unwrap_or("");
        format!("{warning}{}{times} {}: {message}", first.reason, first.object)
    }
}

/// Returns what commands did at one instant: what they did to several objects of a kind is counted.
fn deeds(marks: &[&Mark]) -> String {
    let mut groups: Vec<Vec<&Mark>> = Vec::new();
    for mark in marks {
        let is_alike =
            |group: &&mut Vec<&Mark>| group[0].reason == mark.reason && group[0].object.kind == mark.object.kind;
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(mark),
            None => groups.push(vec![mark]),
        }
    }
    let phrase = |group: &Vec<&Mark>| {
        let mut texts: Vec<&str> = group.iter().map(|mark| mark.text.as_str()).collect();
        texts.dedup();
        match texts.len() {
            0..=ALIKE_MAX => texts.join(", "),
            many => format!("{} {many} of kind {}", group[0].reason, group[0].object.kind),
        }
    };
    groups.iter().map(phrase).collect::<Vec<_>>().join(", ")
}
