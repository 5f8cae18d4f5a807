//! The API by path: what a method and a URI ask of the server, and the text of the answer.
//!
//! `--raw` of the command line comes through here, and so can a front end that speaks HTTP: [`route`] maps a path to a
//! request, [`discovery`] builds the documents that list groups and resources, [`answer`] writes the payload of a response.
//! Nothing is sent over a network.

mod answer;
mod discovery;
mod metrics;
mod parameters;
mod proxy;
mod route;

pub(super) use answer::text;

use crate::api::{PatchType, Requester, Result, User};
use kctl_base::status::{Reason, Status};

use super::Transport;
use super::version::Info;

/// The method of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads an object, a list, a document or a log.
    Get,
    /// Creates an object, or posts to a subresource.
    Post,
    /// Replaces an object.
    Put,
    /// Patches an object.
    Patch(PatchType),
    /// Deletes an object.
    Delete,
}

/// A call of the API by path.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The path with its query: `/api/v1/namespaces/default/pods?limit=1`.
    pub uri: &'a str,
    /// The body; empty without one.
    pub body: &'a str,
    /// The program that calls (`kubectl`): the field manager of a write whose query names none.
    pub agent: &'a str,
}

/// The answer to a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The body, as the server writes it.
    pub body: String,
    /// The warnings of the server.
    pub warnings: Vec<String>,
}

impl Answer {
    fn of(body: impl Into<String>) -> Answer {
        Answer { body: body.into(), warnings: Vec::new() }
    }
}

/// Calls the API as a user.
///
/// # Errors
/// The status that the server reports; 404 for a path that is not served.
pub fn call(transport: &mut impl Transport, user: &User, call: &Call<'_>) -> Result<Answer> {
    if let Some(place) = proxy::ProxyPath::of(call.uri) {
        return proxy::answer(transport, user, call, &place);
    }
    let (path, query) = call.uri.split_once('?').unwrap_or((call.uri, ""));
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        ["apis", metrics::GROUP, metrics::VERSION, rest @ ..] => metrics::answer(transport, user, call, rest, query),
        ["api", _, "nodes", _, "proxy", ..] => {
            Err(Status::new(Reason::MethodNotAllowed, "a proxy to the kubelet is not simulated"))
        }
        ["api", _, _, ..] | ["apis", _, _, _, ..] => resource(transport, user, call, &segments, query),
        _ if call.method != Method::Get => Err(not_allowed_or_found(transport, &segments)),
        ["version"] => Ok(Answer::of(version())),
        [check @ ("healthz" | "livez" | "readyz"), rest @ ..] => health(check, rest, query),
        _ => match transport.issuer_document(user, &format!("/{}", segments.join("/")))? {
            Some(document) => Ok(Answer::of(document)),
            None => Ok(Answer::of(discovery::document(transport, &segments)? + "\n")),
        },
    }
}

/// Returns the error of a write to a path that can only be read, or that is not served.
fn not_allowed_or_found(transport: &mut impl Transport, segments: &[&str]) -> Status {
    match discovery::document(transport, segments) {
        Ok(_) => {
            Status::new(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
        }
        Err(status) => status,
    }
}

fn resource(
    transport: &mut impl Transport,
    user: &User,
    call: &Call<'_>,
    segments: &[&str],
    query: &str,
) -> Result<Answer> {
    let (kind, mut request) = route::request(&transport.catalog(), call, segments, query, transport.clock().now)?;
    request.requester = Requester::User(user.clone());
    let asked = request.clone();
    let response = transport.send(request)?;
    Ok(Answer { body: answer::text(&kind, &asked, &response), warnings: response.warnings })
}

/// Returns the document at `/version`, without a line break at its end.
fn version() -> String {
    // Strings alone can always be written.
    serde_json::to_string_pretty(&Info::server()).unwrap_or_default()
}

/// The checks of the server: it answers, and its store is open.
const CHECKS: [&str; 2] = ["ping", "etcd"];

/// Answers `/healthz`, `/livez`, `/readyz` and single checks below them (`apiserver/pkg/server/healthz`).
fn health(check: &str, rest: &[&str], query: &str) -> Result<Answer> {
    match rest {
        [] if query.split('&').any(|pair| pair.split('=').next() == Some("verbose")) => {
            let lines: String = CHECKS.iter().map(|name| format!("[+]{name} ok\n")).collect();
            Ok(Answer::of(format!("{lines}{check} check passed\n")))
        }
        [] => Ok(Answer::of("ok")),
        [name] if CHECKS.contains(name) => Ok(Answer::of("ok")),
        _ => Err(Status::no_resource()),
    }
}

#[cfg(test)]
mod tests;
