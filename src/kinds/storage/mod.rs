//! The group storage.k8s.io.

mod csi;
mod storage_class;

pub(crate) use csi::{CSI_DRIVER, CSI_NODE, CSI_STORAGE_CAPACITY, VOLUME_ATTACHMENT, VOLUME_ATTRIBUTES_CLASS};
pub(crate) use storage_class::StorageClass;

/// The group and its version.
const GROUP: (&str, &str) = ("storage.k8s.io", "v1");
