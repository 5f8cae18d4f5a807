//! Lists: as a table, or for programs.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches as _};
use crate::printers::table;
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::{Value, json};
use kctl_base::yaml;

/// An item of a list.
pub(super) struct Item {
    /// The name, for `-o name`.
    pub(super) name: String,
    /// The cells of the table, those of `-o wide` last.
    pub(super) cells: Vec<String>,
    /// The fields, for `-o json` and `-o yaml`.
    pub(super) fields: Value,
}

/// The columns of a table.
pub(super) struct Columns {
    /// The headings, those of `-o wide` last.
    pub(super) headings: &'static [&'static str],
    /// The number of those of `-o wide`.
    pub(super) wide: usize,
}

/// Adds `-o`.
pub(super) fn flags(command: Command) -> Command {
    command
        .arg(args::text("output", "Output format. One of: (json, yaml, name, wide).").short('o'))
        .arg(args::switch("no-headers", "Print no headings."))
}

/// Prints a list as `-o` says.
///
/// # Errors
/// An unknown format.
pub(super) fn print(ctx: &mut Ctx, matches: &ArgMatches, columns: &Columns, items: Vec<Item>) -> CliResult<()> {
    let format = matches.string("output");
    match format {
        "" | "wide" => {
            let count = columns.headings.len() - if format.is_empty() { columns.wide } else { 0 };
            let headings: Vec<String> = columns.headings[..count].iter().map(|heading| heading.to_string()).collect();
            let headings = (!matches.flag("no-headers")).then_some(headings);
            let rows: Vec<Vec<String>> = items.into_iter().map(|item| item.cells[..count].to_vec()).collect();
            let mut text = Vec::new();
            table::print_rows(headings.as_deref(), &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
            ctx.out.push_str(&String::from_utf8_lossy(&text));
            Ok(())
        }
        "name" => {
            items.into_iter().for_each(|item| ctx.print_line(item.name));
            Ok(())
        }
        _ => {
            let fields: Vec<Value> = items.into_iter().map(|item| item.fields).collect();
            print_value(ctx, format, &json!({"items": fields}))
        }
    }
}

/// Prints a value as JSON or YAML.
///
/// # Errors
/// Another format.
pub(super) fn print_value(ctx: &mut Ctx, format: &str, value: &Value) -> CliResult<()> {
    match format {
        "json" => {
            let text = serde_json::to_string_pretty(value).map_err(|e| CliError::new(e.to_string()))?;
            ctx.print_line(text);
        }
        "yaml" => ctx.out.push_str(&yaml::print(value)),
        other => {
            return Err(CliError::new(format!("unknown output format \"{other}\": use json, yaml, name or wide")));
        }
    }
    Ok(())
}
