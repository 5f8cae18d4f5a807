//! Stores with a profile: how they are created and replaced, and the kubeconfig that follows them.

use crate::harness::Sandbox;
use crate::harness::refusals::assert_refused;

fn context(sandbox: &Sandbox) -> String {
    sandbox.must("kctl config current-context").trim_end().to_string()
}

#[test]
fn a_store_is_created_and_replaced_with_a_profile() {
    let sandbox = Sandbox::new(1);
    let store = sandbox.store();
    let created = sandbox.must("kctl store create --profile=kind --nodes=2");
    assert_eq!(created, format!("store {} created with profile kind and 2 nodes\n", store.display()));
    assert_eq!(sandbox.must("kctl get nodes -o name"), "node/kind-control-plane\nnode/kind-worker\n");
    assert_eq!(context(&sandbox), "kind-kind");
    let pods = sandbox.must("kctl get pods -A --field-selector=status.phase!=Running 2>&1");
    assert_eq!(pods, "No resources found\n");

    sandbox.must("kctl create configmap mine");
    let refused = "holds a cluster already (to replace it: kctl store reset, with the same flags)";
    assert_refused("twice", &sandbox.run("kctl store create --profile=minikube"), refused);
    assert_refused("unknown", &sandbox.run("kctl store reset --profile=k3s"), "unknown profile \"k3s\"");
    assert_refused("senseless", &sandbox.run("kctl store reset --nodes=0"), "--nodes: \"0\" is not a number of nodes");
    assert_refused("another user", &sandbox.run("kctl store reset --profile=bare --as=jane"), "--as cannot be used");
    assert_eq!(sandbox.must("kctl get configmap mine -o name"), "configmap/mine\n");
    assert_eq!(context(&sandbox), "kind-kind");

    let replaced = sandbox.must("kctl store reset --profile=minikube");
    assert!(replaced.ends_with("created with profile minikube and 1 node\n"), "{replaced}");
    assert_eq!(sandbox.must("kctl get nodes -o name"), "node/minikube\n");
    assert_eq!(context(&sandbox), "minikube");
    sandbox.must("kctl store reset");
    assert_eq!(context(&sandbox), "kctl-admin@kctl");
    assert_eq!(sandbox.must("kctl get nodes -o name").lines().count(), 3);
    assert_eq!(sandbox.problems(), Vec::<String>::new());
}

#[test]
fn the_first_command_creates_what_a_variable_says() {
    let sandbox = Sandbox::new(1);
    let first = "export KCTL_PROFILE=kubeadm KCTL_NODES=2;";
    assert_eq!(sandbox.must(&format!("{first} kctl config current-context")), "kubernetes-admin@kubernetes\n");
    assert!(!sandbox.store().exists(), "nothing needs a cluster yet");
    assert_eq!(sandbox.must(&format!("{first} kctl get nodes -o name")), "node/controlplane\nnode/node01\n");
    // It is as it was created, whatever the variable says later.
    assert_eq!(context(&sandbox), "kubernetes-admin@kubernetes");
    assert_eq!(sandbox.must("KCTL_PROFILE=kind kctl get nodes -o name"), "node/controlplane\nnode/node01\n");
    let kubeconfig = sandbox.must("kctl config view -o jsonpath='{.clusters[*].cluster.server} {.users[*].name}'");
    assert_eq!(kubeconfig, "https://192.168.20.10:6443 kubernetes-admin");
    let wrong = Sandbox::new(1);
    assert_refused("wrong", &wrong.run("KCTL_PROFILE=k3s kctl get nodes"), "invalid value \"k3s\" of KCTL_PROFILE");
    assert!(!wrong.store().exists());
}

#[test]
fn a_kubeconfig_of_the_user_is_left_alone() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl config set-context mine --cluster=other --kubeconfig=own && cp own before");
    sandbox.must("KUBECONFIG=own kctl store create --profile=kind && cmp own before");
    sandbox.must("kctl config set-context --current --namespace=kube-system");
    assert_eq!(context(&sandbox), "kctl-admin@kctl");
    // One of the store is extended.
    sandbox.must("kctl store reset --profile=kind");
    assert_eq!(sandbox.must("kctl config get-contexts -o name"), "kctl-admin@kctl\nkind-kind\n");
    assert_eq!(context(&sandbox), "kind-kind");
}

