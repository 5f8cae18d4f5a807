//! `get`: prints objects as tables or in another format, once or on every change.
//!
//! Upstream: `kubectl/pkg/cmd/get/get.go`.

mod options;
mod watch;

use std::sync::Arc;
use std::thread;

use clap::{ArgMatches, Command};

use super::raw;
use crate::args::{self, ArgProperties, groups};
use crate::klog;
use crate::printers::structured::list_of;
use crate::resolve::{Item, Resolved, resolve};
use crate::sorting::{Unsorted, sort_by};
use crate::table::{Row, Section};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_cluster::client::rest::Method;
use kctl_kinds::catalog::KindRef;
use options::{Options, fetch};

/// The `get` verb.
pub(super) const VERB: Verb = Verb {
    name: "get",
    aliases: &[],
    about: "Display one or many resources",
    long: "Display one or many objects.

 Prints a table of the most important information about the objects. They can be filtered with a label selector \
    (--selector) and a field selector (--field-selector). For a namespaced type only the objects of the current \
    namespace are shown, unless --all-namespaces is given.

 A template as the value of -o or --template selects what is printed of each object.

Use \"{program} api-resources\" for a complete list of supported resources.",
    examples: &[
        ("List all pods of the namespace", "get pods"),
        ("List all pods with more columns, such as the node", "get pods -o wide"),
        ("Show one replication controller", "get replicationcontroller web"),
        ("Print deployments in the API version v1 of the group apps as JSON", "get deployments.v1.apps -o json"),
        ("Print a pod as JSON", "get -o json pod web-0"),
        ("Print the objects of a kustomization", "get -k overlays/production"),
        ("Print only the phase of a pod", "get -o template pod/web-0 --template={{.status.phase}}"),
        (
            "List chosen fields in columns of their own",
            "get pod web-0 -o custom-columns=CONTAINER:.spec.containers[0].name,IMAGE:.spec.containers[0].image",
        ),
        ("List replication controllers and services together", "get rc,services"),
        ("List objects of several types by name", "get rc/web service/front pods/web-0"),
        ("List the deployments of all namespaces", "get deployments --all-namespaces"),
    ],
    usage: "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::table_output(groups::args(command)));
    groups::all_namespaces(groups::fields(groups::labels(command)))
        .arg(args::switch("show-labels", "Show all labels in the last column."))
        .arg(
            args::list("label-columns", "Labels to show in columns of their own, in the order given; can be repeated.")
                .short('L'),
        )
        .arg(args::text("sort-by", "Sort lists by this field, a JSONPath expression such as '{.metadata.name}'."))
        .arg(args::switch("no-headers", "Print no headers in tables and custom columns."))
        .arg(args::switch("show-kind", "Print the resource type before the name."))
        .arg(args::switch("ignore-not-found", "Exit with status 0 if an object does not exist."))
        .arg(raw::flag("Path of the API to read: its answer is printed as it is."))
        .arg(args::text(
            "subresource",
            "Get this subresource of the object instead of the object itself, such as status, scale or resize.",
        ))
        .arg(groups::chunk_size_flag())
        .arg(
            args::switch(
                "server-print",
                "Let the server choose the columns of tables; without it, only names and ages are printed.",
            )
            .help_default("true"),
        )
        .arg(args::switch("watch", "Watch for changes after listing the objects.").short('w'))
        .arg(args::switch("watch-only", "Watch for changes without listing the objects first."))
        .arg(args::switch(
            "output-watch-events",
            "Print a column with the type of each change: ADDED, MODIFIED or DELETED.",
        ))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    if raw::run(ctx, matches, Method::Get)? {
        return Ok(());
    }
    let mut options = Options::read(ctx, matches)?;
    if options.table.events && !options.watch {
        return Err(CliError::new("--output-watch-events option can only be used with --watch or --watch-only"));
    }
    if options.selection.args.is_empty() && !options.selection.has_files() {
        return Err(nothing_named(ctx));
    }
    ctx.present(options.presentation());
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
    ctx.print_error(format!(
        "You must specify the type of resource to get. Use \"{program} api-resources\" for a complete list of supported resources.\n"
    ));
    let text = format!(
        "Required resource not specified.\nUse \"{program} explain <resource>\" for a detailed description of that resource (e.g. {program} explain pods)."
    );
    ctx.usage("get", &text)
}

/// Fetches the objects. The errors of the others are added to `resolved`.
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

/// Prints complete objects: a single one by itself, several as a list.
fn structured(ctx: &mut Ctx, options: &mut Options, mut resolved: Resolved) -> CliResult<()> {
    let found = fetch_all(ctx, options, &mut resolved);
    if resolved.single && !resolved.errors.is_empty() || found.is_empty() && options.ignore_not_found {
        return CliError::all(resolved.errors);
    }
    let mut objects: Vec<Value> = found.iter().map(|(_, object)| (**object).clone()).collect();
    let count = found.len();
    free(count, found);
    if !options.sort_by.is_empty() {
        sort_by(&mut objects, |o| o, &options.sort_by)
            .map_err(|e| e.into_error(ctx, klog::UNSORTABLE_OBJECTS, "*unstructured.Unstructured"))?;
    }
    let shown = match (resolved.single, objects.len()) {
        (true, 1) => objects.remove(0),
        _ => list_of(objects),
    };
    let printed = options.output.print(ctx, &shown);
    free(count, shown);
    resolved.errors.extend(printed.err());
    CliError::all(resolved.errors)
}

