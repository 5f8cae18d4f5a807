//! `events`: what happened, oldest first.

use std::ops::ControlFlow;

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, Matches};
use crate::output::Output;
use crate::printers::structured;
use crate::printers::table::TablePrinter;
use crate::{CliError, CliResult, Ctx, Verb, resolve};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_cluster::client::{ListParams, ResourcePath, WatchStart};
use kctl_cluster::{WaitFor, WatchEvent};
use kctl_kinds::shared::describe::events::interval;

/// The verb.
pub(super) const VERB: Verb =
    Verb { name: "events", aliases: &[], about: "List events", args: flags, run, family: &[] };

fn flags(command: Command) -> Command {
    groups::chunks(groups::all_namespaces(groups::output(groups::words(command))))
        .arg(args::text("for", "only events about this object, TYPE/NAME"))
        .arg(args::list("types", "only events of these types: Normal, Warning"))
        .arg(args::switch("no-headers", "print no headings"))
        .arg(args::switch("watch", "go on with new events").short('w'))
}

/// Which events are wanted.
struct Filter {
    /// Kind and name of the object concerned.
    about: Option<(String, String)>,
    types: Vec<String>,
}

impl Filter {
    fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Filter> {
        let types = matches.values("types");
        if types.iter().any(|t| !t.eq_ignore_ascii_case("normal") && !t.eq_ignore_ascii_case("warning")) {
            return Err(CliError::text("valid --types are Normal or Warning"));
        }
        let about = match matches.given("for") {
            None => None,
            Some(word) => {
                if word.matches('/').count() > 1 {
                    return Err(CliError::text("arguments in resource/name form may not have more than one slash"));
                }
                let Some((kind, name)) = word.split_once('/').filter(|(k, n)| !k.is_empty() && !n.is_empty()) else {
                    return Err(CliError::text("--for must be in resource/name form"));
                };
                // The complaint comes from the list of types, without the word before it.
                let target = resolve::kind(ctx, kind).map_err(|error| match error {
                    CliError::Text(text) => CliError::Raw(format!("{text}\n"), 1),
                    other => other,
                })?;
                Some((target.kind.names().kind.to_string(), name.to_string()))
            }
        };
        Ok(Filter { about, types })
    }

    fn wants(&self, event: &Object) -> bool {
        let about = self.about.as_ref().is_none_or(|(kind, name)| {
            event.str("/involvedObject/kind") == kind && event.str("/involvedObject/name") == name
        });
        about && (self.types.is_empty() || self.types.iter().any(|t| t.eq_ignore_ascii_case(event.str("/type"))))
    }
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let filter = Filter::read(ctx, matches)?;
    let everywhere = matches.on("all-namespaces");
    let namespace = if everywhere { String::new() } else { ctx.namespace() };
    let mut output = Output::of_report(matches)?;
    let path = ResourcePath::all("events", &namespace);
    let params = ListParams { chunk_size: groups::chunk_size(matches), ..ListParams::default() };
    let listed = ctx.api(|client| client.list(&path, &params))?;
    let mut events: Vec<Object> = listed.items.iter().filter(|e| filter.wants(e)).map(|e| (**e).clone()).collect();
    events.sort_by_key(seen_at);
    let watch = matches.on("watch");
    if events.is_empty() && !watch {
        ctx.complain(match everywhere {
            true => "No events found.".to_string(),
            false => format!("No events found in {namespace} namespace."),
        });
        return Ok(());
    }
    if !output.is_human() {
        let items: Vec<Value> = events;
        return output.print(ctx, &structured::list_of(items));
    }
    let mut table = TablePrinter::new();
    let headings = (!matches.on("no-headers")).then(|| headings(everywhere));
    show(ctx, &mut table, headings, &events, everywhere)?;
    if watch { follow(ctx, &filter, &namespace, table, listed.resource_version) } else { Ok(()) }
}

fn headings(everywhere: bool) -> Vec<String> {
    let names = ["NAMESPACE", "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    names[usize::from(!everywhere)..].iter().map(|n| n.to_string()).collect()
}

/// When an event was last seen.
fn seen_at(event: &Object) -> Time {
    let fields = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    fields.iter().find_map(|f| event.time(f)).unwrap_or_default()
}

fn show(
    ctx: &mut Ctx,
    table: &mut TablePrinter,
    headings: Option<Vec<String>>,
    events: &[Object],
    everywhere: bool,
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
        if everywhere {
            cells.insert(0, event.namespace().to_string());
        }
        cells
    };
    let rows: Vec<Vec<String>> = events.iter().map(row).collect();
    let mut text = Vec::new();
    table.print(headings.as_deref(), &rows, &mut text).map_err(|e| CliError::text(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    Ok(())
}

/// Prints the events after a revision, until nothing will happen any more.
fn follow(ctx: &mut Ctx, filter: &Filter, namespace: &str, mut table: TablePrinter, revision: u64) -> CliResult<()> {
    let path = ResourcePath::all("events", namespace);
    let start = WatchStart::After(revision);
    let (mut watch, missed) = ctx.api(|client| client.watch(&path, &ListParams::default(), start))?;
    for event in missed {
        show_event(ctx, filter, &mut table, &event, namespace.is_empty())?;
    }
    let ended = ctx.follow::<()>(&mut watch, None, WaitFor::Work, |ctx, event| {
        show_event(ctx, filter, &mut table, &event, namespace.is_empty())?;
        Ok(ControlFlow::Continue(()))
    });
    ended.map(drop)
}

/// Prints an event of the watch, unless it is of no interest.
fn show_event(
    ctx: &mut Ctx,
    filter: &Filter,
    table: &mut TablePrinter,
    event: &WatchEvent,
    everywhere: bool,
) -> CliResult<()> {
    match event.object().filter(|object| filter.wants(object)) {
        Some(object) => show(ctx, table, None, std::slice::from_ref(&**object), everywhere),
        None => Ok(()),
    }
}
