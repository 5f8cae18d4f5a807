//! The clock of a store: real or virtual. The current time is passed as a value to everything that needs it.

use serde::{Deserialize, Serialize};

use super::{Duration, Time};

/// The start of a virtual clock unless another one is given: 2026-01-01T00:00:00Z.
pub const DEFAULT_EPOCH: Time = Time::from_secs(1_767_225_600);

/// The kind of clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// The wall clock. Nothing runs between commands; the next command catches up.
    Real,
    /// A time in the store that only commands advance.
    Virtual,
}

impl ClockMode {
    /// Parses `real` or `virtual`.
    pub fn parse(text: &str) -> Option<ClockMode> {
        match text {
            "real" => Some(ClockMode::Real),
            "virtual" => Some(ClockMode::Virtual),
            _ => None,
        }
    }

    /// Returns `real` or `virtual`.
    pub fn as_str(self) -> &'static str {
        match self {
            ClockMode::Real => "real",
            ClockMode::Virtual => "virtual",
        }
    }
}

/// The clock as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// The kind of clock.
    pub mode: ClockMode,
    /// The time up to which the simulation has run; it never decreases.
    pub now: Time,
    /// The span by which a real clock is ahead of the wall clock: as far as a virtual one was when it became real, so that time goes on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ahead: Duration,
}

impl ClockState {
    /// Returns the present according to the wall clock.
    pub fn present(&self) -> Time {
        wall() + self.ahead
    }
}

fn is_zero(duration: &Duration) -> bool {
    *duration == Duration::ZERO
}

/// Returns the time of the wall clock, truncated to microseconds.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
pub fn wall() -> Time {
    Time::from_micros(chrono::Utc::now().timestamp_micros())
}
