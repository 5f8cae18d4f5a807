//! The request log that kubectl prints at `-v=6` and above (client-go `transport/round_trippers.go`).
//!
//! | level | entries of a request |
//! |---|---|
//! | 6 | response with verb, URL, status and duration |
//! | 7 | request with verb, URL and headers; response with status and duration |
//! | 8 | the same with response headers, and both bodies, cut after 1,024 bytes |
//! | 9 | the request as a curl command; response with verb, URL, status, headers and duration; bodies cut after 10,240 |
//! | 10 | as 9, bodies uncut |
//!
//! Tokens are not logged: there is no authorization header, and the bodies that contain tokens are replaced.

use std::borrow::Cow;
use std::time::Instant;

use kctl_base::go::quote;
use kctl_base::json::to_compact_in;
use kctl_base::schema::order::GoOrder;

use super::rest::{Answer, Call, Method};
use super::url;
use super::version;
use crate::api::{PatchType, Payload, Request, Requester, Response, Result};
use kctl_base::status::Status;

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

/// The form in which a client presents what it reads. The server returns objects in any case; a table is made of them by the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presentation {
    /// As objects.
    #[default]
    Objects,
    /// As a table that the server computes (`Accept: application/json;as=Table`).
    Table,
    /// As such a table, whose rows come with their whole objects (`includeObject=Object`).
    TableOfObjects,
}

/// The media types that a client accepts for a table, the best first.
const TABLE: &str =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

/// The text in the log for a body that contains a token.
const MASKED: &str = "<masked>";

/// A request as it is logged.
pub(super) struct Message {
    method: &'static str,
    url: String,
    headers: Vec<(Cow<'static, str>, String)>,
    body: String,
}

impl Message {
    /// Describes a request; `version` is the version of the resource for requests that name none.
    pub(super) fn of(request: &Request, version: &str, presentation: Presentation, impersonates: bool) -> Message {
        let presentation = if request.verb.is_read_only() { presentation } else { Presentation::Objects };
        let accept = if presentation == Presentation::Objects { "application/json" } else { TABLE };
        let mut headers = vec![("Accept".into(), accept.to_string())];
        headers.extend(url::content_type(request).map(|kind| ("Content-Type".into(), kind)));
        if let (Requester::User(user), true) = (&request.requester, impersonates) {
            for (key, values) in &user.extra {
                headers.extend(values.iter().map(|value| (format!("Impersonate-Extra-{key}").into(), value.clone())));
            }
            headers.extend(user.groups.iter().map(|group| ("Impersonate-Group".into(), group.clone())));
            headers.extend((!user.uid.is_empty()).then(|| ("Impersonate-Uid".into(), user.uid.clone())));
            headers.push(("Impersonate-User".into(), user.name.clone()));
        }
        headers.push(user_agent());
        let body = if url::holds_token(request) { MASKED.into() } else { url::request_body(request) };
        let path = url::path(request, version, presentation == Presentation::TableOfObjects);
        Message { method: url::method(request), url: url::on_server(&path), headers, body }
    }

    /// Describes a call by path.
    pub(super) fn of_call(call: &Call<'_>) -> Message {
        let (method, content_type) = match call.method {
            Method::Get => ("GET", None),
            Method::Post => ("POST", Some("application/json".to_string())),
            Method::Put => ("PUT", Some("application/json".to_string())),
            Method::Patch(format) => ("PATCH", Some(format!("application/{}", PatchType::media_type(format)))),
            Method::Delete => ("DELETE", Some("application/json".to_string())),
        };
        let mut headers = vec![("Accept".into(), "application/json, */*".to_string())];
        headers.extend(content_type.map(|kind| ("Content-Type".into(), kind)));
        headers.push(user_agent());
        let body = if is_about_tokens(call.uri) { MASKED } else { call.body };
        Message { method, url: url::on_server(call.uri), headers, body: body.into() }
    }
}

/// Returns whether the bodies of a call contain a token.
fn is_about_tokens(uri: &str) -> bool {
    let path = uri.split('?').next().unwrap_or(uri);
    path.ends_with("/token") || path.ends_with("/tokenreviews")
}

/// The outcome of a request as it is logged.
pub(super) struct Outcome {
    code: u16,
    /// The body; `None` for a stream, which is read later.
    body: Option<String>,
}

impl Outcome {
    /// Describes the response to a request, whose body `text` writes.
    pub(super) fn of(request: &Request, result: &Result<Response>, text: impl FnOnce(&Response) -> String) -> Outcome {
        match result {
            Ok(response) => {
                let body = match response.payload {
                    Payload::Events(_) | Payload::Log(_) | Payload::Session(_) | Payload::Forwarded(_) => None,
                    _ if url::holds_token(request) => Some(MASKED.into()),
                    _ => Some(text(response)),
                };
                let code = match response.payload {
                    Payload::Session(_) | Payload::Forwarded(_) => 101,
                    _ if response.created => 201,
                    _ => 200,
                };
                Outcome { code, body }
            }
            Err(status) => Outcome::refused(status),
        }
    }

