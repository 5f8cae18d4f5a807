//! Tokens of ServiceAccounts: the `token` subresource issues them, and requests and TokenReviews are authenticated by them
//! (`pkg/registry/core/serviceaccount/storage/token.go`, `pkg/serviceaccount`).

mod authenticate;
mod discovery;
mod jwt;

pub(super) use authenticate::Verdict;

use std::sync::Arc;

use super::{Request, Response, Result, Server};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::{self, Schema};
use kctl_base::sim::{Duration, Ids, Time};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The issuer of tokens, and their audience unless the request names others.
pub(super) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// The issuer of the tokens in Secrets.
const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";
/// The group of TokenRequests.
const GROUP: &str = "authentication.k8s.io";
/// Life times in seconds: the default, the shortest and the longest one.
const DEFAULT_SECONDS: i64 = 3600;
const SHORTEST_SECONDS: i64 = 600;
const LONGEST_SECONDS: i64 = 1 << 32;

impl Server {
    /// Answers a TokenRequest: the `token` subresource of a ServiceAccount.
    pub(super) fn issue_token(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let mut body = decode(request.take_object()?)?;
        let account = self.must_read(kind, &request.namespace, &request.name)?;
        check_name(&body, account.name())?;
        if body.list("/spec/audiences").is_empty() {
            body.put("/spec/audiences", json!([ISSUER]));
        }
        body.put_default("/spec/expirationSeconds", DEFAULT_SECONDS);
        body.put("/metadata/name", account.name());
        body.put("/metadata/namespace", account.namespace());
        body.put("/metadata/creationTimestamp", now.rfc3339());
        let seconds = body.int("/spec/expirationSeconds").unwrap_or(DEFAULT_SECONDS);
        let errors = duration_errors(seconds);
        if !errors.is_empty() {
            return Err(Status::invalid(GROUP, "TokenRequest", "", &errors));
        }
        let bound = self.bound_objects(&body, &account)?;
        let owner = format!("{}/{}", account.namespace(), account.name());
        let number = self.next_counter("token", &owner)?;
        let mut claims = claims_of(&account, &bound);
        let (expiry, audiences) = (now + Duration::from_secs(seconds), body["spec"]["audiences"].clone());
        claims.put("/aud", audiences);
        claims.put("/jti", self.ids.uid("token", &owner, number));
        claims.put("/exp", expiry.secs());
        for field in ["/iat", "/nbf"] {
            claims.put(field, now.secs());
        }
        let token = sign(self.ids, &claims)?;
        body.put("/status", json!({"token": token, "expirationTimestamp": expiry.rfc3339()}));
        Ok(Response { created: true, ..Response::of(body.into()) })
    }

    /// Returns the objects that a token is bound to besides its account, by their names in the claims: that of the request,
    /// and the node of a pod.
    fn bound_objects(&mut self, request: &Object, account: &Object) -> Result<Vec<(&'static str, Arc<Object>)>> {
        let Some(reference) = request.at("/spec/boundObjectRef").filter(|reference| reference.is_object()) else {
            return Ok(Vec::new());
        };
        let (group, version) = split_api_version(reference.str("/apiVersion"));
        let kind = reference.str("/kind");
        let (claim, resource, namespace) = match (group, kind) {
            ("", "Pod") => ("pod", "pods", account.namespace()),
            ("", "Secret") => ("secret", "secrets", account.namespace()),
            ("", "Node") => ("node", "nodes", ""),
            _ => {
                let text = format!("cannot bind token to object of type {group}/{version}, Kind={kind}");
                return Err(Status::bad_request(text));
            }
        };
        let name = reference.str("/name");
        let object = self.read(resource, namespace, name)?.ok_or_else(|| Status::not_found("", resource, name))?;
        if claim == "pod" && object.str("/spec/serviceAccountName") != account.name() {
            return Err(Status::bad_request(format!(
                "cannot bind token for serviceaccount {} to pod running with different serviceaccount name.",
                kctl_base::go::quote(account.name())
            )));
        }
        let uid = reference.str("/uid");
        if !uid.is_empty() && uid != object.uid() {
            let detail = format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            );
            return Err(Status::conflict(group, kind, name, &detail));
        }
        let node = if claim == "pod" { self.read("nodes", "", object.str("/spec/nodeName"))? } else { None };
        Ok([(claim, object)].into_iter().chain(node.map(|node| ("node", node))).collect())
    }
}

