//! An HTTP server of the tests' own, on the loopback address.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server that gives each connection the next of its answers.
pub(crate) struct TestServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TestServer {
    /// Starts a server with the bytes of its answers. An empty answer never comes: the connection stays open until the client
    /// closes it.
    pub(crate) fn start<A: AsRef<[u8]>>(answers: &[A]) -> TestServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let answers: Vec<Vec<u8>> = answers.iter().map(|answer| answer.as_ref().to_vec()).collect();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a connection");
                let request = read_head(&mut stream);
                // A client that has its answer may ask at once what has been requested.
                seen.lock().expect("no panic").push(request);
                send(stream, &answer);
            }
        });
        TestServer { address, requests }
    }

    /// Returns the URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the heads of the requests that have been read.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// The first byte of an encrypted connection, for which this server is not made.
const TLS_HANDSHAKE: u8 = 22;

/// Reads the head of a request.
fn read_head(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    let is_over = |request: &[u8]| request.ends_with(b"\r\n\r\n") || request == [TLS_HANDSHAKE];
    while !is_over(&request) && stream.read(&mut byte).expect("a request") == 1 {
        request.push(byte[0]);
    }
    String::from_utf8_lossy(&request).into_owned()
}

/// Answers a request whose head has been read.
fn send(mut stream: TcpStream, answer: &[u8]) {
    if answer.is_empty() {
        // The client gives up: it closes the connection, or resets it.
        stream.read_exact(&mut [0]).ok();
    }
    // A client that stops in the middle of an answer is what some tests are about.
    stream.write_all(answer).ok();
}

/// Returns an answer with a status such as `200 OK` and a body.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}
