//! Main programs of services: they open their ports and wait for a signal.

mod apps;
mod nginx;
mod web;

use serde::{Deserialize, Serialize};

use super::redis::Store;
use super::{cassandra, coredns, zookeeper};
use crate::call::{Call, Stop};
use crate::network::{self, Listener};
use crate::process::{Signal, Wait};
use crate::programs::Task;
use crate::world::UnknownProgram;

/// A server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Service {
    is_started: bool,
    stops: Stops,
}

/// The end of a server on a signal that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stops {
    /// With 0.
    Cleanly,
    /// With 2, like a Go program that handles no signal.
    Go,
    /// By the default action.
    Killed,
}

/// The result of the start of a server.
pub(super) type Started = Result<i32, Stop>;

/// Starts a server.
type Start = fn(&mut Call<'_>) -> Started;

/// The names of servers, how they end, and how they start.
const SERVICES: &[(&str, Stops, Start)] = &[
    ("agnhost", Stops::Go, apps::agnhost),
    ("apache2-foreground", Stops::Cleanly, web::apache),
    ("cassandra", Stops::Cleanly, cassandra::start),
    ("coredns", Stops::Cleanly, coredns::start),
    ("echo-server", Stops::Go, apps::echo_server),
    ("etcd", Stops::Cleanly, apps::etcd),
    ("fluentd", Stops::Cleanly, silent),
    ("hello-app", Stops::Go, apps::hello),
    ("hello-go", Stops::Go, apps::hello_go),
    ("http-echo", Stops::Cleanly, apps::http_echo),
    ("httpd", Stops::Cleanly, web::httpd),
    ("httpd-foreground", Stops::Cleanly, web::apache),
    ("mariadbd", Stops::Cleanly, silent),
    ("memcached", Stops::Cleanly, silent),
    ("mongod", Stops::Cleanly, silent),
    ("mysqld", Stops::Cleanly, silent),
    ("nginx", Stops::Cleanly, nginx::run),
    ("pause", Stops::Cleanly, wait),
    ("php-fpm", Stops::Cleanly, silent),
    ("postgres", Stops::Cleanly, silent),
    ("rabbitmq-server", Stops::Cleanly, silent),
    ("redis-server", Stops::Cleanly, redis),
    ("serve_hostname", Stops::Go, apps::hostname),
    ("start-zookeeper", Stops::Cleanly, zookeeper::start),
    ("whoami", Stops::Go, apps::whoami),
];

/// Returns a server by its name; some names are servers with certain arguments only.
pub(super) fn find(name: &str, argv: &[String]) -> Option<Service> {
    let arg = |index: usize| argv.get(index).map_or("", String::as_str);
    let found = SERVICES.iter().find(|(n, ..)| *n == name).map(|(_, stops, _)| *stops);
    let stops = found.or_else(|| match name {
        "node" if arg(1) == "server.js" => Some(Stops::Killed),
        "python" | "python3" if arg(1) == "-m" && arg(2) == "http.server" => Some(Stops::Killed),
        "run.sh" => Some(Stops::Cleanly),
        "server" => Some(Stops::Go),
        _ => None,
    })?;
    Some(Service { is_started: false, stops })
}

impl Service {
    /// Opens the ports at first; then waits.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        if self.is_started {
            return Err(Stop::Wait(Wait::Forever));
        }
        self.is_started = true;
        let name = call.name().to_owned();
        match SERVICES.iter().find(|(n, ..)| *n == name) {
            Some((.., start)) => start(call),
            None => match name.as_str() {
                "run.sh" => apps::echoserver(call),
                "server" => apps::liveness(call),
                "node" => apps::node(call),
                _ => web::python(call),
            },
        }
    }

    /// Returns the exit code with which a signal is answered; `None` for the default action.
    pub(super) fn on_signal(&self, signal: Signal) -> Option<u8> {
        let is_stop = matches!(signal, Signal::Term | Signal::Int | Signal::Quit);
        match self.stops {
            // Apache and PHP take this one for a graceful stop.
            Stops::Cleanly if is_stop || signal == Signal::Winch => Some(0),
            Stops::Go if is_stop => Some(2),
            _ => None,
        }
    }
}

