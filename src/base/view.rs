//! What is shown of an object, as data: tables of typed cells. How it looks belongs to the printers.

use crate::json::Value;

/// A column of a kind's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Heading as the API has it, `Up-to-date`; printers put it in capitals.
    pub name: String,
    /// Shown only in wide output.
    pub wide: bool,
}

impl Column {
    /// A column that is always shown.
    pub fn new(name: &str) -> Column {
        Column { name: name.into(), wide: false }
    }

    /// A column of wide output.
    pub fn wide(name: &str) -> Column {
        Column { name: name.into(), wide: true }
    }
}

/// One cell of a table.
pub type Cell = String;

/// A table of objects of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns, wide ones included.
    pub columns: Vec<Column>,
    /// A row an object: as many cells as columns, and the object it shows.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// As many as there are columns.
    pub cells: Vec<Cell>,
    /// The object shown, for label columns and sorting.
    pub object: Value,
}
