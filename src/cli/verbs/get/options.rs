//! The flags of `get`, and the request that they describe.

use std::sync::Arc;

use clap::ArgMatches;

use crate::args::{Matches, groups};
use crate::output::Output;
use crate::resolve::{Item, Selection};
use crate::table::{Cells, TableFlags};
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::Parts;
use kctl_base::object::Object;
use kctl_cluster::client::Presentation;

/// The subresources whose tables have only names and ages, whatever the kind.
const WITHOUT_COLUMNS: [&str; 2] = ["ephemeralcontainers", "resize"];

/// The values of the flags.
pub(super) struct Options {
    /// The selected objects.
    pub(super) selection: Selection,
    /// The output format.
    pub(super) output: Output,
    /// The columns of tables.
    pub(super) table: TableFlags,
    /// The value of `--sort-by`; empty for the order of the server.
    pub(super) sort_by: String,
    /// The value of `--show-kind`.
    pub(super) show_kind: bool,
    /// The value of `--ignore-not-found`.
    pub(super) ignore_not_found: bool,
    /// The value of `--server-print`.
    pub(super) server_print: bool,
    /// True with `--watch` or `--watch-only`.
    pub(super) watch: bool,
    /// The value of `--watch-only`.
    pub(super) watch_only: bool,
}

impl Options {
    /// Reads the flags.
    ///
    /// # Errors
    /// Flags that contradict each other.
    pub(super) fn read(ctx: &Ctx, matches: &ArgMatches) -> CliResult<Options> {
        let output = Output::of_table(matches)?;
        let sort_by = matches.string("sort-by").to_string();
        let selection = Selection {
            type_means_all: true,
            subresource: matches.string("subresource").into(),
            // Pages of sorted objects would have to be put together first.
            chunk_size: if sort_by.is_empty() { groups::chunk_size(matches) } else { 0 },
            parts: match sort_by.is_empty() {
                true if output.is_human() => Parts::Columns,
                true if output.hides_managed_fields() => Parts::NoManagedFields,
                _ => Parts::All,
            },
            ..Selection::from_matches(ctx, matches)
        };
        let table = TableFlags {
            wide: output.is_wide(),
            no_headers: matches.flag("no-headers"),
            label_columns: matches.values("label-columns"),
            show_labels: matches.flag("show-labels"),
            events: matches.flag("output-watch-events"),
        };
        let watch_only = matches.flag("watch-only");
        if table.show_labels && !output.is_human() {
            let format = matches.string("output");
            let format = format.split_once('=').map_or(format, |(name, _)| name);
            return Err(CliError::new(format!("--show-labels option cannot be used with {format} printer")));
        }
        Ok(Options {
            selection,
            output,
            table,
            sort_by,
            show_kind: matches.flag("show-kind"),
            server_print: matches.flag_or("server-print", true),
            ignore_not_found: matches.flag("ignore-not-found"),
            watch: matches.flag("watch") || watch_only,
            watch_only,
        })
    }
}

impl Options {
    /// Returns where the cells of tables come from.
    pub(super) fn cells(&self) -> Cells {
        match self.selection.subresource.as_str() {
            "scale" => Cells::Scale,
            subresource if !self.server_print || WITHOUT_COLUMNS.contains(&subresource) => Cells::Age,
            _ => Cells::Kind,
        }
    }

    /// Returns how the objects are presented: as a table of the server unless another format is chosen.
    pub(super) fn presentation(&self) -> Presentation {
        match (self.output.is_human() && self.server_print, self.sort_by.is_empty()) {
            (false, _) => Presentation::Objects,
            (true, true) => Presentation::Table,
            (true, false) => Presentation::TableOfObjects,
        }
    }
}

/// Fetches an object or its subresource; for tables in the version that has the columns.
///
/// # Errors
/// The status that the server returns.
pub(super) fn fetch(ctx: &mut Ctx, options: &Options, item: &Item) -> CliResult<Arc<Object>> {
    if let (Some(live), true) = (&item.live, item.version.is_none() || !options.output.is_human()) {
        return Ok(live.clone());
    }
    let path = item.path().subresource(&options.selection.subresource);
    let path = if options.output.is_human() { path.version(None) } else { path };
    ctx.api(|client| client.get(&path))
}
