//! The measured scenes.

mod bulk;
mod commands;
mod history;
mod time;

use crate::row::{Row, label};

/// A store with the rows that are measured on it.
pub(crate) struct Scene {
    /// A description.
    pub(crate) about: &'static str,
    /// The names of its rows.
    pub(crate) rows: &'static [&'static str],
    /// The numbers of objects for which it is run, ascending; `[1]` for commands whose cost should not grow.
    pub(crate) sizes: &'static [usize],
    /// The largest size that is measured without being named: others take minutes.
    pub(crate) unnamed_max: usize,
    /// Creates the store for a size and measures the rows.
    pub(crate) run: fn(usize) -> Vec<Row>,
}

impl Scene {
    /// The names with a size, as users select them.
    pub(crate) fn labels(&self, size: usize) -> impl Iterator<Item = String> {
        self.rows.iter().map(move |row| label(row, size))
    }
}

/// All scenes.
pub(crate) fn all() -> impl Iterator<Item = &'static Scene> {
    commands::SCENES.iter().chain(bulk::SCENES).chain(time::SCENES).chain(history::SCENES)
}
