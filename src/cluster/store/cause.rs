//! Why a change was made: by a request of a command, or by a controller and what woke it.

use serde::{Deserialize, Serialize};

use super::Store;
use kctl_base::json::SharedStr;
use kctl_base::sim::Time;

/// When and why a change was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The time in the cluster.
    pub at: Time,
    /// The controller that made the change; `None` for the command itself.
    pub controller: Option<SharedStr>,
    /// The trigger that woke the controller; `None` for the command itself, and where it is not known.
    pub trigger: Option<Trigger>,
}

/// A reason for which a controller is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// A change of an object, by its revision.
    #[serde(rename = "C")]
    Change(u64),
    /// The time for which the controller had put the key on the timeline, when the change of this revision had woken it.
    #[serde(rename = "T")]
    Timer(u64),
}

impl Trigger {
    /// The revision of the change that woke the controller, at once or in the end.
    pub fn revision(self) -> u64 {
        match self {
            Trigger::Change(revision) | Trigger::Timer(revision) => revision,
        }
    }
}

impl Cause {
    /// The cause of what a command itself changes.
    pub(crate) fn request(at: Time) -> Cause {
        Cause { at, controller: None, trigger: None }
    }

    /// The cause of what the API server itself changes, such as the objects of a new cluster.
    pub(crate) fn control_plane(at: Time) -> Cause {
        Cause::controller(at, "kube-apiserver", None)
    }

    /// The cause of what a controller changes.
    pub(crate) fn controller(at: Time, controller: &'static str, trigger: Option<Trigger>) -> Cause {
        Cause { at, controller: Some(SharedStr::new_static(controller)), trigger }
    }
}

impl Store {
    /// Sets the cause of the changes that follow.
    pub(crate) fn set_cause(&mut self, cause: Cause) {
        self.cause = cause;
    }
}
