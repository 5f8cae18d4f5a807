//! Programs that put load on a node: `stress` (<https://github.com/resurrecting-open-source-projects/stress>), and the one of the
//! image `vish/stress` (<https://github.com/vishh/stress>). Of the load itself nothing is simulated but what the kernel does
//! about too much memory.

use kctl_base::quantity::Quantity;
use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::image::Image;
use crate::process::Wait;

/// Bytes that a worker of `stress --vm` allocates unless told otherwise.
const VM_BYTES: u64 = 256 << 20;
/// How long such a worker takes for that.
const ALLOCATION: Duration = Duration::from_secs(1);

/// What a program uses of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Processors that are kept busy.
    pub processors: u64,
    /// Bytes of memory.
    pub memory: u64,
}

/// What a command asks for.
#[derive(Debug, Default, PartialEq)]
struct Order {
    load: Load,
    /// Lines that are printed at the start.
    greeting: Vec<String>,
    /// After which the memory is allocated.
    allocated_after: Duration,
    timeout: Option<Duration>,
}

/// The state of such a program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stress {
    started: Option<Time>,
}

/// Returns what a program uses; `None` for one that is not known to use anything.
pub(in crate::programs) fn load(image: &str, argv: &[String]) -> Option<Load> {
    let (name, args) = argv.split_first()?;
    let order = (crate::programs::base_name(name) == "stress").then(|| order(Image::of(image), args))?;
    order.ok().map(|order| order.load)
}

impl Stress {
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let order = match order(call.image(), &call.args()) {
            Ok(order) => order,
            Err(option) => {
                call.warn(format!("{}: FAIL: [1] unrecognized option: {option}\n", call.name()));
                return Ok(1);
            }
        };
        let now = call.now();
        let is_first = self.started.is_none();
        let started = *self.started.get_or_insert(now);
        if is_first {
            for line in &order.greeting {
                let line = line.replace("{pid}", &call.process.pid.to_string()).replace("{time}", &clock(now));
                // The one of Go reports to standard error.
                if is_go(call.image()) { call.warn(line) } else { call.print(line)? }
            }
        }
        let allocated = started + order.allocated_after;
        if now < allocated && order.load.memory > 0 {
            return Err(Stop::Wait(Wait::Until(allocated)));
        }
        let config = &call.container().config;
        if order.load.memory > config.memory_limit.unwrap_or(config.memory) {
            return Err(call.run_out_of_memory());
        }
        match order.timeout {
            Some(timeout) if now >= started + timeout => {
                let text = format!(
                    "stress: info: [{}] successful run completed in {}s\n",
                    call.process.pid,
                    timeout.micros() / 1_000_000
                );
                call.print(text)?;
                Ok(0)
            }
            Some(timeout) => Err(Stop::Wait(Wait::Until(started + timeout))),
            None => Err(Stop::Wait(Wait::Forever)),
        }
    }
}

/// Formats an instant as Go's log does: `0102 15:04:05.000000`.
fn clock(now: Time) -> String {
    now.to_chrono().format("%m%d %H:%M:%S%.6f").to_string()
}

fn is_go(image: &Image) -> bool {
    image.names.contains(&"vish/stress")
}

fn order(image: &Image, args: &[String]) -> Result<Order, String> {
    if is_go(image) { go_order(args) } else { c_order(args) }
}

/// Parses the options of `stress`.
fn c_order(args: &[String]) -> Result<Order, String> {
    let (mut workers, mut bytes, mut timeout, mut hangs) = ([0_u64; 4], VM_BYTES, None, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (name, attached) = arg.split_once('=').map_or((arg.as_str(), None), |(name, value)| (name, Some(value)));
        let mut value = || attached.or_else(|| args.next().map(String::as_str)).ok_or_else(|| arg.clone());
        let kind = match name {
            "-c" | "--cpu" => Some(0),
            "-i" | "--io" => Some(1),
            "-m" | "--vm" => Some(2),
            "-d" | "--hdd" => Some(3),
            _ => None,
        };
        match (kind, name) {
            (Some(kind), _) => workers[kind] = value()?.parse().map_err(|_| arg.clone())?,
            (None, "--vm-bytes") => bytes = size(value()?).ok_or_else(|| arg.clone())?,
            (None, "-t" | "--timeout") => timeout = Some(span(value()?).ok_or_else(|| arg.clone())?),
            (None, "--vm-hang") => hangs = value()? != "0",
            (None, "--vm-stride" | "--hdd-bytes" | "--backoff") => drop(value()?),
            (None, "-v" | "--verbose" | "-q" | "--quiet" | "--vm-keep") => {}
            _ => return Err(arg.clone()),
        }
    }
    let [cpu, io, vm, hdd] = workers;
    let greeting = format!("stress: info: [{{pid}}] dispatching hogs: {cpu} cpu, {io} io, {vm} vm, {hdd} hdd\n");
    Ok(Order {
        // A worker that holds memory touches it again and again, unless it sleeps meanwhile.
        load: Load { processors: cpu + if hangs { 0 } else { vm }, memory: vm.saturating_mul(bytes) },
        greeting: vec![greeting],
        allocated_after: ALLOCATION,
        timeout,
    })
}