/// Acts on a signal that does not end a server; `false` if it has no meaning to it.
pub(super) fn handle(call: &mut Call<'_>, signal: Signal) -> bool {
    let is_reload = signal == Signal::Hup && nginx::is_master(call.process);
    if is_reload {
        nginx::reload(call);
    }
    is_reload
}

/// Listens on ports and waits; fails like a server whose port is taken.
pub(super) fn listen(call: &mut Call<'_>, ports: &[u16], service: network::Service) -> Started {
    for port in ports {
        if call.world.listens(*port) {
            call.complain(&format!("bind: Address already in use (port {port})"));
            return Ok(1);
        }
        call.listen(Listener { port: *port, service: service.clone() });
    }
    Err(Stop::Wait(Wait::Forever))
}

/// Waits without a port.
fn wait(_call: &mut Call<'_>) -> Started {
    Err(Stop::Wait(Wait::Forever))
}

/// Listens on the ports of the image, or on the one that `--port` names, and answers nothing.
fn silent(call: &mut Call<'_>) -> Started {
    let args = call.args();
    if args.iter().any(|arg| arg == "--version" || arg == "-V" || arg == "--help") {
        return refuse(call, "prints nothing but serves");
    }
    let named = option(&args, "--port").or_else(|| option(&args, "-p")).and_then(|port| port.parse().ok());
    let ports = named.map_or_else(|| call.image().ports.to_vec(), |port: u16| vec![port]);
    listen(call, &ports, network::Service::Silent)
}

fn redis(call: &mut Call<'_>) -> Started {
    let args = call.args();
    if args.first().is_some_and(|arg| arg == "--version" || arg == "-v") {
        return refuse(call, "has no version that is known exactly");
    }
    let mut port = option(&args, "--port").and_then(|port| port.parse().ok());
    if let Some(path) = args.first().filter(|arg| !arg.starts_with('-')) {
        match call.files().read(path) {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                let configured = text.lines().find_map(|line| line.trim().strip_prefix("port "));
                port = port.or_else(|| configured.and_then(|port| port.trim().parse().ok()));
                let settings = text.lines().filter_map(|line| line.trim().split_once(' '));
                let store = Store::with_settings(settings.filter(|(name, _)| !name.starts_with('#')));
                return listen(call, &[port.unwrap_or(6379)], network::Service::Redis(Box::new(store)));
            }
            Err(errno) => {
                call.warn(format!("Fatal error, can't open config file '{path}': {}\n", errno.text()));
                return Ok(1);
            }
        }
    }
    listen(call, &[port.unwrap_or(6379)], network::Service::Redis(Box::default()))
}

/// Returns the value of an option: `NAME VALUE` or `NAME=VALUE`.
pub(super) fn option(args: &[String], name: &str) -> Option<String> {
    let attached = args.iter().find_map(|arg| arg.strip_prefix(name)?.strip_prefix('='));
    let next = || args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).map(String::as_str);
    attached.or_else(next).map(String::from)
}

/// Refuses what a program would do, but is not simulated.
fn refuse(call: &mut Call<'_>, what: &str) -> Started {
    call.complain(&format!("not simulated: the program here {what}"));
    Ok(126)
}

/// Becomes what is assumed of a program that is not simulated: for the main process a service or task, else a refusal.
pub(in crate::programs) fn unknown(call: &mut Call<'_>) -> Started {
    if call.process.pid != call.container().main {
        return refuse(call, "is known by its name only");
    }
    call.process.next = Some(match call.container().config.unknown_program {
        UnknownProgram::Service => Task::UnknownService,
        UnknownProgram::Task => Task::UnknownBatch(None),
    });
    Err(Stop::Wait(Wait::Until(call.now())))
}
