//! `resolve`: what the cluster's DNS answers, asked from a pod of the namespace, in the form of `dig`'s answer section.
//!
//! Names outside of the cluster are not looked up: there is no network.

use std::net::Ipv4Addr;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_cluster::dns::{self, RecordType};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "resolve",
    aliases: &[],
    about: "Ask the cluster's DNS for a name or an address",
    args: flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::words(command)
        .arg(args::text("type", "the type of records: A, SRV, CNAME or PTR; A by default, PTR for an address"))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    let [name] = words.as_slice() else {
        return Err(ctx.usage("resolve", &format!("exactly one NAME is required, got {}", words.len())));
    };
    let kind = record_type(matches.value("type"), name)?;
    let namespace = ctx.namespace();
    let answer = ctx.console()?.resolve(&namespace, name, kind)?;
    if !answer.exists {
        return Err(CliError::text(format!("{name}: NXDOMAIN, there is no such name in the cluster")));
    }
    for record in &answer.records {
        ctx.say(format!("{} {} IN {} {}", record.name, dns::TTL, record.kind, record.data));
    }
    if answer.records.is_empty() {
        // An empty answer is no failure: the name is there.
        ctx.complain(format!("{} has no {} records", answer.name, kind.as_str()));
    }
    Ok(())
}

/// The type that was asked for; without one an address asks for its name.
fn record_type(typed: &str, name: &str) -> CliResult<RecordType> {
    match typed {
        "" if name.parse::<Ipv4Addr>().is_ok() => Ok(RecordType::Ptr),
        "" => Ok(RecordType::A),
        other => RecordType::parse(other)
            .ok_or_else(|| CliError::text(format!("invalid --type {other}: must be A, SRV, CNAME or PTR"))),
    }
}
