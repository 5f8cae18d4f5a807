//! Merging the rows of the journal and of runs into one order.

use std::collections::btree_map::Range;
use std::iter::Peekable;

use super::block::RunError;
use super::rows::Row;
use super::run::{Cursor, Run};

/// Rows in memory, in order.
type MemoryRows<'a> = Range<'a, Vec<u8>, Option<Vec<u8>>>;

/// One of several sources of rows that are merged.
enum Source<'a> {
    Memory(Peekable<MemoryRows<'a>>),
    Run(Cursor<'a>),
}

impl Source<'_> {
    fn row(&mut self) -> Option<Row<'_>> {
        match self {
            Source::Memory(rows) => rows.peek().map(|(key, value)| (key.as_slice(), value.as_deref())),
            Source::Run(cursor) => cursor.row(),
        }
    }

    fn advance(&mut self) -> Result<(), RunError> {
        match self {
            Source::Memory(rows) => {
                rows.next();
                Ok(())
            }
            Source::Run(cursor) => cursor.advance(),
        }
    }
}

/// The rows of several sources in one order, one at a time. Of a key that several sources have, the first one's row counts.
pub(super) struct Merged<'a> {
    sources: Vec<Source<'a>>,
    /// The source of the current row; `None` at the end.
    first: Option<usize>,
    /// The key of the current row.
    key: Vec<u8>,
}

impl<'a> Merged<'a> {
    /// Starts at the first row whose key is `from` or greater. Rows in memory, which must start there, come before the runs.
    pub(super) fn new(memory: Vec<MemoryRows<'a>>, runs: &'a [Run], from: &[u8]) -> Result<Merged<'a>, RunError> {
        let mut sources: Vec<Source<'_>> = memory.into_iter().map(|rows| Source::Memory(rows.peekable())).collect();
        for run in runs {
            sources.push(Source::Run(run.cursor(from)?));
        }
        let mut merged = Merged { sources, first: None, key: Vec::new() };
        merged.find();
        Ok(merged)
    }

    /// The key of the current row; `None` at the end.
    pub(super) fn key(&self) -> Option<&[u8]> {
        self.first.map(|_| self.key.as_slice())
    }

    /// The current row; `None` at the end.
    pub(super) fn row(&mut self) -> Option<Row<'_>> {
        self.sources[self.first?].row()
    }

    /// Moves to the next row.
    pub(super) fn advance(&mut self) -> Result<(), RunError> {
        let Some(first) = self.first else { return Ok(()) };
        for source in &mut self.sources[first..] {
            if source.row().is_some_and(|(found, _)| found == self.key) {
                source.advance()?;
            }
        }
        self.find();
        Ok(())
    }

    /// Finds the source with the least key.
    fn find(&mut self) {
        self.first = None;
        for (index, source) in self.sources.iter_mut().enumerate() {
            if let Some((found, _)) = source.row()
                && (self.first.is_none() || found < self.key.as_slice())
            {
                found.clone_into(&mut self.key);
                self.first = Some(index);
            }
        }
    }
}

/// Passes the rows with `from <= key < to` of rows in memory and of runs to `each`, in order, until it returns `false`.
/// Of a key that several have, the first one's row counts: those in memory before the runs, the newest first.
pub(super) fn merge(
    memory: Vec<MemoryRows<'_>>,
    runs: &[Run],
    from: &[u8],
    to: &[u8],
    each: &mut dyn FnMut(Row<'_>) -> bool,
) -> Result<(), RunError> {
    let mut merged = Merged::new(memory, runs, from)?;
    while merged.key().is_some_and(|key| key < to) {
        if !merged.row().is_some_and(&mut *each) {
            break;
        }
        merged.advance()?;
    }
    Ok(())
}
