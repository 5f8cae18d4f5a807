//! `dd`.

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::process::OpenMode;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Spec, is_busybox, quote};

/// Most bytes of a block.
const MAX_BLOCK: usize = 64 << 20;

/// `dd`: its output and what it has copied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dd {
    output: Option<i32>,
    /// The bytes of the present block so far.
    block: Vec<u8>,
    skipped: usize,
    full: usize,
    partial: usize,
    bytes: u64,
    #[serde(default)]
    started: Option<Time>,
}

/// The operands.
struct Plan {
    input: Option<String>,
    output: Option<String>,
    block: usize,
    count: Option<usize>,
    skip: usize,
    seek: usize,
    keeps_output: bool,
    appends: bool,
    is_quiet: bool,
    has_no_speed: bool,
}

fn plan(call: &mut Call<'_>) -> Result<Plan, Stop> {
    const DD: Spec = Spec::new("", &[], "[if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N]");
    let mut plan = Plan {
        input: None,
        output: None,
        block: 512,
        count: None,
        skip: 0,
        seek: 0,
        keeps_output: false,
        appends: false,
        is_quiet: false,
        has_no_speed: false,
    };
    for arg in DD.parse(call)?.operands {
        let Some((name, value)) = arg.split_once('=') else {
            let message = format!("unrecognized operand {}", quote(call, &arg));
            return Err(DD.misuse(call, &message));
        };
        let number = |call: &mut Call<'_>| {
            let product = value.split('x').map(crate::programs::text::size);
            product.reduce(|a, b| Some(a?.saturating_mul(b?))).flatten().ok_or_else(|| {
                let message = match is_busybox(call) {
                    true => format!("invalid number '{value}'"),
                    false => format!("invalid number: {}", quote(call, value)),
                };
                call.complain(&message);
                Stop::Exit(1)
            })
        };
        match name {
            "if" => plan.input = Some(value.to_owned()),
            "of" => plan.output = Some(value.to_owned()),
            "bs" | "ibs" | "obs" => plan.block = number(call)?.clamp(1, MAX_BLOCK),
            "count" => plan.count = Some(number(call)?),
            "skip" => plan.skip = number(call)?,
            "seek" => plan.seek = number(call)?,
            "conv" => plan.keeps_output = value.split(',').any(|word| word == "notrunc"),
            "oflag" => plan.appends = value.split(',').any(|word| word == "append"),
            "status" => {
                plan.is_quiet = value == "none";
                plan.has_no_speed = value == "noxfer";
            }
            "iflag" => {}
            _ => {
                let message = format!("unrecognized operand {}", quote(call, &arg));
                return Err(DD.misuse(call, &message));
            }
        }
    }
    Ok(plan)
}

impl Dd {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let plan = plan(call)?;
        let started = *self.started.get_or_insert(call.now());
        let gnu = Wording::new("failed to open '{}'", "error reading '{}'");
        io.start(plan.input.as_slice(), if is_busybox(call) { Wording::BUSYBOX } else { gnu });
        if self.output.is_none() {
            if !io.open_next(call) {
                return Ok(1);
            }
            self.output = Some(open(call, &plan)?);
        }
        let written = self.copy(call, io, &plan)?;
        if let Err(errno) = written {
            let target = plan.output.as_deref().unwrap_or("standard output");
            let what = format!("error writing '{target}'");
            call.complain(&format!("{what}: {}", errno.text()));
        }
        if !plan.is_quiet {
            let seconds = (call.now() - started).micros() as f64 / 1e6;
            self.report(call, &plan, seconds);
        }
        Ok(i32::from(written.is_err() || io.has_failed()))
    }

    /// Copies blocks; the inner result is that of the output.
    fn copy(&mut self, call: &mut Call<'_>, io: &mut Io, plan: &Plan) -> Result<Result<(), crate::errno::Errno>, Stop> {
        let output = self.output.unwrap_or(1);
        loop {
            if self.skipped >= plan.skip && plan.count.is_some_and(|count| self.full + self.partial >= count) {
                return Ok(Ok(()));
            }
            // A pipe gives what is there, a file gives whole blocks.
            while self.block.len() < plan.block {
                let more = io.read_at_most(call, plan.block - self.block.len())?;
                if more.is_empty() {
                    break;
                }
                self.block.extend(more);
            }
            if self.block.is_empty() {
                return Ok(Ok(()));
            }
            let block = std::mem::take(&mut self.block);
            if self.skipped < plan.skip {
                self.skipped += 1;
                continue;
            }
            if block.len() == plan.block {
                self.full += 1
            } else {
                self.partial += 1
            }
            if let Err(errno) = call.write(output, &block) {
                return Ok(Err(errno));
            }
            self.bytes += block.len() as u64;
        }
    }

    fn report(&self, call: &mut Call<'_>, plan: &Plan, seconds: f64) {
        let records = format!("{}+{} records", self.full, self.partial);
        let mut text = format!("{records} in\n{records} out\n");
        if !plan.has_no_speed {
            let copied = if is_busybox(call) { self.busybox_speed(seconds) } else { self.gnu_speed(seconds) };
            text.push_str(&copied);
        }
        call.warn(&text);
    }
}

