//! Settings that exist only because the cluster is simulated: injected faults and measurements.
//!
//! `kctl sim` writes them, the controllers read them. They are not API objects: each group is one named row of the store, so
//! it has no resourceVersion and no watch. [`crate::Cluster::set_faults`] therefore enqueues the controllers concerned.

mod estimate;
mod faults;
mod images;
mod load;
mod metrics;
mod pod_usage;

pub use faults::{Faults, PodFault};
pub(crate) use faults::{missing_images, pod_fault, remove_pod_fault, stopped_nodes};
pub use images::MissingImages;
pub(crate) use images::tag;
pub(crate) use load::note_load;
pub use metrics::{METRICS_ANNOTATION, PodMetrics, ResourceUsage};
pub(crate) use pod_usage::{Measurements, pod_usage};
