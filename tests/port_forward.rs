//! `port-forward` listens on the loopback address, for real: requests get the answers of the pod, and the store is free in the
//! meantime.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::harness::{Running, Sandbox, poll};

/// A time limit that is generous even on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A command that forwards ports.
struct Forwarding {
    running: Running,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Forwarding {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Forwarding {
        let args = [&["port-forward", "--address", "127.0.0.1"], args].concat();
        let mut command = sandbox.kctl(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let err = BufReader::new(child.stderr.take().expect("a pipe"));
        Forwarding { running: Running(child), out, err }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    /// Reads `Forwarding from ADDRESS -> REMOTE`, and returns the address.
    fn address(&mut self, remote: &str) -> String {
        let line = self.line();
        let address =
            line.strip_prefix("Forwarding from ").and_then(|rest| rest.strip_suffix(&format!(" -> {remote}")));
        address.unwrap_or_else(|| panic!("no address: {line}")).to_owned()
    }

    fn interrupt(&self) {
        let pid = self.running.0.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &pid]).status().expect("kill").success());
    }

    /// Waits for the end; returns the exit code and standard error.
    fn end(&mut self) -> (Option<i32>, String) {
        let status = poll(LIMIT, "port-forward ends", || self.running.0.try_wait().expect("a status"));
        let mut err = String::new();
        self.err.read_to_string(&mut err).expect("text");
        (status.code(), err)
    }
}

/// Sends a request without a body, and returns the whole answer.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    // A connection that is closed early has no answer.
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn requests_are_answered_by_the_pod_until_ctrl_c() {
    let sandbox = Sandbox::new(1);
    sandbox.must(
        "kctl create deployment web --image=nginx --port=80 && kctl expose deployment web --port=8000 --target-port=80",
    );
    sandbox.must("kctl rollout status deployment/web");
    let mut forwarding = Forwarding::start(&sandbox, &["service/web", ":8000"]);
    let address = forwarding.address("80");
    let answer = get(&address, "/");
    let port = address.rsplit(':').next().expect("a port");
    assert_eq!(forwarding.line(), format!("Handling connection for {port}"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nServer: nginx"), "{answer}");
    assert!(answer.contains("Welcome to nginx!"), "{answer}");
    // Another command uses the store, and its effect is seen.
    sandbox.must("kctl exec deploy/web -- sh -c 'echo changed > /usr/share/nginx/html/index.html'");
    assert!(get(&address, "/").ends_with("\r\n\r\nchanged\n"));
    assert!(get(&address, "/none").starts_with("HTTP/1.1 404 Not Found\r\n"));
    let mut kept = TcpStream::connect(&address).expect("a connection");
    kept.write_all(b"GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\nConnection: close\r\n\r\n").expect("two requests");
    let mut answers = String::new();
    kept.read_to_string(&mut answers).expect("two answers");
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answers}");
    forwarding.interrupt();
    assert_eq!(forwarding.end(), (Some(0), String::new()));
}

#[test]
fn a_port_without_a_listener_ends_the_command() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl run web --image=nginx --port=80 && kctl wait --for=condition=Ready pod/web");
    let mut forwarding = Forwarding::start(&sandbox, &["pod/web", ":81"]);
    let address = forwarding.address("81");
    assert_eq!(get(&address, "/"), "");
    let (code, err) = forwarding.end();
    assert_eq!(code, Some(1));
    assert!(err.contains("connect: connection refused"), "{err}");
    assert!(err.ends_with("error: lost connection to pod\n"), "{err}");
}

#[test]
fn a_port_in_use_is_an_error() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl run web --image=nginx --port=80 && kctl wait --for=condition=Ready pod/web");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let mut forwarding = Forwarding::start(&sandbox, &["pod/web", &format!("{port}:80")]);
    let (code, err) = forwarding.end();
    let why = format!("unable to create listener: Error listen tcp4 127.0.0.1:{port}: bind: address already in use");
    let expected = format!(
        "Unable to listen on port {port}: Listeners failed to create with the following errors: [{why}]\n\
         error: unable to listen on any of the requested ports: [{{{port} 80}}]\n"
    );
    assert_eq!((code, err), (Some(1), expected));
}
