//! `nc` and `telnet`.

use kctl_base::sim::Duration;
use serde::{Deserialize, Serialize};

use super::args::{Args, Syntax};
use super::http_client::KERNEL_PATIENCE;
use super::resolver;
use super::script::Script;
use crate::call::{Call, Stop};
use crate::http::{connect, exchange};
use crate::image::{Flavour, System};
use crate::network::{Endpoint, Listener, NetworkError, Service};
use crate::process::Wait;

/// The options of the images' programs: busybox' has no `-z` and `-v` before Alpine's.
const SYNTAX: Syntax<'_> = Syntax { flags: "lzvnuk46Ndt", valued: "pwiesq", long: &[], long_valued: &[] };

/// The options of Nmap's program.
const NCAT: Syntax<'_> = Syntax {
    flags: "lzvnuk46t",
    valued: "pwiescmo",
    long: &[
        ("listen", "l"),
        ("keep-open", "k"),
        ("udp", "u"),
        ("verbose", "v"),
        ("nodns", "n"),
        ("send-only", "send-only"),
        ("recv-only", "recv-only"),
        ("no-shutdown", "no-shutdown"),
        ("max-conns", "m"),
        ("wait", "w"),
        ("sh-exec", "c"),
        ("exec", "e"),
        ("source-port", "p"),
    ],
    long_valued: &[],
};

/// A running `nc`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Netcat {
    script: Option<Script>,
    is_listening: bool,
}

impl Netcat {
    /// Goes on until it waits or ends.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        if self.is_listening {
            return Err(Stop::Wait(Wait::Forever));
        }
        if let Some(script) = &mut self.script {
            return script.play(call);
        }
        let mut script = Script::default();
        let syntax = if call.name() == "ncat" { &NCAT } else { &SYNTAX };
        let args = match syntax.parse(&call.args()) {
            Ok(args) => args,
            Err(mistake) => {
                call.complain(&format!("invalid arguments: {mistake:?}"));
                return Ok(1);
            }
        };
        if args.has("l") {
            return self.listen(call, &args);
        }
        script.code = client(call, &mut script, &args)?;
        self.script.insert(script).play(call)
    }

    /// Listens on a port. What connects is accepted; nothing is exchanged.
    fn listen(&mut self, call: &mut Call<'_>, args: &Args) -> Result<i32, Stop> {
        let port = args.value("p").or(args.operands.last().map(String::as_str)).and_then(|port| port.parse().ok());
        let Some(port) = port else {
            call.complain("a port is required");
            return Ok(1);
        };
        if call.world.listens(port) {
            call.complain("bind: Address already in use");
            return Ok(1);
        }
        call.listen(Listener { port, service: Service::Silent });
        self.is_listening = true;
        Err(Stop::Wait(Wait::Forever))
    }
}

/// Whose program it is: they differ in their messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Busybox,
    OpenBsd,
}

fn client(call: &mut Call<'_>, script: &mut Script, args: &Args) -> Result<i32, Stop> {
    let kind = if call.image().flavour == Flavour::Busybox { Kind::Busybox } else { Kind::OpenBsd };
    let name = call.name().to_owned();
    if kind == Kind::Busybox && call.image().system == System::Busybox && args.has("z") && !has_z(call) {
        script.err("nc: invalid option -- 'z'\n");
        return Ok(1);
    }
    let [host, port] = args.operands.as_slice() else {
        script.err(match kind {
            Kind::Busybox => {
                "Usage: nc [OPTIONS] HOST PORT  - connect\nnc [OPTIONS] -l -p PORT [HOST] [PORT]  - listen\n"
            }
            Kind::OpenBsd => "usage: nc [-46CDdFhklNnrStUuvZz] [destination] [port]\n",
        });
        return Ok(1);
    };
    let Ok(found) = resolver::resolve(call, host) else {
        script.err(match kind {
            Kind::Busybox => format!("nc: bad address '{host}'\n"),
            Kind::OpenBsd => {
                format!("{name}: getaddrinfo for host \"{host}\" port {port}: Name or service not known\n")
            }
        });
        return Ok(1);
    };
    let Ok(number) = port.parse() else {
        script.err(format!("{name}: port number invalid: {port}\n"));
        return Ok(1);
    };
    let to = Endpoint { address: found.addresses[0], port: number };
    let limit = args.value("w").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let shown = Shown { kind, name: &name, host, to, limit, is_verbose: args.has("v") };
    if args.has("z") {
        return Ok(match connect(call, to) {
            Ok(()) => shown.connected(script),
            Err(error) => shown.failed(script, error),
        });
    }
    if let Err(error) = connect(call, to) {
        return Ok(shown.failed(script, error));
    }
    let input = call.stdin()?;
    shown.connected(script);
    match exchange(call, to, &input) {
        Ok(answer) => {
            script.out(answer);
            Ok(0)
        }
        Err(NetworkError::Closed) => Ok(0),
        Err(error) => Ok(shown.failed(script, error)),
    }
}

