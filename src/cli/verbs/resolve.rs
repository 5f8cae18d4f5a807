//! `resolve`: queries the DNS of the cluster as a pod of the namespace would, and prints records as `dig` does.
//!
//! Names outside of the cluster are not resolved, because there is no network.

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
    long: "Query the DNS of the cluster for a name or an address, as a container would.

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
    let names = matches.values("args");
    let [name] = names.as_slice() else {
        return Err(ctx.usage("resolve", &format!("exactly one NAME is required, got {}", names.len())));
    };
    let record_type = read_record_type(matches.string("type"), name)?;
    let namespace = ctx.namespace();
    let answer = ctx.console()?.resolve(&namespace, name, record_type)?;
    if !answer.exists {
        return Err(CliError::new(format!("{name}: NXDOMAIN, there is no such name in the cluster")));
    }
    for record in &answer.records {
        ctx.print_line(format!("{} {} IN {} {}", record.name, dns::TTL, record.kind, record.data));
    }
    if answer.records.is_empty() {
        // NODATA is not a failure: the name exists.
        ctx.print_error(format!("{} has no {} records", answer.name, record_type.as_str()));
    }
    Ok(())
}

/// Parses `--type`; without it the type is PTR for an address and A for a name.
fn read_record_type(value: &str, name: &str) -> CliResult<RecordType> {
    match value {
        "" if name.parse::<Ipv4Addr>().is_ok() => Ok(RecordType::Ptr),
        "" => Ok(RecordType::A),
        other => RecordType::parse(other)
            .ok_or_else(|| CliError::new(format!("invalid --type {other}: must be A, SRV, CNAME or PTR"))),
    }
}
