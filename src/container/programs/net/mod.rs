//! Clients and servers of the network.
//!
//! A client finds out at once what it will see, and prints that with its pauses ([`Script`]); `ping` and `nc -l` go on by
//! themselves. Servers open their ports and wait ([`services`]).

mod addresses;
mod args;
mod cassandra;
mod coredns;
mod curl;
mod databases;
mod dig;
mod entrypoint;
mod getent;
mod http_client;
mod nc;
mod nslookup;
mod ping;
mod redis;
pub(crate) mod resolver;
mod script;
mod services;
mod sockets;
#[cfg(test)]
mod tests;
mod trust;
mod wget;
mod zookeeper;

use serde::{Deserialize, Serialize};

use super::Program;
use crate::call::{Call, Stop};
use crate::process::Signal;
use script::Script;

pub(crate) use cassandra::Node as Cassandra;
pub(crate) use redis::Store;
pub(super) use services::unknown;
pub(crate) use zookeeper::Server as ZooKeeper;

/// A client: it writes what it prints, and returns its exit code.
type Client = fn(&mut Call<'_>, &mut Script) -> Result<i32, Stop>;

/// The programs without a state.
pub(super) const PROGRAMS: &[(&str, Program)] = &[
    ("docker-entrypoint.sh", entrypoint::run),
    ("docker-php-entrypoint", entrypoint::run),
    ("dumb-init", entrypoint::init),
    ("entrypoint.sh", entrypoint::run),
    ("nodetool", cassandra::nodetool),
    ("ready-probe.sh", cassandra::ready),
    ("tini", entrypoint::init),
    ("zkServer.sh", zookeeper::status),
    ("zookeeper-ready", zookeeper::ready),
];

const CLIENTS: &[(&str, Client)] = &[
    ("curl", curl::run),
    ("dig", dig::run),
    ("getent", getent::run),
    ("hello", hello),
    ("host", dig::host),
    ("ifconfig", addresses::ifconfig),
    ("ip", addresses::ip),
    ("mysqladmin", databases::mysqladmin),
    ("netstat", sockets::netstat),
    ("nslookup", nslookup::run),
    ("pg_isready", databases::pg_isready),
    ("redis-cli", redis::client),
    ("route", addresses::route),
    ("ss", sockets::ss),
    ("telnet", nc::telnet),
    ("traceroute", ping::traceroute),
    ("wget", wget::run),
];

/// Reports whether a program of this name asks others, and ends.
pub(super) fn is_client(name: &str) -> bool {
    CLIENTS.iter().any(|(known, _)| *known == name)
}

/// The names of the programs with a state.
pub(super) const NAMES: &[&str] = &[
    "curl",
    "dig",
    "getent",
    "hello",
    "host",
    "ifconfig",
    "ip",
    "nc",
    "ncat",
    "netstat",
    "nslookup",
    "pg_isready",
    "ping",
    "redis-cli",
    "route",
    "ss",
    "telnet",
    "traceroute",
    "wget",
    "zkCli.sh",
];

/// The state of a program of this family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum State {
    /// A client that has not begun.
    Client,
    /// A client that knows what it prints.
    Play(Script),
    /// `ping`.
    Ping(ping::Ping),
    /// `nc`.
    Netcat(nc::Netcat),
    /// `redis-cli` on a terminal.
    Redis(redis::Prompt),
    /// `zkCli.sh`.
    ZooKeeper(zookeeper::Client),
    /// A server.
    Service(services::Service),
}

impl State {
    /// Goes on until the program waits or ends.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        match self {
            State::Client if call.name() == "redis-cli" && redis::Prompt::is_wanted(call) => {
                *self = State::Redis(redis::Prompt::default());
                self.step(call)
            }
            State::Client => {
                let Some(client) = client(call.name()) else { return Err(Stop::Exit(127)) };
                let mut script = Script::default();
                script.code = match client(call, &mut script) {
                    Ok(code) | Err(Stop::Exit(code)) => code,
                    Err(wait) => return Err(wait),
                };
                *self = State::Play(script);
                self.step(call)
            }
            State::Play(script) => script.play(call),
            State::Ping(ping) => ping.step(call),
            State::Netcat(netcat) => netcat.step(call),
            State::Redis(prompt) => prompt.step(call),
            State::ZooKeeper(client) => client.step(call),
            State::Service(service) => service.step(call),
        }
    }

    /// Returns the exit code of a program that handles a signal by ending; `None` if the signal has its default action.
    pub(crate) fn on_signal(&self, signal: Signal) -> Option<u8> {
        match self {
            State::Service(service) => service.on_signal(signal),
            _ => None,
        }
    }
}

/// Lets a server act on a signal that does not end it; `false` if it does not handle the signal.
pub(super) fn handle(call: &mut Call<'_>, signal: Signal) -> bool {
    services::handle(call, signal)
}

fn client(name: &str) -> Option<Client> {
    CLIENTS.iter().find(|(n, _)| *n == name).map(|(_, client)| *client)
}

/// Returns the first state of a program; `None` if it is not one of this family with a state.
pub(super) fn state(name: &str, argv: &[String]) -> Option<State> {
    match name {
        "ping" | "ping4" => Some(State::Ping(ping::Ping::default())),
        "zkCli.sh" => Some(State::ZooKeeper(zookeeper::Client::default())),
        "nc" | "ncat" | "netcat" => Some(State::Netcat(nc::Netcat::default())),
        "hello" if argv.first().is_none_or(|path| path != "/hello") => None,
        // The server of the image of that name has its program in the root; elsewhere it is that of coreutils.
        "whoami" if argv.first().is_none_or(|path| path != "/whoami") => None,
        _ => client(name).map(|_| State::Client).or_else(|| services::find(name, argv).map(State::Service)),
    }
}

/// The text of the `hello-world` image.
const HELLO: &str = "
Hello from Docker!
This message shows that your installation appears to be working correctly.

To generate this message, Docker took the following steps:
 1. The Docker client contacted the Docker daemon.
 2. The Docker daemon pulled the \"hello-world\" image from the Docker Hub.
    (amd64)
 3. The Docker daemon created a new container from that image which runs the
    executable that produces the output you are currently reading.
 4. The Docker daemon streamed that output to the Docker client, which sent it
    to your terminal.

To try something more ambitious, you can run an Ubuntu container with:
 $ docker run -it ubuntu bash

Share images, automate workflows, and more with a free Docker ID:
 https://hub.docker.com/

For more examples and ideas, visit:
 https://docs.docker.com/get-started/

";

fn hello(_call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    script.out(HELLO);
    Ok(0)
}
