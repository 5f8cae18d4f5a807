//! The error of a whole cluster.

use kctl_base::status::Status;

use crate::store::StoreError;

/// An error of opening a cluster, of moving its clock, or of a connection to it.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// An error of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An error of the API server or a controller.
    #[error("{0}")]
    Status(#[from] Status),
    /// An expression that cannot be an invariant.
    #[error("invalid invariant {expression:?}: {reason}")]
    Invariant {
        /// The expression.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A plan of a new cluster that makes no sense.
    #[error("{0}")]
    Plan(String),
    /// A state of the past that does not exist, or is not kept.
    #[error("{0}")]
    History(String),
    /// An operation that the mode of the clock does not allow.
    #[error("{0}")]
    Clock(String),
    /// A wait beyond the end of a trial.
    #[error("the time of the trial is over")]
    TrialOver,
    /// A trial that makes too many changes to keep them, for example of a Deployment with replicas without number.
    #[error("the trial makes more than {0} changes, which is too much to follow")]
    TrialTooLarge(usize),
}