/// Reports whether the busybox of an image has `nc -z`: since 1.37 it is configured with it.
fn has_z(call: &Call<'_>) -> bool {
    let version = call.image().version(&call.container().config.image);
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    // The desktop configuration of the image has had it all along.
    minor.is_none_or(|minor| minor >= 22)
}

/// Names in the messages.
struct Shown<'a> {
    kind: Kind,
    name: &'a str,
    host: &'a str,
    to: Endpoint,
    limit: Option<Duration>,
    is_verbose: bool,
}

impl Shown<'_> {
    fn connected(&self, script: &mut Script) -> i32 {
        let (host, address, port) = (self.host, self.to.address, self.to.port);
        if self.is_verbose {
            let literal = host == address.to_string();
            script.err(match self.kind {
                Kind::Busybox => format!("{host} ({address}:{port}) open\n"),
                Kind::OpenBsd => {
                    let place = if literal { String::new() } else { format!(" ({address})") };
                    format!("Connection to {host}{place} {port} port [tcp/{}] succeeded!\n", service_name(port))
                }
            });
        }
        0
    }

    fn failed(&self, script: &mut Script, error: NetworkError) -> i32 {
        let (host, address, port, name) = (self.host, self.to.address, self.to.port, self.name);
        let is_timeout = error == NetworkError::TimedOut;
        let limited = self.limit.filter(|limit| is_timeout && *limit < KERNEL_PATIENCE);
        if is_timeout {
            script.pause(limited.unwrap_or(KERNEL_PATIENCE));
        }
        let why = match error {
            NetworkError::Refused => "Connection refused",
            NetworkError::TimedOut => "Connection timed out",
            NetworkError::Unreachable => "No route to host",
            NetworkError::Closed => "Connection reset by peer",
        };
        let literal = host == address.to_string();
        let place = if literal { String::new() } else { format!(" ({address})") };
        match self.kind {
            Kind::Busybox if limited.is_some() => script.err("nc: timed out\n"),
            Kind::Busybox if literal || !self.is_verbose => {
                script.err(format!("nc: can't connect to remote host ({address}): {why}\n"));
            }
            Kind::Busybox => script.err(format!("nc: {host} ({address}:{port}): {why}\n")),
            Kind::OpenBsd if !self.is_verbose => {}
            Kind::OpenBsd if limited.is_some() => {
                script.err(format!(
                    "{name}: connect to {host}{place} port {port} (tcp) timed out: Operation now in progress\n"
                ));
            }
            Kind::OpenBsd => script.err(format!("{name}: connect to {host}{place} port {port} (tcp) failed: {why}\n")),
        }
        1
    }
}

/// Returns the name of a port in `/etc/services`; `*` for one without.
fn service_name(port: u16) -> &'static str {
    match port {
        22 => "ssh",
        53 => "domain",
        80 => "http",
        443 => "https",
        3306 => "mysql",
        5432 => "postgresql",
        5672 => "amqp",
        6379 => "redis",
        8080 => "http-alt",
        _ => "*",
    }
}

/// `telnet HOST [PORT]`: sends standard input, and shows the answer.
pub(super) fn telnet(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let args: Vec<String> = call.args().into_iter().filter(|arg| !arg.starts_with('-')).collect();
    let Some(host) = args.first() else {
        script.err("Usage: telnet [-a] [-l USER] HOST [PORT]\n");
        return Ok(1);
    };
    let port = args.get(1).map_or(Some(23), |port| port.parse().ok());
    let is_busybox = call.image().flavour == Flavour::Busybox;
    let (Ok(found), Some(port)) = (resolver::resolve(call, host), port) else {
        script.err(match is_busybox {
            true => format!("telnet: bad address '{host}'\n"),
            false => format!("telnet: could not resolve {host}: Name or service not known\n"),
        });
        return Ok(1);
    };
    let to = Endpoint { address: found.addresses[0], port };
    if !is_busybox {
        script.out(format!("Trying {}...\n", to.address));
    }
    if let Err(error) = connect(call, to) {
        if error == NetworkError::TimedOut {
            script.pause(KERNEL_PATIENCE);
        }
        let why = match error {
            NetworkError::Refused => "Connection refused",
            NetworkError::TimedOut => "Connection timed out",
            _ => "No route to host",
        };
        script.err(match is_busybox {
            true => format!("telnet: can't connect to remote host ({}): {why}\n", to.address),
            false => format!("telnet: Unable to connect to remote host: {why}\n"),
        });
        return Ok(1);
    }
    let input = call.stdin()?;
    script.out(match is_busybox {
        true => format!("Connected to {host}\n"),
        false => format!("Connected to {host}.\nEscape character is '^]'.\n"),
    });
    script.out(exchange(call, to, &input).unwrap_or_default());
    script.err("Connection closed by foreign host\n");
    Ok(1)
}
