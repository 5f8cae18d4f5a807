//! Manifests on a server with a certificate. `testdata/https` holds the authority, which nobody trusts, and the server's
//! certificate with its key.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::harness::{Sandbox, finish, testdata};

const MANIFEST: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n";

/// Starts a server that answers every request with the manifest, and returns its address.
fn start_server() -> SocketAddr {
    let file = |name: &str| testdata().join("https").join(name);
    let certificate = CertificateDer::from_pem_file(file("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(file("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).expect("a key pair");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Clients that do not trust the server go away.
            drop(serve(stream.expect("a connection"), &config));
        }
    });
    address
}

fn serve(stream: TcpStream, config: &Arc<ServerConfig>) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", MANIFEST.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(MANIFEST.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[test]
fn servers_are_trusted_by_the_roots_of_the_environment() {
    let url = format!("https://{}/a.yaml", start_server());
    let sandbox = Sandbox::new(1);
    let create = |authority: &str| {
        let mut command = sandbox.kctl(&["create", "-f", &url]);
        finish(command.env("SSL_CERT_FILE", testdata().join("https").join(authority)))
    };
    let got = create("authority.pem");
    assert_eq!((got.out.as_str(), got.err.as_str()), ("configmap/a created\n", ""));
    let got = create("server.pem");
    assert_eq!(
        (got.code, got.err.as_str()),
        (
            1,
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority\n"
        )
    );
}