/// The number of objects from which on they are freed on another thread.
const MANY: usize = 500;

/// Frees a number of objects. For many the end of the process does not wait: that takes a tenth of the time to list them.
fn free(count: usize, objects: impl Send + 'static) {
    if count >= MANY {
        // A system that is out of threads frees them here.
        drop(thread::Builder::new().spawn(move || drop(objects)));
    }
}

/// Prints tables, section by section.
fn tables(ctx: &mut Ctx, options: &Options, mut resolved: Resolved) -> CliResult<()> {
    let found = fetch_all(ctx, options, &mut resolved);
    let namespaced = |kind: &KindRef| kind.names().namespaced;
    let all_namespaced = !options.selection.all_namespaces
        && resolved.targets.iter().all(|t| namespaced(&t.kind))
        && found.iter().all(|(item, _)| namespaced(&item.kind));
    let with_kind = options.show_kind || several_kinds(&resolved, &found);
    sort_answers(ctx, options, &resolved, found.len())?;
    let now = ctx.now()?;
    let mut wrote = false;
    for mut group in groups_of(found) {
        let kind = group[0].0.kind.clone();
        let named = resolved.single;
        if !options.sort_by.is_empty() && !named {
            match sort_by(&mut group, |(_, o)| &**o, &options.sort_by) {
                Ok(()) => {}
                // The printer of kubectl drops this error together with the rows.
                Err(Unsorted::Path(_)) => continue,
                Err(error) => return Err(error.into_error(ctx, klog::UNSORTABLE_ROWS, "[][][]reflect.Value")),
            }
        }
        if wrote && !options.table.no_headers {
            ctx.print_line("");
        }
        let mut section =
            Section::new(&options.table, options.selection.all_namespaces && namespaced(&kind), with_kind);
        if options.selection.subresource == "scale" {
            let row = |o: &Object| scale_cells(o, now);
            section.print_cells(ctx, &*kind, &["Name", "Desired", "Available", "Age"], rows_of(&group, row))?;
        } else if !options.server_print || WITHOUT_COLUMNS.contains(&options.selection.subresource.as_str()) {
            let row = |o: &Object| vec![o.name().to_string(), kctl_kinds::age(o, now)];
            section.print_cells(ctx, &*kind, &["Name", "Age"], rows_of(&group, row))?;
        } else {
            let rows: Vec<Row<'_>> = group.iter().map(|(_, object)| Row { object, event: "" }).collect();
            section.print(ctx, &*kind, &rows, now)?;
        }
        free(group.len(), group);
        wrote = true;
    }
    if !wrote && !options.ignore_not_found && resolved.errors.is_empty() {
        let namespace = &options.selection.namespace;
        ctx.print_error(match all_namespaced {
            true => format!("No resources found in {namespace} namespace."),
            false => "No resources found".to_string(),
        });
    }
    CliError::all(resolved.errors)
}

/// Checks that several answers of the server can be sorted. kubectl sorts the tables themselves by the field of
/// `--sort-by`, whose fields are all equal.
fn sort_answers(ctx: &mut Ctx, options: &Options, resolved: &Resolved, found: usize) -> CliResult<()> {
    let answers = if resolved.targets.is_empty() { found } else { resolved.targets.len() };
    if options.sort_by.is_empty() || answers < 2 {
        return Ok(());
    }
    let table = json!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": {"resourceVersion": ""},
        "columnDefinitions": [], "rows": []});
    sort_by(&mut [&table, &table], |o| o, &options.sort_by)
        .map_err(|e| e.into_error(ctx, klog::UNSORTABLE_OBJECTS, "*unstructured.Unstructured"))
}

/// True when the server answered with more than one kind, or one kind in several versions: names are then printed with
/// their kind.
fn several_kinds(resolved: &Resolved, found: &[(Item, Arc<Object>)]) -> bool {
    let mut kinds: Vec<_> = resolved.targets.iter().map(|t| (t.kind.names().resource(), t.version.clone())).collect();
    if kinds.is_empty() {
        kinds.extend(found.iter().map(|(item, _)| (item.kind.names().resource(), item.version.clone())));
    }
    kinds.dedup();
    kinds.len() > 1
}

/// Groups adjacent objects of the same kind.
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

/// Returns objects with the cells of their rows.
fn rows_of(group: &[(Item, Arc<Object>)], cells: impl Fn(&Object) -> Vec<String>) -> Vec<(Row<'_>, Vec<String>)> {
    group.iter().map(|(_, object)| (Row { object, event: "" }, cells(object))).collect()
}

/// The subresources whose tables have only names and ages, whatever the kind.
const WITHOUT_COLUMNS: [&str; 2] = ["ephemeralcontainers", "resize"];

/// Returns the cells of `--subresource=scale`.
fn scale_cells(scale: &Object, now: Time) -> Vec<String> {
    let number = |pointer: &str| scale.int(pointer).unwrap_or(0).to_string();
    vec![scale.name().to_string(), number("/spec/replicas"), number("/status/replicas"), kctl_kinds::age(scale, now)]
}
