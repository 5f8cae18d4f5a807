//! `curl` for HTTP.

mod meter;
mod options;
mod report;
mod write_out;

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use super::http_client::{self, Url};
use super::script::Script;
use super::trust;
use crate::call::{Call, Stop};
use crate::http::head;
use crate::image::System;
use crate::network::{Request, Response};
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
    sent: usize,
    /// Duration in virtual time.
    time: Duration,
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
            script.mark();
            let code = self.attempt(call, script, url.clone(), &mut transfer)?;
            transfer.code = code;
            transfer.time = script.since_mark();
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
            let fetched = http_client::fetch(call, script, &url, known.map(|(.., address)| *address), &request);
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
        let trusted = match &self.options.ca_file {
            // The roots of the image know nobody of the cluster.
            None => String::new(),
            Some(path) => {
                let text = call.files().read(path).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                if !text.contains("BEGIN CERTIFICATE") {
                    self.complain(script, 77, &format!("error setting certificate file: {path}"));
                    return Some(77);
                }
                text
            }
        };
        // Whether anybody answers comes first: the connection is made without a request.
        let (_, shown) = http_client::fetch(call, script, url, None, &Request::default()).ok()?;
        let checked = match &shown.certificates {
            Some(shown) => trust::check(shown, &trusted, &url.host),
            None if self.options.ca_file.is_some() => Ok(()),
            None => Err("SSL certificate problem: unable to get local issuer certificate".to_owned()),
        };
        let problem = checked.err()?;
        self.complain(script, 60, &format!("{problem}{DISTRUST}"));
        Some(60)
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
                script.err(meter::line(Some(size), 0, 0, script.since_mark()) + "\n");
            }
            if self.options.is_verbose {
                script.err(self.closing());
            }
            self.complain(script, 22, &format!("The requested URL returned error: {}", response.status));
            return Ok(22);
        }
        let is_head = request.method == "HEAD";
        transfer.sent = request.body.len();
        transfer.size = if is_head { 0 } else { response.body.len() };
        if self.options.is_verbose && !self.has_tty && transfer.size > 0 {
            script.err(format!("{{ [{} bytes data]\n", transfer.size));
        }
        if self.shows_meter() {
            let length = response.header("Content-Length").and_then(|length| length.parse().ok());
            script.err(meter::line(length, transfer.size, transfer.sent, script.since_mark()) + "\n");
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
        match target {
            Some(path) => {
                if let Some(code) = self.save(call, script, &path, &bytes) {
                    return Ok(code);
                }
            }
            None => script.out(bytes),
        }
        Ok(if is_failure { self.failed_with_body(script, response.status) } else { 0 })
    }

    /// Saves a response; returns the exit code if that fails.
    fn save(&self, call: &mut Call<'_>, script: &mut Script, path: &str, bytes: &[u8]) -> Option<i32> {
        if path.is_empty() {
            self.complain(script, 23, "Remote file name has no length");
            return Some(23);
        }
        match call.files().write(path, bytes) {
            Ok(()) => None,
            // A device takes everything.
            Err(_) if path.starts_with("/dev/") => None,
            Err(errno) => {
                script.err(format!("Warning: Failed to open the file {path}: {}\n", errno.text()));
                self.complain(script, 23, "Failure writing output to destination");
                Some(23)
            }
        }
    }

    fn failed_with_body(&self, script: &mut Script, status: u16) -> i32 {
        self.complain(script, 22, &format!("The requested URL returned error: {status}"));
        22
    }
}

/// What follows the problem of a certificate.
const DISTRUST: &str = "
More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.";
