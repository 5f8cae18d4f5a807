//! Correlation of the events that one component records about one object.
//!
//! Follows `EventCorrelator` in client-go's `tools/record/events_cache.go`: events of one reason with ten different messages
//! within ten minutes are combined (`EventAggregator`), an event that was recorded before raises the count of the existing
//! one (`eventLogger`), and a token bucket of 25 events, refilled by one every five minutes, drops the rest
//! (`EventSourceObjectSpamFilter`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Event;
use kctl_base::sim::{Duration, Time};

/// The number of different messages of one reason from which on events are combined (`maxEvents`).
const SIMILAR_MAX: usize = 10;
/// The interval after which similar events are no longer combined (`maxIntervalInSeconds`).
const SIMILAR_FOR: Duration = Duration::from_secs(600);
/// The number of events that one component may record about one object at once.
const BURST: f64 = 25.0;
/// The seconds after which one more event is allowed.
const REFILL_SECONDS: f64 = 300.0;

/// The state of the correlation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Correlator {
    /// The events that may still be recorded; `None` before the first one.
    tokens: Option<f64>,
    /// The instant for which `tokens` holds.
    refilled: Time,
    /// The recent messages by type, reason and field path.
    similar: BTreeMap<String, Similar>,
    /// The recorded events by the key under which they are counted.
    seen: BTreeMap<String, Seen>,
}

/// The different messages of similar events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Similar {
    texts: Vec<String>,
    last: Time,
}

/// An event that has been recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The name of its object.
    pub(super) name: String,
    /// The number of occurrences.
    pub(super) count: i64,
    /// The instant of the first occurrence.
    pub(super) first: Time,
}

/// The outcome of correlating an event.
pub(super) struct Correlated {
    /// The key under which the event is counted.
    pub(super) key: String,
    /// The message, which says so where similar events have been combined.
    pub(super) message: String,
    /// `false` when the token bucket is empty: the event is counted but not written.
    pub(super) is_allowed: bool,
    /// `true` when no event has been recorded under the key.
    pub(super) is_new: bool,
}

impl Correlator {
    /// Correlates an event. Returns `None`, and keeps nothing, when the event is not allowed and none has been recorded under
    /// its key: what is never shown must not make the state grow.
    pub(super) fn correlate(&mut self, event: &Event<'_>, now: Time) -> Option<Correlated> {
        let before = (self.tokens_at(now) < 1.0).then(|| self.clone());
        let (key, message) = self.aggregate(event, now);
        let is_allowed = self.take_token(now);
        let is_new = !self.seen.contains_key(&key);
        match before {
            Some(before) if is_new => {
                *self = before;
                None
            }
            _ => Some(Correlated { key, message, is_allowed, is_new }),
        }
    }

    /// Returns the key under which the event is counted, and its message.
    fn aggregate(&mut self, event: &Event<'_>, now: Time) -> (String, String) {
        let family = [event.event_type, "\n", event.reason, "\n", event.field_path].concat();
        let similar = self.similar.entry(family.clone()).or_default();
        if now - similar.last > SIMILAR_FOR {
            similar.texts.clear();
        }
        similar.last = now;
        if !similar.texts.iter().any(|t| t == event.message) {
            similar.texts.push(event.message.into());
        }
        if similar.texts.len() < SIMILAR_MAX {
            return ([&family, "\n", event.message].concat(), event.message.into());
        }
        similar.texts.remove(0);
        (family, format!("(combined from similar events): {}", event.message))
    }

    /// Counts one more occurrence under a key; the first one gets `name`.
    pub(super) fn observe(&mut self, key: String, now: Time, name: String) -> Seen {
        let seen = self.seen.entry(key).or_insert_with(|| Seen { name, count: 0, first: now });
        seen.count += 1;
        seen.clone()
    }

    /// Forgets the recorded events of these names; returns `false` when none is left.
    pub(super) fn forget(&mut self, names: &BTreeSet<&str>) -> bool {
        self.seen.retain(|_, seen| !names.contains(seen.name.as_str()));
        !self.seen.is_empty()
    }

    /// Returns the content of the token bucket at an instant.
    fn tokens_at(&self, now: Time) -> f64 {
        let passed = (now - self.refilled).micros() as f64 / 1e6;
        self.tokens.map_or(BURST, |t| (t + passed / REFILL_SECONDS).min(BURST))
    }

    /// Takes a token; returns `false` when there is none.
    fn take_token(&mut self, now: Time) -> bool {
        let tokens = self.tokens_at(now);
        self.refilled = now;
        let is_allowed = tokens >= 1.0;
        self.tokens = Some(if is_allowed { tokens - 1.0 } else { tokens });
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(message: &str) -> Event<'_> {
        Event { event_type: "Normal", reason: "ScalingReplicaSet", message, field_path: "", host: "" }
    }

    #[test]
    fn the_tenth_similar_message_is_combined() {
        let mut correlator = Correlator::default();
        let now = Time::from_secs(1000);
        for n in 0..9 {
            assert_eq!(correlator.aggregate(&event(&n.to_string()), now).1, n.to_string());
        }
        let (key, message) = correlator.aggregate(&event("9"), now);
        assert_eq!(message, "(combined from similar events): 9");
        assert_eq!(correlator.aggregate(&event("10"), now).0, key, "further ones are counted together");
        let later = now + SIMILAR_FOR + Duration::from_secs(1);
        assert_eq!(correlator.aggregate(&event("11"), later).1, "11");
    }

    #[test]
    fn tokens_are_used_up_and_refilled() {
        let mut correlator = Correlator::default();
        let now = Time::from_secs(1000);
        assert_eq!((0..30).filter(|_| correlator.take_token(now)).count(), 25);
        assert!(!correlator.take_token(now + Duration::from_secs(299)));
        assert!(correlator.take_token(now + Duration::from_secs(301)));
    }

    #[test]
    fn an_event_that_is_never_written_leaves_no_trace() {
        let mut correlator = Correlator::default();
        let now = Time::from_secs(1000);
        while correlator.take_token(now) {}
        assert!(correlator.correlate(&event("one"), now).is_none());
        assert!(correlator.similar.is_empty());
    }
}