/// Decodes a TokenRequest strictly.
fn decode(body: Object) -> Result<Object> {
    let unreadable = |error: String| Status::bad_request(error);
    let Some(definition) = Schema::builtin().root(GROUP, "v1", "TokenRequest") else { return Ok(body) };
    let decoded = schema::decode::decode(Schema::builtin(), definition, body, |text| Ok(text.to_string()));
    let mut body = decoded.map_err(|error| unreadable(error.to_string()))?.value;
    body.put_default("/apiVersion", "authentication.k8s.io/v1");
    body.put_default("/kind", "TokenRequest");
    body.remove_at("/status");
    Ok(body)
}

/// Rejects a request whose name is not that of the account.
fn check_name(request: &Object, account: &str) -> Result<()> {
    let name = request.name();
    if name.is_empty() || name == account {
        return Ok(());
    }
    let path = Path::new("metadata").child("name");
    let errors = vec![field::invalid(&path, name, "must match the service account name if specified")];
    Err(Status::invalid(GROUP, "TokenRequest", account, &errors))
}

/// Validates a life time (`ValidateTokenRequest`).
fn duration_errors(seconds: i64) -> ErrorList {
    let path = Path::new("spec").child("expirationSeconds");
    match seconds {
        ..SHORTEST_SECONDS => vec![field::invalid(&path, seconds, "may not specify a duration less than 10 minutes")],
        SHORTEST_SECONDS..=LONGEST_SECONDS => Vec::new(),
        _ => vec![field::invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds")],
    }
}

/// Returns the claims about the account and the objects that a token is bound to.
fn claims_of(account: &Object, bound: &[(&'static str, Arc<Object>)]) -> Value {
    let reference = |object: &Object| json!({"name": object.name(), "uid": object.uid()});
    let mut private = json!({"namespace": account.namespace(), "serviceaccount": reference(account)});
    for (claim, object) in bound {
        private[*claim] = reference(object);
    }
    let subject = format!("system:serviceaccount:{}:{}", account.namespace(), account.name());
    json!({"iss": ISSUER, "sub": subject, "kubernetes.io": private})
}

fn sign(ids: Ids, claims: &Value) -> Result<String> {
    jwt::sign(ids, claims).map_err(|error| Status::internal(error.to_string()))
}

/// Returns the token of a Secret of an account, which never expires.
///
/// # Errors
/// The token cannot be signed.
pub(crate) fn secret_token(ids: Ids, account: &Object, secret: &Object) -> Result<String> {
    let subject = format!("system:serviceaccount:{}:{}", account.namespace(), account.name());
    let claims = json!({
        "iss": LEGACY_ISSUER, "sub": subject,
        "kubernetes.io/serviceaccount/namespace": account.namespace(),
        "kubernetes.io/serviceaccount/secret.name": secret.name(),
        "kubernetes.io/serviceaccount/service-account.name": account.name(),
        "kubernetes.io/serviceaccount/service-account.uid": account.uid(),
    });
    sign(ids, &claims)
}

/// Returns the token that the kubelet puts into the volumes of a pod: bound to the pod and its node, for `audience` or, if that
/// is empty, the API server.
///
/// # Errors
/// The token cannot be signed.
pub(crate) fn pod_token(
    ids: Ids,
    account: &Object,
    pod: &Arc<Object>,
    node: Option<&Arc<Object>>,
    audience: &str,
    issued: Time,
    life: Duration,
) -> Result<String> {
    let bound: Vec<(&str, Arc<Object>)> =
        [("pod", pod.clone())].into_iter().chain(node.map(|node| ("node", node.clone()))).collect();
    let mut claims = claims_of(account, &bound);
    claims.put("/aud", json!([if audience.is_empty() { ISSUER } else { audience }]));
    claims.put("/jti", ids.uid("pod-token", &format!("{}/{audience}", pod.uid()), issued.micros().unsigned_abs()));
    claims.put("/exp", (issued + life).secs());
    for field in ["/iat", "/nbf"] {
        claims.put(field, issued.secs());
    }
    sign(ids, &claims)
}

#[cfg(test)]
mod tests;
