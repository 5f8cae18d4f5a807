//! `events`: lists events, the oldest first, or watches them.
//!
//! Upstream: `kubectl/pkg/cmd/events/`.

use std::ops::ControlFlow;

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, Matches};
use crate::output::Output;
use crate::printers::table::TablePrinter;
use crate::{CliError, CliResult, Ctx, Verb, resolve};
use kctl_base::gvk::GroupVersion;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_cluster::client::{ListParams, ResourcePath, WatchStart};
use kctl_cluster::{WaitFor, WatchEvent};
use kctl_kinds::shared::describe::events::interval;

/// The `events` verb.
pub(super) const VERB: Verb = Verb {
    name: "events",
    aliases: &[],
    about: "List events",
    long: "Display events.

 Prints a table of the most important information about events. The events of a namespace, of all namespaces or \
    of one object can be selected.",
    examples: &[
        ("List recent events in the namespace", "events"),
        ("List recent events in all namespaces", "events --all-namespaces"),
        ("List the events of a pod, then wait for new ones", "events --for pod/web-0 --watch"),
        ("List warnings as YAML", "events --types=Warning -o yaml"),
    ],
    usage: "[(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all_namespaces(groups::output(groups::args(command)))
        .arg(args::text("for", "Show only the events of this object, TYPE/NAME."))
        .arg(args::list("types", "Show only events of these types. One of: (Normal, Warning)."))
        .arg(args::switch("no-headers", "Print no headers."))
        .arg(args::switch("watch", "Watch for new events after listing them.").short('w'))
        .arg(groups::chunk_size_flag())
}

/// The selection of events by the flags.
struct Filter {
    /// The field selector of `--for`; empty for the events of all objects.
    fields: String,
    /// The values of `--types`, in any case; empty for all types.
    types: Vec<String>,
}

impl Filter {
    fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Filter> {
        let types = matches.values("types");
        if types.iter().any(|t| !t.eq_ignore_ascii_case("normal") && !t.eq_ignore_ascii_case("warning")) {
            return Err(CliError::new("valid --types are Normal or Warning"));
        }
        let fields = match matches.value_of("for") {
            None => String::new(),
            Some(word) => {
                if word.matches('/').count() > 1 {
                    return Err(CliError::new("arguments in resource/name form may not have more than one slash"));
                }
                let Some((kind, name)) = word.split_once('/').filter(|(k, n)| !k.is_empty() && !n.is_empty()) else {
                    return Err(CliError::new("--for must be in resource/name form"));
                };
                // kubectl prints the error of an unknown type without the prefix "error: ".
                ctx.client()?;
                let target = resolve::kind(ctx, kind).map_err(|error| match error {
                    CliError::Failed(text) => CliError::Verbatim(format!("{text}\n"), 1),
                    other => other,
                })?;
                about(&target, name)
            }
        };
        Ok(Filter { fields, types })
    }

    /// Returns the parameters of a request for the events of the object.
    fn params(&self, matches: &ArgMatches) -> ListParams {
        ListParams { chunk_size: groups::chunk_size(matches), ..ListParams::fields(&self.fields) }
    }

    /// Returns whether the flags select an event of the object.
    fn matches(&self, event: &Object) -> bool {
        self.types.is_empty() || self.types.iter().any(|t| t.eq_ignore_ascii_case(event.str("/type")))
    }
}