/// Parses the flags of the program in Go: `-cpus 2`.
fn go_order(args: &[String]) -> Result<Order, String> {
    let (mut cpus, mut total, mut step, mut sleep) = (0, "0".to_owned(), "4Ki".to_owned(), 1_000);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let flag = arg.trim_start_matches('-');
        let (name, attached) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let mut value = || attached.or_else(|| args.next().map(String::as_str)).ok_or_else(|| arg.clone());
        match name {
            "cpus" => cpus = value()?.parse().map_err(|_| arg.clone())?,
            "mem-total" => total = value()?.to_owned(),
            "mem-alloc-size" => step = value()?.to_owned(),
            "mem-alloc-sleep" => {
                sleep = value()?.strip_suffix("ms").and_then(|ms| ms.parse::<i64>().ok()).ok_or_else(|| arg.clone())?
                    * 1_000;
            }
            "logtostderr" => {}
            _ => return Err(arg.clone()),
        }
    }
    let bytes = |text: &str| text.parse::<Quantity>().ok().and_then(|amount| u64::try_from(amount.value()).ok());
    let (memory, chunk) = bytes(&total).zip(bytes(&step)).ok_or_else(|| format!("-mem-total {total}"))?;
    let line = |source: &str, text: &str| format!("I{{time}}       {{pid}} main.go:{source}] {text}\n");
    let shown = format!(
        "Allocating {total:?} memory, in {step:?} chunks, with a {}ms sleep between allocations",
        sleep / 1_000
    );
    let mut greeting = vec![line("26", &shown)];
    greeting.extend((0..cpus.min(1024)).map(|_| line("39", "Spawning a thread to consume CPU")));
    if memory == 0 {
        greeting.push(line("29", &format!("Allocated {total:?} memory")));
    }
    let steps = i64::try_from(memory / chunk.max(1)).unwrap_or(i64::MAX);
    Ok(Order {
        load: Load { processors: cpus, memory },
        greeting,
        allocated_after: Duration::from_micros(steps.saturating_mul(sleep)),
        timeout: None,
    })
}

/// Parses a size of `stress`: a number with B, K, M or G.
fn size(text: &str) -> Option<u64> {
    let (number, factor) = match text.char_indices().last()? {
        (at, 'B' | 'b') => (&text[..at], 1),
        (at, 'K' | 'k') => (&text[..at], 1 << 10),
        (at, 'M' | 'm') => (&text[..at], 1 << 20),
        (at, 'G' | 'g') => (&text[..at], 1_u64 << 30),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Parses a time of `stress`: a number with s, m, h, d or y.
fn span(text: &str) -> Option<Duration> {
    let (number, factor) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1),
        (at, 'm') => (&text[..at], 60),
        (at, 'h') => (&text[..at], 3_600),
        (at, 'd') => (&text[..at], 86_400),
        (at, 'y') => (&text[..at], 31_556_952),
        _ => (text, 1),
    };
    number.parse::<i64>().ok()?.checked_mul(factor).filter(|seconds| *seconds >= 0).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_say_what_is_used() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let cases = [
            ("polinux/stress", "stress --vm 1 --vm-bytes 150M --vm-hang 1", Some((0, 150 << 20))),
            ("polinux/stress", "/usr/local/bin/stress -c 2 --timeout 10s", Some((2, 0))),
            ("progrium/stress", "stress --vm=2", Some((2, 512 << 20))),
            ("vish/stress", "/stress -logtostderr -cpus 2", Some((2, 0))),
            ("vish/stress", "/stress -mem-total=100Mi", Some((0, 100 << 20))),
            ("polinux/stress", "stress --cpu two", None),
            ("polinux/stress", "sleep 5", None),
        ];
        for (image, command, expected) in cases {
            let found = load(image, &words(command)).map(|load| (load.processors, load.memory));
            assert_eq!(found, expected, "{command}");
        }
    }
}
