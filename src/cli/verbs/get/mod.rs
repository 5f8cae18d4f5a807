//! `get`: prints objects as tables or in another format, once or on every change.
//!
//! Upstream: `kubectl/pkg/cmd/get/get.go`.

mod options;
mod tables;
mod watch;

use std::sync::Arc;
use std::thread;

use clap::{ArgMatches, Command};

use super::raw;
use crate::args::{self, ArgProperties, groups};
use crate::klog;
use crate::printers::structured::{ListText, list_of};
use crate::resolve::{Item, Resolved, Selected, Target, list_all, select, visit};
use crate::sorting::sort_by;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::Value;
use kctl_base::object::Object;
use kctl_cluster::client::rest::Method;
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
    match options.output.is_human() {
        true => tables::run(ctx, &options),
        false => structured(ctx, &mut options),
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
fn structured(ctx: &mut Ctx, options: &mut Options) -> CliResult<()> {
    match (select(ctx, &options.selection)?, options.output.structure()) {
        (Selected::Types(targets), Some(structure)) if options.sort_by.is_empty() => {
            listed(ctx, options, targets, ListText::new(structure))
        }
        (Selected::Types(targets), _) => {
            let resolved = list_all(ctx, &options.selection, targets);
            fetched(ctx, options, resolved)
        }
        (Selected::Objects(resolved), _) => fetched(ctx, options, resolved),
    }
}

/// Prints the objects of types as a list, page by page.
fn listed(ctx: &mut Ctx, options: &Options, targets: Vec<Target>, mut list: ListText) -> CliResult<()> {
    let mut errors = Vec::new();
    for target in targets {
        let listed = visit(ctx, &options.selection, &target, &mut |page| {
            page.iter().for_each(|object| list.push(options.output.shown(object)));
        });
        errors.extend(listed.err());
    }
    if !list.is_empty() || !options.ignore_not_found {
        ctx.print_text(list.finish());
    }
    CliError::all(errors)
}

/// Prints objects that are named, that are to be sorted, or whose format needs all of them.
fn fetched(ctx: &mut Ctx, options: &mut Options, mut resolved: Resolved) -> CliResult<()> {
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