    fn refused(status: &Status) -> Outcome {
        let value = status.to_value();
        Outcome { code: status.reason.parts().1, body: Some(to_compact_in(&value, GoOrder::of(&value)) + "\n") }
    }

    /// Describes the answer to a call by path.
    pub(super) fn of_call(call: &Call<'_>, result: &Result<Answer>) -> Outcome {
        match result {
            Ok(answer) => {
                let body = if is_about_tokens(call.uri) { MASKED } else { &answer.body };
                let code = if call.method == Method::Post { 201 } else { 200 };
                Outcome { code, body: Some(body.into()) }
            }
            Err(status) => Outcome::refused(status),
        }
    }
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

    /// Logs a request.
    pub(super) fn start(&mut self, Message { method, url, headers, body }: Message, is_virtual: bool) -> Started {
        if self.verbosity >= 8 {
            self.log_body("Request Body", &body);
        }
        match self.verbosity {
            7 | 8 => {
                let headers = block(&header_lines(&headers));
                let message = format!("\"Request\" verb={method:?} url={url:?} headers={headers}");
                self.entries.push(LogEntry::Request(message));
            }
            9.. => {
                let flags: String = headers.iter().map(|(name, value)| format!(" -H \"{name}: {value}\"")).collect();
                let command = format!("curl -v -X{method} {flags} '{url}'");
                self.entries.push(LogEntry::Request(format!("\"Request\" curlCommand={}", block(&[command]))));
            }
            _ => {}
        }
        let at = (!is_virtual).then(Instant::now);
        Started { method, url, at }
    }

    /// Logs the response to a request.
    pub(super) fn finish(&mut self, Started { method, url, at }: Started, Outcome { code, body }: Outcome) {
        let milliseconds = at.map_or(0, |at| at.elapsed().as_millis());
        let status = format!("{code} {}", http_reason(code));
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
        if let (Some(body), true) = (body, self.verbosity >= 8) {
            self.log_body("Response Body", &body);
        }
    }

    /// Logs a body, truncated to the limit of the verbosity (`truncateBody` in `client-go/rest/request.go`).
    fn log_body(&mut self, title: &str, body: &str) {
        let limit = match self.verbosity {
            8 => 1024,
            9 => 10_240,
            _ => usize::MAX,
        };
        let truncated = match body.len() > limit {
            true => {
                let end = body.floor_char_boundary(limit);
                format!("{} [truncated {} chars]", &body[..end], body.len() - end)
            }
            false => body.to_string(),
        };
        self.entries.push(LogEntry::Body(format!("{title:?} body={}", value(&truncated))));
    }
}

fn user_agent() -> (Cow<'static, str>, String) {
    ("User-Agent".into(), version::user_agent())
}

fn header_lines(headers: &[(Cow<'static, str>, String)]) -> Vec<String> {
    headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

/// Formats a string as klog does: quoted, or as a block if it contains line breaks or quotation marks
/// (`klog/v2/internal/serialize/keyvalues.go`).
fn value(text: &str) -> String {
    match text.contains(['\n', '"']) {
        true => block(&[text.to_string()]),
        false => quote(text),
    }
}

/// Formats a value of several lines as klog does.
fn block(lines: &[String]) -> String {
    let lines: String = lines.iter().flat_map(|text| text.lines()).map(|line| format!("\t{line}\n")).collect();
    format!("<\n{lines} >")
}

/// Returns the reason phrase of a status code (RFC 9110).
fn http_reason(code: u16) -> &'static str {
    match code {
        101 => "Switching Protocols",
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
