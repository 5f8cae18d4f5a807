//! The tables of `kubectl get`, from headers and cells.
//!
//! Upstream: `cli-runtime/pkg/printers/tableprinter.go`.

use std::borrow::Cow;
use std::io::{self, Write};

use super::tabwriter::{GET, TabWriter};
use kctl_base::terminal::escape_terminal;

/// Prints the sections of one table. Columns never become narrower, as in `kubectl get --watch`.
#[derive(Debug, Clone)]
pub(crate) struct TablePrinter {
    writer: TabWriter,
}

impl Default for TablePrinter {
    fn default() -> Self {
        Self::new()
    }
}

impl TablePrinter {
    /// Creates a printer for a new table.
    pub(crate) fn new() -> Self {
        Self { writer: TabWriter::new(GET) }
    }

    /// Prints the next rows, below the headers if there are any.
    pub(crate) fn print(
        &mut self,
        headers: Option<&[String]>,
        rows: &[Vec<String>],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut text = String::new();
        if let Some(headers) = headers {
            text.push_str(&headers.join("\t"));
            text.push('\n');
        }
        for row in rows {
            let cells: Vec<Cow<'_, str>> = row.iter().map(|cell| first_line(cell)).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        out.write_all(self.writer.align(&text).as_bytes())
    }
}

/// Prints a complete table.
pub(crate) fn print_rows(headers: Option<&[String]>, rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    TablePrinter::new().print(headers, rows, out)
}

/// The first line of a cell, with an ellipsis if there are more lines, and without control characters of terminals.
fn first_line(cell: &str) -> Cow<'_, str> {
    match cell.find(['\u{c}', '\n', '\r']) {
        Some(end) => Cow::Owned(format!("{}...", escape_terminal(&cell[..end]))),
        None => escape_terminal(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(cells: &[&str]) -> Vec<String> {
        cells.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tables_have_kubectl_columns() {
        let headers = strings(&["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]);
        let rows = [strings(&["back", "1/1", "1", "1", "4s"]), strings(&["front", "2/2", "2", "2", "4s"])];
        let mut out = Vec::new();
        print_rows(Some(&headers), &rows, &mut out).expect("a buffer takes everything");
        let expected = "NAME    READY   UP-TO-DATE   AVAILABLE   AGE\nback    1/1     1            1           4s\nfront   2/2     2            2           4s\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn cells_stay_on_their_line() {
        let mut out = Vec::new();
        print_rows(None, &[strings(&["a\nb", "x\u{1b}[1m"])], &mut out).expect("a buffer takes everything");
        assert_eq!(String::from_utf8_lossy(&out), "a...   x^[[1m\n");
    }

    #[test]
    fn later_rows_keep_the_columns() {
        let mut printer = TablePrinter::new();
        let mut out = Vec::new();
        printer.print(Some(&strings(&["NAME", "AGE"])), &[strings(&["long-name", "1s"])], &mut out).expect("a buffer");
        printer.print(None, &[strings(&["b", "2s"])], &mut out).expect("a buffer");
        assert_eq!(String::from_utf8_lossy(&out), "NAME        AGE\nlong-name   1s\nb           2s\n");
    }
}
