//! The chronicle: what happened to pods and workloads, as spans, steps and marks over time, read from a list of changes.
//!
//! A pure function of its input: [`History`] holds the changes and the objects before the first of them, and
//! [`Chronicle::of`] turns them into lives of pods, numbers of replicas, and marks. Where the changes do not reach back to
//! the creation of a pod, its own timestamps tell what came before.

mod deed;
mod history;
mod marks;
mod owners;
mod pod_life;
mod pod_state;
#[cfg(test)]
mod tests;
mod workload;

pub use history::History;
pub use marks::{Mark, MarkKind};
pub use owners::ObjectRef;
pub use pod_life::PodLife;
pub use pod_state::{PodState, Span};
pub use workload::{Replicas, Workload};

use kctl_base::sim::Time;

/// What happened in a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chronicle {
    /// The time of the first change; what is told of earlier times is from the timestamps of the objects.
    pub from: Time,
    /// The end of the span.
    pub to: Time,
    /// The pods that existed at any time, by namespace, name and creation.
    pub pods: Vec<PodLife>,
    /// The workloads that existed at any time, by kind, namespace, name and creation.
    pub workloads: Vec<Workload>,
    /// What commands did, and the events worth a mark, by time.
    pub marks: Vec<Mark>,
}

impl Chronicle {
    /// Tells what happened.
    pub fn of(history: &History) -> Chronicle {
        let owners = owners::Owners::of(history);
        let from = history.changes.first().map_or(history.to, |change| change.cause.at);
        Chronicle {
            from,
            to: history.to,
            pods: pod_life::lives(history, &owners),
            workloads: workload::workloads(history, &owners),
            marks: marks::marks(history),
        }
    }
}
