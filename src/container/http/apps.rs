//! Applications that documentation and tutorials use.

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use super::{Visit, dates, response};
use crate::call::Call;
use crate::network::{Response, Service};

/// Seconds for which the server of the documentation's liveness probe is healthy.
const HEALTHY_SECONDS: i64 = 10;

/// Processor time that the page of the autoscaling walkthrough takes for its million square roots.
const HPA_EXAMPLE_TIME: Duration = Duration::from_millis(15);

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum App {
    /// `hello-app` of Google's samples, with its version.
    Hello(String),
    /// A constant text and its content type, as Go serves it.
    Text(String, String),
    /// The PHP page `OK!` of the autoscaling walkthrough.
    HpaExample,
    /// A constant text, as Node.js serves it.
    NodeText(String),
    /// `kubernetes-bootcamp` with its version and the number of requests.
    Bootcamp(String, u64),
    /// `echoserver` with its version.
    Echo(String),
    /// `echo-server` of minikube's first steps.
    EchoServer,
    /// `agnhost netexec`.
    Netexec,
    /// `agnhost serve-hostname`.
    Hostname,
    /// The requests that change what `agnhost grpc-health-checking` says of itself.
    HealthSwitch,
    /// `etcd`: of its requests those about its health.
    Etcd,
    /// `agnhost liveness`.
    Liveness,
    /// `whoami` with its name.
    Whoami(String),
    /// `http-echo` with its text.
    HttpEcho(String),
}

impl App {
    /// Answers a request.
    pub(super) fn answer(&mut self, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
        let hostname = call.container().config.hostname.clone();
        let now = call.now();
        match self {
            App::Hello(version) => {
                log(call, &format!("Serving request: {}", visit.path()));
                go(now, 200, format!("Hello, world!\nVersion: {version}\nHostname: {hostname}\n"))
            }
            App::Text(text, kind) => typed(now, 200, text.clone(), kind),
            App::HpaExample => {
                let date = dates::header(now);
                let headers =
                    [("Date", date.as_str()), ("Server", "Apache/2.4.10 (Debian)"), ("X-Powered-By", "PHP/5.6.14")];
                let mut response = response(200, &headers, "OK!");
                response.headers.push(("Content-Type".into(), "text/html; charset=UTF-8".into()));
                response.took = HPA_EXAMPLE_TIME;
                response
            }
            App::NodeText(text) => node(now, text.clone()),
            App::Bootcamp(version, count) => {
                *count += 1;
                let uptime = (now - call.process.started).to_std().as_secs_f64();
                let line = format!(
                    "Running On: {hostname} | Total Requests: {count} | App Uptime: {uptime} seconds | Log Time: {}\n",
                    javascript(now),
                );
                // A closed standard output loses the log.
                let _ = call.write(1, line.as_bytes());
                node(now, format!("Hello Kubernetes bootcamp! | Running on: {hostname} | v={version}\n"))
            }
            App::Echo(version) => echo(call, visit, version),
            App::EchoServer => echo_server(call, visit),
            App::Netexec => netexec(call, visit),
            App::Hostname => go(now, 200, format!("{hostname}\n")),
            App::HealthSwitch => switch_health(call, visit),
            App::Etcd => etcd(call, visit),
            App::Liveness => liveness(call, visit),
            App::Whoami(name) => whoami(call, visit, name),
            App::HttpEcho(text) => {
                let body = format!("{text}\n");
                let mut response = go(now, 200, body);
                response.headers.insert(0, ("X-App-Name".into(), "http-echo".into()));
                response
            }
        }
    }
}

/// Returns a response of Go's server.
fn go(now: Time, status: u16, body: String) -> Response {
    typed(now, status, body, "text/plain; charset=utf-8")
}

fn typed(now: Time, status: u16, body: String, kind: &str) -> Response {
    let mut response = response(status, &[("Date", &dates::header(now))], body);
    if !response.body.is_empty() {
        response.headers.push(("Content-Type".into(), kind.into()));
    }
    response
}

/// Returns a response of Node.js that is written in pieces.
fn node(now: Time, body: String) -> Response {
    let date = dates::header(now);
    let headers = [
        ("Content-Type", "text/plain"),
        ("Date", date.as_str()),
        ("Connection", "keep-alive"),
        ("Transfer-Encoding", "chunked"),
    ];
    let mut response = response(200, &headers, body);
    response.headers.retain(|(name, _)| name != "Content-Length");
    response
}

