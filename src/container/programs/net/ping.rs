//! `ping` and `traceroute`.

use std::net::Ipv4Addr;

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use super::args::Syntax;
use super::resolver::{self, Failure};
use super::script::Script;
use crate::call::{Call, Stop};
use crate::http::own_address;
use crate::image::Flavour;
use crate::network::NetworkError;
use crate::process::{Signal, Wait};

const SYNTAX: Syntax<'_> = Syntax { flags: "46qnvbAf", valued: "cWwisItMp", long: &[], long_valued: &[] };
/// Milliseconds that a packet takes to its target and back.
const NO_TIME: &str = "0.000";
/// Most packets that are sent.
const MAX_PACKETS: u64 = 1 << 20;

/// A running `ping`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ping {
    run: Option<Run>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    is_busybox: bool,
    is_quiet: bool,
    /// Name as the statistics have it.
    name: String,
    /// Name behind `from`, if the address has one.
    from: String,
    address: Ipv4Addr,
    count: u64,
    interval: Duration,
    patience: Duration,
    deadline: Option<Time>,
    started: Time,
    sent: u64,
    #[serde(default)]
    received: u64,
    last: Time,
}

impl Ping {
    /// Goes on until the next packet is due.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let run = match &mut self.run {
            Some(run) => run,
            None => match start(call)? {
                Ok(run) => self.run.insert(run),
                Err(code) => return Ok(code),
            },
        };
        if call.process.pending.contains(&Signal::Int) {
            return run.end(call);
        }
        if let Some(deadline) = run.deadline.filter(|deadline| call.now() >= *deadline) {
            run.last = deadline;
            return run.end(call);
        }
        if run.sent >= run.count {
            return run.end(call);
        }
        let answered = run.send(call)?;
        run.last = call.now();
        let wait = match (run.sent >= run.count, answered) {
            (true, true) => return run.end(call),
            (true, false) => run.patience,
            (false, _) => run.interval,
        };
        let until = call.now() + wait;
        Err(Stop::Wait(Wait::Until(run.deadline.map_or(until, |deadline| deadline.min(until)))))
    }
}

fn start(call: &mut Call<'_>) -> Result<Result<Run, i32>, Stop> {
    let is_busybox = call.image().flavour == Flavour::Busybox;
    let args = SYNTAX.parse(&call.args()).ok();
    let host = args.as_ref().and_then(|args| args.operands.last().cloned());
    let (Some(args), Some(host)) = (args, host) else {
        let usage = if is_busybox {
            "Usage: ping [OPTIONS] HOST\n"
        } else {
            "ping: usage error: Destination address required\n"
        };
        call.warn(usage);
        return Ok(Err(if is_busybox { 1 } else { 2 }));
    };
    let found = match resolver::resolve(call, &host) {
        Ok(found) => found,
        Err(failure) => {
            let why = match failure {
                Failure::NoServer(_) => "Temporary failure in name resolution",
                Failure::Unknown => "Name or service not known",
            };
            let text =
                if is_busybox { format!("ping: bad address '{host}'\n") } else { format!("ping: {host}: {why}\n") };
            call.warn(&text);
            return Ok(Err(if is_busybox { 1 } else { 2 }));
        }
    };
    let address = found.addresses[0];
    let seconds = |key: &str, default: f64| {
        let given = args.value(key).and_then(|text| text.parse::<f64>().ok()).unwrap_or(default);
        Duration::from_micros((given.clamp(0.002, 1e9) * 1e6) as i64)
    };
    let is_name = host.parse::<Ipv4Addr>().is_err();
    let reverse = if is_name && !is_busybox { resolver::name_of(call, address) } else { None };
    let name = if is_busybox || !is_name { host } else { found.name };
    let size = args.value("s").and_then(|size| size.parse::<u32>().ok()).unwrap_or(56);
    let now = call.now();
    let head = match is_busybox {
        true => format!("PING {name} ({address}): {size} data bytes\n"),
        false => format!("PING {name} ({address}) {size}({}) bytes of data.\n", size + 28),
    };
    call.print(head)?;
    Ok(Ok(Run {
        is_busybox,
        is_quiet: args.has("q"),
        from: reverse.map_or_else(|| address.to_string(), |reverse| format!("{reverse} ({address})")),
        name,
        address,
        count: args.value("c").and_then(|count| count.parse().ok()).unwrap_or(MAX_PACKETS).min(MAX_PACKETS),
        interval: seconds("i", 1.0),
        patience: seconds("W", 10.0),
        deadline: args.value("w").map(|_| now + seconds("w", 0.0)),
        started: now,
        sent: 0,
        received: 0,
        last: now,
    }))
}

