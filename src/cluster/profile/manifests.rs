//! The manifests of a new cluster: files beside this one, in which `{{NAME}}` stands for what differs between clusters.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{ClusterPlan, Profile, VERSION};
use kctl_base::json::json;
use kctl_base::object::{Object, ValueWrite as _};
use kctl_base::sim::{Ids, Time};
use kctl_base::yaml::{YamlError, split_documents};

/// The number of the address of the DNS in the range of cluster IPs.
const DNS: u64 = 10;

/// The manifests of one cluster, filled in.
pub(crate) struct Manifests {
    /// The pods that the kubelet of the control plane runs from files.
    pub(crate) static_pods: Vec<Object>,
    /// The objects that the installer creates, in this order.
    pub(crate) objects: Vec<Object>,
}

impl Manifests {
    /// Fills in the manifests of a plan, for a cluster with this certificate (PEM), at its first instant.
    ///
    /// # Errors
    /// A file that is not YAML.
    pub(crate) fn of(plan: &ClusterPlan, certificate: &str, ids: Ids, now: Time) -> Result<Manifests, YamlError> {
        let values = values(plan, certificate, ids, now);
        let mut manifests = Manifests { static_pods: Vec::new(), objects: Vec::new() };
        if plan.profile != Profile::Bare {
            manifests.static_pods = read(include_str!("control-plane.yaml"), &values)?;
        }
        for file in files(plan) {
            manifests.objects.extend(read(file, &values)?);
        }
        manifests.objects.extend(plan.class_name().map(|name| storage_class(plan.profile, name)));
        Ok(manifests)
    }
}

/// Returns the texts of the files.
fn files(plan: &ClusterPlan) -> impl Iterator<Item = &'static str> {
    let profile = plan.profile;
    let has_kindnet = profile == Profile::Kind || (profile == Profile::Minikube && plan.node_count() > 1);
    [
        (profile != Profile::Bare, include_str!("kubeadm.yaml")),
        (has_kindnet, include_str!("kindnet.yaml")),
        (profile == Profile::Kind, include_str!("kind.yaml")),
        (profile == Profile::Minikube, include_str!("minikube.yaml")),
        (plan.metrics_server, include_str!("metrics-server.yaml")),
    ]
    .into_iter()
    .filter_map(|(is_used, file)| is_used.then_some(file))
}

