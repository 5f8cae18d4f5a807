//! Moves a world by whole rounds.

use std::collections::BTreeMap;

use kctl_base::sim::{Duration, Time};
use serde_json::Value;

use super::Round;
use crate::process::{Pid, Process, State, Wait};
use crate::programs::Task;
use crate::world::World;

/// Moves a world that repeats by a number of rounds. `growth` is the number of processes that each container starts in a round,
/// `logs` has the bytes of each log file after that and the lines that were printed meanwhile.
pub(super) fn jump(
    world: &mut World,
    round: &Round,
    growth: &BTreeMap<String, u32>,
    rounds: u64,
    logs: &BTreeMap<String, (usize, u64)>,
) {
    let Some(time) = i64::try_from(rounds).ok().and_then(|rounds| round.period.micros().checked_mul(rounds)) else {
        return;
    };
    let shift = Shift { from: world.now, time: Duration::from_micros(time), period: round.period };
    world.now += shift.time;
    for (name, container) in &mut world.containers {
        if let Some((bytes, lines)) = logs.get(name).filter(|(_, lines)| *lines > 0) {
            container.log.skip(*lines, *bytes);
        }
        let per_round = growth.get(name).copied().unwrap_or(0);
        let pids = u32::try_from(u64::from(per_round) * rounds).unwrap_or(u32::MAX - container.last_pid);
        // Processes of the last round are the ones that every round has anew.
        let first_new = container.last_pid - per_round;
        let moved = |pid: Pid| if pid > first_new && per_round > 0 { pid.saturating_add(pids) } else { pid };
        container.last_pid = container.last_pid.saturating_add(pids);
        for drift in round.drifts.iter().filter(|drift| drift.container == *name) {
            let process = container.processes.get_mut(&drift.pid);
            if let (Some(Task::Shell(shell)), Some(value)) =
                (process.map(|process| &mut process.task), drift.after(rounds))
            {
                shell.set_number(&drift.name, value);
            }
        }
        let processes = std::mem::take(&mut container.processes);
        container.processes =
            processes.into_values().map(|process| shift.process(process, moved)).map(|p| (p.pid, p)).collect();
    }
}

struct Shift {
    from: Time,
    time: Duration,
    period: Duration,
}

impl Shift {
    fn process(&self, mut process: Process, moved: impl Fn(Pid) -> Pid) -> Process {
        let pid = moved(process.pid);
        if pid != process.pid {
            process.started += self.time;
        }
        process.pid = pid;
        process.parent = moved(process.parent);
        if let State::Waiting(Wait::Until(at) | Wait::InputUntil(_, at) | Wait::ChildUntil(at)) = &mut process.state {
            *at += self.time;
        }
        process.task = match process.task {
            Task::Shell(shell) => self.task(Task::Shell(Box::new(shell.with_children(&moved)))),
            task => self.task(task),
        };
        process
    }

    /// Moves the instants in the state of a program: those of the last round, and those to come.
    fn task(&self, task: Task) -> Task {
        let Some(mut value) = task.to_json() else { return task };
        if !self.value(&mut value) {
            return task;
        }
        Task::from_json(&value).unwrap_or(task)
    }

    fn value(&self, value: &mut Value) -> bool {
        match value {
            Value::Object(map) => map.values_mut().fold(false, |changed, value| self.value(value) | changed),
            Value::Array(list) => list.iter_mut().fold(false, |changed, value| self.value(value) | changed),
            Value::Number(number) => {
                let first = (self.from - self.period).micros();
                let Some(at) = number.as_i64().filter(|at| *at > first) else { return false };
                *value = (at + self.time.micros()).into();
                true
            }
            _ => false,
        }
    }
}
