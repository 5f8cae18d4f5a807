//! The output format of a command: `-o` and its companions, read once and used for every object.
//!
//! The formats are implemented by [`crate::printers`], the tables of `get` by [`super::table`]. Upstream:
//! `cli-runtime/pkg/genericclioptions/print_flags.go` and the `*_flags.go` files beside it.

use clap::ArgMatches;

use super::args::{Matches, SharedFlags};
use super::dry_run::DryRun;
use super::{CliError, CliResult, Ctx};
use crate::printers::custom_columns::CustomColumns;
use crate::printers::structured::{Structure, StructuredPrinter};
use crate::printers::templates::TemplatePrinter;
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueWrite};

/// The formats of every verb that has `-o`.
const COMMON: &[&str] = &[
    "go-template",
    "go-template-file",
    "json",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "kyaml",
    "name",
    "template",
    "templatefile",
    "yaml",
];

/// The format of an object.
enum Format {
    /// A sentence or a table row, which the verb prints itself.
    Human {
        wide: bool,
    },
    Name,
    Structured(StructuredPrinter),
    Template(TemplatePrinter),
    Columns(CustomColumns),
}

/// The output options of one command.
pub(crate) struct Output {
    format: Format,
    show_managed_fields: bool,
}

impl Output {
    /// Reads `-o` of a verb that reports on objects (`created`, `configured`).
    ///
    /// # Errors
    /// An unknown format, or a missing or invalid template.
    pub(crate) fn of_report(matches: &ArgMatches) -> CliResult<Output> {
        Output::read(matches, false)
    }

    /// Reads `-o` of a verb that decodes the objects on which it reports into Go structs, and prints them in the order of
    /// their declarations.
    ///
    /// # Errors
    /// An unknown format, or a missing or invalid template.
    pub(crate) fn of_typed_report(matches: &ArgMatches) -> CliResult<Output> {
        let mut output = Output::read(matches, false)?;
        output.print_typed();
        Ok(output)
    }

    /// Prints the fields of built-in types in the order of their declarations from now on.
    pub(crate) fn print_typed(&mut self) {
        if let Format::Structured(printer) = &mut self.format {
            printer.print_typed();
        }
    }

    /// Reads `-o` of `get`, which has tables and custom columns in addition.
    ///
    /// # Errors
    /// An unknown format, or a missing or invalid template.
    pub(crate) fn of_table(matches: &ArgMatches) -> CliResult<Output> {
        Output::read(matches, true)
    }

    fn read(matches: &ArgMatches, tables: bool) -> CliResult<Output> {
        let matches = &SharedFlags(matches);
        let typed = matches.string("output");
        let template = matches.string("template");
        let (name, argument) = match typed.split_once('=') {
            Some((name, argument)) => (name.to_lowercase(), argument),
            None if typed.is_empty() && !template.is_empty() => ("go-template".into(), template),
            None => (typed.to_lowercase(), template),
        };
        let allow_missing = matches.flag_or("allow-missing-template-keys", true);
        let no_headers = matches.flag("no-headers");
        let format = match name.as_str() {
            "" => Format::Human { wide: false },
            "wide" if tables && typed == "wide" => Format::Human { wide: true },
            "name" => Format::Name,
            "yaml" => Format::Structured(StructuredPrinter::new(Structure::Yaml)),
            "json" => Format::Structured(StructuredPrinter::new(Structure::Json)),
            "kyaml" => Format::Structured(StructuredPrinter::new(Structure::Kyaml)),
            "custom-columns" if tables => {
                Format::Columns(CustomColumns::from_spec(argument, !no_headers).map_err(CliError::new)?)
            }
            "custom-columns-file" if tables => {
                Format::Columns(CustomColumns::from_template(&template_file(argument)?).map_err(CliError::new)?)
            }
            _ => match template_printer(&name, argument, allow_missing)? {
                Some(printer) => Format::Template(printer),
                None => return Err(unknown_format(typed, tables)),
            },
        };
        Ok(Output { format, show_managed_fields: matches.flag("show-managed-fields") })
    }

    /// Prints JSON where no format was given.
    pub(crate) fn or_json(mut self) -> Output {
        if self.is_human() {
            self.format = Format::Structured(StructuredPrinter::new(Structure::Json));
            self.print_typed();
        }
        self
    }

    /// The output of a verb without `-o`.
    pub(crate) fn human() -> Output {
        Output { format: Format::Human { wide: false }, show_managed_fields: false }
    }

    /// True without `-o` and for `-o wide`.
    pub(crate) fn is_human(&self) -> bool {
        matches!(self.format, Format::Human { .. })
    }

    /// True for `-o wide`.
    pub(crate) fn is_wide(&self) -> bool {
        matches!(self.format, Format::Human { wide: true })
    }

    /// The structure of whole objects, if that is the format.
    pub(crate) fn structure(&self) -> Option<Structure> {
        match &self.format {
            Format::Structured(printer) => Some(printer.structure()),
            _ => None,
        }
    }

