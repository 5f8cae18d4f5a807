//! The request log that kubectl prints at `-v=6` and above (client-go `transport/round_trippers.go`).
//!
//! | level | entries of a request |
//! |---|---|
//! | 6 | response with verb, URL, status and duration |
//! | 7 | request with verb, URL and headers; response with status and duration |
//! | 8 | the same with response headers, and both bodies, cut after 1,024 characters |
//! | 9 | the request as a curl command; response with verb, URL, status, headers and duration; bodies cut after 10,240 |
//! | 10 | as 9, bodies uncut |

use std::borrow::Cow;
use std::time::Instant;

use kctl_base::json::to_compact;

use super::url;
use super::version::platform;
use crate::api::{Request, Requester, Response, Result};

/// The server address in the kubeconfig of a store.
const SERVER: &str = "https://127.0.0.1:6443";
/// The address without the scheme.
pub(super) const HOST: &str = "127.0.0.1:6443";

/// An entry of the log: the message without the klog prefix, which can have several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// A request.
    Request(String),
    /// A response.
    Response(String),
    /// The body of a request or response.
    Body(String),
}

/// A log of requests at a verbosity. It collects entries until they are taken.
#[derive(Debug, Default)]
pub struct RequestLog {
    verbosity: u8,
    entries: Vec<LogEntry>,
}

/// A request without a response yet.
pub(super) struct Started {
    method: &'static str,
    url: String,
    /// The start time; `None` in virtual time, in which requests take no time.
    at: Option<Instant>,
}

impl RequestLog {
    /// Creates a log; a verbosity below 6 logs nothing.
    pub(super) fn new(verbosity: u8) -> RequestLog {
        RequestLog { verbosity, entries: Vec::new() }
    }

    /// Removes and returns the entries so far.
    pub(super) fn take(&mut self) -> Vec<LogEntry> {
        std::mem::take(&mut self.entries)
    }

    /// Returns whether requests are logged at all.
    pub(super) fn is_on(&self) -> bool {
        self.verbosity >= 6
    }

    /// Logs a request; `version` is the version of the resource for requests that name none.
    pub(super) fn start(&mut self, request: &Request, version: &str, impersonates: bool, is_virtual: bool) -> Started {
        let (method, url) = (url::method(request.verb), format!("{SERVER}{}", url::path(request, version)));
        let headers = request_headers(request, impersonates);
        match self.verbosity {
            7 | 8 => {
                let headers = block(&header_lines(&headers));
                let message = format!("\"Request\" verb={method:?} url={url:?} headers={headers}");
                self.entries.push(LogEntry::Request(message));
            }
            9.. => {
                let flags: String = headers
                    .iter()
                    .map(|(name, value)| format!(" -H \"{name}: {value}\" "))
                    .collect::<Vec<_>>()
                    .concat();
                let command = format!("curl -v -X{method} {flags}'{url}'");
                self.entries.push(LogEntry::Request(format!("\"Request\" curlCommand={}", block(&[command]))));
            }
            _ => {}
        }
        let body = url::request_body(request);
        if self.verbosity >= 8 && !body.is_empty() {
            self.log_body("Request Body", &body);
        }
        let at = (!is_virtual).then(Instant::now);
        Started { method, url, at }
    }

    /// Logs the response to a request.
    pub(super) fn finish(&mut self, Started { method, url, at }: Started, result: &Result<Response>) {
        let milliseconds = at.map_or(0, |at| at.elapsed().as_millis());
        let status = status_line(result);
        let target = match self.verbosity {
            7 | 8 => String::new(),
            _ => format!(" verb={method:?} url={url:?}"),
        };
        let headers = match self.verbosity {
            8.. => format!(" headers={}", block(&["Content-Type: application/json".to_string()])),
            _ => String::new(),
        };
        let message = format!("\"Response\"{target} status={status:?}{headers} milliseconds={milliseconds}");
        self.entries.push(LogEntry::Response(message));
        if self.verbosity >= 8 {
            let body = match result {
                Ok(response) => url::response_body(response),
                Err(status) => to_compact(&status.to_value()),
            };
            self.log_body("Response Body", &body);
        }
    }

    /// Logs a body, truncated to the limit of the verbosity.
    fn log_body(&mut self, title: &str, body: &str) {
        let limit = match self.verbosity {
            8 => 1024,
            9 => 10_240,
            _ => usize::MAX,
        };
        let truncated = match body.char_indices().nth(limit) {
            Some((end, _)) => format!("{} [truncated {} chars]", &body[..end], body.len() - end),
            None => body.to_string(),
        };
        self.entries.push(LogEntry::Body(format!("{title:?} body={}", block(&[truncated]))));
    }
}

/// Returns the headers of a request. There is no authorization header, because access to the store needs no credentials.
fn request_headers(request: &Request, impersonates: bool) -> Vec<(Cow<'static, str>, String)> {
    let mut headers = vec![("Accept".into(), "application/json".to_string())];
    headers.extend(url::content_type(request).map(|kind| ("Content-Type".into(), kind)));
    if let (Requester::User(user), true) = (&request.requester, impersonates) {
        for (key, values) in &user.extra {
            headers.extend(values.iter().map(|value| (format!("Impersonate-Extra-{key}").into(), value.clone())));
        }
        headers.extend(user.groups.iter().map(|group| ("Impersonate-Group".into(), group.clone())));
        headers.extend((!user.uid.is_empty()).then(|| ("Impersonate-Uid".into(), user.uid.clone())));
        headers.push(("Impersonate-User".into(), user.name.clone()));
    }
    let version = env!("CARGO_PKG_VERSION");
    headers.push(("User-Agent".into(), format!("kubectl/v{version} ({})", platform())));
    headers
}

fn header_lines(headers: &[(Cow<'static, str>, String)]) -> Vec<String> {
    headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

/// Formats a value of several lines as klog does.
fn block(lines: &[String]) -> String {
    let lines: String = lines.iter().flat_map(|text| text.lines()).map(|line| format!("\t{line}\n")).collect();
    format!("<\n{lines} >")
}

/// Returns the status line of a result: `200 OK`, `404 Not Found`.
fn status_line(result: &Result<Response>) -> String {
    let code = match result {
        Ok(response) if response.created => 201,
        Ok(_) => 200,
        Err(status) => status.reason.parts().1,
    };
    format!("{code} {}", http_reason(code))
}

/// Returns the reason phrase of a status code (RFC 9110).
fn http_reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}