/// The names in the files and what they stand for.
type Values = Vec<(&'static str, String)>;

fn values(plan: &ClusterPlan, certificate: &str, ids: Ids, now: Time) -> Values {
    let profile = plan.profile;
    let (cluster, certificates, etcd) = match profile {
        Profile::Bare | Profile::Kubeadm => ("kubernetes", "/etc/kubernetes/pki", "/var/lib/etcd"),
        Profile::Kind => ("kind", "/etc/kubernetes/pki", "/var/lib/etcd"),
        Profile::Minikube => ("mk", "/var/lib/minikube/certs", "/var/lib/minikube/etcd"),
    };
    let admission = match profile {
        Profile::Minikube => {
            "NamespaceLifecycle,LimitRanger,ServiceAccount,DefaultStorageClass,DefaultTolerationSeconds,NodeRestriction,\
             MutatingAdmissionWebhook,ValidatingAdmissionWebhook,ResourceQuota"
        }
        _ => "NodeRestriction",
    };
    let (node, address, port) = (profile.node_name(0), profile.node_address(0).to_string(), profile.server_port());
    let host = match profile {
        Profile::Kind => node.clone(),
        Profile::Minikube => "control-plane.minikube.internal".into(),
        Profile::Bare | Profile::Kubeadm => address.clone(),
    };
    let proxy_mode = if profile == Profile::Kind { "iptables" } else { "" };
    let dns_replicas = if profile == Profile::Minikube { "1" } else { "2" };
    let mut values = kubelet_values(profile);
    values.extend([
        ("address", address),
        ("admission", admission.into()),
        ("certificate", certificate.replace('\n', "\\n")),
        ("certificate_data", BASE64_STANDARD.encode(certificate)),
        ("certificates", certificates.into()),
        ("cluster", cluster.into()),
        ("dns_address", plan.services().address(DNS).to_string()),
        ("dns_replicas", dns_replicas.into()),
        ("etcd_data", etcd.into()),
        ("internal_server", format!("https://{host}:{port}")),
        ("manager_uid", ids.uid("leader", "kube-controller-manager", 0)),
        ("node", node),
        ("now", now.rfc3339_micro()),
        ("pod_cidr", plan.pods().to_string()),
        ("port", port.to_string()),
        ("proxy_mode", proxy_mode.into()),
        ("scheduler_uid", ids.uid("leader", "kube-scheduler", 0)),
        ("server_id", ids.suffix("apiserver", "", 0, 25)),
        ("server_uid", ids.uid("leader", "kube-apiserver", 0)),
        ("service_cidr", plan.services().to_string()),
        ("version", VERSION.into()),
    ]);
    values
}

/// Returns what installers change in the configuration of the kubelet, whole lines with the breaks before them. With kind and
/// minikube, it shares a host whose disk it must not clean up, and which may swap.
fn kubelet_values(profile: Profile) -> Values {
    const CGROUPS: &str = "\n    cgroupRoot: /kubelet";
    const EVICTION: &str =
        "\n    evictionHard:\n      imagefs.available: 0%\n      nodefs.available: 0%\n      nodefs.inodesFree: 0%";
    const SWAP: &str = "\n    failSwapOn: false";
    const HAIRPIN: &str = "\n    hairpinMode: hairpin-veth";
    const IMAGES: &str = "\n    imageGCHighThresholdPercent: 100";
    let (is_kind, is_minikube) = (profile == Profile::Kind, profile == Profile::Minikube);
    let on = |is_set: bool, lines: &str| if is_set { lines.to_owned() } else { String::new() };
    let shares_host = is_kind || is_minikube;
    vec![
        ("kubelet_cgroups", on(is_kind, CGROUPS)),
        ("kubelet_eviction", on(shares_host, EVICTION)),
        ("kubelet_hairpin", on(is_minikube, HAIRPIN)),
        ("kubelet_images", on(shares_host, IMAGES)),
        ("kubelet_runtime", if is_minikube { "unix:///var/run/cri-dockerd.sock" } else { "\"\"" }.into()),
        ("kubelet_swap", on(shares_host, SWAP)),
        ("kubelet_timeout", if is_minikube { "15m0s" } else { "0s" }.into()),
    ]
}

/// Reads the objects of a file.
fn read(text: &str, values: &Values) -> Result<Vec<Object>, YamlError> {
    let fill = |text: String, (name, value): &(&str, String)| text.replace(&format!("{{{{{name}}}}}"), value);
    let text = values.iter().fold(text.to_string(), fill);
    let documents = split_documents(&text).into_iter().map(|document| document.load().map(|loaded| loaded.value));
    documents.filter(|document| document.as_ref().is_ok_and(|object| !object.is_null()) || document.is_err()).collect()
}

/// Returns the default storage class, with the provisioner of the installer, or else the example of CSI.
fn storage_class(profile: Profile, name: &str) -> Object {
    let (provisioner, mode) = match profile {
        Profile::Kind => ("rancher.io/local-path", "WaitForFirstConsumer"),
        Profile::Minikube => ("k8s.io/minikube-hostpath", "Immediate"),
        Profile::Bare | Profile::Kubeadm => ("hostpath.csi.k8s.io", "Immediate"),
    };
    let mut class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": provisioner, "reclaimPolicy": "Delete", "volumeBindingMode": mode,
    });
    if profile == Profile::Minikube {
        class.put("/metadata/labels", json!({"addonmanager.kubernetes.io/mode": "EnsureExists"}));
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::object::{ObjectMeta, ValueRead};

    fn manifests(profile: Profile, nodes: u32) -> Manifests {
        let plan = ClusterPlan { profile, nodes: Some(nodes), metrics_server: true, ..ClusterPlan::default() };
        Manifests::of(&plan, "-----BEGIN\nx\n", Ids::new(1), Time::from_secs(0)).expect("YAML")
    }

    #[test]
    fn everything_is_filled_in() {
        for profile in Profile::ALL {
            let Manifests { static_pods, objects } = manifests(profile, 2);
            assert_eq!(static_pods.len(), if profile == Profile::Bare { 0 } else { 4 });
            for object in static_pods.iter().chain(&objects) {
                assert!(!object.to_string().contains("{{") && !object.kind().is_empty(), "{object}");
            }
        }
    }

    #[test]
    fn the_files_are_those_of_the_installer() {
        let daemons = |profile, nodes| {
            let objects = manifests(profile, nodes).objects;
            let daemons =
                objects.iter().filter(|object| object.kind() == "DaemonSet").map(|object| object.name().to_string());
            daemons.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(daemons(Profile::Bare, 2), "");
        assert_eq!(daemons(Profile::Kubeadm, 2), "kube-proxy");
        assert_eq!(daemons(Profile::Kind, 1), "kube-proxy kindnet");
        assert_eq!(daemons(Profile::Minikube, 1), "kube-proxy");
        assert_eq!(daemons(Profile::Minikube, 2), "kube-proxy kindnet");
        let objects = manifests(Profile::Kind, 1).objects;
        let service = objects.iter().find(|object| object.name() == "kube-dns").expect("the service of the DNS");
        assert_eq!(service.str("/spec/clusterIP"), "10.96.0.10");
        let authentication = objects.iter().find(|object| object.name() == "extension-apiserver-authentication");
        assert_eq!(authentication.expect("a ConfigMap").str("/data/client-ca-file"), "-----BEGIN\nx\n");
    }

    #[test]
    fn the_kubelet_is_configured_as_the_installer_does_it() {
        let config = |profile| {
            let objects = manifests(profile, 1).objects;
            let map = objects.iter().find(|object| object.name() == "kubelet-config").expect("a configuration");
            kctl_base::yaml::to_json(map.str("/data/kubelet")).expect("YAML").value
        };
        let (kubeadm, kind, minikube) = (config(Profile::Kubeadm), config(Profile::Kind), config(Profile::Minikube));
        assert_eq!((kubeadm.at("/evictionHard"), kubeadm.str("/containerRuntimeEndpoint")), (None, ""));
        assert_eq!((kind.str("/evictionHard/nodefs.available"), kind.str("/cgroupRoot")), ("0%", "/kubelet"));
        assert_eq!((minikube.str("/runtimeRequestTimeout"), minikube.str("/hairpinMode")), ("15m0s", "hairpin-veth"));
    }
}
