//! The API server for those who reach it over the network: with the token of a service account, or nobody.

use std::sync::Arc;

use kctl_base::json;
use kctl_base::object::Object;
use kctl_base::schema::order::GoOrder;
use kctl_base::sim::{ClockMode, ClockState, Duration, Time};
use kctl_base::status::{Reason, Status};
use kctl_container::{Request, Response};
use kctl_kinds::catalog::Catalog;

use crate::api::{self, DEFINITIONS, PatchType, Server, User};
use crate::client::rest::{self, Call, Method};
use crate::client::{Transport, WaitFor, WaitOutcome};
use crate::error::ClusterError;

/// The user of requests without credentials.
const ANONYMOUS: &str = "system:anonymous";

/// Answers a request.
pub(super) fn answer(server: &mut Server, request: &Request, now: Time) -> Response {
    match try_answer(server, request, now) {
        Ok(body) => response(200, "application/json", body),
        Err(status) => {
            let (_, code) = status.reason.parts();
            let status = status.to_value();
            let body = json::to_compact_in(&status, GoOrder::of(&status)) + "\n";
            response(code, "application/json", if asks_for_indent(request) { indented(&body) } else { body })
        }
    }
}

fn agent(request: &Request) -> &str {
    request.header("User-Agent").and_then(|agent| agent.split('/').next()).unwrap_or("curl")
}

/// Reports whether the client is one for which the server indents JSON (`isPrettyPrint`).
fn asks_for_indent(request: &Request) -> bool {
    let agent = agent(request);
    agent == "curl" || agent == "Wget" || agent.starts_with("Mozilla")
}

fn try_answer(server: &mut Server, request: &Request, now: Time) -> api::Result<String> {
    let user = user_of(server, request, now)?;
    let method = method_of(request)?;
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let agent = agent(request).to_owned();
    let path = request.target.split('?').next().unwrap_or("/");
    let call = Call { method, uri: &request.target, body: &body, agent: &agent };
    let answer = rest::call(&mut Local { server, now }, &user, &call)?;
    let is_document = !path.starts_with("/healthz") && !path.starts_with("/livez") && !path.starts_with("/readyz");
    Ok(if is_document && asks_for_indent(request) && !path.ends_with("/log") {
        indented(&answer.body)
    } else {
        answer.body
    })
}

/// Indents JSON in one line.
fn indented(body: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut in_string, mut is_escaped) = (0, false, false);
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
    let mut chars = body.trim_end().chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            text.push(c);
            in_string = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                text.push(c);
            }
            '{' | '[' => {
                text.push(c);
                if !matches!(chars.peek(), Some('}' | ']')) {
                    depth += 1;
                    text.push_str(&line(depth));
                }
            }
            '}' | ']' => {
                if !text.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    text.push_str(&line(depth));
                }
                text.push(c);
            }
            ',' => text.push_str(&format!(",{}", line(depth))),
            ':' => text.push_str(": "),
            _ if c.is_whitespace() => {}
            _ => text.push(c),
        }
    }
    text
}

fn user_of(server: &mut Server, request: &Request, now: Time) -> api::Result<User> {
    let Some(header) = request.header("Authorization") else { return Ok(User::new(ANONYMOUS, Vec::new())) };
    let unauthorized = || Status::new(Reason::Unauthorized, "Unauthorized");
    let token = header.strip_prefix("Bearer ").ok_or_else(unauthorized)?;
    server.authenticate(token.trim(), now)?.ok_or_else(unauthorized)
}

fn method_of(request: &Request) -> api::Result<Method> {
    let kind = request.header("Content-Type").unwrap_or_default();
    Ok(match request.method.as_str() {
        "GET" | "HEAD" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "PATCH" => Method::Patch(match kind {
            "application/json-patch+json" => PatchType::Json,
            "application/merge-patch+json" => PatchType::Merge,
            "application/strategic-merge-patch+json" => PatchType::Strategic,
            "application/apply-patch+yaml" => PatchType::Apply,
            _ => {
                return Err(Status::new(
                    Reason::UnsupportedMediaType,
                    "the body of the request was in an unknown format",
                ));
            }
        }),
        _ => {
            return Err(Status::new(
                Reason::MethodNotAllowed,
                "the server does not allow this method on the requested resource",
            ));
        }
    })
}

fn response(status: u16, kind: &str, body: String) -> Response {
    let headers = [("Content-Type", kind.to_owned()), ("Content-Length", body.len().to_string())];
    Response {
        status,
        reason: reason(status).to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body: body.into_bytes(),
        ..Response::default()
    }
}

/// Returns the answer to a request without TLS.
pub(super) fn plain_http() -> Response {
    response(400, "text/plain", "Client sent an HTTP request to an HTTPS server.\n".into())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        _ => "Internal Server Error",
    }
}

/// The server as it is reached from inside of one of its own requests.
struct Local<'a> {
    server: &'a mut Server,
    now: Time,
}

impl Transport for Local<'_> {
    fn send(&mut self, request: api::Request) -> api::Result<api::Response> {
        self.server.handle(request, self.now)
    }

    fn catalog(&mut self) -> Catalog {
        self.server.catalog().clone()
    }

    fn definition(&mut self, resource: &str) -> api::Result<Option<Arc<Object>>> {
        self.server.read(DEFINITIONS, "", resource)
    }

    fn issuer_document(&mut self, user: &User, path: &str) -> api::Result<Option<String>> {
        self.server.issuer_document(user, path)
    }

    fn clock(&mut self) -> ClockState {
        ClockState { mode: ClockMode::Virtual, now: self.now, ahead: Duration::default() }
    }

    fn wait(&mut self, _: Option<Time>, _: WaitFor) -> std::result::Result<WaitOutcome, ClusterError> {
        Ok(WaitOutcome::Deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_as_by_the_server() {
        let text = indented("{\"a\":[1,{\"b\":\"x: \\\"y\\\", {\"}],\"c\":{},\"d\":[]}\n");
        assert_eq!(
            text,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x: \\\"y\\\", {\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}"
        );
    }
}
