//! `port-forward`: listens on local ports, and passes the HTTP requests that arrive there to a pod.
//!
//! Upstream: `kubectl/pkg/cmd/portforward/portforward.go` and `client-go/tools/portforward`, which pass on any bytes.

mod http;
mod ports;
mod server;

use std::net::SocketAddr;

use clap::ArgMatches;

use super::target;
use crate::args::Matches;
use crate::klog;
use crate::resolve::Selection;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::go::io_error;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_container::{NetworkError, Request, Response};
use ports::{Address, Ports, Target};
use server::{Event, Server};

/// The message about a command line without ports.
const EXPECTED: &str = "TYPE/NAME and list of ports are required for port-forward";

/// Runs the verb.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection::from_matches(ctx, matches);
    let (name, texts) = match selection.args.as_slice() {
        [name, texts @ ..] if !texts.is_empty() => (name, texts),
        _ => return Err(ctx.usage("port-forward", EXPECTED)),
    };
    let (object, pod) = target::find(ctx, &Selection { args: vec![name.clone()], ..selection.clone() }, "forward to")?;
    let target = if object.kind() == "Service" { Target::Service(&object) } else { Target::Pod };
    let ports = texts.iter().map(|text| target.ports(text, &pod)).collect::<CliResult<Vec<_>>>()?;
    if pod.str("/status/phase") != "Running" {
        let phase = pod.str("/status/phase");
        let text = format!("unable to forward port because pod is not running. Current status={phase}");
        return Err(CliError::new(text));
    }
    let addresses = ports::addresses(&matches.values("address"))?;
    let (server, events) = Server::new().map_err(|error| CliError::io("receiving signals", error))?;
    listen(ctx, &server, &addresses, &ports)?;
    loop {
        ctx.pause()?;
        // The server, which can send, lives as long as this loop.
        match events.recv().unwrap_or(Event::Stop) {
            Event::Stop => return Ok(()),
            Event::Connected(ports) => ctx.print_line(format!("Handling connection for {}", ports.local)),
            Event::Request(ports, request, answer) => {
                let response = forward(ctx, &pod, ports, &request)?;
                // The connection may be closed by now.
                let _ = answer.send(response);
            }
        }
    }
}

/// Listens on all addresses and ports, and tells where.
///
/// # Errors
/// No port can be listened on.
fn listen(ctx: &mut Ctx, server: &Server, addresses: &[Address], all: &[Ports]) -> CliResult<()> {
    let mut is_listening = false;
    for ports in all {
        match listen_on(server, addresses, *ports) {
            Ok(listening) => {
                is_listening = true;
                for address in listening {
                    ctx.print_line(format!("Forwarding from {address} -> {}", ports.remote));
                }
            }
            Err(problems) => {
                let local = ports.local;
                ctx.print_error(format!("Unable to listen on port {local}: Listeners failed to create with the following errors: [{problems}]"));
            }
        }
    }
    match is_listening {
        true => Ok(()),
        false => {
            let all: Vec<String> = all.iter().map(|ports| format!("{{{} {}}}", ports.local, ports.remote)).collect();
            Err(CliError::new(format!("unable to listen on any of the requested ports: [{}]", all.join(" "))))
        }
    }
}

/// Listens on a port of all addresses, or of one of those of which one is enough.
///
/// # Errors
/// The problems, as one text.
fn listen_on(server: &Server, addresses: &[Address], mut ports: Ports) -> Result<Vec<SocketAddr>, String> {
    let (mut listening, mut problems) = (Vec::new(), Vec::new());
    let (mut has_one, mut must_have) = (false, true);
    for address in addresses {
        match server.listen(*address, ports) {
            Ok(local) => {
                // A port that was chosen is that of the other addresses, too.
                ports.local = local.port();
                has_one |= address.is_one_of;
                listening.push(local);
            }
            Err(error) => {
                let network = if address.ip.is_ipv4() { "tcp4" } else { "tcp6" };
                let place = SocketAddr::new(address.ip, ports.local);
                let why = io_error(&error);
                problems.push(format!("unable to create listener: Error listen {network} {place}: bind: {why}"));
                must_have &= address.is_one_of;
            }
        }
    }
    let has_failed = !must_have || !has_one && addresses.iter().any(|address| address.is_one_of);
    if has_failed { Err(problems.join(" ")) } else { Ok(listening) }
}

/// Passes a request to the pod.
///
/// # Errors
/// The pod has gone, or nothing answers there.
fn forward(ctx: &mut Ctx, pod: &Object, ports: Ports, request: &Request) -> CliResult<Response> {
    let answer = ctx.api(|client| client.forward(pod.namespace(), pod.name(), ports.remote, request));
    let why = match answer {
        Ok(Ok(response)) => return Ok(response),
        Ok(Err(error)) => reason(error, ports.remote),
        Err(CliError::Status(status)) => status.message,
        Err(error) => return Err(error),
    };
    let (local, remote) = (ports.local, ports.remote);
    let (name, uid) = (pod.name(), pod.str("/metadata/uid"));
    let why = format!(
        "an error occurred forwarding {local} -> {remote}: error forwarding port {remote} to pod {name}, uid {uid}: {why}"
    );
    ctx.log(klog::FORWARD_FAILED, &format!("\"Unhandled Error\" err={}", quote(&why)))?;
    Err(CliError::new("lost connection to pod"))
}

fn reason(error: NetworkError, port: u16) -> String {
    let why = match error {
        NetworkError::Refused => "connect: connection refused",
        NetworkError::TimedOut => "connect: connection timed out",
        NetworkError::Unreachable => "connect: network is unreachable",
        NetworkError::Closed => "read: connection reset by peer",
    };
    format!("failed to connect to localhost:{port}: dial tcp4 127.0.0.1:{port}: {why}")
}
