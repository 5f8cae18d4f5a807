//! The walk from a change up its causes, and the choice of the steps that are told.

use super::super::ObjectName;
use super::deed::{self, Deed};
use super::history::History;
use super::operation::Record;
use super::{Step, author, sentence};
use crate::store::Change;
use kctl_base::object::ObjectMeta;

/// A change of a chain, and the steps between it and the next one that are left out.
struct Link<'a> {
    change: &'a Change,
    left_out: &'a [&'a Change],
}

/// Returns the chain from a change up to its first cause. The chain ends early at a change whose revision is `told`.
pub(super) fn chain(history: &History, record: &Record, start: &Change, told: &[u64]) -> Vec<Step> {
    let changes = significant(causes(history, start));
    let mut steps = Vec::new();
    for Link { change, left_out } in fold(&changes) {
        let joins = told.contains(&change.revision);
        let reason = left_out.first().filter(|cause| !joins && cause.key != change.key);
        steps.push(Step {
            revision: change.revision,
            at: change.cause.at,
            object: ObjectName::of(&change.key.resource, &change.object),
            what: sentence::what(change),
            author: author(record, change),
            during: spontaneous(change).and_then(|change| record.command_of(change.revision)),
            because: reason.map(|cause| sentence::what(cause)),
            left_out: if joins { 0 } else { left_out.len() },
            joins,
        });
        if joins {
            break;
        }
    }
    steps
}

/// Returns a change that a controller made although no change had woken it.
fn spontaneous(change: &Change) -> Option<&Change> {
    let is_own = change.cause.controller.is_some() && change.cause.trigger.is_none();
    Some(change).filter(|_| is_own)
}

/// Returns a change and its causes, newest first.
fn causes<'a>(history: &'a History, start: &'a Change) -> Vec<&'a Change> {
    // Each cause has a smaller revision, so this ends.
    std::iter::successors(Some(start), |change| history.cause_of(change)).collect()
}

/// Drops the steps that only pass news on, such as the counters in a status. The first one stays, and the last, which names
/// the command.
fn significant(changes: Vec<&Change>) -> Vec<&Change> {
    let last = changes.len().saturating_sub(1);
    let mut kept: Vec<&Change> = Vec::new();
    for (position, change) in changes.into_iter().enumerate() {
        let news = match deed::of(change) {
            Deed::Detail | Deed::Metadata => false,
            // The owners of pods only count them in their status; and the containers of a pod end because it is deleted.
            Deed::State => {
                !change.object.is_deleting()
                    && matches!(change.object.kind(), "Pod" | "Node" | "Job" | "PersistentVolumeClaim")
            }
            _ => true,
        };
        if position == 0 || position == last && change.cause.controller.is_none() || news {
            kept.push(change);
        }
    }
    kept
}

/// Leaves out what lies between a step and the last one like it: a rollout repeats the same few steps.
fn fold<'a>(changes: &'a [&'a Change]) -> Vec<Link<'a>> {
    let mut links: Vec<Link<'_>> = Vec::new();
    let mut position = 0;
    while let Some(change) = changes.get(position) {
        let rest = &changes[position + 1..];
        let alike = match rest.first().is_some_and(|next| is_reason(next)) {
            true => None,
            false => rest.iter().rposition(|other| is_like(change, other)),
        };
        let left_out = &rest[..alike.unwrap_or(0)];
        position += left_out.len() + 1;
        // Of several states of one object in a row the newest is enough.
        if !links.last().is_some_and(|last| is_same_progress(last.change, change)) {
            links.push(Link { change, left_out });
        }
    }
    links
}

/// Returns whether a change is by itself the reason for what a controller does: it changed what is wanted.
fn is_reason(change: &Change) -> bool {
    matches!(deed::of(change), Deed::Created | Deed::Scaled | Deed::Wanted) && change.key.resource != "pods"
}

/// Returns whether one controller did the same to objects of one resource.
fn is_like(change: &Change, other: &Change) -> bool {
    let deed = deed::of(change);
    change.cause.controller.is_some()
        && change.cause.controller == other.cause.controller
        && change.key.resource == other.key.resource
        && deed.is_like(deed::of(other))
        && match deed {
            Deed::State => change.key == other.key,
            deed => deed != Deed::Bound,
        }
}

/// Returns whether two changes are states of one object.
fn is_same_progress(newer: &Change, older: &Change) -> bool {
    newer.key == older.key && deed::of(newer) == Deed::State && deed::of(older) == Deed::State
}
