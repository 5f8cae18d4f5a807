//! Connections in a whole cluster: pods that fetch pages from others.

use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;
use kctl_base::sim::Duration;
use kctl_base::status::Status;
use kctl_container::{Endpoint, NetworkError, Stream};

use super::{Deliver, Message, Network};

use crate::api::{ExecOptions, Request};
use crate::client::Client;
use crate::{Cluster, OpenOptions};

/// A cluster with a client pod and two servers behind a service, `web-0` and `web-1`.
struct Town {
    client: Client<Cluster>,
}

fn pod(namespace: &str, name: &str, image: &str, command: &[&str]) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name.split('-').next().unwrap_or(name)}},
        "spec": {"nodeName": "k8s-node1", "hostname": name, "containers": [{"name": "main", "image": image, "command": command,
            "ports": [{"name": "http", "containerPort": 8080}]}]}})
}

fn service(name: &str, more: &Value) -> Value {
    let mut spec = json!({"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key.as_str()] = value.clone();
    }
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

impl Town {
    fn new(objects: &[(&str, Value)]) -> Town {
        let cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
        let mut town = Town { client: Client::new(cluster) };
        let netexec = ["/agnhost", "netexec"];
        let agnhost = "registry.k8s.io/e2e-test-images/agnhost:2.53";
        let sleep = ["sleep", "infinity"];
        town.create("namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}));
        for (namespace, name) in [("default", "client-0"), ("other", "stranger-0")] {
            town.create("pods", pod(namespace, name, "busybox:1.36", &sleep));
        }
        for name in ["web-0", "web-1"] {
            town.create("pods", pod("default", name, agnhost, &netexec));
        }
        town.create("services", service("web", &json!({})));
        for (resource, object) in objects {
            town.create(resource, object.clone());
        }
        town.client.transport().advance(Duration::from_secs(10)).expect("time passes");
        town
    }

    fn create(&mut self, resource: &str, object: Value) {
        let namespace =
            if resource == "namespaces" { "" } else { object["metadata"]["namespace"].as_str().unwrap_or("default") };
        let request = Request::create(resource, namespace, object.clone());
        self.client.transport().handle(&request).unwrap_or_else(|error| panic!("{object}: {error}"));
    }

    /// Runs a shell script in a pod; returns its exit code, and both outputs.
    fn run(&mut self, namespace: &str, pod: &str, script: &str) -> (i32, String) {
        let command = ["sh", "-c", script].map(String::from).to_vec();
        let mut state =
            self.client.exec(namespace, pod, &ExecOptions { command, ..ExecOptions::default() }).expect("a session");
        let mut text = String::new();
        for _ in 0..300 {
            let bytes =
                |output: Vec<(Stream, Vec<u8>)>| output.into_iter().flat_map(|(_, bytes)| bytes).collect::<Vec<u8>>();
            text.push_str(&String::from_utf8_lossy(&bytes(std::mem::take(&mut state.output))));
            if let Some(status) = state.status {
                return (status.code(), text);
            }
            self.client.transport().advance(Duration::from_secs(1)).expect("time passes");
            state = self.client.continue_session(namespace, pod, state.session, b"", false).expect("the session");
        }
        (-1, text)
    }

    /// Fetches the name of the host that answers; `-` if it cannot be reached.
    fn hostname(&mut self, place: &str) -> String {
        match self.run("default", "client-0", &format!("wget -q -T 2 -O - http://{place}/hostname")) {
            (0, name) => name,
            (_, _) => "-".into(),
        }
    }

    fn address(&mut self, resource: &str, name: &str, pointer: &str) -> String {
        let object = self.client.transport().server().read(resource, "default", name).expect("readable").expect(name);
        object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

#[test]
fn services_lead_to_all_pods_behind_them() {
    let mut town = Town::new(&[
        ("services", service("sticky", &json!({"sessionAffinity": "ClientIP"}))),
        ("services", service("peers", &json!({"clusterIP": "None"}))),
        ("services", service("empty", &json!({"selector": {"app": "nobody"}}))),
        (
            "services",
            service(
                "door",
                &json!({"type": "NodePort", "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30080}]}),
            ),
        ),
        ("services", service("outer", &json!({"externalIPs": ["203.0.113.5"]}))),
    ]);
    let names = |town: &mut Town, place: &str| {
        let mut names: Vec<String> = (0..12).map(|_| town.hostname(place)).collect();
        names.sort();
        names.dedup();
        names
    };
    let both = ["web-0", "web-1"];
    assert_eq!(names(&mut town, "web"), both);
    assert_eq!(names(&mut town, "web.default.svc.cluster.local"), both);
    assert_eq!(names(&mut town, "203.0.113.5"), both);
    assert_eq!(names(&mut town, "sticky").len(), 1);
    let node = town.address("pods", "web-0", "/status/hostIP");
    assert_eq!(names(&mut town, &format!("{node}:30080")), both);
    assert_eq!(town.hostname("peers:8080"), "web-0");
    let address = town.address("pods", "web-1", "/status/podIP");
    assert_eq!(town.hostname(&format!("{address}:8080")), "web-1");
    for nowhere in
        ["empty", "web:81", "10.244.9.9:8080", "192.0.2.1", &format!("{address}:8081"), &format!("{node}:30081")]
    {
        assert_eq!(town.hostname(nowhere), "-", "{nowhere}");
    }
    let (_, refused) = town.run("default", "client-0", "wget -q -O - http://empty");
    assert!(refused.ends_with("Connection refused\n"), "{refused}");
}

#[test]
fn nodes_put_their_own_address_in_the_place_of_the_client() {
    let ports = json!([{"port": 80, "targetPort": 8080, "nodePort": 30080}]);
    let local = json!([{"port": 80, "targetPort": 8080, "nodePort": 30081}]);
    let mut town = Town::new(&[
        ("services", service("door", &json!({"type": "NodePort", "ports": ports}))),
        ("services", service("near", &json!({"type": "NodePort", "ports": local, "externalTrafficPolicy": "Local"}))),
    ]);
    let mut seen = |place: &str| {
        let (_, text) = town.run("default", "client-0", &format!("wget -T 1 -q -O - http://{place}/clientip"));
        text.split(':').next().unwrap_or_default().to_owned()
    };
    assert_eq!(seen("web"), "10.244.1.2");
    // The node of the servers, whose network of pods is 10.244.1.0/24, and another one.
    assert_eq!(seen("192.168.20.11:30080"), "10.244.1.1");
    assert_eq!(seen("192.168.20.12:30080"), "192.168.20.12");
    assert_eq!(seen("192.168.20.11:30081"), "10.244.1.2");
}

#[test]
fn requests_are_seen_by_the_server() {
    let mut town = Town::new(&[("pods", pod("default", "site-0", "nginx:1.25", &[]))]);
    let server = town.address("pods", "site-0", "/status/podIP");
    let client = town.address("pods", "client-0", "/status/podIP");
    let (code, _) = town.run("default", "client-0", &format!("wget -q -O - http://{server}/nothing"));
    assert_eq!(code, 1);
    let request = Request::get("pods", "default", "site-0").subresource("log");
    let response = town.client.transport().handle(&request).expect("a log");
    let crate::api::Payload::Log(log) = response.payload else { panic!("no log") };
    assert!(
        log.text.contains(&format!("{client} - - [01/Jan/2026:00:00:10 +0000] \"GET /nothing HTTP/1.1\" 404 153")),
        "{}",
        log.text
    );
}

fn policy(name: &str, spec: Value) -> (&'static str, Value) {
    let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "default"}, "spec": spec});
    ("networkpolicies.networking.k8s.io", object)
}

#[test]
fn policies_let_connections_time_out() {
    let mut town = Town::new(&[policy(
        "web",
        json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}], "ports": [{"port": "http"}]}]}),
    )]);
    let script = "wget -q -T 1 -O - http://web.default/hostname";
    assert_eq!(town.run("default", "client-0", script).0, 0);
    assert_eq!(town.run("other", "stranger-0", script), (1, "wget: download timed out\n".into()));
}

