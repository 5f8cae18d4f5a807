//! `timeline`: a picture of how pods lived over time.

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::pictures::text::Style;
use crate::pictures::{Named, Picture, Scope, html, json, svg, text};
use crate::{CliError, CliResult, Ctx, Verb, resolve};
use kctl_base::field::quote;
use kctl_base::json::to_pretty;
use kctl_base::labels::Selector;
use kctl_base::sim::{Duration, Time};
use kctl_cluster::chronicle::Chronicle;
use kctl_cluster::client::ResourcePath;

/// The width of text without a terminal, in columns.
const TEXT_WIDTH: usize = 80;
/// The widths of text that are accepted, in columns.
const TEXT_WIDTHS: std::ops::RangeInclusive<i64> = 40..=1000;
/// The width of an SVG picture without `--width`, in pixels.
const SVG_WIDTH: i64 = 1200;
/// The widths of an SVG picture that are accepted, in pixels.
const SVG_WIDTHS: std::ops::RangeInclusive<i64> = 600..=10_000;

/// The `timeline` verb.
pub(super) const VERB: Verb = Verb {
    name: "timeline",
    aliases: &[],
    about: "Draw how pods lived over time",
    long: "Draw how pods lived over time: a bar for each pod that shows its states, below the available and the desired \
    replicas of its workload, with marks for what commands changed and for events.

 Pods are grouped by their owners. More pods than there is room for are joined: those that look the same to one bar, or all \
    of a group to a bar for each state that shows how many pods were in it.

 The changes of the last hour are known, and at least the last 100. What happened to a pod before is told by its own \
    timestamps, as far as they go; such a bar begins with a mark.",
    examples: &[
        ("Draw all pods of the namespace", "timeline"),
        ("Draw the pods of a deployment", "timeline deploy/web"),
        ("Draw the last five minutes of the pods with a label", "timeline -l app=web --since 5m"),
        ("Draw a picture for documentation", "timeline deploy/web -o svg > web.svg"),
        ("Draw with plain characters, 100 columns wide", "timeline --ascii --width 100"),
    ],
    usage: "([TYPE/NAME ...] | [TYPE [NAME ...]] | [-l label]) [--since=DURATION|TIME] [(-o|--output=)text|svg|html|json]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all_namespaces(groups::labels(groups::args(command)))
        .arg(args::text(
            "since",
            "Begin this long before the present, such as 10m, or at this time, such as 2026-01-01T00:00:00Z. The default is the first thing that is known, at most an hour before the first change.",
        ))
        .arg(
            args::text("output", "Output format. One of: (text, svg, html, json).")
                .short('o')
                .help_default("'text'"),
        )
        .arg(args::switch(
            "ascii",
            "Use ASCII characters only. The default is true if the locale has no others.",
        ))
        .arg(args::number(
            "width",
            "Width of the picture: columns of text, pixels of SVG and HTML. The default is that of the terminal, 80 without one, and 1200 pixels.",
        ))
}

/// The formats of the picture.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Svg,
    Html,
    Json,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let format = read_format(matches)?;
    let widths = if format == Format::Text { TEXT_WIDTHS } else { SVG_WIDTHS };
    let width = matches.int("width");
    if let Some(width) = width.filter(|width| !widths.contains(width)) {
        return Err(CliError::new(format!(
            "--width={width} must be from {} to {} for this output",
            widths.start(),
            widths.end()
        )));
    }
    let scope = read_scope(ctx, matches)?;
    let now = ctx.now()?;
    let since = matches.value_of("since").map(|text| read_since(text, now)).transpose()?;
    let chronicle = Chronicle::of(&ctx.console()?.history(None)?);
    if let Some(named) = scope.missing(&chronicle) {
        return Err(missing(ctx, named)?);
    }
    let picture = Picture::of(&chronicle, &scope, since);
    if picture.is_empty() && format != Format::Json {
        ctx.print_error(match &scope.namespace {
            Some(namespace) => format!("No pods found in {namespace} namespace."),
            None => "No pods found.".to_string(),
        });
        return Ok(());
    }
    match format {
        Format::Text => {
            let style = Style {
                width: width.and_then(|width| usize::try_from(width).ok()).or(ctx.out_width()).unwrap_or(TEXT_WIDTH),
                ascii: matches.flag_or("ascii", !ctx.locale_is_utf8()),
                colour: ctx.out_has_colours(),
            };
            let drawn = text::draw(&picture, style);
            ctx.out.push_str(&drawn);
        }
        Format::Svg => ctx.out.push_str(&svg::draw(&picture, width.unwrap_or(SVG_WIDTH))),
        Format::Html => ctx.out.push_str(&html::draw(&picture, width.unwrap_or(SVG_WIDTH))),
        Format::Json => ctx.print_line(to_pretty(&json::document(&picture))),
    }
    Ok(())
}

