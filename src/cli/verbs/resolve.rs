//! `resolve`: what the cluster's DNS answers, asked from a pod of the namespace, in the form of `dig`'s answer section.
//!
//! Names outside of the cluster are not looked up: there is no network.

use std::net::Ipv4Addr;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_cluster::dns::{self, RecordType};

/// The `resolve` verb.
pub(super) const VERB: Verb = Verb {
    name: "resolve",
    aliases: &[],
    about: "Query the DNS of the cluster for a name or an address",
    long: "Query the DNS of the cluster for a name or an address, as a container would do it.

 Short names are completed with the search domains of a pod in the current namespace.",
    examples: &[
        ("Look up a service of the current namespace", "resolve web"),
        ("Look up the API server from any namespace", "resolve kubernetes.default.svc.cluster.local"),
        ("Look up the ports of a headless service", "resolve _http._tcp.web.default.svc.cluster.local --type=SRV"),
    ],
    usage: "NAME [--type=A|SRV|CNAME|PTR]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::args(command).arg(args::text(
        "type",
        "Record type. One of: (A, SRV, CNAME, PTR). Defaults to PTR for an address and to A for a name.",
    ))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [name] = words.as_slice() else {
        return Err(ctx.usage("resolve", &format!("exactly one NAME is required, got {}", words.len())));
    };
    let kind = record_type(matches.string("type"), name)?;
    let namespace = ctx.namespace();
    let answer = ctx.console()?.resolve(&namespace, name, kind)?;
    if !answer.exists {
        return Err(CliError::new(format!("{name}: NXDOMAIN, there is no such name in the cluster")));
    }
    for record in &answer.records {
        ctx.print_line(format!("{} {} IN {} {}", record.name, dns::TTL, record.kind, record.data));
    }
    if answer.records.is_empty() {
        // An empty answer is no failure: the name is there.
        ctx.print_error(format!("{} has no {} records", answer.name, kind.as_str()));
    }
    Ok(())
}

/// The type that was asked for; without one an address asks for its name.
fn record_type(typed: &str, name: &str) -> CliResult<RecordType> {
    match typed {
        "" if name.parse::<Ipv4Addr>().is_ok() => Ok(RecordType::Ptr),
        "" => Ok(RecordType::A),
        other => RecordType::parse(other)
            .ok_or_else(|| CliError::new(format!("invalid --type {other}: must be A, SRV, CNAME or PTR"))),
    }
}
