//! The causes of failed requests in the words of Go's `net`, `crypto/tls` and `net/http`.

use std::io::{self, ErrorKind};
use std::net::ToSocketAddrs as _;

use rustls::{CertificateError, InvalidMessage};
use ureq::Timeout;

use super::url::{Url, proxy_uri};
use kctl_base::go::io_error;

/// The beginning of what the standard library says about a name that cannot be resolved.
const LOOKUP: &str = "failed to lookup address information: ";

/// Returns why there is no answer from a URL that was asked through a proxy (`None`: directly).
pub(super) fn of(error: &ureq::Error, url: &Url, proxy: Option<&str>) -> String {
    let peer = Peer::new(url, proxy);
    match error {
        ureq::Error::Io(error) => of_io(error, &peer),
        ureq::Error::HostNotFound => peer.lookup("no such host"),
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => peer.dial("i/o timeout"),
        ureq::Error::Timeout(_) => {
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".to_string()
        }
        ureq::Error::Rustls(error) => of_tls(error),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "http: no Host in request URL".to_string(),
        ureq::Error::ConnectProxyFailed(reason) => reason.clone(),
        ureq::Error::Protocol(error) => format!("net/http: HTTP/1.x transport connection broken: {error}"),
        other => other.to_string(),
    }
}

/// Returns why the content of an answer could not be read.
pub(super) fn of_body(error: io::Error) -> String {
    match ureq::Error::from(error) {
        ureq::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => "unexpected EOF".into(),
        ureq::Error::Io(error) => format!("read: {}", io_error(&error)),
        ureq::Error::Timeout(_) => {
            "context deadline exceeded (Client.Timeout or context cancellation while reading body)".into()
        }
        ureq::Error::Decompress(algorithm, error) => format!("{algorithm}: {error}"),
        other => other.to_string(),
    }
}

fn of_io(error: &io::Error, peer: &Peer) -> String {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return of_tls(error);
    }
    let text = error.to_string();
    if let Some(why) = text.strip_prefix(LOOKUP) {
        let is_unknown = ["Name or service not known", "Name does not resolve"].contains(&why)
            || why.starts_with("nodename nor servname")
            || why.starts_with("No address associated");
        return peer.lookup(if is_unknown { "no such host" } else { why });
    }
    match error.kind() {
        ErrorKind::UnexpectedEof => "EOF".into(),
        ErrorKind::ConnectionRefused
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::PermissionDenied => peer.dial(&format!("connect: {}", io_error(error))),
        _ => format!("read: {}", io_error(error)),
    }
}

/// Words an error of the encryption as `crypto/tls` and `crypto/x509` do, where they have words for it.
fn of_tls(error: &rustls::Error) -> String {
    let certificate = |why: &str| format!("tls: failed to verify certificate: x509: {why}");
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            certificate("certificate signed by unknown authority")
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => certificate("certificate has expired or is not yet valid"),
        rustls::Error::InvalidCertificate(error) => certificate(&error.to_string()),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "tls: first record does not look like a TLS handshake".into()
        }
        other => format!("tls: {other}"),
    }
}

/// The machine that a connection is made to: a proxy or the server.
struct Peer {
    host: String,
    port: u16,
    /// The words of Go before errors of the connection to a proxy.
    prefix: &'static str,
}

impl Peer {
    fn new(url: &Url, proxy: Option<&str>) -> Peer {
        let proxy = proxy.and_then(proxy_uri);
        if let Some((proxy, host)) = proxy.as_ref().and_then(|proxy| Some((proxy, proxy.host()?))) {
            let default = if proxy.scheme_str() == Some("https") { 443 } else { 80 };
            let port = proxy.port_u16().unwrap_or(default);
            return Peer { host: host.trim_matches(['[', ']']).into(), port, prefix: "proxyconnect tcp: " };
        }
        let (host, port) = url.host();
        Peer { host: host.into(), port, prefix: "" }
    }

    fn lookup(&self, why: &str) -> String {
        format!("{}dial tcp: lookup {}: {why}", self.prefix, self.host)
    }

    /// Words a failed connection, with the first address of the host, which is the one that Go reports.
    fn dial(&self, why: &str) -> String {
        let addresses = (self.host.as_str(), self.port).to_socket_addrs();
        match addresses.ok().and_then(|mut addresses| addresses.next()) {
            Some(address) => format!("{}dial tcp {address}: {why}", self.prefix),
            None => format!("{}dial tcp: {why}", self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_an_address_are_named() {
        let cause = |text: &str, proxy: Option<&str>| {
            let url = Url::parse("https://h:1/a").expect("a URL");
            of(&ureq::Error::Io(io::Error::other(text)), &url, proxy)
        };
        let unknown = format!("{LOOKUP}Name or service not known");
        assert_eq!(cause(&unknown, None), "dial tcp: lookup h: no such host");
        assert_eq!(cause(&unknown, Some("http://p:8/")), "proxyconnect tcp: dial tcp: lookup p: no such host");
        let failed = "Temporary failure in name resolution";
        assert_eq!(cause(&format!("{LOOKUP}{failed}"), None), format!("dial tcp: lookup h: {failed}"));
        assert_eq!(cause("other", None), "read: other");
    }

    #[test]
    fn connections_to_proxies_are_named() {
        let url = Url::parse("https://h/a").expect("a URL");
        let refused = ureq::Error::Io(ErrorKind::ConnectionRefused.into());
        let cause = of(&refused, &url, Some("http://127.0.0.1:8/"));
        assert_eq!(cause, "proxyconnect tcp: dial tcp 127.0.0.1:8: connect: connection refused");
    }

    #[test]
    fn certificates_are_judged_in_the_words_of_go() {
        let cause = |error| of_tls(&rustls::Error::InvalidCertificate(error));
        let failed = "tls: failed to verify certificate: x509: ";
        let unknown = cause(CertificateError::UnknownIssuer);
        assert_eq!(unknown, format!("{failed}certificate signed by unknown authority"));
        assert_eq!(cause(CertificateError::Expired), format!("{failed}certificate has expired or is not yet valid"));
        assert_eq!(of_tls(&rustls::Error::HandshakeNotComplete), "tls: handshake not complete");
    }
}
