//! The tables of `get`: the columns of a kind and those that flags add, printed section by section.

use super::{CliResult, Ctx};
use crate::printers::table::TablePrinter;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::Column;
use kctl_kinds::catalog::KindRef;

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

/// Where the cells of a table come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cells {
    /// The columns of the kind.
    Kind,
    /// Names and ages alone.
    Age,
    /// The numbers of a `Scale`.
    Scale,
}

/// The table of one kind. Its columns never become narrower.
pub(crate) struct Section {
    printer: TablePrinter,
    flags: TableFlags,
    kind: KindRef,
    cells: Cells,
    /// The names of the columns that are shown.
    names: Vec<String>,
    /// Whether the column of a cell of the kind is shown.
    visible: Vec<bool>,
    with_namespace: bool,
    headers_printed: bool,
}

impl Section {
    /// Creates a table that has not printed anything yet, with a column of namespaces if `all_namespaces` is set and the kind
    /// has them.
    pub(crate) fn new(flags: &TableFlags, kind: &KindRef, all_namespaces: bool, cells: Cells) -> Section {
        let columns = match cells {
            Cells::Kind => kind.columns(),
            Cells::Age => ["Name", "Age"].map(Column::new).into(),
            Cells::Scale => ["Name", "Desired", "Available", "Age"].map(Column::new).into(),
        };
        let visible: Vec<bool> = columns.iter().map(|column| flags.wide || !column.wide).collect();
        let shown = columns.into_iter().zip(&visible).filter(|(_, visible)| **visible);
        Section {
            printer: TablePrinter::new(),
            flags: flags.clone(),
            kind: kind.clone(),
            cells,
            names: shown.map(|(column, _)| column.name).collect(),
            visible,
            with_namespace: all_namespaces && kind.names().namespaced,
            headers_printed: false,
        }
    }

    /// The kind of the objects.
    pub(crate) fn kind(&self) -> &KindRef {
        &self.kind
    }

    /// Returns the cells of an object. `event` is the type of its change, such as `ADDED`, which is shown if the flags say so.
    pub(crate) fn row(&self, object: &Object, event: &str, now: Time) -> Vec<String> {
        let mut row = Vec::with_capacity(self.names.len() + 1);
        if self.flags.events {
            row.push(event.to_string());
        }
        if self.with_namespace {
            row.push(object.namespace().to_string());
        }
        let own = self.own_cells(object, now);
        row.extend(own.into_iter().zip(&self.visible).filter(|(_, visible)| **visible).map(|(cell, _)| cell));
        row.extend(self.flags.label_columns.iter().map(|key| object.label(key).unwrap_or("").to_string()));
        if self.flags.show_labels {
            row.push(kctl_kinds::pairs(object, "/metadata/labels"));
        }
        row
    }

    fn own_cells(&self, object: &Object, now: Time) -> Vec<String> {
        let number = |pointer: &str| object.int(pointer).unwrap_or(0).to_string();
        let (name, age) = (|| object.name().to_string(), || kctl_kinds::age(object, now));
        match self.cells {
            Cells::Kind => self.kind.row(object, now),
            Cells::Age => vec![name(), age()],
            Cells::Scale => vec![name(), number("/spec/replicas"), number("/status/replicas"), age()],
        }
    }

    /// Prints rows, with headers above the first; names are printed with their kind if `with_kind` is set.
    pub(crate) fn print(&mut self, ctx: &mut Ctx, mut rows: Vec<Vec<String>>, with_kind: bool) -> CliResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        if with_kind {
            self.add_kind(&mut rows);
        }
        let headers = (!self.flags.no_headers && !self.headers_printed).then(|| self.headers());
        self.headers_printed = true;
        let mut text = Vec::new();
        self.printer.print(headers.as_deref(), &rows, &mut text).map_err(|e| super::CliError::new(e.to_string()))?;
        ctx.out.push_str(&String::from_utf8_lossy(&text));
        Ok(())
    }

    /// Puts the kind in front of the names.
    fn add_kind(&self, rows: &mut [Vec<String>]) {
        let Some(at) = self.names.iter().position(|name| name == "Name") else { return };
        let before = usize::from(self.flags.events) + usize::from(self.with_namespace);
        let kind = self.kind.names().kind_group();
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(before + at)) {
            *cell = format!("{kind}/{cell}");
        }
    }

    fn headers(&self) -> Vec<String> {
        let mut headers = Vec::new();
        if self.flags.events {
            headers.push("EVENT".to_string());
        }
        if self.with_namespace {
            headers.push("NAMESPACE".to_string());
        }
        headers.extend(self.names.iter().map(|n| n.to_uppercase()));
        let last = |key: &String| key.rsplit('/').next().unwrap_or(key).to_uppercase();
        headers.extend(self.flags.label_columns.iter().map(last));
        if self.flags.show_labels {
            headers.push("LABELS".into());
        }
        headers
    }
}
