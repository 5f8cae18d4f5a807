//! The injected faults and their rows in the store.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::images::MissingImages;
use super::metrics::PodMetrics;
use crate::api::{Result, Server};
use kctl_base::json::{self, Value};
use kctl_base::status::Status;

/// `["k8s-node1"]`.
const STOPPED_NODES: &str = "setting/node-stopped";
/// `["nginx:1.91"]`.
const MISSING_IMAGES: &str = "setting/images-missing";
/// `["notfound"]`.
const MISSING_TAGS: &str = "setting/image-tags-missing";
/// `{"default/web": "crash"}`.
const POD_FAULTS: &str = "setting/pod-faults";
/// `{"default/web": {"cpu": "250m"}}`.
const POD_METRICS: &str = "setting/metrics";

/// All injected faults, and the declared resource usage of pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nodes whose kubelet is stopped.
    pub stopped_nodes: BTreeSet<String>,
    /// Images that no registry has.
    pub missing_images: MissingImages,
    /// Faults of single pods, by `namespace/name`.
    pub pods: BTreeMap<String, PodFault>,
    /// Resource usage of pods.
    pub metrics: PodMetrics,
}

/// A fault of one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodFault {
    /// The running containers crash once; the kubelet removes the fault when they have.
    Crash,
    /// The containers are not ready until the fault is removed.
    Unready,
}

impl PodFault {
    /// `crash` or `unready`.
    pub fn as_str(self) -> &'static str {
        match self {
            PodFault::Crash => "crash",
            PodFault::Unready => "unready",
        }
    }
}

impl Faults {
    /// Reads all faults. A store without a row has none of that group, and the default missing images.
    ///
    /// # Errors
    /// `InternalError` when the store cannot be read or a row is not of the expected form.
    pub fn load(server: &mut Server) -> Result<Faults> {
        Ok(Faults {
            stopped_nodes: stopped_nodes(server)?,
            missing_images: missing_images(server)?,
            pods: server.typed_row(POD_FAULTS)?.unwrap_or_default(),
            metrics: pod_metrics(server)?,
        })
    }

    /// Writes all faults. Empty groups have no row, except the missing images, whose absence means the defaults.
    ///
    /// # Errors
    /// `InternalError` when a row cannot be encoded.
    pub fn store(&self, server: &mut Server) -> Result<()> {
        let rows = [
            (STOPPED_NODES, (!self.stopped_nodes.is_empty()).then(|| json::to_value(&self.stopped_nodes))),
            (MISSING_IMAGES, Some(json::to_value(&self.missing_images.names))),
            (MISSING_TAGS, Some(json::to_value(&self.missing_images.tags))),
            (POD_FAULTS, (!self.pods.is_empty()).then(|| json::to_value(&self.pods))),
            (POD_METRICS, (!self.metrics.is_empty()).then(|| json::to_value(&self.metrics))),
        ];
        for (row, value) in rows {
            let value = value.transpose().map_err(|e| Status::internal(format!("row {row} cannot be written: {e}")))?;
            server.set_row(row, value);
        }
        Ok(())
    }
}

// The controllers read single groups: decoding the metrics of all pods for every step of a kubelet would cost.

/// Returns the nodes whose kubelet is stopped.
pub(crate) fn stopped_nodes(server: &mut Server) -> Result<BTreeSet<String>> {
    Ok(server.typed_row(STOPPED_NODES)?.unwrap_or_default())
}

/// Returns the images that cannot be pulled.
pub(crate) fn missing_images(server: &mut Server) -> Result<MissingImages> {
    Ok(MissingImages {
        names: server.typed_row(MISSING_IMAGES)?.unwrap_or_else(|| MissingImages::default().names),
        tags: server.typed_row(MISSING_TAGS)?.unwrap_or_else(|| MissingImages::default().tags),
    })
}

/// Returns the resource usage of all pods that have any.
pub(crate) fn pod_metrics(server: &mut Server) -> Result<PodMetrics> {
    Ok(server.typed_row(POD_METRICS)?.unwrap_or_default())
}

