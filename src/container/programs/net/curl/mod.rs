//! `curl` for HTTP.

mod meter;
mod options;
mod write_out;

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use super::http_client::{self, KERNEL_PATIENCE, Trouble, Url};
use super::resolver::Failure;
use super::script::Script;
use crate::call::{Call, Stop};
use crate::http::{head, status_line};
use crate::image::System;
use crate::network::{NetworkError, Request, Response};
use options::Options;

/// Most redirects that are followed without `--max-redirs`.
const MAX_REDIRECTS: u32 = 50;

/// The last transfer, for `-w`.
#[derive(Default)]
struct Transfer {
    url: String,
    status: u16,
    redirects: u32,
    size: usize,
    content_type: String,
    address: Option<Ipv4Addr>,
    port: u16,
    connections: u32,
    code: i32,
    redirect_url: String,
}

struct Curl<'a> {
    options: &'a Options,
    /// `7.88.1`, or a version of the newer line, whose messages differ.
    version: String,
    has_tty: bool,
}

/// Runs the program.
pub(super) fn run(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let options = match Options::parse(call) {
        Ok(options) => options,
        Err(options::Problem::Stop(stop)) => return Err(stop),
        Err(options::Problem::Message(code, message)) => {
            script.err(message);
            return Ok(code);
        }
    };
    let has_tty =
        call.process.session.and_then(|id| call.world.sessions.get(&id)).is_some_and(|session| session.has_tty);
    let curl = Curl { version: version(call), options: &options, has_tty };
    if options.shows_version {
        script.out(format!("curl {} (x86_64-pc-linux-gnu)\n", curl.version));
        return Ok(0);
    }
    let mut code = 0;
    for url in &options.urls {
        code = curl.get(call, script, url)?;
    }
    Ok(code)
}

/// Returns the version of the program in an image.
fn version(call: &Call<'_>) -> String {
    let image = &call.container().config.image;
    match call.image().system {
        _ if call.image().names.contains(&"curlimages/curl") => match call.image().version(image) {
            "" => "8.17.0".to_owned(),
            version => version.to_owned(),
        },
        System::Alpine => "8.14.1".to_owned(),
        _ => "7.88.1".to_owned(),
    }
}

