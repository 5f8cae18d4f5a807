//! Pictures of a chronicle: how pods lived over time, below the replicas of their workloads, with marks for commands and
//! events.
//!
//! [`Scope`] says what is shown. [`Picture::of`] arranges it: sections for workloads, groups for the owners of the pods, rows,
//! and a legend. [`text`], [`svg`] and [`html`] draw the picture, [`json`] writes what is known.

mod arrange;
mod axis;
mod crowd;
pub(crate) mod html;
pub(crate) mod json;
mod legend;
mod scope;
mod series;
pub(crate) mod svg;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub(crate) use scope::{Named, Scope};

use kctl_base::sim::{Duration, Time};
use kctl_cluster::chronicle::{Chronicle, PodLife, Workload};
use legend::Legend;

/// The part of a picture after the present, so that what has just begun can be seen: one in so many.
const AFTER_NOW: i64 = 40;
/// The length of a picture in which nothing took any time.
const SHORTEST: Duration = Duration::from_secs(1);

/// What is shown, and where.
pub(crate) struct Picture<'a> {
    /// What it shows, such as `deployment/web in namespace default`.
    title: String,
    /// The time of the first change that is known.
    known_from: Time,
    /// The left end.
    from: Time,
    /// The present.
    now: Time,
    /// The right end, a little after the present.
    to: Time,
    sections: Vec<Section<'a>>,
    legend: Legend<'a>,
}

/// A workload with its pods, or the pods without one.
struct Section<'a> {
    /// `deployment/web`; `pods` for those without a workload.
    title: String,
    /// The workload; several if it was deleted and created again, none for an object that has no replicas.
    workloads: Vec<&'a Workload>,
    groups: Vec<Group<'a>>,
}

/// The pods of one owner.
struct Group<'a> {
    /// `replicaset/web-5d8f, revision 2`; empty if the section says it all.
    title: String,
    /// What the names of the pods begin with.
    prefix: String,
    rows: Vec<Row<'a>>,
}

/// The lives of the pods of one name.
struct Row<'a> {
    name: &'a str,
    lives: Vec<&'a PodLife>,
}

impl<'a> Picture<'a> {
    /// Arranges what a scope selects of a chronicle, from a time on; without one, from the first thing that is known, but at
    /// most an hour before the first change.
    pub(crate) fn of(chronicle: &'a Chronicle, scope: &Scope, since: Option<Time>) -> Picture<'a> {
        let selected = scope.select(chronicle);
        let now = chronicle.to;
        let earliest = selected.earliest().unwrap_or(now).max(chronicle.from - Duration::from_secs(3600));
        let from = since.unwrap_or(earliest).min(now);
        let shown = selected.since(from);
        let length = (now - from).max(SHORTEST);
        Picture {
            title: scope.title(),
            known_from: chronicle.from,
            from,
            now,
            to: from + length + Duration::from_micros(length.micros() / AFTER_NOW),
            sections: arrange::sections(scope, &shown),
            legend: Legend::of(&shown.marks),
        }
    }

    /// Returns whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Returns the rows of all pods.
    fn rows(&self) -> impl Iterator<Item = &Row<'a>> {
        self.sections.iter().flat_map(|section| &section.groups).flat_map(|group| &group.rows)
    }

    /// Returns what the reader has to know about what is not shown, in sentences.
    fn notes(&self) -> Vec<String> {
        let is_open = self.from < self.known_from && self.rows().flat_map(|row| &row.lives).any(|life| life.is_open);
        let known = axis::short(self.known_from - self.from);
        let open = is_open.then(|| format!("Before {known}, only what the timestamps of the pods tell is known."));
        open.into_iter().chain(self.legend.rest()).collect()
    }

    /// The number of rows of pods.
    fn row_count(&self) -> usize {
        self.rows().count()
    }

    /// The position of a time between 0, the left end, and 1, the right end.
    fn position(&self, at: Time) -> f64 {
        let length = (self.to - self.from).micros() as f64;
        ((at - self.from).micros() as f64 / length).clamp(0.0, 1.0)
    }

    /// The column of a time, of so many columns.
    fn column(&self, at: Time, columns: usize) -> usize {
        ((self.position(at) * columns as f64) as usize).min(columns.saturating_sub(1))
    }

    /// The time at which a column begins.
    fn time_of(&self, column: usize, columns: usize) -> Time {
        let length = i128::from((self.to - self.from).micros());
        let micros = length * column as i128 / columns.max(1) as i128;
        // Between 0 and the length, which is an i64.
        self.from + Duration::from_micros(micros as i64)
    }
}