impl Dd {
    fn busybox_speed(&self, seconds: f64) -> String {
        // The conversion of an infinite speed to an integer gives 0 there.
        let speed = if seconds > 0.0 { (self.bytes as f64 / seconds) as u64 } else { 0 };
        let speed = if speed == 0 { "0".to_owned() } else { short(speed) };
        format!("{} bytes ({}B) copied, {seconds:.6} seconds, {speed}B/s\n", self.bytes, short(self.bytes))
    }

    fn gnu_speed(&self, seconds: f64) -> String {
        let (count, sizes) = (plural(self.bytes), long(self.bytes));
        if seconds <= 0.0 {
            return format!("{count}{sizes} copied, 0 s, Infinity B/s\n");
        }
        let (value, unit) = scale((self.bytes as f64 / seconds).round() as u64, 1000.0);
        // The smallest unit is the kilobyte.
        let (value, unit) = if unit == 0 { (value / 1000.0, 1) } else { (value, unit) };
        let speed = if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        let seconds = crate::programs::text::printf::significant(seconds, 6);
        format!("{count}{sizes} copied, {seconds} s, {speed} {}B/s\n", ["", "k", "M", "G", "T"][unit])
    }
}

fn plural(bytes: u64) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

fn short(bytes: u64) -> String {
    let (value, unit) = scale(bytes, 1024.0);
    if unit == 0 { format!("{value:.0}") } else { format!("{value:.1}{}", ["", "K", "M", "G", "T"][unit]) }
}

/// Returns the size in units of 1000 and of 1024, which GNU adds from a kilobyte on.
fn long(bytes: u64) -> String {
    if bytes < 1000 {
        return String::new();
    }
    let show = |base: f64, units: [&str; 5]| {
        let (value, unit) = scale(bytes, base);
        if value < 10.0 { format!("{value:.1} {}", units[unit]) } else { format!("{value:.0} {}", units[unit]) }
    };
    let decimal = show(1000.0, ["B", "kB", "MB", "GB", "TB"]);
    if bytes < 1024 {
        return format!(" ({decimal})");
    }
    format!(" ({decimal}, {})", show(1024.0, ["B", "KiB", "MiB", "GiB", "TiB"]))
}

fn scale(bytes: u64, base: f64) -> (f64, usize) {
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= base && unit < 4 {
        value /= base;
        unit += 1;
    }
    (value, unit)
}

/// Opens the output and moves to the block where it begins.
fn open(call: &mut Call<'_>, plan: &Plan) -> Result<i32, Stop> {
    let Some(path) = &plan.output else { return Ok(1) };
    let mode = if plan.appends { OpenMode::Append } else { OpenMode::Write };
    let opened = call.open(path, mode, !plan.keeps_output && !plan.appends && plan.seek == 0);
    let descriptor = opened.map_err(|errno| {
        let what = if is_busybox(call) { "can't open" } else { "failed to open" };
        call.complain(&format!("{what} '{path}': {}", errno.text()));
        Stop::Exit(1)
    })?;
    call.seek(descriptor, (plan.seek as u64).saturating_mul(plan.block as u64));
    Ok(descriptor)
}
