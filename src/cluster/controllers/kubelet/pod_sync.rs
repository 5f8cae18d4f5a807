//! One sync of a pod (`SyncPod` and `SyncTerminatingPod` of the kubelet) as a function of the pod, its state and the inputs.
//!
//! The transitions are in [`super::lifecycle`] (the pod) and [`super::container`] (one container). A sync reads no objects:
//! everything else that it depends on is in [`PodInputs`].

use super::container_runtime::CreateError;
use super::container_spec::ContainerSpec;
use super::cri::Cri;
use super::inside::Stopped;
use super::probes::ProbeResults;
use super::script::ContainerScript;
use crate::simulation::PodFault;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{Chance, Duration, Time};

/// Everything beside the pod and its state that a sync depends on.
pub(super) struct PodInputs<'a> {
    /// The current time.
    pub(super) now: Time,
    /// The container runtime of the node.
    pub(super) cri: Cri,
    /// How long steps take.
    pub(super) pace: Pace,
    /// Reports whether the node has an image.
    pub(super) has_image: &'a dyn Fn(&str) -> bool,
    /// Reports whether pulling an image fails.
    pub(super) is_image_missing: &'a dyn Fn(&str) -> bool,
    /// Why the volumes of the pod cannot be mounted.
    pub(super) mount_error: Option<String>,
    /// Returns why a container cannot be created; `None` if it can.
    pub(super) create_error: &'a dyn Fn(&Value) -> Option<CreateError>,
    /// The injected fault of the pod.
    pub(super) fault: Option<PodFault>,
    /// What the probes have found in the inside of the pod.
    pub(super) probe_results: ProbeResults,
    /// How the containers of the deleted pod stop, as far as they are simulated.
    pub(super) stopped: Option<Stopped>,
    /// The resources of the pod have just been changed: its containers follow in the next sync, so that watches see that a
    /// resize is in progress.
    pub(super) is_resize_new: bool,
}

/// How long the steps of a pod take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The usual duration of a pull, a start and a stop.
    pub(super) latency: Duration,
    pub(super) chance: Chance,
}

/// An event to record about the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodEvent {
    /// `spec.containers{name}`; empty for the pod as a whole.
    pub(super) field_path: String,
    pub(super) is_warning: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// Effects of a sync.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Events, in order.
    pub(super) events: Vec<PodEvent>,
    /// Images that were pulled.
    pub(super) pulled_images: Vec<String>,
    /// When to sync again, and whether that is only a retry, for which nobody has to wait.
    pub(super) requeue: Option<(Time, bool)>,
    /// All containers of a deleted pod have stopped: the pod can be removed from the API.
    pub(super) is_terminated: bool,
}

impl Outcome {
    /// Requests a sync at `at`. The earliest request counts, and of several at one instant one that is not a retry.
    pub(super) fn requeue_at(&mut self, at: Time, is_retry: bool) {
        self.requeue = Some(match self.requeue {
            Some((other, retry)) if other < at || (other == at && !retry) => (other, retry),
            _ => (at, is_retry),
        });
    }
}

/// A sync in progress.
pub(super) struct PodSync<'a> {
    pub(super) pod: &'a Object,
    pub(super) inputs: &'a PodInputs<'a>,
    pub(super) out: Outcome,
    /// A container has ended with an exit code for which a rule restarts all containers.
    pub(super) asks_for_restart_all: bool,
    /// All regular containers have terminated for good: what still runs is being stopped.
    pub(super) is_ending: bool,
}

impl PodSync<'_> {
    /// Adds an event of type Normal about a container, or about the pod as a whole.
    pub(super) fn event(&mut self, container: Option<ContainerSpec<'_>>, reason: &'static str, message: String) {
        let field_path = container.map(|c| c.field_path()).unwrap_or_default();
        self.out.events.push(PodEvent { field_path, is_warning: false, reason, message });
    }

    /// Like [`PodSync::event`], of type Warning.
    pub(super) fn warning(&mut self, container: Option<ContainerSpec<'_>>, reason: &'static str, message: String) {
        let field_path = container.map(|c| c.field_path()).unwrap_or_default();
        self.out.events.push(PodEvent { field_path, is_warning: true, reason, message });
    }

    /// Returns how long a step takes, of a container in its run of a number or of the pod as a whole (an empty name).
    pub(super) fn duration(&self, step: &str, container: &str, run: u64) -> Duration {
        let Pace { latency, chance } = self.inputs.pace;
        match chance.is_on() {
            true => chance.span(latency, step, &[self.pod.uid(), "/", container].concat(), run),
            false => latency,
        }
    }

    /// Returns the script of a container.
    pub(super) fn script(&self, container: ContainerSpec<'_>) -> ContainerScript {
        ContainerScript::of(self.pod, container.spec).0
    }
}
