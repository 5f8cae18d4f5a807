//! `sleep` and `usleep`.

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::process::Wait;
use crate::programs::opts::{Spec, is_busybox, quote};

const SLEEP: Spec = Spec::new("+", &[], "[N]...");

/// `sleep`: the instant at which it ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sleep {
    end: Option<Time>,
}

impl Sleep {
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let end = match self.end {
            Some(end) => end,
            None => match span(call)? {
                Some(span) => Time::from_micros(call.now().micros().saturating_add(span.micros())),
                None => return Err(Stop::Wait(Wait::Forever)),
            },
        };
        self.end = Some(end);
        if end <= call.now() { Ok(0) } else { Err(Stop::Wait(Wait::Until(end))) }
    }
}

/// Returns the sum of the operands; `None` is forever.
fn span(call: &mut Call<'_>) -> Result<Option<Duration>, Stop> {
    let operands = SLEEP.parse(call)?.operands;
    if operands.is_empty() {
        return Err(SLEEP.misuse(call, "missing operand"));
    }
    if call.name() == "usleep" {
        let micros = operands[0].parse().unwrap_or(0);
        return Ok(Some(Duration::from_micros(micros)));
    }
    let mut total = Some(Duration::ZERO);
    let mut invalid = Vec::new();
    for operand in &operands {
        match parse(operand) {
            None => invalid.push(operand.clone()),
            Some(None) => total = None,
            Some(Some(span)) => {
                total = total.map(|total| Duration::from_micros(total.micros().saturating_add(span.micros())));
            }
        }
    }
    if invalid.is_empty() {
        return Ok(total);
    }
    if is_busybox(call) {
        call.complain(&format!("invalid number '{}'", invalid[0]));
        return Err(Stop::Exit(1));
    }
    let (last, first) = invalid.split_last().map(|(last, first)| (last.clone(), first.to_vec())).unwrap_or_default();
    for operand in first {
        let message = format!("invalid time interval {}", quote(call, &operand));
        call.complain(&message);
    }
    let message = format!("invalid time interval {}", quote(call, &last));
    Err(SLEEP.usage(call, &message))
}

/// Parses a number of seconds with a unit; `Some(None)` is `infinity`, `None` no number.
pub(super) fn parse(text: &str) -> Option<Option<Duration>> {
    let (number, factor) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => {
            let factor = match text.as_bytes().last() {
                Some(b'm') => 60.0,
                Some(b'h') => 3600.0,
                Some(b'd') => 86_400.0,
                _ => 1.0,
            };
            (number, factor)
        }
        None => (text, 1.0),
    };
    let seconds: f64 = number.parse().ok()?;
    if seconds.is_nan() || seconds < 0.0 {
        return None;
    }
    if seconds.is_infinite() {
        return Some(None);
    }
    Some(Some(Duration::from_micros((seconds * factor * 1e6).min(9e18) as i64)))
}
