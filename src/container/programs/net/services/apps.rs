//! Applications that documentation and tutorials use.

use super::{Started, listen, option, unknown, wait};
use crate::call::{Call, Stop};
use crate::http::{App, HealthServer, Server, javascript, log_go, log_klog};
use crate::network::{Listener, Service};
use kctl_base::sim::Duration;

fn serve(call: &mut Call<'_>, port: u16, app: App) -> Started {
    listen(call, &[port], Service::Http(Box::new(Server::App(app))))
}

/// `hello-app`: its tag is its version, `1.0` by default.
pub(super) fn hello(call: &mut Call<'_>) -> Started {
    let port = call.process.variable("PORT").and_then(|port| port.parse().ok()).unwrap_or(8080);
    let image = call.container().config.image.clone();
    let version = match call.image().version(&image) {
        "" => "1.0.0".to_owned(),
        version if version.matches('.').count() < 2 => {
            format!("{}.0", version.split('.').next().unwrap_or(version).to_owned() + ".0")
        }
        version => version.to_owned(),
    };
    log_go(call, &format!("Server listening on port {port}"));
    serve(call, port, App::Hello(version))
}

/// The back end of the documentation's page about front ends, which greets in JSON.
pub(super) fn hello_go(call: &mut Call<'_>) -> Started {
    serve(call, 80, App::Text("{\"message\":\"Hello\"}\n".into(), "application/json".into()))
}

/// `http-echo -text=TEXT [-listen=:PORT]`.
pub(super) fn http_echo(call: &mut Call<'_>) -> Started {
    let args: Vec<String> = call.args().iter().map(|arg| arg.replacen("--", "-", 1)).collect();
    let text = option(&args, "-text").or_else(|| call.process.variable("ECHO_TEXT").map(String::from));
    let address = option(&args, "-listen").unwrap_or_else(|| ":5678".into());
    let port = address.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(5678);
    match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            log_go(call, &format!("[INFO] server is listening on {address}"));
            serve(call, port, App::HttpEcho(text))
        }
        None => {
            call.warn(b"Missing -text option!\n");
            Ok(127)
        }
    }
}

/// `whoami [--port PORT] [--name NAME]`.
pub(super) fn whoami(call: &mut Call<'_>) -> Started {
    let args: Vec<String> = call.args().iter().map(|arg| arg.replacen("--", "-", 1)).collect();
    let variable = |name: &str| call.process.variable(name).map(String::from);
    let port = option(&args, "-port").or_else(|| variable("WHOAMI_PORT_NUMBER")).and_then(|port| port.parse().ok());
    let name = option(&args, "-name").or_else(|| variable("WHOAMI_NAME")).unwrap_or_default();
    serve(call, port.unwrap_or(80), App::Whoami(name))
}

/// `agnhost SUBCOMMAND`: those that serve HTTP; others only wait.
pub(super) fn agnhost(call: &mut Call<'_>) -> Started {
    let args = call.args();
    let port = |name: &str, default: u16| option(&args, name).and_then(|port| port.parse().ok()).unwrap_or(default);
    match args.first().map(String::as_str) {
        Some("netexec") => {
            let (http, udp) = (port("--http-port", 8080), port("--udp-port", 8081));
            log_klog(call, &format!("Started HTTP server on port {http}"));
            log_klog(call, &format!("Started UDP server on port  {udp}"));
            serve(call, http, App::Netexec)
        }
        Some("serve-hostname") => serve(call, port("--port", 9376), App::Hostname),
        Some("liveness") => serve(call, 8080, App::Liveness),
        Some("grpc-health-checking") => health_checking(call, &args),
        Some("pause") | None => wait(call),
        Some("--help" | "help" | "-h" | "--version") => super::refuse(call, "has no help"),
        Some(_) => unknown(call),
    }
}

