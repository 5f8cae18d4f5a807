//! The description of a Job.

use crate::shared::describe::{
    annotations, controlled_by, describe_events, describe_template, labels, name_and_namespace, stamp,
};
use crate::shared::table::{number, selector_cell};
use crate::{Lookup, PrefixWriter};
use kctl_base::object::{Object, ValueRead};

/// Length in bytes above which the completed indexes are cut.
const LONGEST_INDEXES: usize = 50;

pub(super) fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    name_and_namespace(object, out);
    out.pair(0, "Selector", selector_cell(object));
    labels(object, out);
    annotations(object, out);
    controlled_by(object, out);
    let maybe = |label: &str, pointer: &str, out: &mut PrefixWriter| {
        if let Some(value) = object.int(pointer) {
            out.pair(0, label, value);
        }
    };
    maybe("Parallelism", "/spec/parallelism", out);
    match object.int("/spec/completions") {
        Some(completions) => out.pair(0, "Completions", completions),
        None => out.pair(0, "Completions", "<unset>"),
    }
    if !object.str("/spec/completionMode").is_empty() {
        out.pair(0, "Completion Mode", object.str("/spec/completionMode"));
    }
    if object.at("/spec/suspend").is_some() {
        out.pair(0, "Suspend", object.flag("/spec/suspend"));
    }
    maybe("Backoff Limit", "/spec/backoffLimit", out);
    maybe("TTL Seconds After Finished", "/spec/ttlSecondsAfterFinished", out);
    describe_times(object, out);
    if let Some(seconds) = object.int("/spec/activeDeadlineSeconds") {
        out.pair(0, "Active Deadline Seconds", format!("{seconds}s"));
    }
    describe_pods(object, out);
    describe_template(object.pointer("/spec/template"), out);
    describe_events(lookup, object, out);
}

fn describe_times(object: &Object, out: &mut PrefixWriter) {
    let (start, end) = (object.time("/status/startTime"), object.time("/status/completionTime"));
    if start.is_some() {
        out.pair(0, "Start Time", stamp(object, "/status/startTime"));
    }
    if end.is_some() {
        out.pair(0, "Completed At", stamp(object, "/status/completionTime"));
    }
    if let (Some(start), Some(end)) = (start, end) {
        out.pair(0, "Duration", (end - start).human());
    }
}

fn describe_pods(object: &Object, out: &mut PrefixWriter) {
    let active = number(object, "/status/active");
    let ready = object.int("/status/ready").map_or_else(String::new, |ready| format!(" ({ready} Ready)"));
    let (succeeded, failed) = (number(object, "/status/succeeded"), number(object, "/status/failed"));
    out.pair(0, "Pods Statuses", format!("{active} Active{ready} / {succeeded} Succeeded / {failed} Failed"));
    if object.str("/spec/completionMode") == "Indexed" {
        out.pair(0, "Completed Indexes", cap_indexes(object.str("/status/completedIndexes")));
    }
}

/// Cuts a list of indexes after the last whole one that fits (`capIndexesListOrNone` in
/// `kubectl/pkg/describe/describe.go`).
fn cap_indexes(indexes: &str) -> String {
    if indexes.is_empty() {
        return "<none>".into();
    }
    if indexes.len() <= LONGEST_INDEXES {
        return indexes.to_owned();
    }
    let cut = indexes[..LONGEST_INDEXES].rfind(',').map_or(LONGEST_INDEXES, |at| at + 1);
    format!("{}...", &indexes[..cut])
}
