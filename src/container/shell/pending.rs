//! What a shell waits for.

use serde::{Deserialize, Serialize};

use super::expand::MAX_WORD;
use super::syntax::Dialect;
use super::{Interrupt, Shell, Step};
use crate::call::{Call, Stop};
use crate::process::{Pid, Signal, Status, Wait};

/// The event that a shell waits for before it executes the next instruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Pending {
    Nothing,
    /// The end of a child, whose status becomes that of the shell.
    Foreground(Pid),
    /// The end of all children of a pipeline.
    Pipeline {
        pids: Vec<Pid>,
        statuses: Vec<Option<Status>>,
    },
    /// The output of a child, and its end.
    Substitution {
        pid: Pid,
        descriptor: i32,
        bytes: Vec<u8>,
        is_quoted: bool,
    },
    /// A builtin that is called again: its arguments, and whether it is a special one.
    Builtin(Vec<String>),
}

impl Shell {
    /// Goes on with what the shell waits for.
    pub(super) fn resume(&mut self, call: &mut Call<'_>) -> Step {
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => Ok(()),
            Pending::Foreground(pid) => {
                self.pending = Pending::Foreground(pid);
                let Some(status) = self.wait_for(call, pid) else {
                    return Err(Interrupt::Stop(Stop::Wait(Wait::Child)));
                };
                self.pending = Pending::Nothing;
                self.finish_foreground(call, pid, status);
                Ok(())
            }
            Pending::Pipeline { pids, mut statuses } => {
                self.pending = Pending::Pipeline { pids: pids.clone(), statuses: Vec::new() };
                for (pid, status) in pids.iter().zip(&mut statuses) {
                    if status.is_none() {
                        *status = self.wait_for(call, *pid);
                    }
                }
                if statuses.iter().any(Option::is_none) {
                    return self.keep(Pending::Pipeline { pids, statuses }, Wait::Child);
                }
                self.pending = Pending::Nothing;
                let codes: Vec<i32> = statuses.iter().flatten().map(|status| status.code()).collect();
                let last = codes.last().copied().unwrap_or(0);
                let failed = codes.iter().rev().find(|code| **code != 0).copied();
                self.status = if self.options.has_pipefail { failed.unwrap_or(0) } else { last };
                self.set_pipe_status(&codes);
                self.forget(&pids);
                Ok(())
            }
            Pending::Substitution { pid, descriptor, bytes, is_quoted } => {
                self.substitution(call, pid, descriptor, bytes, is_quoted)
            }
            Pending::Builtin(args) => self.run_builtin(call, args),
        }
    }

    fn keep(&mut self, pending: Pending, wait: Wait) -> Step {
        self.pending = pending;
        Err(Interrupt::Stop(Stop::Wait(wait)))
    }

    fn substitution(
        &mut self,
        call: &mut Call<'_>,
        pid: Pid,
        descriptor: i32,
        mut bytes: Vec<u8>,
        is_quoted: bool,
    ) -> Step {
        if descriptor >= 0 {
            loop {
                match call.read(descriptor, 65_536) {
                    Err(stop) => {
                        self.pending = Pending::Substitution { pid, descriptor, bytes, is_quoted };
                        return Err(Interrupt::Stop(stop));
                    }
                    Ok(Ok(more)) if !more.is_empty() && bytes.len() < MAX_WORD => bytes.extend(more),
                    Ok(_) => break,
                }
            }
            call.close(descriptor);
        }
        self.pending = Pending::Foreground(pid);
        let Some(status) = self.wait_for(call, pid) else {
            return self.keep(Pending::Substitution { pid, descriptor: -1, bytes, is_quoted }, Wait::Child);
        };
        self.pending = Pending::Nothing;
        self.forget(&[pid]);
        if self.dialect == Dialect::Bash {
            self.status = status.code();
        }
        self.substituted = Some(status.code());
        while bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        bytes.retain(|byte| *byte != 0);
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        self.stack.word().add(text, is_quoted);
        Ok(())
    }

    /// Returns how a child has ended; `None` while it runs. Other children that have ended are noted.
    pub(super) fn wait_for(&mut self, call: &mut Call<'_>, pid: Pid) -> Option<Status> {
        if let Some(job) = self.jobs.list.iter().find(|job| job.pid == pid)
            && let Some(status) = job.status
        {
            return Some(status);
        }
        let found = match call.reap(pid) {
            Ok(found) => found,
            // It is not there any more: somebody else has asked.
            Err(_) => Some(Status::Exited(127)),
        };
        if found.is_none() {
            self.reap_jobs(call);
        }
        found
    }

    /// Notes the ends of background jobs.
    pub(super) fn reap_jobs(&mut self, call: &mut Call<'_>) {
        for job in self.jobs.list.iter_mut().filter(|job| job.status.is_none()) {
            if let Ok(Some(status)) = call.reap(job.pid) {
                job.status = Some(status);
            }
        }
        // The main process also is the parent of orphans.
        call.reap_strangers(|pid| self.jobs.list.iter().any(|job| job.pid == pid) || self.is_awaited(pid));
    }

    fn is_awaited(&self, pid: Pid) -> bool {
        match &self.pending {
            Pending::Foreground(other) | Pending::Substitution { pid: other, .. } => *other == pid,
            Pending::Pipeline { pids, .. } => pids.contains(&pid),
            _ => self.jobs.stages.contains(&pid) || self.builtin_child == Some(pid),
        }
    }

    fn forget(&mut self, pids: &[Pid]) {
        self.jobs.list.retain(|job| !pids.contains(&job.pid));
    }

    fn finish_foreground(&mut self, call: &mut Call<'_>, pid: Pid, status: Status) {
        self.forget(&[pid]);
        self.status = status.code();
        self.set_pipe_status(&[self.status]);
        self.close_substitutions(call);
        if status == Status::Killed(Signal::Int) && self.is_interactive() {
            // The rest of the line is not run.
            self.say(call, "\n");
            self.reset(call);
        }
        if let Status::Killed(signal) = status {
            self.report_signal(call, pid, signal);
        }
    }

    /// Closes the pipes of `<(...)`.
    pub(super) fn close_substitutions(&mut self, call: &mut Call<'_>) {
        for descriptor in std::mem::take(&mut self.jobs.substitutions) {
            call.close(descriptor);
        }
    }

    /// Writes what a shell writes about a child that a signal has ended.
    fn report_signal(&mut self, call: &mut Call<'_>, pid: Pid, signal: Signal) {
        let Some(text) = signal.description() else { return };
        match self.dialect {
            Dialect::Bash if !self.is_interactive() => {
                let command = self.frames.last().map_or(String::new(), |_| String::new());
                self.error(call, &format!("{pid:>5} {text:<23}{command}"));
            }
            _ => self.say(call, &format!("{text}\n")),
        }
    }

    fn set_pipe_status(&mut self, codes: &[i32]) {
        if self.dialect == Dialect::Bash {
            let list = (0..).zip(codes.iter().map(ToString::to_string)).collect();
            self.variables.entry("PIPESTATUS").value = super::variables::Value::List(list);
        }
    }
}
