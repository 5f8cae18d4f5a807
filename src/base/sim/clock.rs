//! Which clock a store lives by. The clock itself is only a value: `now` is handed to whoever needs it.

use serde::{Deserialize, Serialize};

use super::Time;

/// Where a virtual clock starts when nothing else is said: 2026-01-01T00:00:00Z.
pub const DEFAULT_EPOCH: Time = Time::from_secs(1_767_225_600);

/// Whose time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// The machine's wall clock; between commands nothing runs, the next command catches up.
    Real,
    /// A number in the store that only commands move.
    Virtual,
}

impl ClockMode {
    /// Reads `real` or `virtual`.
    pub fn parse(text: &str) -> Option<ClockMode> {
        match text {
            "real" => Some(ClockMode::Real),
            "virtual" => Some(ClockMode::Virtual),
            _ => None,
        }
    }

    /// `real` or `virtual`.
    pub fn as_str(self) -> &'static str {
        match self {
            ClockMode::Real => "real",
            ClockMode::Virtual => "virtual",
        }
    }
}

/// The clock as it is kept in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Real or virtual.
    pub mode: ClockMode,
    /// The instant up to which the simulation has run; never moves back.
    pub now: Time,
}

/// The machine's wall clock, truncated to microseconds.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
pub fn wall() -> Time {
    Time::from_micros(chrono::Utc::now().timestamp_micros())
}
