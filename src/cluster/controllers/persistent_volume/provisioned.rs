//! The volumes that provisioners make: local-path-provisioner (`provisioner.go` of rancher/local-path-provisioner), that of
//! minikube (`pkg/storage/storage_provisioner.go`), and drivers of CSI.

use super::PROVISIONED_BY;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The provisioner of directories of nodes.
pub(super) const LOCAL_PATH: &str = "rancher.io/local-path";

/// The provisioner of directories of the only node.
const MINIKUBE: &str = "k8s.io/minikube-hostpath";

/// The directory of the volumes of [`MINIKUBE`].
const MINIKUBE_ROOT: &str = "/tmp/hostpath-provisioner";

/// What a provisioner knows when it is asked for a volume.
pub(super) struct Order<'a> {
    pub(super) claim: &'a Object,
    pub(super) class: &'a Object,
    /// The name and the hostname of the node that the scheduler has selected; `None` before.
    pub(super) node: Option<(&'a str, &'a str)>,
    /// The directory of the volumes of a node.
    pub(super) local_root: &'a str,
    /// The identity of the provisioner of minikube.
    pub(super) identity: &'a str,
}

impl Order<'_> {
    /// Returns the volume.
    ///
    /// # Errors
    /// Why the provisioner refuses, as its event says it.
    pub(super) fn volume(&self) -> Result<Object, String> {
        let (claim, class) = (self.claim, self.class);
        match class.str("/provisioner") {
            LOCAL_PATH => {
                if claim.str("/spec/volumeMode") == "Block" {
                    return Err(format!("{LOCAL_PATH} does not support block volume provisioning"));
                }
                let failed =
                    |reason| format!("failed to provision volume with StorageClass \"{}\": {reason}", class.name());
                self.local_path().map_err(failed)
            }
            MINIKUBE => Ok(self.minikube()),
            driver => Ok(self.csi(driver)),
        }
    }

    /// Returns the name of the volume.
    fn name(&self) -> String {
        format!("pvc-{}", self.claim.uid())
    }

    /// Returns what all volumes have.
    fn base(&self) -> Object {
        let (claim, class) = (self.claim, self.class);
        let policy = match class.str("/reclaimPolicy") {
            "" => "Delete",
            policy => policy,
        };
        let mut volume = json!({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": self.name(), "annotations": {PROVISIONED_BY: class.str("/provisioner")}},
            "spec": {
                "accessModes": claim.list("/spec/accessModes"),
                "capacity": {"storage": claim.str("/spec/resources/requests/storage")},
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
                             "name": claim.name(), "uid": claim.uid(), "resourceVersion": claim.resource_version()},
                "persistentVolumeReclaimPolicy": policy,
                "storageClassName": class.name(),
                "volumeMode": claim.str("/spec/volumeMode"),
            },
        });
        if !class.list("/mountOptions").is_empty() {
            volume.put("/spec/mountOptions", class.list("/mountOptions").to_vec());
        }
        volume
    }

    fn csi(&self, driver: &str) -> Object {
        let mut volume = self.base();
        volume.put("/spec/csi", json!({"driver": driver, "volumeHandle": self.name()}));
        if let Some(parameters) = self.class.map("/parameters").filter(|p| !p.is_empty()) {
            volume.put("/spec/csi/volumeAttributes", parameters.clone());
        }
        let terms = topology_terms(self.class);
        if !terms.is_empty() {
            volume.put("/spec/nodeAffinity/required/nodeSelectorTerms", terms);
        }
        volume
    }

    fn local_path(&self) -> Result<Object, &'static str> {
        let claim = self.claim;
        if claim.at("/spec/selector").is_some() {
            return Err("claim.Spec.Selector is not supported");
        }
        let is_single = |mode: &Value| matches!(mode.as_str(), Some("ReadWriteOnce" | "ReadWriteOncePod"));
        if !claim.list("/spec/accessModes").iter().all(is_single) {
            return Err("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes");
        }
        let (node, hostname) = self.node.ok_or("configuration error, no node was specified")?;
        let mut volume = self.base();
        volume.set_annotation("local.path.provisioner/selected-node", node);
        let path = format!("{}/{}_{}_{}", self.local_root, self.name(), claim.namespace(), claim.name());
        volume.put("/spec/hostPath", json!({"path": path, "type": "DirectoryOrCreate"}));
        let expression = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [hostname]});
        volume.put("/spec/nodeAffinity/required/nodeSelectorTerms", json!([{"matchExpressions": [expression]}]));
        Ok(volume)
    }

    fn minikube(&self) -> Object {
        let mut volume = self.base();
        volume.set_annotation("hostPathProvisionerIdentity", self.identity);
        let path = format!("{MINIKUBE_ROOT}/{}/{}", self.claim.namespace(), self.claim.name());
        volume.put("/spec/hostPath", json!({"path": path, "type": ""}));
        volume
    }
}

