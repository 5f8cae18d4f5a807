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

/// Passes the rows with `from <= key < to` of rows in memory and of runs to `each`, in order, until it returns `false`.
/// Of a key that several have, the first one's row counts: those in memory before the runs, the newest first.
pub(super) fn merge(
    memory: Vec<MemoryRows<'_>>,
    runs: &[Run],
    from: &[u8],
    to: &[u8],
    each: &mut dyn FnMut(Row<'_>) -> bool,
) -> Result<(), RunError> {
    let mut sources: Vec<Source<'_>> = memory.into_iter().map(|rows| Source::Memory(rows.peekable())).collect();
    for run in runs {
        sources.push(Source::Run(run.cursor(from)?));
    }
    let mut key: Vec<u8> = Vec::new();
    loop {
        let mut first = None;
        for (index, source) in sources.iter_mut().enumerate() {
            if let Some((found, _)) = source.row()
                && found < to
                && (first.is_none() || found < key.as_slice())
            {
                found.clone_into(&mut key);
                first = Some(index);
            }
        }
        let Some(first) = first else { return Ok(()) };
        if let Some(row) = sources[first].row()
            && !each(row)
        {
            return Ok(());
        }
        for source in &mut sources[first..] {
            if source.row().is_some_and(|(found, _)| found == key) {
                source.advance()?;
            }
        }
    }
}
