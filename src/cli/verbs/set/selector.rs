//! `set selector`: which pods a service chooses.

use clap::{ArgMatches, Command};
use serde_json::{Map, Value};

use super::{Setting, Words};
use crate::cli::args::{self, Matches, groups};
use crate::cli::{CliError, CliResult, Ctx, Verb};
use crate::machinery::labels::Selector;
use crate::machinery::object::{Meta, Writing};

/// The verb.
pub(super) const VERB: Verb =
    Verb { name: "selector", aliases: &[], about: "Set the selector on a resource", args: flags, run, family: &[] };

fn flags(command: Command) -> Command {
    groups::all(super::flags(command)).arg(args::text("resource-version", "only if the object is at this version"))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut words = matches.values("words");
    let text = words.pop().unwrap_or_default();
    let selector = Selector::parse(&text).map_err(|e| CliError::text(e.to_string()))?;
    let setting = Setting::read(ctx, matches, words)?;
    setting.check(matches)?;
    let version = matches.value("resource-version").to_string();
    let words = Words { done: "selector updated", failed: "failed to patch selector: " };
    setting.run(ctx, &words, |_, subject, object, _| {
        if object.kind() != "Service" {
            return Err(CliError::text("setting a selector is only supported for Services"));
        }
        if !version.is_empty() && version != subject.object.resource_version() {
            let names = subject.item.kind.names();
            let status = crate::machinery::status::Status::modified(names.group, names.plural, object.name());
            return Err(status.into());
        }
        object.put("/spec/selector", pairs(&selector)?);
        Ok(true)
    })
}

/// Services choose by equality alone.
fn pairs(selector: &Selector) -> CliResult<Map<String, Value>> {
    let pairs: Map<String, Value> = selector.exact_pairs().map(|(k, v)| (k.to_string(), v.into())).collect();
    match pairs.len() == selector.requirements().len() {
        true => Ok(pairs),
        false => Err(CliError::text("couldn't convert expressions to old selector format")),
    }
}