/// `agnhost grpc-health-checking [--port PORT] [--http-port PORT] [--service NAME] [--delay-unhealthy-sec SECONDS]`.
fn health_checking(call: &mut Call<'_>, args: &[String]) -> Started {
    let number = |name: &str| option(args, name).and_then(|text| text.parse::<i64>().ok());
    let port = |name: &str, default: u16| number(name).and_then(|port| port.try_into().ok()).unwrap_or(default);
    let (grpc, http) = (port("--port", 5000), port("--http-port", 8080));
    let healthy_for = number("--delay-unhealthy-sec").filter(|seconds| *seconds >= 0).map(Duration::from_secs);
    let service = option(args, "--service").unwrap_or_default();
    log_go(call, &format!("Http server starting to listen on :{http}"));
    log_go(call, &format!("gRPC server starting to listen on :{grpc}"));
    call.listen(Listener { port: grpc, service: Service::Grpc(HealthServer { service, healthy_for, forced: None }) });
    serve(call, http, App::HealthSwitch)
}

/// `etcd`: listens where it is told to serve clients and metrics, or on the port of the loopback interface.
pub(super) fn etcd(call: &mut Call<'_>) -> Started {
    let args: Vec<String> = call.args().iter().map(|arg| arg.replacen("--", "-", 1)).collect();
    if args.iter().any(|arg| ["-version", "-help", "-h"].contains(&arg.as_str())) {
        return super::refuse(call, "prints nothing but serves");
    }
    let urls = ["-listen-client-urls", "-listen-metrics-urls"].iter().filter_map(|name| option(&args, name));
    let mut ports: Vec<u16> = urls.flat_map(|list| list.split(',').filter_map(url_port).collect::<Vec<_>>()).collect();
    if option(&args, "-listen-client-urls").is_none() {
        ports.push(2379);
    }
    listen(call, &ports, Service::Http(Box::new(Server::App(App::Etcd))))
}

/// Returns the port of a URL without a path.
fn url_port(url: &str) -> Option<u16> {
    url.trim_end_matches('/').rsplit(':').next()?.parse().ok()
}

/// `serve_hostname`.
pub(super) fn hostname(call: &mut Call<'_>) -> Started {
    serve(call, 9376, App::Hostname)
}

/// The server of the `liveness` image.
pub(super) fn liveness(call: &mut Call<'_>) -> Started {
    if call.image().names != ["liveness"] {
        return unknown(call);
    }
    serve(call, 8080, App::Liveness)
}

/// The echo server of minikube's first steps.
pub(super) fn echo_server(call: &mut Call<'_>) -> Started {
    let port = call.process.variable("PORT").and_then(|port| port.parse().ok()).unwrap_or(8080);
    call.print(format!("Echo server listening on port {port}.\n"))?;
    serve(call, port, App::EchoServer)
}

/// The start script of `echoserver`, or of the documentation's Cassandra.
pub(super) fn echoserver(call: &mut Call<'_>) -> Started {
    if call.image().names.contains(&"cassandra") {
        return super::cassandra::start(call);
    }
    if !call.image().names.contains(&"echoserver") {
        return unknown(call);
    }
    let image = call.container().config.image.clone();
    let version = call.image().version(&image).to_owned();
    serve(call, 8080, App::Echo(version))
}

/// `node server.js` of the images whose server is known.
pub(super) fn node(call: &mut Call<'_>) -> Started {
    let names = call.image().names;
    if names.contains(&"kubernetes-bootcamp") {
        let image = call.container().config.image.clone();
        let version = match call.image().version(&image) {
            "" => "1".to_owned(),
            version => version.to_owned(),
        };
        let hostname = call.container().config.hostname.clone();
        let line =
            format!("Kubernetes Bootcamp App Started At: {} | Running On:  {hostname} \n\n", javascript(call.now()));
        call.print(line)?;
        return serve(call, 8080, App::Bootcamp(version, 0));
    }
    if names.contains(&"node-hello") {
        return serve(call, 8080, App::NodeText("Hello Kubernetes!".into()));
    }
    if names.contains(&"aronchick/hello-node") {
        return serve(call, 8080, App::NodeText("Hello World!".into()));
    }
    unknown(call)
}

/// The PHP page of the autoscaling walkthrough, served by Apache.
pub(super) fn hpa_example(call: &mut Call<'_>) -> Result<i32, Stop> {
    serve(call, 80, App::HpaExample)
}