impl Run {
    /// Sends a packet; reports whether it is answered.
    fn send(&mut self, call: &mut Call<'_>) -> Result<bool, Stop> {
        let result = match own_address(call, self.address) {
            Some(_) => Ok(()),
            None => call.surroundings.ping(self.address),
        };
        let number = self.sent;
        self.sent += 1;
        match result {
            Ok(()) => {
                self.received += 1;
                if !self.is_quiet {
                    let from = &self.from;
                    let line = match self.is_busybox {
                        true => format!("64 bytes from {}: seq={number} ttl=64 time={NO_TIME} ms\n", self.address),
                        false => format!("64 bytes from {from}: icmp_seq={} ttl=64 time={NO_TIME} ms\n", number + 1),
                    };
                    call.print(line)?;
                }
                Ok(true)
            }
            Err(NetworkError::Unreachable) if self.is_busybox => {
                call.warn(b"ping: sendto: Network is unreachable\n");
                Err(Stop::Exit(1))
            }
            Err(_) => Ok(false),
        }
    }

    /// Prints the statistics; returns the exit code.
    fn end(&self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let (sent, received) = (self.sent, self.received);
        let loss = (sent - received) * 100 / sent.max(1);
        let mut text = format!("\n--- {} ping statistics ---\n", self.name);
        if self.is_busybox {
            text.push_str(&format!("{sent} packets transmitted, {received} packets received, {loss}% packet loss\n"));
        } else {
            let elapsed = (self.last - self.started).micros() / 1000;
            text.push_str(&format!(
                "{sent} packets transmitted, {received} received, {loss}% packet loss, time {elapsed}ms\n"
            ));
        }
        match (self.is_busybox, received) {
            (true, 0) => {}
            (false, 0) => text.push('\n'),
            (true, _) => text.push_str(&format!("round-trip min/avg/max = {NO_TIME}/{NO_TIME}/{NO_TIME} ms\n")),
            (false, _) => {
                text.push_str(&format!("rtt min/avg/max/mdev = {NO_TIME}/{NO_TIME}/{NO_TIME}/{NO_TIME} ms\n"))
            }
        }
        call.print(text)?;
        Ok(i32::from(received == 0))
    }
}

/// `traceroute`: the target is one hop away; one that does not answer is not found.
pub(super) fn traceroute(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    const HOPS: u32 = 30;
    let args = call.args();
    let Some(host) = args.iter().find(|arg| !arg.starts_with('-')) else {
        script.err("Usage: traceroute [OPTIONS] HOST [BYTES]\n");
        return Ok(1);
    };
    let Ok(found) = resolver::resolve(call, host) else {
        script.err(format!("traceroute: bad address '{host}'\n"));
        return Ok(1);
    };
    let address = found.addresses[0];
    script.out(format!("traceroute to {host} ({address}), {HOPS} hops max, 46 byte packets\n"));
    let answers = own_address(call, address).is_some() || call.surroundings.ping(address).is_ok();
    if answers {
        let name = resolver::name_of(call, address).unwrap_or_else(|| address.to_string());
        let times = format!("  {NO_TIME} ms").repeat(3);
        script.out(format!(" 1  {name} ({address}){times}\n"));
        return Ok(0);
    }
    for hop in 1..=HOPS {
        script.pause(Duration::from_secs(15));
        script.out(format!("{hop:2}  *  *  *\n"));
    }
    Ok(0)
}
