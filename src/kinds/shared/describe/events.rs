//! The table of events at the end of a description (`DescribeEvents` in `kubectl/pkg/describe/describe.go`).

use std::sync::Arc;

use crate::{Lookup, PrefixWriter, since};
use kctl_base::object::{Object, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;

/// Writes the events about an object, oldest first; nothing with `--show-events=false`.
pub(crate) fn describe_events(lookup: &dyn Lookup, object: &Object, out: &mut PrefixWriter) {
    write_events(lookup, read_events(lookup, object), out);
}

/// Reads the events about an object, for a description that reads them before other objects; `None` with
/// `--show-events=false`.
pub(crate) fn read_events(lookup: &dyn Lookup, object: &Object) -> Option<Vec<Arc<Object>>> {
    lookup.show_events().then(|| lookup.events(object))
}

/// Writes events that have been read.
pub(crate) fn write_events(lookup: &dyn Lookup, events: Option<Vec<Arc<Object>>>, out: &mut PrefixWriter) {
    let Some(mut events) = events else { return };
    if events.is_empty() {
        return out.line(0, "Events:\t<none>");
    }
    events.order_by_key(|event| event.time("/lastTimestamp").map_or(i64::MIN, Time::secs));
    out.line(0, "Events:");
    out.line(1, "Type\tReason\tAge\tFrom\tMessage");
    out.line(1, "----\t------\t----\t----\t-------");
    for event in &events {
        let source = match event.str("/source/component") {
            "" => event.str("/reportingComponent"),
            component => component,
        };
        let (kind, reason) = (event.str("/type"), event.str("/reason"));
        let message = match (event.str("/involvedObject/fieldPath"), event.str("/message").trim()) {
            ("", message) => message.to_string(),
            (place, message) => format!("{place}: {message}"),
        };
        out.line(1, format!("{kind}\t{reason}\t{}\t{source}\t{message}", interval(event, lookup.now())));
    }
}

/// The age of an event: `4s`, or `4s (x15 over 12s)` when it has repeated.
pub fn interval(event: &Object, now: Time) -> String {
    let first = match event.time("/eventTime") {
        Some(time) => since(Some(time), now),
        None => since(event.time("/firstTimestamp"), now),
    };
    if event.at("/series").is_some() {
        let last = since(event.time("/series/lastObservedTime"), now);
        return format!("{last} (x{} over {first})", event.int("/series/count").unwrap_or(0));
    }
    match event.int("/count").unwrap_or(0) {
        0 | 1 => first,
        count => format!("{} (x{count} over {first})", since(event.time("/lastTimestamp"), now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn repeated_events_show_count_and_period() {
        let now = Time::from_secs(100);
        let at = |seconds: i64| Time::from_secs(seconds).rfc3339();
        let cases = [
            (json!({"firstTimestamp": at(90), "lastTimestamp": at(90), "count": 1}), "10s"),
            (json!({"firstTimestamp": at(88), "lastTimestamp": at(96), "count": 15}), "4s (x15 over 12s)"),
            (json!({"eventTime": at(95)}), "5s"),
            (json!({"eventTime": at(90), "series": {"count": 2, "lastObservedTime": at(99)}}), "1s (x2 over 10s)"),
            (json!({}), "<unknown>"),
        ];
        for (event, want) in cases {
            assert_eq!(interval(&event, now), want, "{event}");
        }
    }
}
