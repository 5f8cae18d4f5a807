//! `timeout` and `time`, which wait for a child.

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use super::sleep;
use crate::call::{Call, Stop};
use crate::process::{Pid, Signal, Status, Wait};
use crate::programs::child;
use crate::programs::opts::{Spec, is_busybox, quote};

const TIMEOUT: Spec = Spec::new(
    "+s:k:vπ",
    &[("signal", 's'), ("kill-after", 'k'), ("verbose", 'v'), ("preserve-status", 'π'), ("foreground", 'v')],
    "[-s SIG] [-k KILL_SECS] SECS PROG ARGS",
)
.code(125);

/// `timeout`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeout {
    child: Option<Pid>,
    end: Option<Time>,
    has_expired: bool,
    was_killed: bool,
}

impl Timeout {
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let spec = if is_busybox(call) { TIMEOUT.code(1) } else { TIMEOUT };
        let options = spec.parse(call)?;
        let [limit, argv @ ..] = options.operands.as_slice() else { return Err(spec.usage(call, "")) };
        if argv.is_empty() {
            return Err(spec.usage(call, ""));
        }
        let limit = span(call, limit)?;
        let name = options.value('s').unwrap_or("TERM").to_ascii_uppercase();
        let Some(signal) = Signal::parse(&name) else {
            let message = format!("{}: invalid signal", quote(call, &name));
            return Err(spec.usage(call, &message));
        };
        let kill_after = match options.value('k') {
            Some(text) => span(call, text)?,
            None => None,
        };
        let child = match self.child {
            Some(child) => child,
            None => {
                // A limit of zero is none.
                self.end = limit.filter(|limit| *limit > Duration::ZERO).map(|limit| call.now() + limit);
                match child::spawn(call, argv.to_vec()) {
                    Ok(child) => child,
                    Err(errno) => return Err(child::not_started(call, &argv[0], errno)),
                }
            }
        };
        self.child = Some(child);
        match call.reap(child) {
            Ok(None) => self.wait(call, child, signal, kill_after),
            // That of busybox becomes the program itself, and ends as it does.
            Ok(Some(Status::Killed(signal))) if is_busybox(call) && call.process.pid != 1 => {
                call.process.pending.push(signal);
                Err(Stop::Wait(Wait::Forever))
            }
            Ok(Some(status)) => Ok(self.code(status, options.has('π') || is_busybox(call))),
            Err(_) => Ok(125),
        }
    }

    fn wait(
        &mut self,
        call: &mut Call<'_>,
        child: Pid,
        signal: Signal,
        kill_after: Option<Duration>,
    ) -> Result<i32, Stop> {
        let Some(end) = self.end else { return Err(Stop::Wait(Wait::Child)) };
        if call.now() < end {
            return Err(Stop::Wait(Wait::ChildUntil(end)));
        }
        let signal = if self.has_expired { Signal::Kill } else { signal };
        self.was_killed = signal == Signal::Kill;
        // It may have ended by itself, which the next look shows.
        let _ = call.kill(child, signal);
        self.end = if self.has_expired { None } else { kill_after.map(|after| call.now() + after) };
        self.has_expired = true;
        Err(Stop::Wait(self.end.map_or(Wait::Child, Wait::ChildUntil)))
    }

    fn code(&self, status: Status, preserves: bool) -> i32 {
        match (self.has_expired, preserves) {
            (true, false) if self.was_killed => 137,
            (true, false) => 124,
            _ => status.code(),
        }
    }
}

fn span(call: &mut Call<'_>, text: &str) -> Result<Option<Duration>, Stop> {
    sleep::parse(text).ok_or_else(|| {
        if is_busybox(call) {
            call.complain(&format!("invalid number '{text}'"));
            return Stop::Exit(1);
        }
        let message = format!("invalid time interval {}", quote(call, text));
        TIMEOUT.usage(call, &message)
    })
}

/// `time`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clocked {
    child: Option<Pid>,
    started: Option<Time>,
}

impl Clocked {
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let options = Spec::new("+pv", &[], "[-pv] PROG ARGS").parse(call)?;
        let started = *self.started.get_or_insert(call.now());
        let child = match (self.child, options.operands.as_slice()) {
            (Some(child), _) => child,
            (None, []) => return Ok(0),
            (None, argv) => match child::spawn(call, argv.to_vec()) {
                Ok(child) => child,
                Err(errno) => return Err(child::not_started(call, &argv[0], errno)),
            },
        };
        self.child = Some(child);
        let status = match call.reap(child) {
            Ok(None) => return Err(Stop::Wait(Wait::Child)),
            Ok(Some(status)) => status,
            Err(_) => return Ok(127),
        };
        let seconds = (call.now().micros() - started.micros()) as f64 / 1e6;
        let (minutes, rest) = ((seconds / 60.0) as i64, seconds % 60.0);
        let text = match options.has('p') {
            true => format!("real {seconds:.2}\nuser 0.00\nsys 0.00\n"),
            false => format!("real\t{minutes}m {rest:.2}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n"),
        };
        call.warn(&text);
        Ok(status.code())
    }
}