/// Formats as JavaScript does: `2026-01-01T00:00:00.000Z`.
pub(crate) fn javascript(now: Time) -> String {
    now.to_chrono().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Writes a line of Go's log.
pub(crate) fn log(call: &mut Call<'_>, text: &str) {
    let line = format!("{} {text}\n", dates::error_log(call.now()));
    call.warn(&line);
}

/// Writes a line as the programs of Kubernetes log.
pub(crate) fn log_klog(call: &mut Call<'_>, text: &str) {
    let date = call.now().to_chrono().format("%m%d %H:%M:%S%.6f");
    let line = format!("I{date} {:>7} log.go:195] {text}\n", call.process.pid);
    call.warn(&line);
}

/// Answers like `echoserver`: 1.4 and older in one form, later ones in another.
fn echo(call: &Call<'_>, visit: &Visit<'_>, version: &str) -> Response {
    let mut headers: Vec<String> =
        visit.request.headers.iter().map(|(name, value)| format!("{}={value}\n", name.to_lowercase())).collect();
    headers.sort();
    let body = String::from_utf8_lossy(&visit.request.body);
    let body = if body.is_empty() { "-no body in request-" } else { &body };
    let (method, target, query) = (&visit.request.method, &visit.request.target, visit.query());
    let (client, host) = (visit.client, visit.host().split(':').next().unwrap_or_default());
    let url = format!("http://{host}:8080{target}");
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()).unwrap_or(u32::MAX);
    let text = if minor <= 4 {
        let query = if query.is_empty() { "nil" } else { query };
        format!(
            "CLIENT VALUES:\nclient_address={client}\ncommand={method}\nreal path={target}\nquery={query}\nrequest_version=1.1\n\
             request_uri={url}\n\nSERVER VALUES:\nserver_version=nginx: 1.10.0 - lua: 10001\n\nHEADERS RECEIVED:\n{}BODY:\n{body}",
            headers.concat(),
        )
    } else {
        let hostname = &call.container().config.hostname;
        let headers: String = headers.iter().map(|line| format!("\t{line}")).collect();
        format!(
            "\n\nHostname: {hostname}\n\nPod Information:\n\t-no pod information available-\n\nServer values:\n\
             \tserver_version=nginx: 1.13.3 - lua: 10008\n\nRequest Information:\n\tclient_address={client}\n\tmethod={method}\n\
             \treal path={target}\n\tquery={query}\n\trequest_version=1.1\n\trequest_scheme=http\n\trequest_uri={url}\n\n\
             Request Headers:\n{headers}\nRequest Body:\n\t{body}\n\n"
        )
    };
    let date = dates::header(call.now());
    let first = [
        ("Server", if minor <= 4 { "nginx/1.10.0" } else { "nginx/1.13.3" }),
        ("Date", date.as_str()),
        ("Content-Type", "text/plain"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "keep-alive"),
    ];
    let mut response = response(200, &first, text);
    response.headers.retain(|(name, _)| name != "Content-Length");
    response
}

/// Answers with the request, as the echo server of minikube's first steps does (`jmalloc/echo-server`).
fn echo_server(call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
    let (method, target) = (&visit.request.method, &visit.request.target);
    let line = format!("{}:{} | {method} {target}\n", visit.client, client_port(call));
    // A closed standard output loses the log.
    let _ = call.write(1, line.as_bytes());
    let mut headers: Vec<String> =
        visit.request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    headers.retain(|line| !line.starts_with("Host:"));
    headers.sort();
    let hostname = &call.container().config.hostname;
    let body = String::from_utf8_lossy(&visit.request.body);
    let body = if body.is_empty() { String::new() } else { format!("\n{body}") };
    let host = visit.host();
    let text = format!(
        "Request served by {hostname}\n\nHTTP/1.1 {method} {target}\n\nHost: {host}\n{}{body}",
        headers.concat()
    );
    typed(call.now(), 200, text, "text/plain")
}

