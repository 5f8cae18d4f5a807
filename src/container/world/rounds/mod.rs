//! Rounds: a world that comes back to a state it was in repeats for ever what it has done since then.
//!
//! Containers often run an endless loop. When all processes wait, the world is compared with an earlier state of itself
//! ([`compare`]): times may be later by the length of the round, new processes have higher numbers, and variables that only
//! count may have grown if nothing depends on them ([`crate::shell::Shell::is_only_printed`]). If nothing outside of the pod was asked
//! meanwhile, all following rounds are the same, and those of which nothing will be visible are skipped ([`jump`]). The lines of
//! logs that are still there at the end come from rounds that really run.

mod compare;
mod jump;
mod plan;
#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use kctl_base::sim::{Duration, Time};

use super::World;
use crate::process::{State, Wait};
use crate::programs::Task;
use compare::Drift;

/// Most instants after which a state is taken as a new one to compare with.
const MAX_WINDOW: u32 = 1 << 14;

/// Instants before the first state is taken to compare with: most runs are short, and a copy of the world costs more than they.
const WARM_UP: u32 = 4;

/// The changes of a round, beside times and numbers of processes.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// Its length.
    period: Duration,
    /// Variables that have grown.
    drifts: Vec<Drift>,
}

/// A state to compare with.
struct Anchor {
    world: World,
    fingerprint: u64,
    /// Number of questions to the outside.
    asked: u64,
    /// Lines that each container had printed.
    lines: Vec<u64>,
}

/// Looks for rounds.
pub(super) struct Watch {
    anchor: Option<Anchor>,
    /// The round before, which has to be confirmed by another one because variables have grown.
    candidate: Option<Round>,
    seen: u32,
    window: u32,
    is_done: bool,
}

impl Watch {
    pub(super) fn new() -> Watch {
        Watch { anchor: None, candidate: None, seen: 0, window: 1, is_done: false }
    }

    /// Looks at a world in which all processes wait, and skips rounds if it repeats; true if it has. `asked` counts questions
    /// to the outside.
    pub(super) fn look(&mut self, world: &mut World, next: Time, until: Time, asked: u64) -> bool {
        if self.is_done {
            return false;
        }
        let fingerprint = fingerprint(world, next);
        self.seen += 1;
        let is_new = match &self.anchor {
            None => self.seen >= WARM_UP,
            Some(anchor) if anchor.fingerprint == fingerprint => {
                let found = (anchor.asked == asked).then(|| compare::round(&anchor.world, world)).flatten();
                match found {
                    Some(round) => return self.found(world, round, until, asked),
                    None => anchor.asked != asked || self.seen >= self.window,
                }
            }
            Some(_) => self.seen >= self.window,
        };
        if is_new {
            self.window = (self.window * 2).min(MAX_WINDOW);
            self.candidate = None;
            self.take_anchor(world, fingerprint, asked);
        }
        false
    }

    fn take_anchor(&mut self, world: &mut World, fingerprint: u64, asked: u64) {
        self.seen = 0;
        let lines = world.containers.values().map(|container| container.log.count()).collect();
        self.anchor = Some(Anchor { world: without_lines(world), fingerprint, asked, lines });
    }

    fn found(&mut self, world: &mut World, round: Round, until: Time, asked: u64) -> bool {
        let is_confirmed = round.drifts.is_empty()
            || self.candidate.as_ref().is_some_and(|before| {
                before.period == round.period && compare::is_steady(&before.drifts, &round.drifts)
            });
        if is_confirmed && let Some(anchor) = &self.anchor {
            self.is_done = true;
            let per_round: Vec<u64> =
                world.containers.values().zip(&anchor.lines).map(|(c, before)| c.log.count() - before).collect();
            let growth = compare::processes_per_round(&anchor.world, world);
            if let Some(plan) = plan::plan(world, &round, &per_round, &growth, until) {
                jump::jump(world, &round, &growth, plan.rounds, &plan.logs);
                return true;
            }
            return false;
        }
        let is_only_printed = round.drifts.iter().all(|drift| drift.is_only_printed(world));
        if !is_only_printed {
            // It depends on what has grown; perhaps not for ever.
            self.window = (self.window * 2).min(MAX_WINDOW);
        }
        let fingerprint = self.anchor.as_ref().map_or(0, |anchor| anchor.fingerprint);
        self.candidate = is_only_printed.then_some(round);
        self.take_anchor(world, fingerprint, asked);
        false
    }
}

/// Copies a world without the lines of its logs.
fn without_lines(world: &mut World) -> World {
    let lines: Vec<_> = world.containers.values_mut().map(|container| container.log.take_lines()).collect();
    let copy = world.clone();
    for (container, lines) in world.containers.values_mut().zip(lines) {
        container.log.put_lines(lines);
    }
    copy
}

/// Sums up what is equal in equal states, quickly.
fn fingerprint(world: &World, next: Time) -> u64 {
    let mut hasher = DefaultHasher::new();
    for container in world.containers.values() {
        container.exit.is_some().hash(&mut hasher);
        for process in container.processes.values() {
            match &process.state {
                State::Waiting(Wait::Until(at) | Wait::InputUntil(_, at) | Wait::ChildUntil(at)) => {
                    (*at - next).micros().hash(&mut hasher);
                }
                State::Waiting(_) => 1.hash(&mut hasher),
                State::Ready => 2.hash(&mut hasher),
                State::Zombie(_) => 3.hash(&mut hasher),
            }
            process.argv.hash(&mut hasher);
            if let Task::Shell(shell) = &process.task {
                shell.position().hash(&mut hasher);
            }
        }
    }
    (world.pipes.len(), world.files.len(), world.sessions.len()).hash(&mut hasher);
    hasher.finish()
}
