//! How many rounds can be skipped, and what logs are like after that.

use std::collections::{BTreeMap, BTreeSet};

use std::net::Ipv4Addr;

use kctl_base::sim::Time;

use super::compare::Drift;
use super::{Round, jump, without_lines};
use crate::network::{Answer, Endpoint, NetworkError, RecordKind, Request, Response, Surroundings};
use crate::world::World;
use crate::world::log::Growth;

/// The rounds that are skipped.
pub(super) struct Plan {
    pub(super) rounds: u64,
    /// Of each container, the bytes of its log file after the skipped rounds, and the lines that they have printed.
    pub(super) logs: BTreeMap<String, (usize, u64)>,
}

/// Rounds in which the lines of each container have the same sizes.
struct Segment {
    first: u64,
    end: u64,
    sizes: BTreeMap<String, Vec<usize>>,
}

/// Steps that a round may take when its lines are measured.
const BUDGET: u64 = 100_000;

/// Plans to skip all rounds until an instant of whose lines nothing is wanted then; `None` if there are none.
pub(super) fn plan(
    world: &mut World,
    round: &Round,
    lines: &[u64],
    growth: &BTreeMap<String, u32>,
    until: Time,
) -> Option<Plan> {
    let total = u64::try_from((until - world.now).micros() / round.period.micros()).ok()?;
    if total < 3 {
        return None;
    }
    let segments = segments(world, round, lines, growth, total)?;
    let mut rounds = total - 1;
    for (name, container) in &world.containers {
        let mut file = Growth::new(container.log.bytes());
        for segment in &segments {
            file.add(segment.end - segment.first, &segment.sizes[name]);
        }
        let per_round = segments.first().map_or(0, |segment| segment.sizes[name].len() as u64);
        if per_round == 0 {
            continue;
        }
        let unwanted = total.saturating_sub(world.lines_wanted.div_ceil(per_round).saturating_add(1));
        rounds = rounds.min(file.begun.max(unwanted));
    }
    if rounds < 2 {
        return None;
    }
    let logs = world.containers.iter().map(|(name, container)| {
        let mut file = Growth::new(container.log.bytes());
        let mut count = 0;
        for segment in segments.iter().filter(|segment| segment.first < rounds) {
            let part = segment.end.min(rounds) - segment.first;
            file.add(part, &segment.sizes[name]);
            count += part * segment.sizes[name].len() as u64;
        }
        (name.clone(), (file.bytes, count))
    });
    Some(Plan { rounds, logs: logs.collect() })
}

/// Divides the rounds where the number of digits of a variable changes, and measures the lines of one round in each part.
fn segments(
    world: &mut World,
    round: &Round,
    lines: &[u64],
    growth: &BTreeMap<String, u32>,
    total: u64,
) -> Option<Vec<Segment>> {
    let mut borders = BTreeSet::from([0, total]);
    for drift in &round.drifts {
        borders.extend(digit_changes(drift, total));
    }
    let borders: Vec<u64> = borders.into_iter().collect();
    let mut segments = Vec::new();
    for border in borders.windows(2) {
        let (first, end) = (border[0], border[1]);
        let sizes = match round.drifts.is_empty() {
            true => newest(world, lines)?,
            false => measure(world, round, growth, first)?,
        };
        segments.push(Segment { first, end, sizes });
    }
    Some(segments)
}

/// Returns the sizes of the newest lines of each container.
fn newest(world: &World, lines: &[u64]) -> Option<BTreeMap<String, Vec<usize>>> {
    let containers = world.containers.iter().zip(lines);
    containers.map(|((name, container), count)| Some((name.clone(), container.log.newest_sizes(*count)?))).collect()
}

/// Returns the rounds from which on a variable has another number of digits.
fn digit_changes(drift: &Drift, total: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let length = |rounds: u64| drift.after(rounds).map(|value| value.to_string().len());
    let mut at = 0;
    // Lengths grow or shrink only at powers of ten, and at the sign: between two changes nothing else happens.
    while let Some(here) = length(at) {
        if length(total) == Some(here) && (drift.value >= 0) == (drift.after(total).unwrap_or(0) >= 0) {
            return found;
        }
        let (mut low, mut high) = (at, total);
        // The first round with another length is found by halving, as the length is monotonous up to the sign's change.
        let is_other = |rounds: u64| length(rounds) != Some(here);
        if !is_other(high) {
            return found;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if is_other(middle) { high = middle } else { low = middle }
        }
        if high >= total {
            return found;
        }
        found.push(high);
        at = high;
    }
    found
}

/// Runs the round after `first` others in a copy of the world, and returns the sizes of its lines.
fn measure(
    world: &mut World,
    round: &Round,
    growth: &BTreeMap<String, u32>,
    first: u64,
) -> Option<BTreeMap<String, Vec<usize>>> {
    let mut copy = without_lines(world);
    copy.lines_wanted = 0;
    let logs = copy.containers.keys().map(|name| (name.clone(), (0, 0))).collect();
    jump::jump(&mut copy, round, growth, first, &logs);
    let before: Vec<u64> = copy.containers.values().map(|container| container.log.count()).collect();
    let until = copy.now + round.period;
    let outcome = copy.run_plainly(&mut Silence, until, BUDGET);
    if outcome.is_exhausted {
        return None;
    }
    let lines: Vec<u64> = copy.containers.values().zip(before).map(|(c, before)| c.log.count() - before).collect();
    newest(&copy, &lines)
}

/// Surroundings for a round that asks nothing.
struct Silence;

impl Surroundings for Silence {
    fn query(&mut self, _: Ipv4Addr, _: &str, _: RecordKind) -> Result<Answer, NetworkError> {
        Err(NetworkError::TimedOut)
    }

    fn translate(&mut self, _: Endpoint) -> Result<Endpoint, NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn exchange(&mut self, _: Endpoint, _: &[u8]) -> Result<Vec<u8>, NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn connect(&mut self, _: Endpoint) -> Result<(), NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn http(&mut self, _: Endpoint, _: bool, _: &Request) -> Result<Response, NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn ping(&mut self, _: Ipv4Addr) -> Result<(), NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn random(&mut self) -> u64 {
        0
    }
}
