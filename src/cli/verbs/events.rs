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
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
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
    /// The kind and name of `--for`.
    involved_object: Option<(String, String)>,
    /// The values of `--types`, in any case; empty for all types.
    types: Vec<String>,
}

impl Filter {
    fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Filter> {
        let types = matches.values("types");
        if types.iter().any(|t| !t.eq_ignore_ascii_case("normal") && !t.eq_ignore_ascii_case("warning")) {
            return Err(CliError::new("valid --types are Normal or Warning"));
        }
        let involved_object = match matches.value_of("for") {
            None => None,
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
                Some((target.kind.names().kind.to_string(), name.to_string()))
            }
        };
        Ok(Filter { involved_object, types })
    }

    /// Returns whether the flags select an event.
    fn matches(&self, event: &Object) -> bool {
        let is_about_object = self.involved_object.as_ref().is_none_or(|(kind, name)| {
            event.str("/involvedObject/kind") == kind && event.str("/involvedObject/name") == name
        });
        is_about_object
            && (self.types.is_empty() || self.types.iter().any(|t| t.eq_ignore_ascii_case(event.str("/type"))))
    }
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let filter = Filter::read(ctx, matches)?;
    let all_namespaces = matches.flag("all-namespaces");
    let namespace = if all_namespaces { String::new() } else { ctx.namespace() };
    let mut output = Output::of_typed_report(matches)?;
    let path = ResourcePath::all("events", &namespace);
    let params = ListParams { chunk_size: groups::chunk_size(matches), ..ListParams::default() };
    let listed = ctx.api(|client| client.list(&path, &params))?;
    let mut events: Vec<Object> = listed.items.iter().filter(|e| filter.matches(e)).map(|e| (**e).clone()).collect();
    events.sort_by_key(last_seen);
    let watch = matches.flag("watch");
    if events.is_empty() && !watch {
        ctx.print_error(match all_namespaces {
            true => "No events found.".to_string(),
            false => format!("No events found in {namespace} namespace."),
        });
        return Ok(());
    }
    // A template alone does not replace the table.
    if !matches.string("output").is_empty() {
        let list = json!({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": events});
        // The printer of names finds none of a list whose items are not decoded one by one.
        return if output.is_name() { Ok(()) } else { output.print(ctx, &list) };
    }
    let mut table = TablePrinter::new();
    let headings = (!matches.flag("no-headers")).then(|| headings(all_namespaces));
    print_rows(ctx, &mut table, headings, &events, all_namespaces)?;
    if watch { follow(ctx, &filter, &namespace, table, listed.resource_version) } else { Ok(()) }
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

/// Prints the events after a revision, until nothing can change any more or the request times out.
fn follow(ctx: &mut Ctx, filter: &Filter, namespace: &str, mut table: TablePrinter, revision: u64) -> CliResult<()> {
    let path = ResourcePath::all("events", namespace);
    let start = WatchStart::After(revision);
    let deadline = ctx.request_deadline()?;
    let (mut watch, missed) = ctx.api(|client| client.watch(&path, &ListParams::default(), start))?;
    for event in missed {
        print_watch_event(ctx, filter, &mut table, &event, namespace.is_empty())?;
    }
    let ended = ctx.follow::<()>(&mut watch, deadline, WaitFor::Work, |ctx, event| {
        print_watch_event(ctx, filter, &mut table, &event, namespace.is_empty())?;
        Ok(ControlFlow::Continue(()))
    });
    ended.map(drop)
}

/// Prints an event of the watch if the flags select it.
fn print_watch_event(
    ctx: &mut Ctx,
    filter: &Filter,
    table: &mut TablePrinter,
    event: &WatchEvent,
    all_namespaces: bool,
) -> CliResult<()> {
    match event.object().filter(|object| filter.matches(object)) {
        Some(object) => print_rows(ctx, table, None, std::slice::from_ref(&**object), all_namespaces),
        None => Ok(()),
    }
}
