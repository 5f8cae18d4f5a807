//! `set selector`: which pods a service chooses.

use clap::{ArgMatches, Command};

use super::{Setting, Words};
use crate::args::{self, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::Map;
use kctl_base::labels::{Operator, Selector};
use kctl_base::object::{ObjectMeta, ValueWrite};

/// The verb.
pub(super) const VERB: Verb =
    Verb { name: "selector", aliases: &[], about: "Set the selector on a resource", args: flags, run, family: &[] };

fn flags(command: Command) -> Command {
    groups::all(super::flags(command)).arg(args::text("resource-version", "only if the object is at this version"))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut words = matches.values("words");
    let Some(text) = words.pop() else { return Err(CliError::text("one selector is required")) };
    let selector = Selector::parse(&text).map_err(|e| CliError::text(e.to_string()))?;
    let setting = Setting::read(ctx, matches, words)?;
    setting.check(matches)?;
    let version = matches.value("resource-version").to_string();
    let words = Words { done: "selector updated", failed: "failed to patch selector: " };
    setting.run(ctx, &words, |_, subject, object, _| {
        if object.kind() != "Service" {
            return Err(CliError::Raw("error: setting a selector is only supported for Services\n".into(), 1));
        }
        if !version.is_empty() && version != subject.object.resource_version() {
            let names = subject.item.kind.names();
            let status = kctl_base::status::Status::modified(names.group, names.plural, object.name());
            return Err(status.into());
        }
        object.put("/spec/selector", pairs(&selector)?);
        Ok(true)
    })
}

/// Services choose by equality alone; `in` with one value counts as such nowhere.
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
            Err(CliError::Raw(format!("error: match expression [{all}] not supported on this object\n"), 1))
        }
    }
}
