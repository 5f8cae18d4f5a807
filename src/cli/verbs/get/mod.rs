//! `get`: objects as tables or in any output format, once or as they change.

mod watch;

use std::sync::Arc;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::output::Output;
use crate::printers::structured::list_of;
use crate::resolve::{Item, Resolved, Selection, resolve};
use crate::sorting::sort_by;
use crate::table::{Section, Shown, TableFlags};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_kinds::catalog::KindRef;

/// The verb.
pub(super) const VERB: Verb = Verb { name: "get", aliases: &[], about: "Show objects", args: flags, run, family: &[] };

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::words(command)));
    groups::chunks(groups::all_namespaces(groups::fields(groups::labels(command))))
        .arg(args::switch("show-labels", "a last column with all labels"))
        .arg(args::list("label-columns", "a column for each of these labels").short('L'))
        .arg(args::text("sort-by", "order by this field, as a JSONPath expression"))
        .arg(args::switch("no-headers", "tables without headings"))
        .arg(args::switch("show-kind", "names with the kind before them"))
        .arg(args::switch("ignore-not-found", "a missing object is no error"))
        .arg(args::text("raw", "refused: there is no HTTP server to ask"))
        .arg(args::choice("subresource", &["status", "scale", "resize"], "show this subresource"))
        .arg(args::switch("server-print", "accepted; client and server are one"))
        .arg(args::switch("watch", "go on with every change after the list").short('w'))
        .arg(args::switch("watch-only", "only the changes, without the list"))
        .arg(args::switch("output-watch-events", "say for each object whether it was added, modified or deleted"))
}

/// What the flags mean.
struct Options {
    selection: Selection,
    output: Output,
    table: TableFlags,
    sort_by: String,
    show_kind: bool,
    ignore_not_found: bool,
    watch: bool,
    watch_only: bool,
}

impl Options {
    fn read(ctx: &Ctx, matches: &ArgMatches) -> CliResult<Options> {
        let output = Output::of_table(matches)?;
        let selection = Selection {
            type_means_all: true,
            subresource: matches.value("subresource").into(),
            chunk_size: groups::chunk_size(matches),
            ..Selection::from_matches(ctx, matches)
        };
        let table = TableFlags {
            wide: output.is_wide(),
            no_headers: matches.on("no-headers"),
            label_columns: matches.values("label-columns"),
            show_labels: matches.on("show-labels"),
            events: matches.on("output-watch-events"),
        };
        let watch_only = matches.on("watch-only");
        if table.show_labels && !output.is_human() {
            return Err(CliError::text("--show-labels option cannot be used with -o option other than wide"));
        }
        Ok(Options {
            selection,
            output,
            table,
            sort_by: matches.value("sort-by").into(),
            show_kind: matches.on("show-kind"),
            ignore_not_found: matches.on("ignore-not-found"),
            watch: matches.on("watch") || watch_only,
            watch_only,
        })
    }
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    if matches.given("raw").is_some() {
        return Err(CliError::text("--raw is not supported: there is no HTTP server to ask"));
    }
    let mut options = Options::read(ctx, matches)?;
    if options.table.events && !options.watch {
        return Err(ctx.usage("get", "--output-watch-events option can only be used with --watch or --watch-only"));
    }
    if options.selection.words.is_empty() && !options.selection.has_files() {
        return Err(nothing_named(ctx));
    }
    if options.watch {
        return watch::run(ctx, &mut options);
    }
    let resolved = resolve(ctx, &options.selection)?;
    match options.output.is_human() {
        true => tables(ctx, &options, resolved),
        false => structured(ctx, &mut options, resolved),
    }
}

fn nothing_named(ctx: &mut Ctx) -> CliError {
    let program = ctx.program.clone();
    ctx.complain(format!(
        "You must specify the type of resource to get. Use \"{program} api-resources\" for a complete list of supported resources.\n"
    ));
    let text = format!(
        "Required resource not specified.\nUse \"{program} explain <resource>\" for a detailed description of that resource (e.g. {program} explain pods)."
    );
    ctx.usage("get", &text)
}

/// The object of an item, or its subresource; for tables in the version that the table is made of.
fn fetch(ctx: &mut Ctx, options: &Options, item: &Item) -> CliResult<Arc<Object>> {
    if let (Some(live), true) = (&item.live, item.version.is_none() || !options.output.is_human()) {
        return Ok(live.clone());
    }
    let path = item.path().subresource(&options.selection.subresource);
    let path = if options.output.is_human() { path.version(None) } else { path };
    ctx.api(|client| client.get(&path))
}

