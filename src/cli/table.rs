//! The tables of `get`: the columns of a kind and those that flags add, printed section by section.

use super::{CliResult, Ctx};
use crate::printers::table::TablePrinter;
use kctl_base::json::Value;
use kctl_base::object::ObjectMeta;
use kctl_base::sim::Time;
use kctl_kinds::Kind;

/// The flags of `get` that change its tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableFlags {
    /// The value of `-o wide`.
    pub(crate) wide: bool,
    /// The value of `--no-headers`.
    pub(crate) no_headers: bool,
    /// The value of `-L`.
    pub(crate) label_columns: Vec<String>,
    /// The value of `--show-labels`.
    pub(crate) show_labels: bool,
    /// The value of `--output-watch-events`.
    pub(crate) events: bool,
}

/// The rows of one kind. Its columns never become narrower.
pub(crate) struct Section {
    printer: TablePrinter,
    flags: TableFlags,
    with_namespace: bool,
    with_kind: bool,
    headers_printed: bool,
}

/// A row: the object, and its change when events are shown.
pub(crate) struct Row<'a> {
    /// The object.
    pub(crate) object: &'a Value,
    /// `ADDED`, `MODIFIED` or `DELETED`; empty when events are not shown.
    pub(crate) event: &'static str,
}

impl Section {
    /// Creates a section that has not printed anything yet.
    pub(crate) fn new(flags: &TableFlags, with_namespace: bool, with_kind: bool) -> Section {
        Section {
            printer: TablePrinter::new(),
            flags: flags.clone(),
            with_namespace,
            with_kind,
            headers_printed: false,
        }
    }

    /// Prints rows, with headers above the first.
    pub(crate) fn print(&mut self, ctx: &mut Ctx, kind: &dyn Kind, rows: &[Row<'_>], now: Time) -> CliResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let columns = kind.columns();
        let visible: Vec<bool> = columns.iter().map(|c| self.flags.wide || !c.wide).collect();
        let names: Vec<&str> =
            columns.iter().zip(&visible).filter(|(_, v)| **v).map(|(c, _)| c.name.as_str()).collect();
        let cells = |row: &Row<'_>| {
            let all = kind.row(row.object, now);
            all.into_iter().zip(&visible).filter(|(_, v)| **v).map(|(cell, _)| cell).collect()
        };
        let rows: Vec<Vec<String>> = rows.iter().map(|row| self.cells(kind, row, &names, cells(row))).collect();
        self.write(ctx, &names, &rows)
    }

    /// Prints rows whose cells do not come from the kind; the caller provides the columns.
    pub(crate) fn print_cells(
        &mut self,
        ctx: &mut Ctx,
        kind: &dyn Kind,
        names: &[&str],
        rows: Vec<(Row<'_>, Vec<String>)>,
    ) -> CliResult<()> {
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|(row, cells)| self.cells(kind, &row, names, cells)).collect();
        self.write(ctx, names, &rows)
    }

    fn write(&mut self, ctx: &mut Ctx, names: &[&str], rows: &[Vec<String>]) -> CliResult<()> {
        let headers = (!self.flags.no_headers && !self.headers_printed).then(|| self.headers(names));
        self.headers_printed = true;
        let mut text = Vec::new();
        self.printer.print(headers.as_deref(), rows, &mut text).map_err(|e| super::CliError::new(e.to_string()))?;
        ctx.out.push_str(&String::from_utf8_lossy(&text));
        Ok(())
    }

    fn headers(&self, names: &[&str]) -> Vec<String> {
        let mut headers = Vec::new();
        if self.flags.events {
            headers.push("EVENT".to_string());
        }
        if self.with_namespace {
            headers.push("NAMESPACE".to_string());
        }
        headers.extend(names.iter().map(|n| n.to_uppercase()));
        let last = |key: &String| key.rsplit('/').next().unwrap_or(key).to_uppercase();
        headers.extend(self.flags.label_columns.iter().map(last));
        if self.flags.show_labels {
            headers.push("LABELS".into());
        }
        headers
    }

    fn cells(&self, kind: &dyn Kind, row: &Row<'_>, names: &[&str], own: Vec<String>) -> Vec<String> {
        let object = row.object;
        let mut cells = Vec::new();
        if self.flags.events {
            cells.push(row.event.to_string());
        }
        if self.with_namespace {
            cells.push(object.namespace().to_string());
        }
        for (cell, name) in own.into_iter().zip(names) {
            cells.push(if self.with_kind && *name == "Name" {
                format!("{}/{cell}", kind.names().kind_group())
            } else {
                cell
            });
        }
        let label = |key: &String| object.label(key).unwrap_or("").to_string();
        cells.extend(self.flags.label_columns.iter().map(label));
        if self.flags.show_labels {
            cells.push(kctl_kinds::pairs(object, "/metadata/labels"));
        }
        cells
    }
}
