//! Calls that the API server passes on to a port of a pod or service.

use super::{Answer, Call, Method};
use crate::api::{Payload, Request, Requester, Result, SessionCall, User, Verb};
use crate::client::Transport;
use crate::client::version::user_agent;
use kctl_base::field::quote;
use kctl_base::status::{Reason, Status};

/// What a path names below `/api/v1`.
pub(super) struct ProxyPath<'a> {
    pub(super) namespace: &'a str,
    /// `pods` or `services`.
    pub(super) resource: &'a str,
    /// `[SCHEME:]NAME[:PORT]`.
    pub(super) target: &'a str,
    /// The path after `proxy`, with its query.
    pub(super) path: &'a str,
}

impl<'a> ProxyPath<'a> {
    /// Finds what a URI names; `None` if that is no proxy.
    pub(super) fn of(uri: &'a str) -> Option<ProxyPath<'a>> {
        let mut parts = uri.strip_prefix("/api/v1/namespaces/")?.splitn(4, '/');
        let (namespace, resource, target) = (parts.next()?, parts.next()?, parts.next()?);
        let path = parts.next()?.strip_prefix("proxy")?;
        let is_it = ["pods", "services"].contains(&resource) && (path.is_empty() || path.starts_with(['/', '?']));
        is_it.then_some(ProxyPath { namespace, resource, target, path })
    }
}

/// Passes on a call.
///
/// # Errors
/// The status that the server reports, or the one that a client makes of an answer that is an error.
pub(super) fn answer(
    transport: &mut impl Transport,
    user: &User,
    call: &Call<'_>,
    place: &ProxyPath<'_>,
) -> Result<Answer> {
    let (verb, method) = match call.method {
        Method::Get => (Verb::Get, "GET"),
        Method::Post => (Verb::Create, "POST"),
        Method::Put => (Verb::Update, "PUT"),
        Method::Patch(_) => (Verb::Patch, "PATCH"),
        Method::Delete => (Verb::Delete, "DELETE"),
    };
    let target = if place.path.starts_with('/') { place.path.to_owned() } else { format!("/{}", place.path) };
    let http = kctl_container::Request {
        method: method.into(),
        target,
        headers: vec![("User-Agent".into(), user_agent())],
        body: call.body.as_bytes().to_vec(),
    };
    let mut request = Request::new(verb, place.resource, place.namespace, place.target).subresource("proxy");
    request.options.session = Some(Box::new(SessionCall::Forward(0, http)));
    request.requester = Requester::User(user.clone());
    let Payload::Forwarded(Ok(response)) = transport.send(request)?.payload else { return Err(Status::no_resource()) };
    let body = String::from_utf8_lossy(&response.body).into_owned();
    match response.status {
        ..400 => Ok(Answer::of(body)),
        code => Err(error_of(code, &body)),
    }
}

/// Returns the error that client-go makes of an answer (`NewGenericServerResponse`).
fn error_of(code: u16, body: &str) -> Status {
    let body = body.trim();
    let or_body = |text: &str| if body.is_empty() { text.to_owned() } else { body.to_owned() };
    let (reason, message) = match code {
        401 => (Reason::Unauthorized, "the server has asked for the client to provide credentials".to_owned()),
        403 => (Reason::Forbidden, or_body("the server does not allow access to the requested resource")),
        404 => (Reason::NotFound, "the server could not find the requested resource".to_owned()),
        405 => (Reason::MethodNotAllowed, "the server does not allow this method on the requested resource".to_owned()),
        503 => (Reason::ServiceUnavailable, "the server is currently unable to handle the request".to_owned()),
        500.. => {
            let text = format!(
                "an error on the server ({}) has prevented the request from succeeding",
                quote(&or_body("unknown"))
            );
            (Reason::InternalError, text)
        }
        _ => (Reason::Unknown, or_body("unknown")),
    };
    Status::new(reason, message)
}
