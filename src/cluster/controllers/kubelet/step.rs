//! One step of a kubelet's sync loop as data: what it can see of the world, what it did, and what both are held in.
//!
//! What a step does is elsewhere: with the pod as a whole in [`super::lifecycle`], with one container in
//! [`super::container`]. It reads no objects: what it needs to know of the world is in [`World`].

use super::life::{self, Life};
use super::spec::Spec;
use crate::simulation::PodFault;
use kctl_base::json::Value;
use kctl_base::object::Object;
use kctl_base::sim::{Duration, Time};

/// What a kubelet can see beside the pod.
pub(super) struct World<'a> {
    /// The present.
    pub(super) now: Time,
    /// How long a pull, a start and a stop take.
    pub(super) latency: Duration,
    /// Whether the node has an image already.
    pub(super) has_image: &'a dyn Fn(&str) -> bool,
    /// Whether an image can not be pulled.
    pub(super) is_missing: &'a dyn Fn(&str) -> bool,
    /// What keeps the volumes from being mounted.
    pub(super) unmountable: Option<String>,
    /// What a container's environment refers to in vain.
    pub(super) missing_config: &'a dyn Fn(&Value) -> Option<String>,
    /// A fault that somebody put on the pod.
    pub(super) fault: Option<PodFault>,
}

/// An event that a step wants recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// `spec.containers{x}`, or empty.
    pub(super) field_path: String,
    /// Whether it is a warning.
    pub(super) warning: bool,
    /// CamelCase.
    pub(super) reason: &'static str,
    /// The text.
    pub(super) message: String,
}

/// What a step did.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Events, in order.
    pub(super) notes: Vec<Note>,
    /// Images that the node has now.
    pub(super) pulled: Vec<String>,
    /// When to look again, and whether that is only a retry.
    pub(super) next: Option<(Time, bool)>,
    /// Nothing of the pod is left on the node: the object can go.
    pub(super) gone: bool,
}

impl Outcome {
    /// Looks again at an instant; of two the earlier one counts, of the same one what is no retry.
    pub(super) fn look_at(&mut self, at: Time, recurring: bool) {
        self.next = Some(match self.next {
            Some((other, r)) if other < at || (other == at && !r) => (other, r),
            _ => (at, recurring),
        });
    }
}

/// One step for one pod.
pub(super) struct Step<'a> {
    pub(super) pod: &'a Object,
    pub(super) world: &'a World<'a>,
    pub(super) out: Outcome,
}

impl Step<'_> {
    /// Wants an event recorded, of a container or of the whole pod.
    pub(super) fn note(&mut self, spec: Option<Spec<'_>>, warning: bool, reason: &'static str, message: String) {
        let field_path = spec.map(|s| s.path()).unwrap_or_default();
        self.out.notes.push(Note { field_path, warning, reason, message });
    }

    /// The declared life of a container.
    pub(super) fn life(&self, spec: Spec<'_>) -> Life {
        life::declared(self.pod, spec.container).0
    }
}
