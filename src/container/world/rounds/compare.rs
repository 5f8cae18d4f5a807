//! Whether two states of a world are equal but for what grows in every round.

use std::collections::BTreeMap;

use kctl_base::sim::Duration;
use serde_json::Value;

use super::Round;
use crate::fs::Tree;
use crate::process::{FileId, Pid, Process, State, Target, Wait};
use crate::programs::Task;
use crate::world::{Container, World};

/// Microseconds since 1970 before which no instant of a simulation lies.
const FIRST_INSTANT: i64 = 1_000_000_000_000_000;

/// A variable of a shell that has grown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drift {
    pub(super) container: String,
    /// The process at the end of the round.
    pub(super) pid: Pid,
    pub(super) name: String,
    pub(super) value: i64,
    pub(super) step: i64,
}

impl Drift {
    /// Reports whether nothing that the container does depends on the value, beside what it prints.
    pub(super) fn is_only_printed(&self, world: &World) -> bool {
        let container = world.containers.get(&self.container);
        let Some(process) = container.and_then(|container| container.processes.get(&self.pid)) else { return false };
        let Task::Shell(shell) = &process.task else { return false };
        let output = process.files.get(&1).and_then(|id| world.files.get(id)).map(|file| &file.target);
        let prints_to_log = match output {
            Some(Target::Log(_) | Target::Device(crate::fs::Device::Null)) => true,
            Some(Target::Output(..)) => world.lines_wanted == 0,
            _ => false,
        };
        prints_to_log && shell.is_only_printed(&self.name, self.value > 0 && self.step > 0)
    }

    /// Returns the value after more rounds; `None` beyond the range.
    pub(super) fn after(&self, rounds: u64) -> Option<i64> {
        self.step.checked_mul(i64::try_from(rounds).ok()?)?.checked_add(self.value)
    }
}

/// Reports whether the same variables have grown by the same steps in two rounds.
pub(super) fn is_steady(before: &[Drift], after: &[Drift]) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|(a, b)| {
            (&a.container, &a.name, a.step) == (&b.container, &b.name, b.step)
                && a.value.checked_add(a.step) == Some(b.value)
        })
}

/// Returns how many processes each container starts in a round.
pub(super) fn processes_per_round(a: &World, b: &World) -> BTreeMap<String, u32> {
    let pairs = b.containers.iter().filter_map(|(name, container)| {
        let before = a.containers.get(name)?;
        Some((name.clone(), container.last_pid - before.last_pid))
    });
    pairs.collect()
}

/// Compares two states; `None` if they differ in more than what may grow.
pub(super) fn round(a: &World, b: &World) -> Option<Round> {
    let period = b.now - a.now;
    let is_same = period > Duration::ZERO
        && a.containers.len() == b.containers.len()
        && are_same_sessions(a, b)
        && a.trees.len() == b.trees.len()
        && a.trees.iter().zip(&b.trees).all(|((ka, ta), (kb, tb))| ka == kb && Tree::is_same_but_for_times(ta, tb));
    if !is_same {
        return None;
    }
    let mut comparison = Comparison { a, b, period, files: BTreeMap::new(), drifts: Vec::new() };
    for ((name, before), (other, after)) in a.containers.iter().zip(&b.containers) {
        if name != other || !comparison.container(name, before, after) {
            return None;
        }
    }
    Some(Round { period, drifts: comparison.drifts })
}

/// Compares sessions; what they have printed is of no interest where nobody wants to see it.
fn are_same_sessions(a: &World, b: &World) -> bool {
    a.sessions.len() == b.sessions.len()
        && a.sessions.iter().zip(&b.sessions).all(|((ia, a), (ib, other))| {
            let is_output_same = b.lines_wanted == 0 || a.output == other.output;
            let is_same = (&a.container, a.has_tty, a.status, a.leader)
                == (&other.container, other.has_tty, other.status, other.leader);
            ia == ib && is_same && is_output_same && a.input == other.input
        })
}

struct Comparison<'a> {
    a: &'a World,
    b: &'a World,
    period: Duration,
    /// Open files of the first state and of the second one that correspond.
    files: BTreeMap<FileId, FileId>,
    drifts: Vec<Drift>,
}

