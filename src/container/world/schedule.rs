//! The scheduler: which process runs next, and when.
//!
//! Of the processes that can run, the one with the lowest number in the first container does, until it has to wait. A process
//! that waits is looked at again when something has happened that it may wait for.

use std::collections::BTreeSet;
use std::sync::Arc;

use kctl_base::sim::Time;

use super::rounds::Watch;
use super::{Container, Outcome, World};
use crate::call::{Call, Stop};
use crate::network::{Counted, Surroundings};
use crate::process::{Pid, Process, Signal, State, Status, Target, Wait};
use crate::programs::{self, Task};

/// Steps that an exchange with a server counts for: it is brought up to the present, and kept afterwards.
const EXCHANGE_STEPS: u64 = 50;

/// A process: its container and its number.
type Key = (Arc<str>, Pid);

/// Changes of a step that matter to other processes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    /// Simple commands that a shell has run.
    pub(crate) commands: u64,
    /// Processes of the container that may be able to go on.
    pub(crate) woken: Vec<Pid>,
    /// Such processes of other containers, which are in the same namespace.
    pub(crate) woken_elsewhere: Vec<(String, Pid)>,
    /// Something was written, read or closed that others may wait for.
    pub(crate) has_moved_bytes: bool,
}

impl PartialEq for Effects {
    /// They are no part of the state of the world.
    fn eq(&self, _: &Effects) -> bool {
        true
    }
}

/// Who may run, and who waits for what.
#[derive(Default)]
pub(super) struct Queue {
    /// Processes that may be able to run.
    ready: BTreeSet<Key>,
    /// When processes want to be woken; entries may be out of date.
    timers: BTreeSet<(Time, Key)>,
    /// Processes that wait for bytes, or for space in a pipe.
    sleepers: Vec<Key>,
}

impl Queue {
    /// Creates the queue in which all processes may be able to run.
    fn new(world: &World) -> Queue {
        let mut queue = Queue::default();
        for (name, container) in &world.containers {
            let name: Arc<str> = name.as_str().into();
            queue.ready.extend(container.processes.keys().map(|pid| (Arc::clone(&name), *pid)));
        }
        queue
    }

    /// Takes the next process that can run.
    fn next(&mut self, world: &World) -> Option<Key> {
        while let Some(key) = self.ready.pop_first() {
            let Some(container) = world.containers.get(&*key.0) else { continue };
            let Some(process) = container.processes.get(&key.1) else { continue };
            if world.can_run(container, process) {
                return Some(key);
            }
            self.wait(world, key, process);
        }
        None
    }

    /// Notes what a process waits for.
    fn wait(&mut self, world: &World, key: Key, process: &Process) {
        match &process.state {
            State::Waiting(Wait::Until(at) | Wait::ChildUntil(at)) if *at > world.now => {
                self.timers.insert((*at, key));
            }
            State::Waiting(Wait::InputUntil(_, at)) => {
                self.timers.insert((*at, key.clone()));
                self.sleepers.push(key);
            }
            State::Waiting(Wait::Child | Wait::Forever) | State::Zombie(_) => {}
            _ => self.sleepers.push(key),
        }
    }

    /// Makes those ready for whom a step of a process may have changed something.
    fn after_step(&mut self, key: Key, effects: &mut Effects) {
        for pid in effects.woken.drain(..) {
            self.ready.insert((Arc::clone(&key.0), pid));
        }
        for (container, pid) in effects.woken_elsewhere.drain(..) {
            self.ready.insert((container.as_str().into(), pid));
        }
        if std::mem::take(&mut effects.has_moved_bytes) {
            self.ready.extend(self.sleepers.drain(..));
        }
        self.ready.insert(key);
    }

    /// Returns when the next process wakes by itself.
    fn next_wake(&mut self, world: &World) -> Option<Time> {
        loop {
            let (at, key) = self.timers.first()?;
            let container = world.containers.get(&*key.0);
            let process = container.and_then(|container| container.processes.get(&key.1));
            match process.map(|process| &process.state) {
                Some(State::Waiting(Wait::Until(until) | Wait::InputUntil(_, until) | Wait::ChildUntil(until)))
                    if until == at =>
                {
                    return Some(*at);
                }
                _ => self.timers.pop_first(),
            };
        }
    }

    /// Makes the processes ready that want to be woken until an instant.
    fn wake(&mut self, now: Time) {
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            let entry = self.timers.pop_first();
            self.ready.extend(entry.map(|(_, key)| key));
        }
    }
}

impl World {
    /// Runs all processes until `until`, but takes at most about `budget` steps (simple commands and calls of programs). Rounds
    /// of endless loops of which nothing will be visible are skipped; the lines of logs that are wanted
    /// ([`World::lines_wanted`]) and that the kubelet still has at the end are exact.
    pub fn run(&mut self, surroundings: &mut dyn Surroundings, until: Time, budget: u64) -> Outcome {
        self.run_watched(surroundings, until, budget, Some(Watch::new()))
    }

    /// Runs as [`World::run`] does, without skipping anything.
    pub(super) fn run_plainly(&mut self, surroundings: &mut dyn Surroundings, until: Time, budget: u64) -> Outcome {
        self.run_watched(surroundings, until, budget, None)
    }

