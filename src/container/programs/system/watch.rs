//! `watch`.

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::process::{Pid, Wait};
use crate::programs::child;
use crate::programs::opts::{Spec, is_busybox};
use crate::programs::time;

const WATCH: Spec = Spec::new("+n:tdegcx", &[("interval", 'n'), ("no-title", 't')], "[-n SEC] [-t] PROG ARGS");

/// `watch`: the command that runs, or when it runs again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Watch {
    child: Option<Pid>,
    next: Option<Time>,
}

impl Watch {
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let options = WATCH.parse(call)?;
        if options.operands.is_empty() {
            return Err(WATCH.misuse(call, ""));
        }
        let seconds: f64 = options.value('n').and_then(|text| text.parse().ok()).unwrap_or(2.0);
        let pause = Duration::from_micros(((seconds * 1e6) as i64).max(100_000));
        if let Some(child) = self.child {
            if let Ok(None) = call.reap(child) {
                return Err(Stop::Wait(Wait::Child));
            }
            self.child = None;
            self.next = Some(call.now() + pause);
        }
        if let Some(next) = self.next.filter(|next| *next > call.now()) {
            return Err(Stop::Wait(Wait::Until(next)));
        }
        let command = options.operands.join(" ");
        if !options.has('t') {
            let stamp =
                time::format(call.now(), if is_busybox(call) { "%Y-%m-%d %H:%M:%S" } else { "%a %b %e %H:%M:%S %Y" });
            let title = format!("Every {seconds:.1}s: {command}");
            let space = 80usize.saturating_sub(title.len() + stamp.len()).max(1);
            call.print(format!("\u{1b}[H\u{1b}[J{title}{}{stamp}\n\n", " ".repeat(space)))?;
        }
        match child::spawn(call, vec!["sh".to_owned(), "-c".to_owned(), command]) {
            Ok(child) => {
                self.child = Some(child);
                Err(Stop::Wait(Wait::Child))
            }
            Err(errno) => Err(child::not_started(call, "sh", errno)),
        }
    }
}
