//! Components that the API server forwards requests to: kubelets for logs and sessions in containers, and the metrics server.
//!
//! A real API server reaches them over the network; here the composition root plugs in functions, so that the server does
//! not depend on the controllers.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{Forwarded, Result, Server, SessionCall, SessionState};
use kctl_base::object::Object;
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;

/// A line that a container printed, and the time of its output.
pub(crate) type LogLine = (Time, String);

/// The lines to be read from the log of a container.
#[derive(Clone, Copy, Debug)]
pub struct LogQuery<'a> {
    /// The container.
    pub container: &'a str,
    /// Those of its previous instance, not of the latest one.
    pub previous: bool,
    /// The number of the newest lines that are wanted; there may be more.
    pub lines: u64,
}

/// Returns the usage of a pod by resource name; the map is empty for a pod that is not measured.
pub(crate) type PodUsage = Box<dyn Fn(&Object) -> BTreeMap<String, Quantity>>;

/// The components that the server forwards requests to.
#[derive(Clone, Copy)]
pub struct Backends {
    /// Returns the lines that a container of a pod has printed.
    pub container_log: fn(&mut Server, &Object, &LogQuery<'_>, Time) -> Result<Vec<LogLine>>,
    /// Takes a step of a session in a container of a pod: any but [`SessionCall::Forward`].
    pub session: fn(&mut Server, &Object, &SessionCall, Time) -> Result<SessionState>,
    /// Sends an HTTP request from an address to a port of a pod.
    pub forward: fn(&mut Server, &Object, u16, &kctl_container::Request, Ipv4Addr, Time) -> Result<Forwarded>,
    /// Returns the usage of pods at an instant; `None` in a cluster without measurements, where the metrics API is not
    /// registered.
    pub pod_usage: fn(&mut Server, Time) -> Result<Option<PodUsage>>,
}
