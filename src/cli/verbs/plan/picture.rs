//! `--picture`: how the pods of a plan live over time, as `timeline` draws it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Planned;
use crate::args::Matches;
use crate::pictures::text::Style;
use crate::pictures::{Picture, Scope, html, svg, text};
use crate::{CliError, CliResult, Ctx};
use clap::ArgMatches;
use kctl_base::sim::{Duration, Time};
use kctl_cluster::chronicle::Chronicle;

/// The width of text without a terminal, in columns.
const TEXT_WIDTH: usize = 80;
/// The width of other pictures, in pixels.
const PIXELS: i64 = 1200;
/// The time after the last step that is shown at least.
const MARGIN: Duration = Duration::from_secs(5);

/// The place of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There is none.
    Nowhere,
    /// Standard output, after the report.
    Output,
    /// A file, whose name says the format.
    File(PathBuf),
}

impl Place {
    /// Reads `--picture[=FILE]`.
    pub(super) fn read(matches: &ArgMatches) -> Place {
        match matches.one::<OsString>("picture") {
            None => Place::Nowhere,
            Some(name) if name.is_empty() || name == "-" => Place::Output,
            Some(name) => Place::File(name.into()),
        }
    }
}

/// Draws the picture of a plan, and prints or writes it.
///
/// # Errors
/// The file cannot be written.
pub(super) fn draw(ctx: &mut Ctx, place: &Place, planned: &Planned) -> CliResult<()> {
    if *place == Place::Nowhere {
        return Ok(());
    }
    let chronicle = Chronicle::of(&planned.record.history_until(end(planned)));
    let scope = Scope { namespace: None, objects: Vec::new(), labels: None };
    let picture = Picture::of(&chronicle, &scope, Some(planned.report.started));
    match place {
        Place::File(path) => write(path, &picture, ctx),
        _ if picture.is_empty() => Ok(()),
        _ => {
            let drawn = text::draw(&picture, style(ctx, true));
            ctx.out.push_str(&format!("\n{drawn}"));
            Ok(())
        }
    }
}

/// The end of the picture: soon after the last step, where nothing happens for a long time after it.
fn end(planned: &Planned) -> Time {
    let (start, last) = (planned.report.started, planned.report.progressed);
    let span = last - start;
    (last + Duration::from_micros(span.micros() / 2) + MARGIN).min(planned.report.ended)
}

fn style(ctx: &Ctx, is_for_terminal: bool) -> Style {
    Style {
        width: ctx.out_width().filter(|_| is_for_terminal).unwrap_or(TEXT_WIDTH),
        ascii: !ctx.locale_is_utf8(),
        colour: is_for_terminal && ctx.out_has_colours(),
    }
}

fn write(path: &Path, picture: &Picture<'_>, ctx: &Ctx) -> CliResult<()> {
    let drawn = match path.extension().and_then(OsStr::to_str) {
        Some("svg") => svg::draw(picture, PIXELS),
        Some("html" | "htm") => html::draw(picture, PIXELS),
        _ => text::draw(picture, style(ctx, false)),
    };
    std::fs::write(path, drawn).map_err(|error| CliError::io(format!("open {}", path.display()), error))
}
