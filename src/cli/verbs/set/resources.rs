//! `set resources`: sets limits and requests of containers.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_resources.go`.

use clap::{ArgMatches, Command};

use super::command::{self, Messages, SetCommand};
use super::pod_spec;
use crate::args::{self, ArgProperties, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::Map;
use kctl_base::object::ValueWrite;
use kctl_base::quantity::Quantity;

/// The `set resources` verb.
pub(super) const VERB: Verb = Verb {
    name: "resources",
    aliases: &[],
    about: "Update resource requests/limits on objects with pod templates",
    long: "Set the compute resources of the containers of workloads.

 A container is guaranteed what it requests and may use up to its limit, if there is enough. A value of 0 removes \
    an entry.",
    examples: &[
        (
            "Set limits for one container of a deployment",
            "set resources deployment web -c=nginx --limits=cpu=200m,memory=512Mi",
        ),
        (
            "Set limits and requests for all containers of a deployment",
            "set resources deployment web --limits=cpu=200m,memory=512Mi --requests=cpu=100m,memory=256Mi",
        ),
        (
            "Remove limits and requests",
            "set resources deployment web --limits=cpu=0,memory=0 --requests=cpu=0,memory=0",
        ),
        (
            "Print a changed manifest without sending it",
            "set resources -f deploy.yaml --limits=cpu=200m,memory=512Mi --local -o yaml",
        ),
    ],
    usage: "(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all(groups::labels(command::flags(command)))
        .arg(
            args::text("containers", "Name of the containers to change; wildcards are allowed.")
                .help_default("'*'")
                .short('c'),
        )
        .arg(args::text("limits", "Resource limits of the containers, such as cpu=100m,memory=256Mi."))
        .arg(args::text("requests", "Resource requests of the containers, such as cpu=100m,memory=256Mi."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let command = SetCommand::read(ctx, matches, matches.values("args"))?;
    command.check(matches)?;
    if matches.string("limits").is_empty() && matches.string("requests").is_empty() {
        return Err(CliError::new(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let wanted = [
        ("/resources/limits", amounts(matches.string("limits"))?),
        ("/resources/requests", amounts(matches.string("requests"))?),
    ];
    let pattern = matches.value_of("containers").unwrap_or("*");
    let messages = Messages {
        done: "resource requirements updated",
        failed: "failed to patch resources update to pod template ",
        reports_unchanged: false,
    };
    command.run(ctx, &messages, |_, _, object, errors| {
        let pointer = pod_spec::pointer(object)?;
        let Some(spec) = object.pointer_mut(pointer) else { return Ok(false) };
        let containers = pod_spec::containers(spec, pattern);
        if containers.is_empty() {
            errors.push(CliError::prefixed(format!("unable to find container named {pattern}")));
            return Ok(false);
        }
        for container in containers {
            for (pointer, amounts) in &wanted {
                if !amounts.is_empty() {
                    container.map_mut(pointer).extend(amounts.clone());
                }
            }
        }
        Ok(true)
    })
}

/// Parses `cpu=100m,memory=256Mi`.
fn amounts(text: &str) -> CliResult<Map> {
    let mut amounts = Map::new();
    for statement in text.split(',').filter(|_| !text.is_empty()) {
        let parts: Vec<&str> = statement.split('=').collect();
        let [name, amount] = parts.as_slice() else {
            return Err(CliError::new(format!("Invalid argument syntax {statement}, expected <resource>=<value>")));
        };
        let quantity: Quantity = amount.parse().map_err(|e| CliError::new(format!("{e}")))?;
        amounts.insert(*name, quantity.canonical().into());
    }
    Ok(amounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::Value;

    #[test]
    fn amounts_are_canonical() {
        let read = |text: &str| amounts(text).map(|m| Value::Object(m).to_string()).map_err(|e| e.message());
        assert_eq!(read("cpu=0.5,memory=1024Mi"), Ok("{\"cpu\":\"500m\",\"memory\":\"1Gi\"}".into()));
        assert_eq!(read("cpu"), Err("error: Invalid argument syntax cpu, expected <resource>=<value>\n".into()));
    }
}
