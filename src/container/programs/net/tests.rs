//! Runs the calls of `testdata/network.calls` in a small network and compares with what the real programs have answered.

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use crate::fs::{Attributes, NodeKind, Tree};
use crate::network::{Answer, Endpoint, NetworkError, Record, RecordKind, Request, Response, Surroundings};
use crate::process::{Signal, Status};
use crate::programs::tests::cases;
use crate::shell::tests::{Nowhere, answer, start, world};
use crate::world::{Stream, World};

const SITE: &str = "server {
    listen 80; server_name localhost; root /srv/html;
    location /ret { return 200 \"hello $hostname $request_uri\\n\"; }
    location /json { default_type application/json; return 200 '{\"ok\":true}'; }
    location /loop { return 301 /loop; }
    location /redir { return 301 /x; }
    location /redir2 { return http://example.com/; }
    location /add { add_header X-A b; return 204; }
    location /t500 { return 500; }
    location /proxy/ { proxy_pass http://127.0.0.1:81/; }
}";

/// Owner, type and data of the records.
const RECORDS: [(&str, &str, &str); 7] = [
    ("kubernetes.default.svc.cluster.local", "A", "10.96.0.1"),
    ("peers.default.svc.cluster.local", "A", "10.244.1.2"),
    ("peers.default.svc.cluster.local", "A", "10.244.1.3"),
    ("outside.default.svc.cluster.local", "CNAME", "db.example.com."),
    ("1.0.96.10.in-addr.arpa", "PTR", "kubernetes.default.svc.cluster.local."),
    ("10.0.96.10.in-addr.arpa", "PTR", "kube-dns.kube-system.svc.cluster.local."),
    ("_https._tcp.kubernetes.default.svc.cluster.local", "SRV", "0 100 443 kubernetes.default.svc.cluster.local."),
];

/// A network with a DNS server, a pod that answers at 10.96.0.1, and one that is silent at 10.5.0.1.
struct Lan {
    server: World,
    random: u64,
}

impl Lan {
    fn new() -> Lan {
        let mut server = world("nginx:1.22.1", &["sleep", "infinity"]);
        put(&mut server, "/etc/nginx/conf.d/default.conf", SITE);
        let index = include_str!("../../image/tables/files/nginx-index.html");
        for (path, text) in [("index.html", index), ("x.json", "{\"a\":1}\n"), ("noext", "x\n"), ("sub/a.txt", "hi\n")]
        {
            put(&mut server, &format!("/srv/html/{path}"), text);
        }
        let argv = ["nginx", "-g", "daemon off;"].map(String::from);
        server.exec(&mut Nowhere(1), "main", &argv, false, false).expect("nginx starts");
        server.run(&mut Nowhere(1), start(), 1000);
        Lan { server, random: 0 }
    }
}

fn put(world: &mut World, path: &str, text: &str) {
    let now = world.now;
    let tree: &mut Tree = world.trees.get_mut("root/main").expect("the root");
    tree.put(path, NodeKind::File(text.into()), Attributes::root(0o755, now)).expect("a file");
}

impl Surroundings for Lan {
    fn query(&mut self, _: Ipv4Addr, name: &str, kind: RecordKind) -> Result<Answer, NetworkError> {
        let wanted = format!("{kind:?}").to_uppercase();
        let own: Vec<_> = RECORDS.iter().filter(|(owner, ..)| *owner == name).collect();
        let answers = own.iter().filter(|(_, kind, _)| *kind == wanted || *kind == "CNAME");
        let record = |(owner, kind, data): &&(&str, &'static str, &str)| Record {
            name: format!("{owner}."),
            kind,
            data: (*data).to_owned(),
        };
        Ok(Answer { exists: !own.is_empty(), records: answers.map(record).collect() })
    }

    fn translate(&mut self, to: Endpoint) -> Result<Endpoint, NetworkError> {
        Ok(to)
    }

    fn connect(&mut self, to: Endpoint) -> Result<(), NetworkError> {
        match to.address.octets() {
            [10, 96, 0, 1] if self.server.listens(to.port) => Ok(()),
            [10, 96, 0, 1] => Err(NetworkError::Refused),
            _ => Err(NetworkError::TimedOut),
        }
    }

    fn exchange(&mut self, to: Endpoint, bytes: &[u8]) -> Result<Vec<u8>, NetworkError> {
        self.connect(to)?;
        self.server.exchange(&mut Nowhere(1), to.port, bytes, Ipv4Addr::new(10, 244, 1, 9))
    }

    fn http(&mut self, to: Endpoint, is_tls: bool, request: &Request) -> Result<Response, NetworkError> {
        self.connect(to)?;
        if is_tls {
            return Err(NetworkError::Closed);
        }
        self.server.serve(&mut Nowhere(1), to.port, request, Ipv4Addr::new(10, 244, 1, 9))
    }

    fn ping(&mut self, to: Ipv4Addr) -> Result<(), NetworkError> {
        if to == Ipv4Addr::new(10, 96, 0, 1) { Ok(()) } else { Err(NetworkError::TimedOut) }
    }

    fn random(&mut self) -> u64 {
        self.random += 17;
        self.random
    }
}

/// Creates a container with the clients and the resolver's configuration of a pod.
fn client(image: &str) -> World {
    let mut world = world(image, &["sleep", "infinity"]);
    let resolv =
        "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
    put(&mut world, "/etc/resolv.conf", resolv);
    put(&mut world, "/etc/hosts", "127.0.0.1\tlocalhost\n10.244.0.5\tpod\n");
    if image == "debian" {
        for name in ["curl", "wget", "dig", "host", "nslookup", "nc", "ping"] {
            put(&mut world, &format!("/usr/bin/{name}"), "\x7fELF");
        }
    }
    world
}

/// Runs a line; returns output, errors, exit code, and the seconds that it took.
fn run(world: &mut World, lan: &mut Lan, line: &str) -> (String, String, i32, i64) {
    let argv = ["sh", "-c", &format!("cd /tmp; {line}")].map(String::from);
    let begun = world.now;
    let session = world.exec(lan, "main", &argv, false, false).expect("a shell");
    let mut seconds = 0;
    while world.sessions[&session].status.is_none() && seconds < 1000 {
        world.run(lan, begun + Duration::from_secs(seconds), 10_000);
        seconds += 1;
    }
    let status = world.sessions[&session].status.map_or(-1, Status::code);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for (stream, bytes) in world.take_output(session) {
        if stream == Stream::Out { &mut out } else { &mut err }.extend(bytes);
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(out), text(err), status, seconds - 1)
}

/// Returns an answer as the files of calls have it.
fn lines((out, err, status, _): (String, String, i32, i64)) -> Vec<String> {
    // The recording has no carriage returns: what overwrites a line is a line of its own.
    let mut lines: Vec<String> = out.replace('\r', "").split('\n').map(String::from).collect();
    if let Some(tail) = lines.pop().filter(|tail| !tail.is_empty()) {
        lines.push(tail + "\\");
    }
    lines.extend(err.replace("\r\n", "\n").replace('\r', "\n").lines().map(|line| format!("2> {line}")));
    if status != 0 {
        lines.push(format!("= {status}"));
    }
    lines
}

#[test]
fn clients_answer_like_real_ones() {
    let mut differences = Vec::new();
    for (flavour, image) in [("busybox", "busybox:1.36"), ("gnu", "debian")] {
        let (mut world, mut lan) = (client(image), Lan::new());
        for case in cases(include_str!("../../testdata/network.calls"), flavour) {
            let got = lines(run(&mut world, &mut lan, &case.line)).join("\n");
            let wanted = case.answer.join("\n");
            if got != wanted {
                differences.push(format!("{flavour}$ {}\n--- wanted\n{wanted}\n--- got\n{got}\n", case.line));
            }
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn connections_that_nobody_answers_take_their_time() {
    let cases = [
        (
            "debian",
            "curl -sS -m 1 http://10.5.0.1/",
            "curl: (28) Connection timed out after 1000 milliseconds\n",
            28,
            1,
        ),
        (
            "debian",
            "curl -sS --connect-timeout 2 http://10.5.0.1/",
            "curl: (28) Failed to connect to 10.5.0.1 port 80 after 2000 ms: Timeout was reached\n",
            28,
            2,
        ),
        ("busybox", "wget -q -T 3 -O - http://10.5.0.1/", "wget: download timed out\n", 1, 3),
        ("busybox", "nc -w 1 10.5.0.1 80", "nc: timed out\n", 1, 1),
        (
            "debian",
            "nc -zvw1 10.5.0.1 80",
            "nc: connect to 10.5.0.1 port 80 (tcp) timed out: Operation now in progress\n",
            1,
            1,
        ),
        (
            "busybox",
            "wget -O - http://10.5.0.1/",
            "Connecting to 10.5.0.1 (10.5.0.1:80)\nwget: can't connect to remote host (10.5.0.1): Connection timed out\n",
            1,
            127,
        ),
        ("busybox", "ping -c 2 -W 1 10.5.0.1 >/dev/null", "", 1, 2),
        ("busybox", "ping -c 3 10.96.0.1 >/dev/null", "", 0, 2),
    ];
    for (image, line, error, status, seconds) in cases {
        let (_, err, code, took) = run(&mut client(image), &mut Lan::new(), line);
        assert_eq!((err.as_str(), code, took), (error, status, seconds), "{line}");
    }
}

#[test]
fn servers_listen_until_they_are_asked_to_end() {
    let cases = [
        ("nginx", Signal::Quit, 0, Some(80)),
        ("nginx:alpine", Signal::Term, 0, Some(80)),
        ("httpd", Signal::Winch, 0, Some(80)),
        ("redis:7", Signal::Term, 0, Some(6379)),
        ("mysql:8", Signal::Term, 0, Some(3306)),
        ("registry.k8s.io/pause:3.10", Signal::Term, 0, None),
        ("gcr.io/google-samples/hello-app:1.0", Signal::Term, 2, Some(8080)),
        ("gcr.io/google-samples/kubernetes-bootcamp:v1", Signal::Kill, 137, Some(8080)),
    ];
    for (image, signal, code, port) in cases {
        let mut world = world(image, &[]);
        world.run(&mut Nowhere(1), start() + Duration::from_secs(10), 1000);
        assert!(world.containers["main"].exit.is_none(), "{image} runs");
        assert!(port.is_none_or(|port| world.listens(port)), "{image} listens");
        world.signal("main", signal);
        world.run(&mut Nowhere(1), start() + Duration::from_secs(20), 1000);
        let exit = world.containers["main"].exit.map(|exit| exit.status.code());
        assert_eq!(exit, Some(code), "{image}");
    }
}

/// Returns the body that a pod of an image answers on a port.
fn page(image: &str, argv: &[&str], port: u16, target: &str) -> String {
    let mut world = world(image, argv);
    world.run(&mut Nowhere(1), start() + Duration::from_secs(1), 1000);
    let request = Request::new("GET", target, "web");
    let response = world.serve(&mut Nowhere(1), port, &request, Ipv4Addr::new(10, 244, 1, 9)).expect("a response");
    format!("{} {}", response.status, String::from_utf8_lossy(&response.body))
}

#[test]
fn applications_answer_what_their_documentation_shows() {
    let agnhost = "registry.k8s.io/e2e-test-images/agnhost:2.53";
    let cases: [(&str, &[&str], u16, &str, &str); 14] = [
        ("kicbase/echo-server:1.0", &[], 8080, "/a", "200 Request served by pod\n\nHTTP/1.1 GET /a\n\nHost: web\n"),
        ("gcr.io/google-samples/hello-app:2.0", &[], 8080, "/", "200 Hello, world!\nVersion: 2.0.0\nHostname: pod\n"),
        (
            "gcr.io/google-samples/kubernetes-bootcamp:v1",
            &[],
            8080,
            "/",
            "200 Hello Kubernetes bootcamp! | Running on: pod | v=1\n",
        ),
        ("gcr.io/google-samples/node-hello:1.0", &[], 8080, "/", "200 Hello Kubernetes!"),
        ("registry.k8s.io/hpa-example", &[], 80, "/", "200 OK!"),
        ("gcr.io/google-samples/hello-go-gke:1.0", &[], 80, "/", "200 {\"message\":\"Hello\"}\n"),
        (agnhost, &["/agnhost", "netexec"], 8080, "/hostname", "200 pod"),
        (agnhost, &["/agnhost", "netexec", "--http-port=80"], 80, "/echo?msg=a%20b", "200 a b"),
        (agnhost, &["/agnhost", "liveness"], 8080, "/healthz", "200 ok"),
        (agnhost, &["/agnhost", "serve-hostname"], 9376, "/", "200 pod\n"),
        ("hashicorp/http-echo", &["/http-echo", "-text=hi", "-listen=:80"], 80, "/", "200 hi\n"),
        ("httpd:2.4", &[], 80, "/", "200 <html><body><h1>It works!</h1></body></html>\n"),
        (
            "ikubernetes/myapp:v1",
            &[],
            80,
            "/",
            "200 Hello MyApp | Version: v1 | <a href=\"hostname.html\">Pod Name</a>\n",
        ),
        ("ikubernetes/myapp:v2", &[], 80, "/hostname.html", "200 pod\n"),
    ];
    for (image, argv, port, target, body) in cases {
        assert_eq!(page(image, argv, port, target), body, "{image} {target}");
    }
}

#[test]
fn pages_that_php_makes_are_refused_and_files_are_served() {
    let mut world = world("wordpress:6", &["apache2-foreground"]);
    put(&mut world, "/var/www/html/robots.txt", "User-agent: *\n");
    put(&mut world, "/var/www/html/index.php", "<?php echo 1; ?>\n");
    world.run(&mut Nowhere(1), start() + Duration::from_secs(1), 1000);
    assert!(!world.knows_main("main"));
    for (target, status) in [("/", 501), ("/index.php", 501), ("/own.css", 501), ("/robots.txt", 200)] {
        let request = Request::new("GET", target, "web");
        let response = world.serve(&mut Nowhere(1), 80, &request, Ipv4Addr::LOCALHOST).expect("a response");
        assert_eq!(response.status, status, "{target}");
    }
}

#[test]
fn a_script_goes_on_beyond_what_its_image_brings() {
    let script = "xbstream -x; echo $?; nothing; echo $?; exec ncat --listen --keep-open 3307 -c 'xtrabackup --backup'";
    let mut world = world("gcr.io/google-samples/xtrabackup:1.0", &["bash", "-c", script]);
    world.run(&mut Nowhere(1), start() + Duration::from_secs(9), 1000);
    let text: Vec<&str> = world.containers["main"].log.lines().map(|line| line.text.as_str()).collect();
    assert_eq!(text, ["0", "bash: line 1: nothing: command not found", "127"]);
    assert!(world.listens(3307));
    let answered = answer("gcr.io/google-samples/xtrabackup:1.0", &["bash", "-c", "xbstream -x"], "");
    assert_ne!(answered.status, 0, "in a session it is not found");
}

#[test]
fn zookeeper_is_configured_by_its_options() {
    let argv = ["start-zookeeper", "--servers=2", "--heap=512M", "--tick_time=1000"];
    let mut world = world("registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10", &argv);
    world.run(&mut Nowhere(1), start(), 1000);
    let code = |world: &World| world.containers["main"].exit.map(|exit| exit.status.code());
    assert_eq!(code(&world), Some(1), "a host name without a number");
    let ready = answer("registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10", &["zookeeper-ready", "2181"], "");
    assert_eq!(ready.status, 1);
}

#[test]
fn redis_keeps_what_clients_store_and_prompts_on_a_terminal() {
    let mut world = world("redis:7", &[]);
    world.run(&mut Nowhere(1), start(), 1000);
    let argv = ["redis-cli", "set", "color", "blue"].map(String::from);
    world.exec(&mut Nowhere(1), "main", &argv, false, false).expect("a client");
    world.run(&mut Nowhere(1), start(), 1000);
    let request = Request::new("GET", "/", "redis");
    let page = world.serve(&mut Nowhere(1), 6379, &request, Ipv4Addr::LOCALHOST);
    assert_eq!(page, Err(NetworkError::Closed), "a browser is sent away, and nothing is lost");
    let prompt = ["redis-cli"].map(String::from);
    let session = world.exec(&mut Nowhere(1), "main", &prompt, true, true).expect("a client");
    world.run(&mut Nowhere(1), start(), 1000);
    world.feed(session, b"get color\nexit\n");
    world.run(&mut Nowhere(1), start(), 1000);
    assert_eq!(world.sessions[&session].status.map(Status::code), Some(0));
    let bytes: Vec<u8> = world.take_output(session).into_iter().flat_map(|(_, bytes)| bytes).collect();
    let text = String::from_utf8_lossy(&bytes).replace('\r', "");
    assert!(text.starts_with("127.0.0.1:6379> ") && text.contains("\"blue\"\n"), "{text:?}");
}

#[test]
fn a_client_that_asks_for_days_has_its_limit() {
    let mut server = world("redis:7", &[]);
    server.run(&mut Nowhere(1), start(), 1000);
    let mut lan = Lan { server, random: 0 };
    let mut client = world("redis:7", &["sh", "-c", "while true; do redis-cli -h 10.96.0.1 incr n; sleep 1; done"]);
    let outcome = client.run(&mut lan, start() + Duration::from_secs(86_400), 5_000);
    assert!(outcome.is_exhausted);
    let asked = client.containers["main"].log.lines().count();
    assert!((50..100).contains(&asked), "{asked}");
}

#[test]
fn nginx_chooses_the_location_of_a_path() {
    let site = "server { listen 80; location / { return 200 prefix; } location /images/ { return 200 images; }
        location ^~ /static/ { return 200 static; } location ~* \\.(gif|png)$ { return 200 picture; }
        location = /exact.png { return 200 exact; } }";
    let mut world = world("nginx", &["nginx-later"]);
    put(&mut world, "/etc/nginx/conf.d/default.conf", site);
    let argv = ["nginx"].map(String::from);
    world.exec(&mut Nowhere(1), "main", &argv, false, false).expect("nginx starts");
    world.run(&mut Nowhere(1), start(), 1000);
    let cases = [
        ("/", "prefix"),
        ("/images/x", "images"),
        ("/images/x.PNG", "picture"),
        ("/static/x.png", "static"),
        ("/exact.png", "exact"),
    ];
    for (path, body) in cases {
        let request = Request::new("GET", path, "web");
        let response = world.serve(&mut Nowhere(1), 80, &request, Ipv4Addr::LOCALHOST).expect("a response");
        assert_eq!(String::from_utf8_lossy(&response.body), body, "{path}");
    }
}

#[test]
fn a_broken_configuration_ends_nginx() {
    let mut world = world("nginx", &["sleep", "infinity"]);
    put(&mut world, "/etc/nginx/conf.d/default.conf", "server { listen 80;\n");
    let (_, err, code, _) = run(&mut world, &mut Lan::new(), "nginx -t");
    let message = "nginx: [emerg] unexpected end of file, expecting \"}\" in /etc/nginx/conf.d/default.conf:2\n\
                   nginx: configuration file /etc/nginx/nginx.conf test failed\n";
    assert_eq!((err.as_str(), code), (message, 1));
}

#[test]
fn hello_world_greets() {
    let answered = answer("busybox", &["nslookup"], "");
    assert_eq!(answered.status, 1);
    let mut world = world("hello-world", &[]);
    world.run(&mut Nowhere(1), start(), 100);
    assert!(world.containers["main"].log.lines().any(|line| line.text == "Hello from Docker!"));
}
