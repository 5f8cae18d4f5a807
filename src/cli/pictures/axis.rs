//! The axis of time: ticks at round durations after the beginning.

use super::Picture;
use kctl_base::sim::{Duration, Time};

/// A second in milliseconds.
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The distances of ticks in milliseconds.
const STEPS: &[i64] = &[
    10,
    20,
    50,
    100,
    200,
    500,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
    3650 * DAY,
];

/// A tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// The time.
    pub(super) at: Time,
    /// The time after the beginning: `1m30s`.
    pub(super) after: String,
    /// The time of day, or the date if the ticks are days apart.
    pub(super) clock: String,
}

impl Picture<'_> {
    /// Returns the ticks of an axis that has room for so many labels.
    pub(super) fn ticks(&self, labels_max: usize) -> Vec<Tick> {
        let length = (self.to - self.from).micros() / 1000;
        let fits = |step: &&i64| length / **step < labels_max.max(1) as i64;
        let step = STEPS.iter().find(fits).or(STEPS.last()).copied().unwrap_or(DAY);
        let format = if step >= DAY { "%Y-%m-%d" } else { "%H:%M:%S" };
        let tick = |millis: i64| {
            let after = Duration::from_millis(millis);
            let at = self.from + after;
            Tick { at, after: short(after), clock: at.to_chrono().format(format).to_string() }
        };
        (0..=length / step).map(|number| tick(number * step)).take(labels_max.max(1)).collect()
    }
}

/// Writes a duration without the units that are zero: `250ms`, `1.5s`, `1m`, `1h30m`, `2d`. Nobody reads fractions of a
/// second after minutes.
pub(super) fn short(duration: Duration) -> String {
    let millis = duration.micros() / 1000;
    match millis {
        0 => return "0s".into(),
        1..SECOND => return format!("{millis}ms"),
        SECOND..MINUTE => return format!("{}s", millis as f64 / SECOND as f64),
        _ => {}
    }
    let mut rest = millis;
    let mut text = String::new();
    for (size, unit) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")] {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
        }
        rest %= size;
    }
    text
}