    /// Returns an object as this format shows it.
    pub(crate) fn shown(&self, object: &Value) -> Value {
        shown(object, self.show_managed_fields)
    }

    /// True if no part of the output depends on `metadata.managedFields`.
    pub(crate) fn hides_managed_fields(&self) -> bool {
        match self.format {
            Format::Human { .. } | Format::Name => true,
            Format::Structured(_) => !self.show_managed_fields,
            Format::Template(_) | Format::Columns(_) => false,
        }
    }

    /// True for `-o name`.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.format, Format::Name)
    }

    /// Prints one object or a `List` in the chosen format. Prints nothing in the human-readable ones.
    pub(crate) fn print(&mut self, ctx: &mut Ctx, object: &Value) -> CliResult<()> {
        let mut text = Vec::new();
        let result = match &mut self.format {
            Format::Human { .. } => return Ok(()),
            Format::Name => return print_names(ctx, object),
            Format::Structured(printer) => {
                printer.print(&shown(object, self.show_managed_fields), &mut ctx.out);
                return Ok(());
            }
            Format::Template(printer) => printer.print(object, &mut text).map_err(|e| CliError::new(e.to_string())),
            Format::Columns(columns) => columns.print(object, &mut text).map_err(|e| CliError::new(e.to_string())),
        };
        // All printers but templates write UTF-8, for which this does not look at each character.
        let text =
            String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        ctx.print_text(text);
        result
    }

    /// Reports the result for an object: `deployment.apps/web created (dry run)`, or the object in the chosen format.
    pub(crate) fn report(
        &mut self,
        ctx: &mut Ctx,
        object: &Value,
        label: &str,
        done: &str,
        dry_run: DryRun,
    ) -> CliResult<()> {
        match self.format {
            Format::Human { .. } => ctx.print_line(format!("{label} {done}{}", dry_run.suffix())),
            Format::Name => ctx.print_line(label),
            _ => self.print(ctx, object)?,
        }
        Ok(())
    }
}

/// Prints `type/name` of an object or of each object of a list.
fn print_names(ctx: &mut Ctx, object: &Value) -> CliResult<()> {
    if let (Some(Value::Array(items)), true) = (object.get("items"), object.kind().ends_with("List")) {
        for item in items {
            print_names(ctx, item)?;
        }
        return Ok(());
    }
    let kind = object.kind().to_lowercase();
    let name = if object.name().is_empty() { "<unknown>" } else { object.name() };
    ctx.print_line(match split_api_version(object.api_version()).0 {
        "" => format!("{kind}/{name}"),
        group => format!("{kind}.{group}/{name}"),
    });
    Ok(())
}

fn shown(object: &Value, with_managed_fields: bool) -> Value {
    let mut shown = object.clone();
    if !with_managed_fields {
        strip_managed_fields(&mut shown);
    }
    shown
}

/// Removes `metadata.managedFields` from an object and from the items of a list.
pub(crate) fn strip_managed_fields(object: &mut Value) {
    object.remove_at("/metadata/managedFields");
    for item in object.items_mut("/items") {
        item.remove_at("/metadata/managedFields");
    }
}

fn template_printer(name: &str, argument: &str, allow_missing: bool) -> CliResult<Option<TemplatePrinter>> {
    let printer = match name {
        "go-template" | "template" | "go-template-file" | "templatefile" if argument.is_empty() => {
            return Err(CliError::new("template format specified but no template given"));
        }
        "jsonpath" | "jsonpath-as-json" | "jsonpath-file" if argument.is_empty() => {
            return Err(CliError::new("template format specified but no template given"));
        }
        "go-template" | "template" => TemplatePrinter::go_template(argument, allow_missing),
        "go-template-file" | "templatefile" => TemplatePrinter::go_template(&template_file(argument)?, allow_missing),
        "jsonpath" => TemplatePrinter::jsonpath(argument, allow_missing),
        "jsonpath-as-json" => TemplatePrinter::jsonpath_as_json(argument, allow_missing),
        "jsonpath-file" => TemplatePrinter::jsonpath(&template_file(argument)?, allow_missing),
        _ => return Ok(None),
    };
    printer.map(Some).map_err(CliError::new)
}

fn template_file(path: &str) -> CliResult<String> {
    if path.is_empty() {
        return Err(CliError::new("custom-columns format specified but no custom columns given"));
    }
    std::fs::read_to_string(path).map_err(|e| CliError::io(format!("error reading --template {path}, open {path}"), e))
}

fn unknown_format(typed: &str, tables: bool) -> CliError {
    let mut formats: Vec<&str> = COMMON.to_vec();
    if tables {
        formats.extend(["custom-columns", "custom-columns-file", "wide"]);
    }
    formats.sort_unstable();
    CliError::new(format!(
        "unable to match a printer suitable for the output format \"{typed}\", allowed formats are: {}",
        formats.join(",")
    ))
}
