//! Rows at the resolution of a picture, and what stands for more rows than it has room for.

use std::collections::HashMap;

use super::{Group, Picture, Row};
use kctl_base::sim::{Duration, Time};
use kctl_cluster::chronicle::{PodLife, PodState, Span};

/// The number of rows of a group that are always shown one by one.
const FEW: usize = 8;

/// The shortest time.
const INSTANT: Duration = Duration::from_micros(1);

/// The states of a row in each column; `None` where there was no pod.
pub(super) type Cells = Vec<Option<PodState>>;

/// The part of a span that is in the picture.
pub(super) struct Stretch<'l> {
    pub(super) span: &'l Span,
    pub(super) from: Time,
    /// The end; that of the picture for the present state.
    pub(super) to: Time,
    /// True for the present state.
    pub(super) goes_on: bool,
}

/// The pods of a group as they are shown.
pub(super) enum Body<'a, 'b> {
    /// Each row, or one row for several that look the same, with their number.
    Rows(Vec<(&'b Row<'a>, Cells, usize)>),
    /// The number of pods in each state that occurs, for each column.
    Counts(Vec<(PodState, Vec<usize>)>),
}

impl<'a> Picture<'a> {
    /// Returns what is shown of a group in a picture that has room for so many rows.
    pub(super) fn body<'b>(&self, group: &'b Group<'a>, columns: usize, rows_max: usize) -> Body<'a, 'b> {
        let rows: Vec<(&Row<'a>, Cells)> = group.rows.iter().map(|row| (row, self.cells(row, columns))).collect();
        if self.row_count() <= rows_max || rows.len() <= FEW {
            return Body::Rows(rows.into_iter().map(|(row, cells)| (row, cells, 1)).collect());
        }
        let mut alike: Vec<(&Row<'a>, Cells, usize)> = Vec::new();
        let mut places: HashMap<Cells, usize> = HashMap::new();
        for (row, cells) in &rows {
            let place = *places.entry(cells.clone()).or_insert_with(|| {
                alike.push((row, cells.clone(), 0));
                alike.len() - 1
            });
            alike[place].2 += 1;
        }
        match alike.len() <= FEW {
            true => Body::Rows(alike),
            false => Body::Counts(counts(&rows, columns)),
        }
    }

    /// Returns the spans of a life as far as they are in the picture.
    pub(super) fn stretches<'l>(&self, life: &'l PodLife) -> impl Iterator<Item = Stretch<'l>> {
        let (from, to) = (self.from, self.to);
        life.spans.iter().enumerate().filter_map(move |(index, span)| {
            let goes_on = life.gone.is_none() && index + 1 == life.spans.len();
            let end = if goes_on { to } else { span.to.max(span.from + INSTANT) };
            let stretch = Stretch { span, from: span.from.max(from), to: end.min(to), goes_on };
            (stretch.from < stretch.to).then_some(stretch)
        })
    }

    /// Returns the state that a row shows in each column: a failure if there is one, else the one that lasts the longest.
    fn cells(&self, row: &Row<'_>, columns: usize) -> Cells {
        let mut best: Vec<Option<(bool, Duration, PodState)>> = vec![None; columns];
        for stretch in row.lives.iter().flat_map(|life| self.stretches(life)) {
            let last = self.column(stretch.to - INSTANT, columns);
            for column in self.column(stretch.from, columns)..=last {
                let (from, to) = (self.time_of(column, columns), self.time_of(column + 1, columns));
                let state = stretch.span.state;
                let found = (state == PodState::Failed, stretch.to.min(to) - stretch.from.max(from), state);
                if found.1 > Duration::ZERO && best[column].is_none_or(|best| (best.0, best.1) <= (found.0, found.1)) {
                    best[column] = Some(found);
                }
            }
        }
        best.into_iter().map(|best| best.map(|(_, _, state)| state)).collect()
    }
}

/// Counts the pods in each state, for each column.
fn counts(rows: &[(&Row<'_>, Cells)], columns: usize) -> Vec<(PodState, Vec<usize>)> {
    let count = |state: PodState| {
        let in_column = |column: usize| rows.iter().filter(|(_, cells)| cells[column] == Some(state)).count();
        (state, (0..columns).map(in_column).collect::<Vec<usize>>())
    };
    PodState::ALL.map(count).into_iter().filter(|(_, counts)| counts.iter().any(|count| *count > 0)).collect()
}