fn read_format(matches: &ArgMatches) -> CliResult<Format> {
    match matches.string("output") {
        "" | "text" => Ok(Format::Text),
        "svg" => Ok(Format::Svg),
        "html" => Ok(Format::Html),
        "json" => Ok(Format::Json),
        other => Err(CliError::new(format!("unknown output format {}: use text, svg, html or json", quote(other)))),
    }
}

/// Reads what the command line selects.
fn read_scope(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Scope> {
    let words = matches.values("args");
    let labels = matches.string("selector");
    let labels = match labels.is_empty() {
        true => None,
        false => Some(Selector::parse(labels).map_err(|error| CliError::new(error.to_string()))?),
    };
    let objects = read_objects(ctx, &words)?;
    if labels.is_some() && objects.iter().any(|named| named.name.is_some()) {
        return Err(CliError::new("name cannot be provided when a selector is specified"));
    }
    let namespace = (!matches.flag("all-namespaces")).then(|| ctx.namespace());
    Ok(Scope { namespace, objects, labels })
}

/// Reads `TYPE/NAME...`, `TYPE NAME...` or `TYPE`.
fn read_objects(ctx: &mut Ctx, words: &[String]) -> CliResult<Vec<Named>> {
    let mut kind = |word: &str| -> CliResult<String> {
        let target = resolve::kind(ctx, word)?;
        let names = target.kind.names();
        match names.namespaced {
            true => Ok(names.kind.to_string()),
            false => Err(CliError::new(format!("{} have no pods: name a workload or a pod", names.plural))),
        }
    };
    if words.iter().any(|word| word.contains('/')) {
        let one = |word: &String| match word.split_once('/') {
            Some((of, name)) if !of.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Named { kind: kind(of)?, name: Some(name.into()) })
            }
            _ => Err(CliError::new(format!("{} is not TYPE/NAME", quote(word)))),
        };
        return words.iter().map(one).collect();
    }
    let Some((of, names)) = words.split_first() else { return Ok(Vec::new()) };
    let kind = kind(of)?;
    if names.is_empty() {
        return Ok(vec![Named { kind, name: None }]);
    }
    Ok(names.iter().map(|name| Named { kind: kind.clone(), name: Some(name.clone()) }).collect())
}

/// Reads a duration before the present, or a time.
fn read_since(text: &str, now: Time) -> CliResult<Time> {
    if let Some(time) = Time::parse(text) {
        return Ok(time);
    }
    match Duration::parse(text) {
        Some(duration) if duration > Duration::ZERO => Ok(now - duration),
        _ => Err(CliError::new(format!(
            "invalid --since {}: use a duration such as 10m, or a time such as {}",
            quote(text),
            now.rfc3339()
        ))),
    }
}

/// Returns the error about an object that has no pods: mostly it does not exist.
fn missing(ctx: &mut Ctx, named: &Named) -> CliResult<CliError> {
    let names = *resolve::kind(ctx, &named.kind)?.kind.names();
    let name = named.name.as_deref().unwrap_or_default();
    let path = ResourcePath::one(&names.resource(), &ctx.namespace(), name);
    ctx.api(|client| client.get(&path))?;
    Ok(CliError::new(format!("{}/{name} has no pods: name a workload or a pod", names.singular)))
}