/// Returns the fault of the pod `namespace/name`, if it has one.
pub(crate) fn pod_fault(server: &mut Server, pod: &str) -> Result<Option<PodFault>> {
    let faults: Option<BTreeMap<String, PodFault>> = server.typed_row(POD_FAULTS)?;
    Ok(faults.and_then(|faults| faults.get(pod).copied()))
}

/// Removes the fault of the pod `namespace/name`, if it has one.
pub(crate) fn remove_pod_fault(server: &mut Server, pod: &str) -> Result<()> {
    let Some(mut faults) = server.typed_row::<BTreeMap<String, Value>>(POD_FAULTS)? else { return Ok(()) };
    if faults.remove(pod).is_some() {
        server.set_row(POD_FAULTS, (!faults.is_empty()).then(|| faults.into_iter().collect()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cluster, OpenOptions};
    use kctl_base::json::json;

    fn cluster() -> Cluster {
        Cluster::open(OpenOptions::memory(1)).expect("a cluster")
    }

    #[test]
    fn rows_keep_their_form() {
        let mut cluster = cluster();
        let server = cluster.server();
        let rows = [
            (STOPPED_NODES, json!(["k8s-node1", "k8s-node2"])),
            (MISSING_IMAGES, json!(["nginx:1.91", "redis:7"])),
            (MISSING_TAGS, json!(["bad"])),
            (POD_FAULTS, json!({"default/a": "crash", "default/b": "unready"})),
            (POD_METRICS, json!({"default/a": {"cpu": "250m", "memory": "64Mi"}})),
        ];
        for (row, value) in &rows {
            server.set_row(row, Some(value.clone()));
        }
        let faults = Faults::load(server).expect("readable");
        assert!(faults.stopped_nodes.contains("k8s-node2"));
        assert_eq!(faults.pods["default/b"], PodFault::Unready);
        faults.store(server).expect("writable");
        for (row, value) in rows {
            assert_eq!(server.row(row).expect("readable"), Some(value), "{row}");
        }
    }

    #[test]
    fn a_new_store_lists_the_default_missing_images_and_an_old_one_has_them_all_the_same() {
        let mut cluster = cluster();
        let server = cluster.server();
        assert_eq!(
            server.row(MISSING_IMAGES).expect("readable"),
            Some(json!([
                "gcr.io/google-samples/kubernetes-bootcamp:v10",
                "nginx:1.161",
                "nginx:1.91",
                "nginx:sometag",
                "non-existing-repo/non-existing-image:example"
            ]))
        );
        assert_eq!(server.row(MISSING_TAGS).expect("readable"), Some(json!(["bad", "does-not-exist", "notfound"])));
        server.set_row(MISSING_IMAGES, None);
        server.set_row(MISSING_TAGS, None);
        assert_eq!(Faults::load(server).expect("readable"), Faults::default());
        server.set_row(MISSING_IMAGES, Some(json!(["redis:7"])));
        let images = missing_images(server).expect("readable");
        assert!(images.contains("redis:7") && images.contains("a:bad") && !images.contains("nginx:1.91"));
    }

    #[test]
    fn an_unreadable_row_is_an_error() {
        for (row, value) in [(STOPPED_NODES, json!("k8s-node1")), (POD_FAULTS, json!({"default/a": "burn"}))] {
            let mut cluster = cluster();
            cluster.server().set_row(row, Some(value));
            let error = Faults::load(cluster.server()).expect_err("refused");
            assert!(error.message.contains(&format!("row {row} cannot be read")), "{}", error.message);
        }
    }

    #[test]
    fn removing_the_last_fault_of_a_pod_removes_the_row() {
        let mut cluster = cluster();
        let server = cluster.server();
        server.set_row(POD_FAULTS, Some(json!({"default/a": "crash", "default/b": "unready"})));
        remove_pod_fault(server, "default/a").expect("writable");
        assert_eq!(server.row(POD_FAULTS).expect("readable"), Some(json!({"default/b": "unready"})));
        assert_eq!(pod_fault(server, "default/b").expect("readable"), Some(PodFault::Unready));
        remove_pod_fault(server, "default/b").expect("writable");
        assert_eq!(server.row(POD_FAULTS).expect("readable"), None);
    }
}