/// Returns the field selector of the events about an object.
fn about(target: &resolve::Target, name: &str) -> String {
    let names = target.kind.names();
    let own = GroupVersion::new(names.group, names.version);
    let version = target.version.as_ref().unwrap_or(&own);
    format!("involvedObject.kind={},involvedObject.apiVersion={version},involvedObject.name={name}", names.kind)
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let filter = Filter::read(ctx, matches)?;
    let all_namespaces = matches.flag("all-namespaces");
    let namespace = if all_namespaces { String::new() } else { ctx.namespace() };
    let mut output = Output::of_typed_report(matches)?;
    let path = ResourcePath::all("events", &namespace);
    let params = filter.params(matches);
    // A template alone does not replace the table.
    let mut printer = match matches.string("output").is_empty() {
        true => Printer::Table(TablePrinter::new(), (!matches.flag("no-headers")).then(|| headings(all_namespaces))),
        false => Printer::Objects(&mut output),
    };
    if matches.flag("watch") {
        return follow(ctx, &filter, (&path, &params), &mut printer);
    }
    let listed = ctx.api(|client| client.list(&path, &params))?;
    let mut events: Vec<Object> = listed.items.iter().filter(|e| filter.matches(e)).map(|e| (**e).clone()).collect();
    events.order_by_key(last_seen);
    if events.is_empty() {
        ctx.print_error(match all_namespaces {
            true => "No events found.".to_string(),
            false => format!("No events found in {namespace} namespace."),
        });
        return Ok(());
    }
    match printer {
        Printer::Table(mut table, headings) => print_rows(ctx, &mut table, headings, &events, all_namespaces),
        // The printer of names finds none of a list whose items are not decoded one by one.
        Printer::Objects(output) if output.is_name() => Ok(()),
        Printer::Objects(output) => {
            output.print(ctx, &json!({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": events}))
        }
    }
}

/// The printer of the events of a watch.
enum Printer<'a> {
    /// Rows of a table whose headings have not been printed yet.
    Table(TablePrinter, Option<Vec<String>>),
    /// Objects, one after another.
    Objects(&'a mut Output),
}

/// Returns the headings of the table.
fn headings(all_namespaces: bool) -> Vec<String> {
    let names = ["NAMESPACE", "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    names[usize::from(!all_namespaces)..].iter().map(|n| n.to_string()).collect()
}

/// Returns the instant at which an event was last observed.
fn last_seen(event: &Object) -> Time {
    let fields = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    fields.iter().find_map(|f| event.time(f)).unwrap_or_default()
}

/// Prints rows of the table, in the column widths of the rows before.
fn print_rows(
    ctx: &mut Ctx,
    table: &mut TablePrinter,
    headings: Option<Vec<String>>,
    events: &[Object],
    all_namespaces: bool,
) -> CliResult<()> {
    let now = ctx.now()?;
    let row = |event: &Object| {
        let object = format!("{}/{}", event.str("/involvedObject/kind"), event.str("/involvedObject/name"));
        let mut cells = vec![
            interval(event, now),
            event.str("/type").to_string(),
            event.str("/reason").to_string(),
            object,
            event.str("/message").trim().to_string(),
        ];
        if all_namespaces {
            cells.insert(0, event.namespace().to_string());
        }
        cells
    };
    let rows: Vec<Vec<String>> = events.iter().map(row).collect();
    let mut text = Vec::new();
    table.print(headings.as_deref(), &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    Ok(())
}

/// Prints the existing events and those that follow, until nothing can change any more or the request times out.
fn follow(
    ctx: &mut Ctx,
    filter: &Filter,
    (path, params): (&ResourcePath, &ListParams),
    printer: &mut Printer<'_>,
) -> CliResult<()> {
    let deadline = ctx.request_deadline()?;
    let (mut watch, existing) = ctx.api(|client| client.watch(path, params, WatchStart::Newest))?;
    let mut print = |ctx: &mut Ctx, event: &WatchEvent| print_watch_event(ctx, filter, path, printer, event);
    for event in existing {
        print(ctx, &event)?;
    }
    let ended = ctx.follow::<()>(&mut watch, deadline, WaitFor::Work, |ctx, event| {
        print(ctx, &event)?;
        Ok(ControlFlow::Continue(()))
    });
    ended.map(drop)
}

/// Prints an event of the watch if the flags select it. That an event has expired is no news.
fn print_watch_event(
    ctx: &mut Ctx,
    filter: &Filter,
    path: &ResourcePath,
    printer: &mut Printer<'_>,
    event: &WatchEvent,
) -> CliResult<()> {
    let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = event else { return Ok(()) };
    if !filter.matches(object) {
        return Ok(());
    }
    match printer {
        Printer::Table(table, headings) => {
            print_rows(ctx, table, headings.take(), std::slice::from_ref(&**object), path.namespace.is_empty())
        }
        Printer::Objects(output) => output.print(ctx, object),
    }
}
