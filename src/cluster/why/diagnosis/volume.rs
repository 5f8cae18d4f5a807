//! PersistentVolumes: unused, released or failed.

use super::Finding;
use super::reader::Reader;
use crate::api::Result;
use kctl_base::object::{Object, ValueRead};

fn claim_of(volume: &Object) -> String {
    format!("{}/{}", volume.str("/spec/claimRef/namespace"), volume.str("/spec/claimRef/name"))
}

/// Tells the claim.
pub(super) fn summary(volume: &Object) -> String {
    match volume.str("/status/phase") {
        "Bound" => format!("it is bound to the claim {}", claim_of(volume)),
        "Available" => "it is available".into(),
        phase => format!("it is {}", phase.to_lowercase()),
    }
}

/// Finds why a volume cannot be used by a claim.
pub(super) fn diagnose(_: &mut Reader<'_>, volume: &Object) -> Result<Vec<Finding>> {
    let policy = volume.str("/spec/persistentVolumeReclaimPolicy");
    Ok(match volume.str("/status/phase") {
        "Released" => vec![
            Finding::problem(format!(
                "is released: its claim {} is gone, but it keeps the data (reclaim policy {policy}) and no other claim gets it",
                claim_of(volume)
            ))
            .shown_by("a person has to clear spec.claimRef, after which it is available again, or to delete it"),
        ],
        "Failed" => vec![Finding::problem("could not be reclaimed").shown_by(volume.str("/status/message"))],
        _ => Vec::new(),
    })
}