    fn run_watched(
        &mut self,
        surroundings: &mut dyn Surroundings,
        until: Time,
        budget: u64,
        mut watch: Option<Watch>,
    ) -> Outcome {
        let mut surroundings = Counted { surroundings, asked: 0, exchanged: 0 };
        let before = self.asked;
        let mut queue = Queue::new(self);
        let mut left = budget;
        loop {
            while let Some(key) = queue.next(self) {
                if left == 0 {
                    self.asked = before + surroundings.asked;
                    return Outcome { next: Some(self.now), is_exhausted: true, is_over: false };
                }
                self.step(&key.0, key.1, &mut surroundings);
                if surroundings.is_over() {
                    return Outcome { next: Some(self.now), is_exhausted: false, is_over: true };
                }
                let exchanged = std::mem::take(&mut surroundings.exchanged) * EXCHANGE_STEPS;
                left = left.saturating_sub(std::mem::take(&mut self.effects.commands).max(1) + exchanged);
                queue.after_step(key, &mut self.effects);
            }
            match queue.next_wake(self) {
                Some(at) if at <= until => {
                    self.asked = before + surroundings.asked;
                    if let Some(watch) = &mut watch
                        && watch.look(self, at, until, self.asked)
                    {
                        queue = Queue::new(self);
                        continue;
                    }
                    self.now = self.now.max(at);
                    queue.wake(self.now);
                }
                next => {
                    self.clear_proc();
                    self.asked = before + surroundings.asked;
                    self.now = self.now.max(until);
                    return Outcome { next, is_exhausted: false, is_over: false };
                }
            }
        }
    }

    fn can_run(&self, container: &Container, process: &Process) -> bool {
        let is_ready = match &process.state {
            State::Zombie(_) => return false,
            State::Ready => true,
            State::Waiting(wait) => match wait {
                Wait::Until(at) => *at <= self.now,
                Wait::Input(descriptor) => self.has_input(process, *descriptor),
                Wait::InputEnd(descriptor) => {
                    self.buffer_of(process, *descriptor).is_none_or(super::buffer::Buffer::is_complete)
                }
                Wait::InputUntil(descriptor, at) => *at <= self.now || self.has_input(process, *descriptor),
                Wait::Child => has_ended_child(container, process),
                Wait::ChildUntil(at) => *at <= self.now || has_ended_child(container, process),
                Wait::Forever => false,
            },
        };
        // A process whose reader is slow waits, unless a signal has come.
        !process.pending.is_empty() || is_ready && !self.is_blocked_by_reader(process)
    }

    fn has_input(&self, process: &Process, descriptor: i32) -> bool {
        self.buffer_of(process, descriptor).is_none_or(super::buffer::Buffer::is_readable)
    }

    /// Reports whether the process writes into a pipe that is full. A full pipe holds more than one call of a program writes.
    /// A shell does not write itself, as long as it waits for the programs that it has started.
    fn is_blocked_by_reader(&self, process: &Process) -> bool {
        if self.pipes.is_empty() {
            return false;
        }
        process.files.values().filter_map(|id| self.files.get(id)).any(|file| match file.target {
            Target::PipeWriter(pipe) => self.pipes.get(&pipe).is_some_and(|pipe| pipe.is_full() && pipe.readers > 0),
            _ => false,
        })
    }

    /// Lets one process run until it waits or ends.
    fn step(&mut self, container: &str, pid: Pid, surroundings: &mut dyn Surroundings) {
        let Some(mut process) = self.containers.get_mut(container).and_then(|c| c.processes.remove(&pid)) else {
            return;
        };
        let mut call = Call { world: self, container, process: &mut process, surroundings };
        if let Some(status) = deliver(&mut call) {
            self.end_process(container, process, status);
            return;
        }
        let result = programs::step(&mut call);
        match result {
            Err(Stop::Wait(wait)) => {
                self.note_wait(&process, &wait);
                process.state = State::Waiting(wait);
                self.put_back(container, process);
            }
            Ok(code) | Err(Stop::Exit(code)) => {
                // A write into a pipe without a reader ends a program by its signal.
                let is_broken = process.pending.contains(&Signal::Pipe) && !process.ignored.contains(&Signal::Pipe);
                let status = if is_broken && code == Status::Killed(Signal::Pipe).code() {
                    Status::Killed(Signal::Pipe)
                } else {
                    Status::Exited(code.to_le_bytes()[0])
                };
                self.end_process(container, process, status);
            }
        }
    }

    /// Lets a pipe grow whose reader wants to have everything, so that its writer does not wait for ever.
    fn note_wait(&mut self, process: &Process, wait: &Wait) {
        let Wait::InputEnd(descriptor) = wait else { return };
        let file = process.files.get(descriptor).and_then(|id| self.files.get(id));
        if let Some(Target::PipeReader(pipe)) = file.map(|file| &file.target)
            && let Some(pipe) = self.pipes.get_mut(pipe)
        {
            pipe.grow();
            self.effects.has_moved_bytes = true;
        }
    }

    fn put_back(&mut self, container: &str, process: Process) {
        if let Some(container) = self.containers.get_mut(container) {
            container.processes.insert(process.pid, process);
        }
    }
}

fn has_ended_child(container: &Container, process: &Process) -> bool {
    let is_it = |child: &Process| child.parent == process.pid && matches!(child.state, State::Zombie(_));
    container.processes.values().any(is_it)
}

/// Delivers the signals of a process to its program; returns how one ends it.
fn deliver(call: &mut Call<'_>) -> Option<Status> {
    for signal in std::mem::take(&mut call.process.pending) {
        let ends = match std::mem::replace(&mut call.process.task, Task::Plain) {
            Task::Shell(mut shell) if signal != Signal::Kill => {
                let ends = shell.signal(call, signal);
                call.process.task = Task::Shell(shell);
                ends
            }
            task => {
                call.process.task = task;
                !programs::handle(call, signal) && programs::default_action(call, signal).is_some()
            }
        };
        if ends {
            let code = programs::exit_code_on(call, signal);
            return Some(code.map_or(Status::Killed(signal), Status::Exited));
        }
    }
    None
}
