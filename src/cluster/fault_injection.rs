//! Fault injection into a running cluster, for `kctl sim` and for tests.

use std::collections::BTreeSet;

use crate::api::Result;
use crate::cluster::Cluster;
use crate::controllers::{Key, horizontal_pod_autoscaler, kubelet, node};
use crate::simulation::Faults;

impl Cluster {
    /// Returns the injected faults and declared metrics.
    ///
    /// # Errors
    /// `InternalError` when their rows cannot be read.
    pub fn faults(&mut self) -> Result<Faults> {
        Faults::load(&mut self.server)
    }

    /// Replaces the injected faults and declared metrics, and runs the controllers that a difference concerns.
    ///
    /// # Errors
    /// `InternalError` when rows cannot be read or written; the error of a controller.
    pub fn set_faults(&mut self, faults: &Faults) -> Result<()> {
        let before = self.faults()?;
        faults.store(&mut self.server)?;
        for name in before.stopped_nodes.symmetric_difference(&faults.stopped_nodes) {
            // The node lifecycle controller also enqueues the kubelet, which has not synced pods while it was stopped.
            self.enqueue(node::lifecycle::CONTROLLER.name, &Key::new("", name).to_string())?;
        }
        let pods: BTreeSet<&String> = before.pods.keys().chain(faults.pods.keys()).collect();
        for pod in pods.into_iter().filter(|pod| before.pods.get(*pod) != faults.pods.get(*pod)) {
            self.enqueue(kubelet::CONTROLLER.name, pod)?;
        }
        let measured: BTreeSet<&str> = before.metrics.iter().chain(faults.metrics.iter()).map(|(pod, _)| pod).collect();
        let changed = measured.into_iter().filter(|pod| before.metrics.get(pod) != faults.metrics.get(pod));
        let namespaces: BTreeSet<&str> = changed.filter_map(|pod| Some(pod.split_once('/')?.0)).collect();
        for namespace in namespaces {
            let autoscalers = self.server.read_all(horizontal_pod_autoscaler::AUTOSCALERS, Some(namespace))?;
            for autoscaler in autoscalers {
                self.enqueue(horizontal_pod_autoscaler::CONTROLLER.name, &Key::of(&autoscaler).to_string())?;
            }
        }
        Ok(())
    }
}
