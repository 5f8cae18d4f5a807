//! The HTTP form of requests and responses: method, URL, query parameters and bodies, as client-go builds them
//! (`rest.Request.URL`).

use kctl_base::gvk::GroupResource;
use kctl_base::json::{self, Value, json};
use kctl_base::order::Order as _;

use crate::api::{Body, LogOptions, Options, PatchType, Request, SessionCall, Verb};

/// The address of the server in the kubeconfig of a store.
pub(super) const HOST: &str = "127.0.0.1:6443";

/// Returns the URL of a path.
pub(super) fn on_server(path: &str) -> String {
    format!("https://{HOST}{path}")
}

/// Returns the HTTP method of a request. A session is opened by a WebSocket handshake.
pub(super) fn method(request: &Request) -> &'static str {
    match request.verb {
        _ if request.options.session.is_some() => "GET",
        Verb::Get | Verb::List | Verb::Watch => "GET",
        Verb::Create => "POST",
        Verb::Update => "PUT",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
    }
}

/// Returns the path and query of a request: `/api/v1/namespaces/default/pods?limit=500`. `version` is the version of the
/// resource for requests that name none; `whole_objects` asks for them in the rows of a table.
pub(super) fn path(request: &Request, version: &str, whole_objects: bool) -> String {
    let GroupResource { group, resource } = GroupResource::parse(&request.resource);
    let version = request.version.as_ref().map_or(version, |gv| gv.version.as_str());
    let mut path = match group.as_str() {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    // A namespace is a cluster-scoped object: its own name is not the namespace of the request.
    if !request.namespace.is_empty() && resource != "namespaces" {
        path.push_str(&format!("/namespaces/{}", request.namespace));
    }
    for part in [resource.as_str(), &request.name, &request.subresource] {
        if !part.is_empty() {
            path.push('/');
            path.push_str(part);
        }
    }
    let query = query(request, whole_objects);
    if !query.is_empty() {
        path.push('?');
        path.push_str(&query);
    }
    path
}

/// Returns the query parameters in alphabetical order, encoded as by Go.
fn query(request: &Request, whole_objects: bool) -> String {
    let mut parameters = match request.verb {
        Verb::Get if request.subresource == "log" => log_parameters(&request.options.log),
        Verb::Get => Vec::new(),
        Verb::List | Verb::Watch => list_parameters(request),
        _ if request.options.session.is_some() => session_parameters(request),
        Verb::Create | Verb::Update | Verb::Patch => write_parameters(request),
        // The options of a deletion are its body.
        Verb::Delete => Vec::new(),
    };
    if whole_objects {
        parameters.push(("includeObject", "Object".into()));
    }
    // The words of a command keep their order.
    parameters.order_by_key(|(name, _)| *name);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn list_parameters(request: &Request) -> Vec<(&'static str, String)> {
    let Options { labels, fields, limit, continue_token, resource_version, send_initial_events, .. } = &request.options;
    let mut parameters = vec![("labelSelector", labels.clone()), ("fieldSelector", fields.clone())];
    if *limit > 0 {
        parameters.push(("limit", limit.to_string()));
    }
    parameters.push(("continue", continue_token.clone()));
    if request.verb == Verb::Watch {
        parameters.push(("watch", "true".into()));
        parameters.push(("resourceVersion", resource_version.clone().unwrap_or_default()));
    }
    if *send_initial_events {
        parameters.push(("allowWatchBookmarks", "true".into()));
        parameters.push(("resourceVersionMatch", "NotOlderThan".into()));
        parameters.push(("sendInitialEvents", "true".into()));
    }
    parameters.retain(|(_, value)| !value.is_empty());
    parameters
}

fn write_parameters(request: &Request) -> Vec<(&'static str, String)> {
    let options = &request.options;
    let mut parameters = Vec::new();
    if options.dry_run {
        parameters.push(("dryRun", "All".to_string()));
    }
    if !options.manager.is_empty() {
        parameters.push(("fieldManager", options.manager.clone()));
    }
    if let Some(validation) = options.validation {
        parameters.push(("fieldValidation", validation.as_str().into()));
    }
    if options.force {
        parameters.push(("force", "true".into()));
    }
    parameters
}

fn log_parameters(options: &LogOptions) -> Vec<(&'static str, String)> {
    let mut parameters = vec![("container", options.container.clone())];
    for (name, is_set) in
        [("follow", options.follow), ("previous", options.previous), ("timestamps", options.timestamps)]
    {
        if is_set {
            parameters.push((name, "true".into()));
        }
    }
    let numbers = [("tailLines", options.tail_lines), ("limitBytes", options.limit_bytes)];
    parameters.extend(numbers.into_iter().filter_map(|(name, number)| Some((name, number?.to_string()))));
    parameters.extend(options.since.map(|since| ("sinceTime", since.rfc3339())));
    parameters.retain(|(_, value)| !value.is_empty());
    parameters
}

/// Returns the options of a session (`PodExecOptions`, `PodAttachOptions`).
fn session_parameters(request: &Request) -> Vec<(&'static str, String)> {
    let (container, command, stdin, tty) = match request.options.session.as_deref() {
        Some(SessionCall::Exec(exec)) => (&exec.container, exec.command.as_slice(), exec.stdin, exec.tty),
        Some(SessionCall::Attach(attach)) => (&attach.container, [].as_slice(), attach.stdin, attach.tty),
        _ => return Vec::new(),
    };
    let mut parameters: Vec<_> = command.iter().map(|word| ("command", word.clone())).collect();
    parameters.push(("container", container.clone()));
    for (name, is_set) in [("stderr", !tty), ("stdin", stdin), ("stdout", true), ("tty", tty)] {
        if is_set {
            parameters.push((name, "true".into()));
        }
    }
    parameters
}

/// Returns whether the request and its response contain a token.
pub(super) fn holds_token(request: &Request) -> bool {
    request.subresource == "token" || request.resource == "tokenreviews.authentication.k8s.io"
}

/// Returns the media type of the request body; `None` without a body.
pub(super) fn content_type(request: &Request) -> Option<String> {
    match (&request.body, request.verb) {
        (Body::Patch(format, _) | Body::PatchText(format, _), _) => {
            Some(format!("application/{}", PatchType::media_type(*format)))
        }
        (Body::Object(_), _) | (_, Verb::Delete) => Some("application/json".into()),
        (Body::None, _) => None,
    }
}

/// Returns the request body; empty without a body.
pub(super) fn request_body(request: &Request) -> String {
    match &request.body {
        Body::Object(object) => json::to_compact(object),
        Body::Patch(_, patch) => json::to_compact(patch),
        Body::PatchText(_, text) => text.clone(),
        Body::None if request.verb == Verb::Delete => json::to_compact(&delete_options(&request.options)),
        Body::None => String::new(),
    }
}

/// Returns the DeleteOptions of a deletion.
fn delete_options(options: &Options) -> Value {
    let mut body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
    if let Some(seconds) = options.grace {
        body["gracePeriodSeconds"] = seconds.into();
    }
    if let Some(uid) = &options.uid {
        body["preconditions"] = json!({"uid": uid});
    }
    if let Some(propagation) = options.propagation {
        body["propagationPolicy"] = propagation.as_str().into();
    }
    if options.dry_run {
        body["dryRun"] = json!(["All"]);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{FieldValidation, Propagation};

    #[test]
    fn requests_have_the_urls_of_client_go() {
        let mut create = Request::create("deployments.apps", "default", json!({})).manager("kubectl-create");
        create.options.validation = Some(FieldValidation::Strict);
        let mut watch = Request::watch("pods", "default").fields("metadata.name=p1");
        watch.options.send_initial_events = true;
        let mut page = Request::list("pods", "").labels("app in (a, b)");
        (page.options.limit, page.options.continue_token) = (500, "default/a".into());
        let mut log = Request::get("pods", "default", "p1").subresource("log");
        log.options.log =
            LogOptions { container: "c".into(), follow: true, tail_lines: Some(1), ..LogOptions::default() };
        for (request, expected) in [
            (Request::get("pods", "default", "p1"), "/api/v1/namespaces/default/pods/p1"),
            (Request::get("namespaces", "x", "x"), "/api/v1/namespaces/x"),
            (create, "/apis/apps/v1/namespaces/default/deployments?fieldManager=kubectl-create&fieldValidation=Strict"),
            (
                watch,
                "/api/v1/namespaces/default/pods?allowWatchBookmarks=true&fieldSelector=metadata.name%3Dp1&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&watch=true",
            ),
            (page, "/api/v1/pods?continue=default%2Fa&labelSelector=app+in+%28a%2C+b%29&limit=500"),
            (log, "/api/v1/namespaces/default/pods/p1/log?container=c&follow=true&tailLines=1"),
        ] {
            assert_eq!(path(&request, "v1", false), expected);
        }
    }

    #[test]
    fn a_deletion_sends_its_options_as_body() {
        let request = Request::delete("pods", "default", "p1").propagation(Propagation::Background).grace(Some(0));
        let expected =
            r#"{"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions","propagationPolicy":"Background"}"#;
        assert_eq!(request_body(&request), expected);
        assert_eq!(method(&request), "DELETE");
    }
}
