//! What `curl` and `wget` share: URLs, and one request with its troubles.

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use super::resolver::{self, Failure};
use super::script::Script;
use crate::call::Call;
use crate::http::send;
use crate::network::{Endpoint, NetworkError, Request, Response};

/// Seconds after which the kernel gives a connection up (`tcp_syn_retries`).
pub(super) const KERNEL_PATIENCE: Duration = Duration::from_secs(127);

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: String,
    /// `USER:PASSWORD`; empty if there is none.
    pub(super) user: String,
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query.
    pub(super) target: String,
}

impl Url {
    /// Parses a URL; without a scheme it is `http`. `None` for a malformed one.
    pub(super) fn parse(text: &str) -> Option<Url> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let rest = rest.split('#').next()?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let scheme = scheme.to_ascii_lowercase();
        let default = if scheme == "https" { 443 } else { 80 };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, if port.is_empty() { default } else { port.parse().ok()? }),
            None => (place, default),
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return None;
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Some(Url { scheme, user: user.into(), host: host.into(), port, target })
    }

    /// Returns the URL that a `Location` header leads to.
    pub(super) fn join(&self, location: &str) -> Option<Url> {
        if location.contains("://") {
            return Url::parse(location);
        }
        let target = match location.strip_prefix('/') {
            Some(_) => location.to_owned(),
            None => {
                let path = self.target.split('?').next().unwrap_or("/");
                format!("{}/{location}", path.rsplit_once('/').map_or("", |(directory, _)| directory))
            }
        };
        Some(Url { target, ..self.clone() })
    }

    /// Returns the value of the `Host` header.
    pub(super) fn authority(&self) -> String {
        if self.has_default_port() { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    pub(super) fn has_default_port(&self) -> bool {
        self.port == if self.is_tls() { 443 } else { 80 }
    }

    pub(super) fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// Returns the last part of the path, by which a file is saved; empty for a directory.
    pub(super) fn file_name(&self) -> &str {
        self.target.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority(), self.target)
    }
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The name has no address.
    Resolve(Failure),
    /// There is no connection to the address.
    Connect(Ipv4Addr, NetworkError),
    /// The server at the address has closed the connection.
    Closed(Ipv4Addr),
}

/// A response and the address that it came from.
pub(super) type Fetched = Result<(Ipv4Addr, Response), Trouble>;

/// Sends a request to the server of a URL, or to the address that is given for it.
pub(super) fn fetch(
    call: &mut Call<'_>,
    script: &mut Script,
    url: &Url,
    known: Option<Ipv4Addr>,
    request: &Request,
) -> Fetched {
    let address = match known {
        Some(address) => address,
        None => resolver::resolve(call, &url.host).map_err(Trouble::Resolve)?.addresses[0],
    };
    let to = Endpoint { address, port: url.port };
    match send(call, to, url.is_tls(), request) {
        Ok(response) => {
            if response.took > Duration::ZERO {
                script.pause(response.took);
            }
            Ok((address, response))
        }
        Err(NetworkError::Closed) => Err(Trouble::Closed(address)),
        Err(error) => Err(Trouble::Connect(address, error)),
    }
}

/// Reports whether a status leads to the URL in `Location`.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Encodes for basic authentication (RFC 4648).
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |chunk: &[u8]| {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        let letter = |position: usize| match position <= chunk.len() {
            true => char::from(LETTERS[(group >> (18 - 6 * position) & 63) as usize]),
            false => '=',
        };
        [letter(0), letter(1), letter(2), letter(3)]
    };
    bytes.chunks(3).flat_map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_joined() {
        let cases = [
            ("web", "http://web/", 80),
            ("http://web:8080/a?b=1#c", "http://web:8080/a?b=1", 8080),
            ("https://u:p@kubernetes.default", "https://kubernetes.default/", 443),
            ("web:80/x", "http://web/x", 80),
            ("web?q", "http://web/?q", 80),
        ];
        for (text, shown, port) in cases {
            let url = Url::parse(text).expect("a URL");
            assert_eq!((url.to_string().as_str(), url.port), (shown, port), "{text}");
        }
        for text in ["http://", "http://:80/", "web:port", "web:99999"] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
        let url = Url::parse("web/a/b").expect("a URL");
        assert_eq!(url.join("/c").expect("a URL").to_string(), "http://web/c");
        assert_eq!(url.join("c").expect("a URL").to_string(), "http://web/a/c");
        assert_eq!(url.join("http://other:1/").expect("a URL").to_string(), "http://other:1/");
    }

    #[test]
    fn credentials_are_encoded() {
        for (text, encoded) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("user:pass", "dXNlcjpwYXNz")] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
