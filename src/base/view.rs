//! Table columns and cells as data; printers decide about their layout.

/// A column of a kind's table (`metav1.TableColumnDefinition`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name as in the API, such as `Up-to-date`; printers write it in capitals.
    pub name: String,
    /// `true` for columns that only `-o wide` shows.
    pub wide: bool,
}

impl Column {
    /// Creates a column that is always shown.
    pub fn new(name: &str) -> Column {
        Column { name: name.into(), wide: false }
    }

    /// Creates a column of `-o wide`.
    pub fn wide(name: &str) -> Column {
        Column { name: name.into(), wide: true }
    }
}

/// The content of a cell.
pub type Cell = String;
