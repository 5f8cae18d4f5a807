//! What `curl` tells of a transfer: its trace (`-v`), and why it has failed.

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use super::super::http_client::{KERNEL_PATIENCE, Trouble, Url};
use super::super::resolver::Failure;
use super::super::script::Script;
use super::{Curl, meter};
use crate::http::status_line;
use crate::network::{NetworkError, Request, Response};

impl Curl<'_> {
    /// Shows what `-v` does of a request and its response.
    pub(super) fn trace(
        &self,
        script: &mut Script,
        url: &Url,
        address: Ipv4Addr,
        request: &Request,
        response: &Response,
    ) {
        if !self.options.is_verbose {
            return;
        }
        self.trace_connection(script, url, address);
        self.trace_request(script, request);
        let mut text = String::new();
        if !request.body.is_empty() && !self.has_tty {
            text.push_str(&format!("}} [{} bytes data]\n", request.body.len()));
        }
        if self.is_new() {
            text.push_str("* Request completely sent off\n");
        }
        text.push_str(&format!("< {}\r\n", status_line(response)));
        text.extend(response.headers.iter().map(|(name, value)| format!("< {name}: {value}\r\n")));
        text.push_str("< \r\n");
        script.err(text);
    }

    fn trace_connection(&self, script: &mut Script, url: &Url, address: Ipv4Addr) {
        let (host, port) = (&url.host, url.port);
        if self.is_new() {
            if host.parse::<Ipv4Addr>().is_err() {
                script.err(format!("* Host {host}:{port} was resolved.\n* IPv6: (none)\n* IPv4: {address}\n"));
            }
            script.err(format!("*   Trying {address}:{port}...\n* Connected to {host} ({address}) port {port}\n"));
        } else {
            script.err(format!("*   Trying {address}:{port}...\n* Connected to {host} ({address}) port {port} (#0)\n"));
        }
    }

    fn trace_request(&self, script: &mut Script, request: &Request) {
        let headers: String = request.headers.iter().map(|(name, value)| format!("> {name}: {value}\r\n")).collect();
        script.err(format!("> {} {} HTTP/1.1\r\n{headers}> \r\n", request.method, request.target));
    }

    fn refused(&self) -> &'static str {
        if self.is_new() { "Could not connect to server" } else { "Couldn't connect to server" }
    }

    /// Reports why there is no response; returns the exit code.
    pub(super) fn fail(&self, script: &mut Script, url: &Url, request: &Request, trouble: Trouble) -> i32 {
        let (code, message) = match trouble {
            Trouble::Resolve(failure) => self.unresolved(script, url, failure),
            Trouble::Connect(address, error) => self.unconnected(script, url, address, error),
            Trouble::Closed(_) if url.is_tls() => (35, "error:0A00010B:SSL routines::wrong version number".to_owned()),
            Trouble::Closed(address) => {
                if self.options.is_verbose {
                    self.trace_connection(script, url, address);
                    self.trace_request(script, request);
                }
                (52, "Empty reply from server".to_owned())
            }
        };
        if self.options.is_verbose {
            script.err(format!("* {message}\n"));
        }
        if self.shows_meter() && code != 6 {
            script.err(meter::line(None, 0, 0, script.since_mark()) + "\n");
        }
        if self.options.is_verbose {
            script.err(self.closing());
        }
        self.complain(script, code, &message);
        code
    }

    /// Returns what `-v` tells when a connection is closed.
    pub(super) fn closing(&self) -> &'static str {
        if self.is_new() { "* closing connection #0\n" } else { "* Closing connection 0\n" }
    }

    fn unresolved(&self, script: &mut Script, url: &Url, failure: Failure) -> (i32, String) {
        let patience = match failure {
            Failure::NoServer(patience) => patience,
            Failure::Unknown => Duration::default(),
        };
        if let Some(timeout) = self.options.max_time.filter(|timeout| *timeout < patience) {
            script.pause(timeout);
            return (28, format!("Resolving timed out after {} milliseconds", timeout.micros() / 1000));
        }
        script.pause(patience);
        (6, format!("Could not resolve host: {}", url.host))
    }

    fn unconnected(&self, script: &mut Script, url: &Url, address: Ipv4Addr, error: NetworkError) -> (i32, String) {
        let (host, port) = (&url.host, url.port);
        let failed = |after: Duration, why: &str| {
            format!("Failed to connect to {host} port {port} after {} ms: {why}", after.micros() / 1000)
        };
        if self.options.is_verbose {
            script.err(format!("*   Trying {address}:{port}...\n"));
        }
        if error != NetworkError::TimedOut {
            if self.options.is_verbose {
                let why = if error == NetworkError::Refused { "Connection refused" } else { "No route to host" };
                script.err(format!("* connect to {address} port {port} failed: {why}\n"));
            }
            return (7, failed(Duration::default(), self.refused()));
        }
        let connect = self.options.connect_timeout.map_or(KERNEL_PATIENCE, |own| own.min(KERNEL_PATIENCE));
        if let Some(timeout) = self.options.max_time.filter(|timeout| *timeout <= connect) {
            script.pause(timeout);
            return (28, format!("Connection timed out after {} milliseconds", timeout.micros() / 1000));
        }
        script.pause(connect);
        let why = if connect < KERNEL_PATIENCE { "Timeout was reached" } else { self.refused() };
        (28, failed(connect, why))
    }
}
