//! Components behind the API server that it forwards requests to: kubelets for logs, the metrics pipeline.
//!
//! A real API server reaches them over the network; here the composition root plugs in functions, so that the server does
//! not depend on the controllers.

use std::collections::BTreeMap;

use super::{Result, Server};
use kctl_base::object::Object;
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;

/// A line that a container printed, and the time at which it did.
pub(crate) type LogLine = (Time, String);

/// Tells the measured usage of a pod by resource name; an unmeasured pod has none.
pub(crate) type PodUsage = Box<dyn Fn(&Object) -> BTreeMap<String, Quantity>>;

/// The components that the server forwards requests to.
#[derive(Clone, Copy)]
pub struct Backends {
    /// The lines that a container of a pod has printed: of the current or last instance, or, with the flag, of the one
    /// before it.
    pub container_log: fn(&mut Server, &Object, &str, bool, Time) -> Result<Vec<LogLine>>,
    /// The usage of pods; `None` in a cluster that measures nothing, where the metrics API is not registered.
    pub pod_usage: fn(&mut Server) -> Result<Option<PodUsage>>,
}
