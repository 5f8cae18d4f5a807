//! Chance: what a real cluster leaves to luck, drawn from the seed.
//!
//! By default nothing is left to it: every step of a pod takes its usual time, and controllers work in a fixed order. With
//! chance, a seed is one of many futures, each of which a real cluster might have.

use std::fmt;

use super::{Duration, Ids};

/// The factor by which a span can be longer or shorter than usual.
const SPREAD: f64 = 4.0;

/// What is left to chance in a cluster, and by which seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChanceMode {
    /// Nothing.
    #[default]
    Off,
    /// Durations and orders, by the seed of the cluster.
    On,
    /// Durations and orders, by another seed: a cluster with the same names has many futures.
    Seed(u64),
}

impl ChanceMode {
    /// Parses `off`, `on` or a seed.
    pub fn parse(text: &str) -> Option<ChanceMode> {
        match text {
            "off" => Some(ChanceMode::Off),
            "on" => Some(ChanceMode::On),
            seed => seed.parse().ok().map(ChanceMode::Seed),
        }
    }

    /// Returns the source of chance in a cluster with a seed.
    pub fn source(self, seed: u64) -> Chance {
        match self {
            ChanceMode::Off => Chance::OFF,
            ChanceMode::On => Chance::of(Ids::new(seed)),
            ChanceMode::Seed(other) => Chance::of(Ids::new(other)),
        }
    }
}

/// Writes what [`ChanceMode::parse`] reads.
impl fmt::Display for ChanceMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChanceMode::Off => f.write_str("off"),
            ChanceMode::On => f.write_str("on"),
            ChanceMode::Seed(seed) => seed.fmt(f),
        }
    }
}

/// The source of what is left to chance, or nothing. A draw is a pure function of the seed and its arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chance(Option<Ids>);

impl Chance {
    /// Nothing is left to chance.
    pub const OFF: Chance = Chance(None);

    /// Draws by the seed of a generator.
    pub fn of(ids: Ids) -> Chance {
        Chance(Some(ids))
    }

    /// Returns whether anything is left to chance.
    pub fn is_on(self) -> bool {
        self.0.is_some()
    }

    /// Returns a span between a quarter of the usual one and four times as much, shorter as often as longer.
    pub fn span(self, usual: Duration, purpose: &str, owner: &str, counter: u64) -> Duration {
        let Some(ids) = self.0 else { return usual };
        let share = fraction(ids, purpose, owner, counter);
        let span = usual.micros() as f64 * SPREAD.powf(2.0 * share - 1.0);
        Duration::from_micros(span as i64)
    }

    /// Returns a delay that is shorter than `bound`; none without chance.
    pub fn delay(self, bound: Duration, purpose: &str, owner: &str, counter: u64) -> Duration {
        let Some(ids) = self.0 else { return Duration::ZERO };
        let share = fraction(ids, purpose, owner, counter);
        Duration::from_micros((bound.micros() as f64 * share) as i64)
    }

    /// Returns the index of one of `count` possibilities; the first one without chance, or if there are none.
    pub fn index(self, count: usize, purpose: &str, owner: &str, counter: u64) -> usize {
        match self.0 {
            Some(ids) if count > 1 => ids.below(purpose, owner, counter, count as u64) as usize,
            _ => 0,
        }
    }
}

/// Returns a number from 0 up to, but excluding, 1.
fn fraction(ids: Ids, purpose: &str, owner: &str, counter: u64) -> f64 {
    const STEPS: u64 = 1 << 32;
    ids.below(purpose, owner, counter, STEPS) as f64 / STEPS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_secs(1);

    #[test]
    fn without_chance_everything_is_as_usual() {
        assert_eq!(Chance::OFF.span(USUAL, "pull", "a", 0), USUAL);
        assert_eq!(Chance::OFF.delay(USUAL, "sync", "a", 0), Duration::ZERO);
        assert_eq!(Chance::OFF.index(5, "queue", "a", 0), 0);
    }

    #[test]
    fn modes_are_read_as_they_are_written() {
        for text in ["off", "on", "17"] {
            assert_eq!(ChanceMode::parse(text).map(|mode| mode.to_string()).as_deref(), Some(text));
        }
        assert_eq!(["", "yes", "-1"].map(ChanceMode::parse), [None; 3]);
    }

    #[test]
    fn spans_differ_within_their_bounds() {
        let spans: Vec<i64> =
            (0..1000).map(|seed| Chance::of(Ids::new(seed)).span(USUAL, "pull", "a", 0).micros()).collect();
        assert!(spans.iter().all(|span| (250_000..=4_000_000).contains(span)));
        let shorter = spans.iter().filter(|span| **span < USUAL.micros()).count();
        assert!((400..600).contains(&shorter), "{shorter} of 1000 are shorter than usual");
        assert_eq!(Chance::of(Ids::new(1)).span(Duration::ZERO, "pull", "a", 0), Duration::ZERO);
    }

    #[test]
    fn every_possibility_is_drawn() {
        let drawn: std::collections::BTreeSet<usize> =
            (0..100).map(|counter| Chance::of(Ids::new(1)).index(3, "queue", "a", counter)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }
}
