//! Reads the files that `-f` and kustomizations name by URL, over HTTP and HTTPS.
//!
//! Errors read as those of Go's HTTP client, which kubectl uses. An agent is made for a request when there is one: commands
//! without URLs load no certificates. Upstream: `readHttpWithRetries` in `cli-runtime/pkg/resource/visitor.go`, `net/http`.

mod cause;
mod proxy;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
mod url;

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ureq::http::{Response as HttpResponse, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::{CliError, CliResult, Ctx};
use kctl_base::go::quote;
use kctl_base::sim;
use kctl_cluster::{WaitFor, WaitOutcome};
pub(crate) use url::{Url, is_url};

/// The number of times that a file is asked for before the last failure is reported (`defaultHttpGetAttempts`).
const ATTEMPTS: usize = 3;
/// The time between two attempts.
const PAUSE: sim::Duration = sim::Duration::from_secs(1);
/// The time for a connection to be made, like that of Go's `DefaultTransport`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The redirects that are followed (`defaultCheckRedirect`).
const REDIRECTS: usize = 10;

/// The answer of a server.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status, for example 404.
    pub(crate) status: StatusCode,
    /// The content; or why it could not be read to its end, as in `unexpected EOF`.
    pub(crate) body: Result<Vec<u8>, String>,
}

impl Answer {
    /// Returns the text of the status, such as `Not Found`; empty for an unknown one.
    pub(crate) fn reason(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or_default()
    }
}

/// The reason why there is no answer (`url.Error`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GetError {
    /// The URL that was asked last, as messages show it: after redirects another one than was wanted.
    url: String,
    /// Its host, with the port if the URL has one.
    host: String,
    /// The cause, such as `dial tcp 127.0.0.1:1: connect: connection refused`.
    cause: String,
}

impl GetError {
    fn new(url: &Url, cause: String) -> GetError {
        GetError { url: url.redacted(), host: url.host_and_port().into(), cause }
    }
}

impl std::fmt::Display for GetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Get {}: {}", quote(&self.url), self.cause)
    }
}

impl From<GetError> for CliError {
    /// Words the error as `StandardErrorMessage` of `kubectl/pkg/cmd/util/helpers.go` does.
    fn from(error: GetError) -> CliError {
        if error.cause.contains("connection refused") {
            let host = error.host;
            return CliError::line(format!(
                "The connection to the server {host} was refused - did you specify the right host or port?"
            ));
        }
        CliError::line(format!("Unable to connect to the server: {}", error.cause))
    }
}

/// Reads a file. Failures of the connection and of the server (5xx) are tried again after a second of the cluster's clock.
///
/// # Errors
/// The failure of the last attempt, any other status than 200, or the content is cut off.
pub(crate) fn read(ctx: &mut Ctx, url: &Url) -> CliResult<Vec<u8>> {
    let timeout = ctx.request_timeout().map(sim::Duration::to_std);
    let mut attempts = 1;
    let answer = loop {
        let answer = get(url, timeout);
        let again = answer.as_ref().map_or(true, |answer| answer.status.is_server_error());
        if !again || attempts == ATTEMPTS {
            break answer?;
        }
        attempts += 1;
        pause(ctx)?;
    };
    if answer.status != StatusCode::OK {
        let (url, code) = (quote(&url.redacted()), answer.status.as_u16());
        let reason = answer.reason();
        return Err(CliError::new(format!(
            "unable to read URL {url}, server reported {code} {reason}, status code={code}"
        )));
    }
    answer.body.map_err(|cause| CliError::new(format!("error parsing {}: {cause}", url.redacted())))
}

/// Waits between two attempts; in virtual time, the clock moves instead.
fn pause(ctx: &mut Ctx) -> CliResult<()> {
    let end = ctx.now()? + PAUSE;
    while ctx.now()? < end && ctx.wait(Some(end), WaitFor::AnyChange)? == WaitOutcome::Progress {}
    Ok(())
}

/// Sends one GET request and follows redirects. `timeout` limits each exchange; without it only connecting is limited.
///
/// # Errors
/// There is no answer, or there are too many redirects.
pub(crate) fn get(url: &Url, timeout: Option<Duration>) -> Result<Answer, GetError> {
    let mut url = url.clone();
    let mut redirects = 0;
    loop {
        let proxy = proxy::of(&url, |name| std::env::var(name).ok());
        let response = exchange(&url, proxy.as_deref(), timeout)
            .map_err(|e| GetError::new(&url, cause::of(&e, &url, proxy.as_deref())))?;
        let Some(location) = location(&response) else { return Ok(answer(response)) };
        let next = url.join(&location).map_err(|error| {
            GetError::new(&url, format!("failed to parse Location header {}: {error}", quote(&location)))
        })?;
        if redirects == REDIRECTS {
            return Err(GetError::new(&next, format!("stopped after {REDIRECTS} redirects")));
        }
        redirects += 1;
        url = next;
    }
}

/// Sends one request without following redirects.
fn exchange(url: &Url, proxy: Option<&str>, timeout: Option<Duration>) -> Result<HttpResponse<Body>, ureq::Error> {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        // The roots of the operating system (or `SSL_CERT_FILE`), as for kubectl: those that a company has added count, too,
        // and none are part of the binary, where they would get out of date.
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy.map(ureq::Proxy::new).transpose()?)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_call(timeout)
        .user_agent(concat!("kctl/", env!("CARGO_PKG_VERSION")))
        .build();
    let mut request = Agent::new_with_config(config).get(url.request_text());
    if let Some(credentials) = url.credentials() {
        request = request.header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(credentials)));
    }
    request.call()
}

/// Returns where a response redirects to; `None` for one that is to be taken as it is.
fn location(response: &HttpResponse<Body>) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned()).filter(|location| !location.is_empty())
}

fn answer(response: HttpResponse<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let mut content = Vec::new();
    let read = body.into_reader().read_to_end(&mut content);
    Answer { status: parts.status, body: read.map(|_| content).map_err(cause::of_body) }
}