impl Comparison<'_> {
    fn container(&mut self, name: &str, a: &Container, b: &Container) -> bool {
        if a.exit != b.exit || a.attached != b.attached || a.log.rest() != b.log.rest() {
            return false;
        }
        if a.processes.len() != b.processes.len() {
            return false;
        }
        let growth = b.last_pid - a.last_pid;
        let moved = |from: Pid, to: Pid| from == to || from + growth == to;
        a.processes
            .values()
            .zip(b.processes.values())
            .all(|(a, b)| moved(a.pid, b.pid) && moved(a.parent, b.parent) && self.process(name, a, b, growth))
    }

    fn process(&mut self, container: &str, a: &Process, b: &Process, growth: u32) -> bool {
        let is_new = a.pid != b.pid;
        let started = if is_new { a.started + self.period } else { a.started };
        let is_same = a.argv == b.argv
            && a.environment == b.environment
            && a.cwd == b.cwd
            && a.credentials == b.credentials
            && a.umask == b.umask
            && a.pending == b.pending
            && a.ignored == b.ignored
            && a.session == b.session
            && a.listeners == b.listeners
            && started == b.started
            && self.state(&a.state, &b.state)
            && a.files.len() == b.files.len();
        let has_same_files =
            is_same && a.files.iter().zip(&b.files).all(|((da, fa), (db, fb))| da == db && self.file(*fa, *fb));
        has_same_files && self.task(container, b.pid, &a.task, &b.task, growth)
    }

    fn state(&self, a: &State, b: &State) -> bool {
        let later = |a: kctl_base::sim::Time, b: kctl_base::sim::Time| a + self.period == b;
        match (a, b) {
            (State::Waiting(Wait::Until(a)), State::Waiting(Wait::Until(b))) => later(*a, *b),
            (State::Waiting(Wait::InputUntil(fa, a)), State::Waiting(Wait::InputUntil(fb, b))) => {
                fa == fb && later(*a, *b)
            }
            (State::Waiting(Wait::ChildUntil(a)), State::Waiting(Wait::ChildUntil(b))) => later(*a, *b),
            (a, b) => a == b,
        }
    }

    /// Compares open files: each corresponds to one of the other state.
    fn file(&mut self, a: FileId, b: FileId) -> bool {
        if let Some(known) = self.files.get(&a) {
            return *known == b;
        }
        self.files.insert(a, b);
        let (Some(a), Some(b)) = (self.a.files.get(&a), self.b.files.get(&b)) else { return false };
        if a.references != b.references {
            return false;
        }
        match (&a.target, &b.target) {
            (Target::PipeReader(a), Target::PipeReader(b)) | (Target::PipeWriter(a), Target::PipeWriter(b)) => {
                self.a.pipes.get(a) == self.b.pipes.get(b)
            }
            (a, b) => a == b,
        }
    }

    fn task(&mut self, container: &str, pid: Pid, a: &Task, b: &Task, growth: u32) -> bool {
        // What its last round has started has other numbers in the next one.
        let first_new =
            self.a.containers.get(container).map_or(0, |container| container.last_pid.saturating_sub(growth));
        let moved = |pid: Pid| if pid > first_new { pid + growth } else { pid };
        let a = match a {
            // The children that it waits for have other numbers.
            Task::Shell(shell) => &Task::Shell(Box::new(shell.with_children(moved))),
            a => a,
        };
        if a == b {
            return true;
        }
        let (Some(a), Some(b)) = (a.to_json(), b.to_json()) else { return false };
        let mut path = Vec::new();
        self.value(container, pid, &a, &b, &mut path)
    }

    /// Compares the states of programs: instants may be later by the length of the round, and texts of variables may be numbers
    /// that have grown.
    fn value<'v>(&mut self, container: &str, pid: Pid, a: &'v Value, b: &'v Value, path: &mut Vec<&'v str>) -> bool {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|((ka, va), (kb, vb))| {
                        path.push(ka);
                        let is_same = ka == kb && self.value(container, pid, va, vb, path);
                        path.pop();
                        is_same
                    })
            }
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(va, vb)| {
                        path.push("");
                        let is_same = self.value(container, pid, va, vb, path);
                        path.pop();
                        is_same
                    })
            }
            (Value::Number(na), Value::Number(nb)) => na == nb || is_later(a, b, self.period),
            (Value::String(text_a), Value::String(text_b)) => {
                text_a == text_b || self.variable(container, pid, text_a, text_b, path)
            }
            (a, b) => a == b,
        }
    }

    fn variable(&mut self, container: &str, pid: Pid, a: &str, b: &str, path: &[&str]) -> bool {
        let ["Shell", "variables", "by_name", name, "value", "Text"] = path else { return false };
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| number.to_string() == text);
        let (Some(before), Some(value)) = (number(a), number(b)) else { return false };
        let Some(step) = value.checked_sub(before) else { return false };
        let (container, name) = (container.to_owned(), (*name).to_owned());
        self.drifts.push(Drift { container, pid, name, value, step });
        true
    }
}

/// Reports whether two numbers are instants, the second later by a duration.
pub(super) fn is_later(a: &Value, b: &Value, period: Duration) -> bool {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a >= FIRST_INSTANT && a.checked_add(period.micros()) == Some(b),
        _ => false,
    }
}