impl Curl<'_> {
    /// Fetches one URL, with retries; returns the exit code.
    fn get(&self, call: &mut Call<'_>, script: &mut Script, text: &str) -> Result<i32, Stop> {
        let Some(url) = Url::parse(text) else {
            self.complain(script, 3, "URL using bad/illegal format or missing URL");
            return Ok(3);
        };
        if !["http", "https"].contains(&url.scheme.as_str()) {
            let message = match self.is_new() {
                true => format!("Protocol \"{}\" not supported", url.scheme),
                false => format!("Protocol \"{}\" not supported or disabled in libcurl", url.scheme),
            };
            self.complain(script, 1, &message);
            return Ok(1);
        }
        let mut delay = self.options.retry_delay.unwrap_or(1);
        let mut left = self.options.retries;
        loop {
            let is_last = left == 0;
            let mut transfer = Transfer { port: url.port, ..Transfer::default() };
            let code = self.attempt(call, script, url.clone(), &mut transfer)?;
            transfer.code = code;
            let is_transient = matches!(code, 28 | 6) || [408, 429, 500, 502, 503, 504].contains(&transfer.status);
            let is_refused = code == 7 && self.options.retries_refused;
            if is_last || !(is_transient || is_refused) {
                if let Some(format) = &self.options.write_out {
                    write_out::print(script, format, &transfer);
                }
                return Ok(code);
            }
            if !self.options.is_silent || self.options.shows_errors {
                let reason = if code == 28 {
                    "timeout"
                } else if code == 0 {
                    "HTTP error"
                } else {
                    "connection refused"
                };
                let tries = if left == 1 { "1 retry".to_owned() } else { format!("{left} retries") };
                script.err(format!("Warning: Problem: {reason}. Will retry in {delay} seconds. {tries} left.\n"));
            }
            script.pause(Duration::from_secs(delay));
            delay = self.options.retry_delay.unwrap_or((delay * 2).min(600));
            left -= 1;
        }
    }

    fn attempt(
        &self,
        call: &mut Call<'_>,
        script: &mut Script,
        mut url: Url,
        transfer: &mut Transfer,
    ) -> Result<i32, Stop> {
        let shows_meter = self.shows_meter();
        if shows_meter {
            script.err(meter::head());
        }
        let (mut method, mut body) = (self.options.method(), self.options.body.clone());
        loop {
            transfer.url = url.to_string();
            let request = self.options.request(&url, &method, &body);
            let known = self.options.resolve.iter().find(|(host, port, _)| *host == url.host && *port == url.port);
            if let Some(code) = self.check_tls(call, script, &url) {
                return Ok(code);
            }
            let fetched = http_client::fetch(call, &url, known.map(|(.., address)| *address), &request);
            let (address, response) = match fetched {
                Ok(fetched) => fetched,
                Err(trouble) => return Ok(self.fail(script, &url, &request, trouble)),
            };
            transfer.status = response.status;
            transfer.address = Some(address);
            transfer.connections = 1;
            transfer.content_type = response.header("Content-Type").unwrap_or_default().to_owned();
            self.trace(script, &url, address, &request, &response);
            let next = response.header("Location").filter(|_| http_client::is_redirect(response.status));
            let next = next.and_then(|location| url.join(location));
            transfer.redirect_url = next.as_ref().map(Url::to_string).unwrap_or_default();
            match next.filter(|_| self.options.follows) {
                Some(next) => {
                    self.show_head(script, &response);
                    transfer.redirects += 1;
                    if transfer.redirects > self.options.max_redirects.unwrap_or(MAX_REDIRECTS) {
                        let message = format!("Maximum ({}) redirects followed", transfer.redirects - 1);
                        self.complain(script, 47, &message);
                        return Ok(47);
                    }
                    if response.status == 303
                        || matches!(response.status, 301 | 302) && method == "POST" && !self.options.has_method()
                    {
                        (method, body) = ("GET".to_owned(), None);
                    }
                    url = next;
                }
                None => return self.deliver(call, script, &url, &request, response, transfer),
            }
        }
    }

    fn is_new(&self) -> bool {
        self.version.starts_with('8')
    }

    /// Reports whether the progress is shown: it is when the output goes elsewhere than to a terminal.
    fn shows_meter(&self) -> bool {
        !self.options.is_silent && (!self.has_tty || self.options.output.is_some() || self.options.uses_remote_name)
    }

    /// Writes an error message unless it is silenced.
    fn complain(&self, script: &mut Script, code: i32, message: &str) {
        if !self.options.is_silent || self.options.shows_errors {
            script.err(format!("curl: ({code}) {message}\n"));
        }
    }

    /// Fails where a certificate cannot be checked.
    fn check_tls(&self, call: &mut Call<'_>, script: &mut Script, url: &Url) -> Option<i32> {
        if !url.is_tls() || self.options.is_insecure {
            return None;
        }
        let Some(path) = &self.options.ca_file else {
            // The roots of the image do not know the authority of the cluster; whether anybody answers comes first.
            let request = self.options.request(url, "HEAD", &None);
            return match http_client::fetch(call, url, None, &request) {
                Ok(_) => {
                    self.complain(script, 60, UNKNOWN_AUTHORITY);
                    Some(60)
                }
                Err(_) => None,
            };
        };
        let text = call.files().read(path).unwrap_or_default();
        if String::from_utf8_lossy(&text).contains("BEGIN CERTIFICATE") {
            return None;
        }
        self.complain(script, 77, &format!("error setting certificate file: {path}"));
        Some(77)
    }

    /// Shows what `-v` does of a request and its response.
    fn trace(&self, script: &mut Script, url: &Url, address: Ipv4Addr, request: &Request, response: &Response) {
        if !self.options.is_verbose {
            return;
        }
        self.trace_connection(script, url, address);
        let mut text = format!("> {} {} HTTP/1.1\r\n", request.method, request.target);
        text.extend(request.headers.iter().map(|(name, value)| format!("> {name}: {value}\r\n")));
        text.push_str("> \r\n");
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

    fn show_head(&self, script: &mut Script, response: &Response) {
        if self.options.shows_headers {
            script.out(head(response));
        }
    }

    /// Hands the response over: prints it, or saves it.
    fn deliver(
        &self,
        call: &mut Call<'_>,
        script: &mut Script,
        url: &Url,
        request: &Request,
        response: Response,
        transfer: &mut Transfer,
    ) -> Result<i32, Stop> {
        let is_failure = response.status >= 400 && (self.options.fails || self.options.fails_with_body);
        if is_failure && self.options.fails {
            if self.shows_meter() {
                let size = response.body.len();
                script.err(meter::line(Some(size), 0, 0, 0) + "\n");
            }
            if self.options.is_verbose {
                script.err(if self.is_new() { "* closing connection #0\n" } else { "* Closing connection 0\n" });
            }
            self.complain(script, 22, &format!("The requested URL returned error: {}", response.status));
            return Ok(22);
        }
        let is_head = request.method == "HEAD";
        transfer.size = if is_head { 0 } else { response.body.len() };
        if self.options.is_verbose && !self.has_tty && transfer.size > 0 {
            script.err(format!("{{ [{} bytes data]\n", transfer.size));
        }
        if self.shows_meter() {
            let length = response.header("Content-Length").and_then(|length| length.parse().ok());
            script
                .err(meter::line(length, transfer.size, request.body.len(), transfer.size + request.body.len()) + "\n");
        }
        if self.options.is_verbose {
            script.err(format!("* Connection #0 to host {} left intact\n", url.host));
        }
        let mut bytes = if self.options.shows_headers { head(&response).into_bytes() } else { Vec::new() };
        bytes.extend(&response.body);
        let target = match &self.options.output {
            Some(path) if path != "-" => Some(path.clone()),
            None if self.options.uses_remote_name => Some(url.file_name().to_owned()),
            _ => None,
        };
        let Some(path) = target else {
            script.out(bytes);
            return Ok(if is_failure { self.failed_with_body(script, response.status) } else { 0 });
        };
        if path.is_empty() {
            self.complain(script, 23, "Remote file name has no length");
            return Ok(23);
        }
        match call.files().write(&path, &bytes) {
            Ok(()) => Ok(if is_failure { self.failed_with_body(script, response.status) } else { 0 }),
            // A device takes everything.
            Err(_) if path.starts_with("/dev/") => Ok(0),
            Err(errno) => {
                script.err(format!("Warning: Failed to open the file {path}: {}\n", errno.text()));
                self.complain(script, 23, "Failure writing output to destination");
                Ok(23)
            }
        }
    }

    fn failed_with_body(&self, script: &mut Script, status: u16) -> i32 {
        self.complain(script, 22, &format!("The requested URL returned error: {status}"));
        22
    }

    /// Reports why there is no response; returns the exit code.
    fn fail(&self, script: &mut Script, url: &Url, request: &Request, trouble: Trouble) -> i32 {
        let limit = |patience: Duration, own: Option<Duration>| own.map_or(patience, |own| own.min(patience));
        let (host, port) = (&url.host, url.port);
        let refused = if self.is_new() { "Could not connect to server" } else { "Couldn't connect to server" };
        let failed = |after: Duration, why: &str| {
            format!("Failed to connect to {host} port {port} after {} ms: {why}", after.micros() / 1000)
        };
        let timeout = self.options.max_time;
        let (code, message) = match trouble {
            Trouble::Resolve(Failure::NoServer(patience)) if timeout.is_some_and(|timeout| timeout < patience) => {
                let after = limit(patience, timeout);
                script.pause(after);
                (28, format!("Resolving timed out after {} milliseconds", after.micros() / 1000))
            }
            Trouble::Resolve(failure) => {
                if let Failure::NoServer(patience) = failure {
                    script.pause(patience);
                }
                (6, format!("Could not resolve host: {host}"))
            }
            Trouble::Connect(address, NetworkError::TimedOut) => {
                if self.options.is_verbose {
                    script.err(format!("*   Trying {address}:{port}...\n"));
                }
                let connect = limit(KERNEL_PATIENCE, self.options.connect_timeout);
                match timeout.filter(|timeout| *timeout <= connect) {
                    Some(timeout) => {
                        script.pause(timeout);
                        (28, format!("Connection timed out after {} milliseconds", timeout.micros() / 1000))
                    }
                    None => {
                        script.pause(connect);
                        let why = if connect < KERNEL_PATIENCE { "Timeout was reached" } else { refused };
                        (28, failed(connect, why))
                    }
                }
            }
            Trouble::Connect(address, error) => {
                if self.options.is_verbose {
                    let why = if error == NetworkError::Refused { "Connection refused" } else { "No route to host" };
                    script.err(format!(
                        "*   Trying {address}:{port}...\n* connect to {address} port {port} failed: {why}\n"
                    ));
                }
                (7, failed(Duration::default(), refused))
            }
            Trouble::Closed(_) if url.is_tls() => (35, "error:0A00010B:SSL routines::wrong version number".to_owned()),
            Trouble::Closed(address) => {
                if self.options.is_verbose {
                    self.trace_connection(script, url, address);
                    let headers = request.headers.iter().map(|(name, value)| format!("> {name}: {value}\r\n"));
                    let headers: String = headers.collect();
                    script.err(format!("> {} {} HTTP/1.1\r\n{headers}> \r\n", request.method, request.target));
                }
                (52, "Empty reply from server".to_owned())
            }
        };
        if self.options.is_verbose {
            script.err(format!("* {message}\n"));
        }
        if self.shows_meter() && code != 6 {
            script.err(meter::line(None, 0, 0, 0) + "\n");
        }
        if self.options.is_verbose {
            script.err(if self.is_new() { "* closing connection #0\n" } else { "* Closing connection 0\n" });
        }
        self.complain(script, code, &message);
        code
    }
}

const UNKNOWN_AUTHORITY: &str = "SSL certificate problem: unable to get local issuer certificate
More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.";