#[test]
fn a_branch_has_a_profile_of_its_own() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap a && kctl branch other");
    sandbox.must("kctl store reset --branch=other --profile=kind");
    assert_eq!(sandbox.must("kctl get nodes -o name --branch=other"), "node/kind-control-plane\n");
    assert_eq!(sandbox.must("kctl get nodes -o name").lines().count(), 3);
    assert_eq!(context(&sandbox), "kctl-admin@kctl");
}

#[test]
fn a_restored_snapshot_brings_its_profile_along() {
    let (minikube, bare) = (Sandbox::new(1), Sandbox::new(2));
    let file = minikube.path("snapshot");
    minikube.must("kctl store create --profile=minikube && kctl snapshot save s");
    minikube.must(&format!("kctl snapshot export s {}", file.display()));
    bare.must(&format!("kctl create configmap a && kctl snapshot import {} s", file.display()));
    let restored = bare
        .must("kctl snapshot restore s >/dev/null && kctl create service clusterip b --tcp=80 --clusterip=10.110.0.1");
    assert_eq!(restored, "service/b created\n", "in the range of cluster IPs of minikube");
    assert!(
        bare.must("kctl cluster-info")
            .starts_with("Kubernetes control plane is running at https://192.168.49.2:8443\n")
    );
}

#[test]
fn ranges_and_sizes_are_as_asked_for() {
    let sandbox = Sandbox::new(1);
    let flags = "--nodes=2 --node=cpu=4,memory=8Gi,pods=20 --node=name=k8s-node1,cpu=1,labels=disktype=ssd,zone=a";
    sandbox.must(&format!(
        "kctl store create {flags} --service-cidr=10.32.0.0/24 --pod-cidr=10.200.0.0/16 --storage-class=fast"
    ));
    let columns =
        "CPU:.status.capacity.cpu,PODS:.status.allocatable.pods,DISK:.metadata.labels.disktype,RANGE:.spec.podCIDR";
    let nodes = sandbox.must(&format!("kctl get nodes --no-headers -o custom-columns={columns}"));
    assert_eq!(nodes, "4     20    <none>   10.200.0.0/24\n1     20    ssd      10.200.1.0/24\n");
    assert_eq!(sandbox.must("kctl get service kubernetes -o jsonpath='{.spec.clusterIP}'"), "10.32.0.1");
    sandbox.must("for i in $(seq 20); do kctl create service clusterip s$i --tcp=80; done");
    let addresses = sandbox.must("kctl get services -o jsonpath='{range .items[*]}{.spec.clusterIP}{\"\\n\"}{end}'");
    assert!(addresses.lines().all(|address| address.starts_with("10.32.0.")), "{addresses}");
    let claim = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
    sandbox.must(&format!("echo '{claim}' | kctl apply -f - && kctl clock advance 2s"));
    let bound = sandbox.must("kctl get pvc data -o jsonpath='{.status.phase} {.spec.storageClassName}'");
    assert_eq!(bound, "Bound fast");
}

#[test]
fn many_nodes_are_one_operation() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl store create --profile=kubeadm --nodes=300");
    assert_eq!(sandbox.must("kctl op log").lines().count(), 2, "a header and the creation");
    let ready = sandbox.must("kctl get daemonset -n kube-system kube-proxy -o jsonpath='{.status.numberReady}'");
    assert_eq!(ready, "300");
    let last = sandbox.must("kctl get node node299 -o jsonpath='{.spec.podCIDR}'");
    assert_eq!(last, "10.245.43.0/24");
}

#[test]
fn transcripts_have_the_profile_that_they_name() {
    let sandbox = Sandbox::new(1);
    let transcript = |comment: &str, nodes: &str| format!("# {comment}\n\n  $ kctl get nodes -o name\n  {nodes}\n");
    std::fs::write(sandbox.path("kind.t"), transcript("kctl: profile=kind", "node/kind-control-plane"))
        .expect("written");
    std::fs::write(sandbox.path("plain.t"), transcript("kctl: nodes=1", "node/k8s-master")).expect("written");
    sandbox.must("KCTL_PROFILE=minikube kctl test kind.t plain.t");
}