/// Answers like `agnhost netexec`; the paths that act on the container are not simulated.
fn netexec(call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
    let now = call.now();
    let hostname = call.container().config.hostname.clone();
    let parameter = |name: &str| visit.parameter(name).unwrap_or_default();
    let asked = match visit.path() {
        "/echo" => format!("/echo?msg={}&code={}", parameter("msg"), parameter("code")),
        path @ ("/hostname" | "/hostName" | "/clientip" | "/healthz" | "/header") => path.to_owned(),
        _ => "/".to_owned(),
    };
    log_klog(call, &format!("GET {asked}"));
    match visit.path() {
        "/hostname" | "/hostName" => go(now, 200, hostname),
        "/echo" => go(now, 200, parameter("msg")),
        "/clientip" => go(now, 200, format!("{}:{}", visit.client, client_port(call))),
        "/healthz" => go(now, 200, String::new()),
        "/header" => go(now, 200, visit.request.header(&parameter("key")).unwrap_or_default().to_owned()),
        "/dial" | "/exit" | "/redirect" | "/shell" | "/shutdown" | "/upload" => {
            go(now, 501, format!("{} of netexec is not simulated\n", visit.path()))
        }
        _ => {
            let uptime = (now - call.process.started).to_std().as_secs_f64();
            let date = now.to_chrono().format("%Y-%m-%d %H:%M:%S%.9f");
            go(now, 200, format!("NOW: {date} +0000 UTC m=+{uptime:.9}"))
        }
    }
}

/// Answers like the server of the documentation's liveness probe, which is healthy for ten seconds only.
fn liveness(call: &Call<'_>, visit: &Visit<'_>) -> Response {
    let age = call.now() - call.process.started;
    match visit.path() {
        "/started" => go(call.now(), 200, format!("{}s", age.to_std().as_secs_f64())),
        "/healthz" if age.to_std().as_secs_f64() > HEALTHY_SECONDS as f64 => {
            go(call.now(), 500, format!("error: {}", age.to_std().as_secs_f64()))
        }
        "/healthz" => go(call.now(), 200, "ok".into()),
        _ => not_found(call.now()),
    }
}

/// Returns the answer of Go's server to a path that it does not know.
fn not_found(now: Time) -> Response {
    let mut response = go(now, 404, "404 page not found\n".into());
    response.headers.insert(0, ("X-Content-Type-Options".into(), "nosniff".into()));
    response
}

/// Answers the requests that set the health of the gRPC servers of the process.
fn switch_health(call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
    let is_healthy = match visit.path() {
        "/make-serving" => true,
        "/make-not-serving" => false,
        _ => return not_found(call.now()),
    };
    log(call, if is_healthy { "Mark as healthy" } else { "Mark as unhealthy" });
    for listener in &mut call.process.listeners {
        if let Service::Grpc(server) = &mut listener.service {
            server.forced = Some(is_healthy);
        }
    }
    let age = call.now() - call.process.started;
    go(call.now(), 200, age.to_string())
}

/// Answers the requests about health that etcd knows without its data.
fn etcd(call: &Call<'_>, visit: &Visit<'_>) -> Response {
    let now = call.now();
    match visit.path() {
        "/health" => {
            let mut response = typed(now, 200, r#"{"health":"true","reason":""}"#.into(), "text/plain; charset=utf-8");
            response.headers.insert(0, ("Access-Control-Allow-Origin".into(), "*".into()));
            response
        }
        "/livez" | "/readyz" => go(now, 200, "ok\n".into()),
        _ => not_found(now),
    }
}

fn whoami(call: &mut Call<'_>, visit: &Visit<'_>, name: &str) -> Response {
    let config = &call.container().config;
    let (hostname, address) = (config.hostname.clone(), config.address.clone());
    let port = client_port(call);
    let mut text = String::new();
    if visit.path() == "/health" {
        return go(call.now(), 200, text);
    }
    if !name.is_empty() {
        text.push_str(&format!("Name: {name}\n"));
    }
    text.push_str(&format!(
        "Hostname: {hostname}\nIP: 127.0.0.1\nIP: ::1\nIP: {address}\nRemoteAddr: {}:{port}\n{}\r\n",
        visit.client,
        visit.line()
    ));
    let mut headers = visit.request.headers.clone();
    headers.sort_by_key(|(name, _)| (name != "Host", name.clone()));
    text.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    text.push_str("\r\n");
    go(call.now(), 200, text)
}

/// Draws the port of a client.
fn client_port(call: &mut Call<'_>) -> u64 {
    32_768 + call.surroundings.random() % 28_232
}
