//! `set selector`: sets the selector of a service.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_selector.go`.

use clap::{ArgMatches, Command};

use super::command::{self, Messages, SetCommand};
use crate::args::{self, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::Map;
use kctl_base::labels::{Operator, Selector};
use kctl_base::object::{ObjectMeta, ValueWrite};

/// The `set selector` verb.
pub(super) const VERB: Verb = Verb {
    name: "selector",
    aliases: &[],
    about: "Set the selector on a resource",
    long: "Set the selector of a service.

 The new selector replaces the old one. With --resource-version it is set only if the service still has that \
    version.",
    examples: &[("Set the selector of a service", "set selector service web environment=qa")],
    usage: "(-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all(groups::file_trees(command::flags_without_files(command)))
        .arg(args::text("resource-version", "Change the service only if it has this resource version."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut words = matches.values("args");
    let Some(text) = words.pop() else { return Err(CliError::new("one selector is required")) };
    if text.contains("!=") {
        return Err(CliError::new("\"!=\" is not a valid label selector operator"));
    }
    let selector = Selector::parse(&text).map_err(|e| CliError::new(e.to_string()))?;
    let command = SetCommand::read(ctx, matches, words)?;
    command.check(matches)?;
    let version = matches.string("resource-version").to_string();
    let messages =
        Messages { done: "selector updated", failed: "failed to patch selector: ", reports_unchanged: false };
    command.run(ctx, &messages, |_, target, object, _| {
        if object.kind() != "Service" {
            return Err(CliError::prefixed("setting a selector is only supported for Services"));
        }
        if !version.is_empty() && version != target.object.resource_version() {
            let names = target.item.kind.names();
            let status = kctl_base::status::Status::modified(names.group, names.plural, object.name());
            return Err(status.into());
        }
        object.put("/spec/selector", pairs(&selector)?);
        Ok(true)
    })
}

/// The labels of a selector. Services support equality only; even `in` with a single value is refused.
fn pairs(selector: &Selector) -> CliResult<Map> {
    let (mut pairs, mut others) = (Map::new(), Vec::new());
    for requirement in selector.requirements() {
        let (key, values) = (requirement.key(), requirement.values());
        let word = match (requirement.operator(), values) {
            (Operator::Equals | Operator::DoubleEquals, [value]) => {
                pairs.insert(key, value.as_str().into());
                continue;
            }
            (Operator::NotEquals | Operator::NotIn, _) => "NotIn",
            (Operator::Exists, _) => "Exists",
            (Operator::DoesNotExist, _) => "DoesNotExist",
            _ => "In",
        };
        others.push(format!("{{{key} {word} [{}]}}", values.join(" ")));
    }
    match others.is_empty() {
        true => Ok(pairs),
        false => {
            let all = others.join(" ");
            Err(CliError::prefixed(format!("match expression [{all}] not supported on this object")))
        }
    }
}
