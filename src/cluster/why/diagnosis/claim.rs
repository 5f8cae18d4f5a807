//! PersistentVolumeClaims without a volume.

use std::sync::Arc;

use super::reader::Reader;
use super::{Finding, words};
use crate::api::Result;
use crate::controllers::persistent_volume::{class_of, refusal};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The provisioner of classes for which volumes are created by hand.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The controller that makes the volumes of all other classes.
const EXTERNAL_PROVISIONER: &str = "external-provisioner";

/// Tells the volume.
pub(super) fn summary(claim: &Object) -> String {
    match (claim.str("/status/phase"), claim.str("/spec/volumeName")) {
        ("Bound", volume) => format!("it is bound to the volume {volume}"),
        ("Lost", volume) => format!("its volume {volume} is lost"),
        _ => "it has no volume".into(),
    }
}

/// Finds why a claim is not bound.
pub(super) fn diagnose(reader: &mut Reader<'_>, claim: &Object) -> Result<Vec<Finding>> {
    match claim.str("/status/phase") {
        "Bound" => return Ok(Vec::new()),
        "Lost" => {
            let volume = claim.str("/spec/volumeName");
            return Ok(vec![Finding::problem(format!("has lost its volume {volume}, and the data on it"))]);
        }
        _ => {}
    }
    let next = reader.next_try("persistentvolume-controller", claim)?;
    let name = class_of(claim);
    if name.is_empty() {
        let sentence = "names no storage class, and no volume without a class fits";
        let finding = volumes(reader, claim, Finding::problem(sentence))?;
        return Ok(vec![finding.shown_by(words::next_try(next))]);
    }
    let Some(class) = reader.get("storageclasses.storage.k8s.io", "", name)? else {
        let sentence = format!("wants the storage class {name}, which does not exist");
        return Ok(vec![classes(reader, Finding::problem(sentence))?]);
    };
    if class.str("/volumeBindingMode") == "WaitForFirstConsumer" && waits_for_pod(reader, claim)? {
        let sentence = format!(
            "waits for a pod that uses it: the storage class {name} binds volumes when the first one is scheduled"
        );
        return Ok(vec![Finding::remark(sentence)]);
    }
    let provisioner = class.str("/provisioner");
    if provisioner == NO_PROVISIONER {
        let sentence =
            format!("no volume of the storage class {name} fits, and the class has no provisioner that creates one");
        let finding = volumes(reader, claim, Finding::problem(sentence))?;
        return Ok(vec![finding.shown_by(words::next_try(next))]);
    }
    if let Some(refusal) = reader.last_event(claim, &["ProvisioningFailed"])?.filter(is_of_provisioner) {
        let next = reader.next_try(EXTERNAL_PROVISIONER, claim)?;
        let finding = Finding::problem(format!("gets no volume from {provisioner}")).shown_by(refusal.str("/message"));
        return Ok(vec![finding.shown_by(words::next_try(next))]);
    }
    Ok(vec![Finding::progress(format!("waits for {provisioner} to create a volume")).shown_by(words::next_try(next))])
}

/// Returns whether the provisioner says it, not the controller that asks the provisioner.
fn is_of_provisioner(event: &Arc<Object>) -> bool {
    event.str("/source/component") == EXTERNAL_PROVISIONER
}

/// Returns whether no pod uses the claim that could decide where its volume is needed.
fn waits_for_pod(reader: &mut Reader<'_>, claim: &Object) -> Result<bool> {
    Ok(reader.pods_using(claim)?.is_empty())
}

/// Adds for each volume why it does not fit.
fn volumes(reader: &mut Reader<'_>, claim: &Object, finding: Finding) -> Result<Finding> {
    let volumes = reader.list("persistentvolumes", "")?;
    if volumes.is_empty() {
        return Ok(finding.shown_by("there are no volumes"));
    }
    let lines = volumes.iter().filter_map(|volume| {
        refusal(volume, claim).map(|reason| format!("persistentvolume/{}: {reason}", volume.name()))
    });
    Ok(lines.fold(finding, Finding::shown_by))
}

/// Adds the names of the classes that there are.
fn classes(reader: &mut Reader<'_>, finding: Finding) -> Result<Finding> {
    let names: Vec<String> =
        reader.list("storageclasses.storage.k8s.io", "")?.iter().map(|class| class.name().to_string()).collect();
    Ok(match names.is_empty() {
        true => finding.shown_by("there are no storage classes"),
        false => finding.shown_by(format!("storage classes: {}", names.join(", "))),
    })
}