/// Returns `allowedTopologies` of a class as terms of a node selector.
fn topology_terms(class: &Object) -> Vec<Value> {
    let term = |topology: &Value| {
        let expressions = topology.list("/matchLabelExpressions").iter();
        let requirement = |e: &Value| json!({"key": e.str("/key"), "operator": "In", "values": e.list("/values")});
        json!({"matchExpressions": expressions.map(requirement).collect::<Vec<_>>()})
    };
    class.list("/allowedTopologies").iter().map(term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(claim: &Object, class: &Object, node: Option<(&str, &str)>) -> Result<Object, String> {
        Order { claim, class, node, local_root: "/var/local-path-provisioner", identity: "i" }.volume()
    }

    fn claim(spec: Value) -> Object {
        let mut claim = json!({"metadata": {"name": "c", "namespace": "d", "uid": "u"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}, "volumeMode": "Filesystem"}});
        for (field, value) in spec.as_object().into_iter().flat_map(|spec| spec.iter()) {
            claim["spec"][field.as_str()] = value.clone();
        }
        claim
    }

    #[test]
    fn a_provisioned_volume_follows_claim_and_class() {
        let class = json!({"metadata": {"name": "fast"}, "provisioner": "example.com/disk", "reclaimPolicy": "Retain",
            "parameters": {"type": "ssd"}, "mountOptions": ["noatime"],
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}]});
        let volume = volume(&claim(json!({})), &class, None).expect("a volume");
        assert_eq!(volume.name(), "pvc-u");
        assert_eq!(volume.annotation(PROVISIONED_BY), Some("example.com/disk"));
        for (pointer, want) in [
            ("/spec/capacity/storage", "3Gi"),
            ("/spec/persistentVolumeReclaimPolicy", "Retain"),
            ("/spec/claimRef/uid", "u"),
            ("/spec/csi/volumeAttributes/type", "ssd"),
            ("/spec/mountOptions/0", "noatime"),
            ("/spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0/key", "zone"),
        ] {
            assert_eq!(volume.str(pointer), want, "{pointer}");
        }
    }

    #[test]
    fn local_volumes_are_directories_of_the_selected_node() {
        let class = json!({"metadata": {"name": "standard"}, "provisioner": LOCAL_PATH});
        let made = volume(&claim(json!({})), &class, Some(("n", "h"))).expect("a volume");
        assert_eq!(made.annotation("local.path.provisioner/selected-node"), Some("n"));
        assert_eq!(made.str("/spec/hostPath/path"), "/var/local-path-provisioner/pvc-u_d_c");
        let values = "/spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0/values/0";
        assert_eq!((made.str(values), made.at("/spec/csi")), ("h", None));
        let refused = "failed to provision volume with StorageClass \"standard\": ";
        for (spec, node, reason) in [
            (json!({}), None, "configuration error, no node was specified"),
            (json!({"selector": {}}), Some(("n", "h")), "claim.Spec.Selector is not supported"),
            (
                json!({"accessModes": ["ReadWriteMany"]}),
                Some(("n", "h")),
                "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes",
            ),
        ] {
            assert_eq!(volume(&claim(spec), &class, node), Err(format!("{refused}{reason}")));
        }
        let block = volume(&claim(json!({"volumeMode": "Block"})), &class, None);
        assert_eq!(block, Err("rancher.io/local-path does not support block volume provisioning".into()));
    }

    #[test]
    fn volumes_of_minikube_are_named_after_the_claim() {
        let class = json!({"metadata": {"name": "standard"}, "provisioner": MINIKUBE});
        let made = volume(&claim(json!({"accessModes": ["ReadWriteMany"]})), &class, None).expect("a volume");
        assert_eq!(made.str("/spec/hostPath/path"), "/tmp/hostpath-provisioner/d/c");
        assert_eq!(made.annotation("hostPathProvisionerIdentity"), Some("i"));
        assert_eq!(made.at("/spec/nodeAffinity"), None);
    }
}