#[test]
fn isolated_pods_need_leave_to_look_names_up() {
    let deny = policy("deny", json!({"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"]}));
    let web = json!({"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]});
    let dns = json!({"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}], "ports": [{"port": 53, "protocol": "UDP"}]});
    let allow =
        |name, rules: Value| policy(name, json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": rules}));
    let mut town = Town::new(&[deny.clone(), allow("web", json!([web]))]);
    assert_eq!(town.run("default", "client-0", "wget -q -O - web"), (1, "wget: bad address 'web'\n".into()));
    let address = town.address("pods", "web-0", "/status/podIP");
    assert_eq!(town.hostname(&format!("{address}:8080")), "web-0");
    let mut town = Town::new(&[deny, allow("web", json!([web])), allow("dns", json!([dns]))]);
    assert_ne!(town.hostname("web"), "-");
}

#[test]
fn proxies_pass_requests_on_and_pods_reach_themselves_through_a_service() {
    let configuration = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "site", "namespace": "default"},
        "data": {"default.conf": "server { listen 8080; location / { proxy_pass http://web; } location = /own { return 200 own; } }"}});
    let mut proxy = pod("default", "proxy-0", "nginx:1.25", &[]);
    proxy["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "site", "mountPath": "/etc/nginx/conf.d"}]);
    proxy["spec"]["volumes"] = json!([{"name": "site", "configMap": {"name": "site"}}]);
    let own = service("own", &json!({"selector": {"app": "proxy"}}));
    let mut town = Town::new(&[("configmaps", configuration), ("pods", proxy), ("services", own)]);
    assert!(town.hostname("own").starts_with("web-"));
    let (code, text) = town.run("default", "proxy-0", "curl -s http://own/own");
    assert_eq!((code, text.as_str()), (0, "own"));
}

#[test]
fn the_api_server_answers_with_the_rights_of_the_caller() {
    let mut town = Town::new(&[("pods", pod("default", "tools-0", "nginx:1.25", &["sleep", "infinity"]))]);
    let (code, text) = town.run("default", "tools-0", "curl -sS https://kubernetes.default.svc/version");
    assert_eq!(code, 60, "{text}");
    let (code, text) = town.run("default", "tools-0", "curl -sk https://kubernetes.default.svc/version");
    assert!(code == 0 && text.contains("\"gitVersion\": \"v1.36"), "{text}");
    let pods = "curl -sk https://kubernetes.default.svc/api/v1/namespaces/default/pods";
    let (_, text) = town.run("default", "tools-0", pods);
    assert!(text.contains("pods is forbidden: User \\\"system:anonymous\\\" cannot list resource"), "{text}");
    let (_, text) = town.run("default", "tools-0", "curl -s http://kubernetes.default.svc:443/");
    assert_eq!(text, "Client sent an HTTP request to an HTTPS server.\n");
}

#[test]
fn a_failure_of_the_store_is_more_than_a_time_out() {
    let mut town = Town::new(&[]);
    let cluster = town.client.transport();
    let now = cluster.now();
    let mut read = |name| cluster.server.read("pods", "default", name).expect("a store").expect("a pod");
    let (own, target) = (read("client-0"), read("web-0"));
    let address = target.str("/status/podIP").parse().expect("an address");
    for (status, is_failure) in [(Status::internal("unreadable"), true), (Status::bad_request("no such volume"), false)]
    {
        BROKEN.set(Some(status.clone()));
        let deliver: Deliver = |_, _, _| Err(BROKEN.take().expect("a status"));
        let mut failure = None;
        let (server, pod) = (&mut cluster.server, &*own);
        let source = None;
        let mut network =
            Network { server, pod, now, hops: 0, is_forecast: false, source, deliver, failure: &mut failure };
        let sent = network.send(Endpoint { address, port: 8080 }, Message::Connect);
        assert_eq!(sent.err(), Some(NetworkError::TimedOut));
        assert_eq!(failure, is_failure.then_some(status));
    }
}

thread_local! {
    /// What delivering fails with.
    static BROKEN: std::cell::Cell<Option<Status>> = const { std::cell::Cell::new(None) };
}
