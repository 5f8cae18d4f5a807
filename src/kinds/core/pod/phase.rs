//! `status.phase` of a pod (`PodPhase` in `k8s.io/api/core/v1`).

use kctl_base::object::{Object, ValueRead};

/// The phase of a pod's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Accepted, but not all of its containers have been started.
    Pending,
    /// Bound to a node, with at least one container running, starting or restarting.
    Running,
    /// All containers have terminated successfully and will not be restarted.
    Succeeded,
    /// All containers have terminated, at least one of them with an error.
    Failed,
    /// Any other value, a missing one included: the state of the pod could not be obtained.
    Unknown,
}

impl PodPhase {
    /// Reads `status.phase` of a pod.
    pub fn of(pod: &Object) -> PodPhase {
        match pod.str("/status/phase") {
            "Pending" => PodPhase::Pending,
            "Running" => PodPhase::Running,
            "Succeeded" => PodPhase::Succeeded,
            "Failed" => PodPhase::Failed,
            _ => PodPhase::Unknown,
        }
    }

    /// Returns the value of `status.phase`.
    pub fn as_str(self) -> &'static str {
        match self {
            PodPhase::Pending => "Pending",
            PodPhase::Running => "Running",
            PodPhase::Succeeded => "Succeeded",
            PodPhase::Failed => "Failed",
            PodPhase::Unknown => "Unknown",
        }
    }

    /// Returns whether all containers have terminated for good (`IsPodPhaseTerminal`): the pod will never run again.
    pub fn is_terminal(self) -> bool {
        matches!(self, PodPhase::Succeeded | PodPhase::Failed)
    }
}

/// Returns whether a pod has succeeded or failed (`IsPodTerminal` in `pkg/api/v1/pod/util.go`).
pub fn is_terminal(pod: &Object) -> bool {
    PodPhase::of(pod).is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn only_succeeded_and_failed_are_terminal() {
        for (phase, terminal) in [
            ("Pending", false),
            ("Running", false),
            ("Succeeded", true),
            ("Failed", true),
            ("Unknown", false),
            ("", false),
        ] {
            assert_eq!(is_terminal(&json!({"status": {"phase": phase}})), terminal, "{phase:?}");
        }
        assert_eq!(PodPhase::of(&json!({})), PodPhase::Unknown);
    }
}