/// The objects that are there, with what went wrong for the others.
fn fetch_all(ctx: &mut Ctx, options: &Options, resolved: &mut Resolved) -> Vec<(Item, Arc<Object>)> {
    let mut found = Vec::new();
    for item in std::mem::take(&mut resolved.items) {
        match fetch(ctx, options, &item) {
            Ok(object) => found.push((item, object)),
            Err(error) if options.ignore_not_found && error.is_not_found() => {}
            Err(error) => resolved.errors.push(error),
        }
    }
    found
}

/// Prints whole objects: one by itself, several as a list.
fn structured(ctx: &mut Ctx, options: &mut Options, mut resolved: Resolved) -> CliResult<()> {
    let found = fetch_all(ctx, options, &mut resolved);
    if resolved.single && !resolved.errors.is_empty() || found.is_empty() && options.ignore_not_found {
        return CliError::all(resolved.errors);
    }
    let mut objects: Vec<Value> = found.iter().map(|(_, object)| (**object).clone()).collect();
    if !options.sort_by.is_empty() {
        sort_by(&mut objects, |o| o, &options.sort_by)?;
    }
    let shown = match (resolved.single, objects.len()) {
        (true, 1) => objects.remove(0),
        _ => list_of(objects),
    };
    let printed = options.output.print(ctx, &shown);
    resolved.errors.extend(printed.err());
    CliError::all(resolved.errors)
}

/// Prints tables, one section after the other.
fn tables(ctx: &mut Ctx, options: &Options, mut resolved: Resolved) -> CliResult<()> {
    let found = fetch_all(ctx, options, &mut resolved);
    let namespaced = |kind: &KindRef| kind.names().namespaced;
    let all_namespaced = !options.selection.all_namespaces
        && resolved.targets.iter().all(|t| namespaced(&t.kind))
        && found.iter().all(|(item, _)| namespaced(&item.kind));
    let with_kind = options.show_kind || several_kinds(&resolved, &found);
    let now = ctx.now()?;
    let mut wrote = false;
    for mut group in groups_of(found) {
        let kind = group[0].0.kind.clone();
        if !options.sort_by.is_empty() {
            sort_by(&mut group, |(_, object)| &**object, &options.sort_by)?;
        }
        if wrote && !options.table.no_headers {
            ctx.say("");
        }
        let mut section =
            Section::new(&options.table, options.selection.all_namespaces && namespaced(&kind), with_kind);
        if options.selection.subresource == "scale" {
            for (_, object) in &group {
                scale_row(ctx, &mut section, &*kind, object)?;
            }
        } else {
            let rows: Vec<Shown<'_>> = group.iter().map(|(_, object)| Shown { object, event: "" }).collect();
            section.print(ctx, &*kind, &rows, now)?;
        }
        wrote = true;
    }
    if !wrote && !options.ignore_not_found && resolved.errors.is_empty() {
        let namespace = &options.selection.namespace;
        ctx.complain(match all_namespaced {
            true => format!("No resources found in {namespace} namespace."),
            false => "No resources found".to_string(),
        });
    }
    CliError::all(resolved.errors)
}

/// Whether objects of more than one kind were asked for: then names carry their kind.
fn several_kinds(resolved: &Resolved, found: &[(Item, Arc<Object>)]) -> bool {
    let mut resources: Vec<String> = resolved.targets.iter().map(|t| t.kind.names().resource().into()).collect();
    resources.extend(found.iter().map(|(item, _)| item.resource()));
    resources.dedup();
    resources.len() > 1
}

/// Neighbours of one kind belong into one section.
fn groups_of(found: Vec<(Item, Arc<Object>)>) -> Vec<Vec<(Item, Arc<Object>)>> {
    let mut groups: Vec<Vec<(Item, Arc<Object>)>> = Vec::new();
    for (item, object) in found {
        match groups.last_mut() {
            Some(group) if group[0].0.kind.names() == item.kind.names() => group.push((item, object)),
            _ => groups.push(vec![(item, object)]),
        }
    }
    groups
}

/// The table of `--subresource scale`.
fn scale_row(ctx: &mut Ctx, section: &mut Section, kind: &dyn kctl_kinds::Kind, scale: &Object) -> CliResult<()> {
    use kctl_base::object::ObjectMeta;
    let number = |pointer: &str| scale.int(pointer).unwrap_or(0).to_string();
    let age = kctl_kinds::age(scale, ctx.now()?);
    let cells = vec![scale.name().to_string(), number("/spec/replicas"), number("/status/replicas"), age];
    let row = Shown { object: scale, event: "" };
    section.print_cells(ctx, kind, &["Name", "Desired", "Available", "Age"], &row, cells)
}
