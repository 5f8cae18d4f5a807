//! `seq` and `yes`.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::process::Wait;
use crate::programs::io::Io;
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const SEQ: Spec = Spec::new(
    "+ws:f:",
    &[("equal-width", 'w'), ("separator", 's'), ("format", 'f')],
    "[-w] [-s SEP] [FIRST [INC]] LAST",
);

/// Bytes that `yes` prints in a turn.
const YES_BLOCK: usize = 8192;
/// Numbers that `seq` prints in a turn.
const SEQ_BLOCK: usize = 4096;

/// `yes`.
pub(super) fn yes(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let args = call.args();
    let line = if args.is_empty() { "y\n".to_owned() } else { format!("{}\n", args.join(" ")) };
    io.print(line.repeat(YES_BLOCK.div_ceil(line.len())));
    Err(Stop::Wait(Wait::Until(call.now())))
}

/// `seq`: how many numbers it has printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sequence {
    count: u64,
}

impl Sequence {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let args = protect_negative(call.args());
        let options = SEQ.parse_args(call, args)?;
        let (first, step, last) = range(call, &options)?;
        let digits = [&first, &step].iter().map(|number| decimals(number)).max().unwrap_or(0);
        let numbers: Vec<f64> = [&first, &step, &last].iter().map(|text| text.parse().unwrap_or(0.0)).collect();
        let [start, increment, end] = numbers[..] else { return Ok(1) };
        let width = if options.has('w') { width(&first, &last, digits) } else { 0 };
        let separator = options.value('s').unwrap_or("\n").to_owned();
        let tolerance = increment.abs() * 1e-9;
        for _ in 0..SEQ_BLOCK {
            let value = start + self.count as f64 * increment;
            if increment > 0.0 && value > end + tolerance || increment < 0.0 && value < end - tolerance {
                if self.count > 0 {
                    io.print("\n");
                }
                return Ok(0);
            }
            if self.count > 0 {
                io.print(&separator);
            }
            io.print(match options.value('f') {
                Some(format) => super::printf::format_float(format, value),
                None => format!("{value:0width$.digits$}"),
            });
            self.count += 1;
        }
        Err(Stop::Wait(Wait::Until(call.now())))
    }
}

/// Ends the options before a negative number.
fn protect_negative(args: Vec<String>) -> Vec<String> {
    let is_negative = |arg: &String| {
        arg.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    };
    let mut takes_value = false;
    let at = args.iter().position(|arg| {
        let is_value = std::mem::replace(&mut takes_value, arg == "-s" || arg == "-f");
        !is_value && (is_negative(arg) || !arg.starts_with('-'))
    });
    let mut args = args;
    // The first operand ends the options anyway.
    if let Some(at) = at {
        args.insert(at, "--".to_owned());
    }
    args
}

/// Returns first number, step and last number as they were written.
fn range(call: &mut Call<'_>, options: &Options) -> Result<(String, String, String), Stop> {
    let operands = &options.operands;
    for operand in operands {
        if !operand.parse::<f64>().is_ok_and(f64::is_finite) {
            let message = format!("invalid floating point argument: {}", quote(call, operand));
            return Err(SEQ.misuse(call, &message));
        }
    }
    let one = "1".to_owned();
    let (first, step, last) = match operands.as_slice() {
        [] => return Err(SEQ.misuse(call, "missing operand")),
        [last] => (one.clone(), one, last.clone()),
        [first, last] => (first.clone(), one, last.clone()),
        [first, step, last] => (first.clone(), step.clone(), last.clone()),
        [_, _, _, extra, ..] => {
            let message = format!("extra operand {}", quote(call, extra));
            return Err(SEQ.misuse(call, &message));
        }
    };
    if step.parse() == Ok(0.0) && !is_busybox(call) {
        let message = format!("invalid Zero increment value: {}", quote(call, &step));
        return Err(SEQ.usage(call, &message));
    }
    Ok((first, step, last))
}

fn decimals(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(15))
}

/// Returns the width to which `-w` pads.
fn width(first: &str, last: &str, digits: usize) -> usize {
    let whole = |number: &str| number.split('.').next().unwrap_or_default().len();
    whole(first).max(whole(last)) + if digits > 0 { digits + 1 } else { 0 }
}
