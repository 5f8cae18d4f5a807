//! Reviews: objects that ask for the authentication or authorization of a user. They are answered in their status and not
//! stored (`pkg/registry/authentication`, `pkg/registry/authorization`,
//! <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access>).

use super::tokens::{self, Verdict};
use super::{Attributes, Request, Response, Result, Server, User};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// Returns whether objects of a kind are reviews.
pub(super) fn is_review(kind: &dyn Kind) -> bool {
    ["authentication.k8s.io", "authorization.k8s.io"].contains(&kind.names().group)
}

impl Server {
    /// Sets the status of a review and returns it.
    pub(super) fn review(
        &mut self,
        kind: &dyn Kind,
        mut review: Object,
        request: &Request,
        now: Time,
        warnings: Vec<String>,
    ) -> Result<Response> {
        let user = request.user();
        review.map_mut("/metadata");
        let status = match kind.names().kind {
            "SelfSubjectReview" => {
                review.put("/metadata/creationTimestamp", now.rfc3339());
                json!({"userInfo": user.to_info()})
            }
            "TokenReview" if review.str("/spec/token").is_empty() => {
                return Err(Status::bad_request("token is required for TokenReview in authentication"));
            }
            "TokenReview" => self.token_review(&review, now)?,
            "SelfSubjectRulesReview" => self.rules_review(&user, &review)?,
            _ => self.access_review(kind, user, &review)?,
        };
        review.put("/status", status);
        Ok(Response { warnings, created: true, ..Response::of(review.into()) })
    }

    /// Returns the status of a TokenReview: the user of a token.
    fn token_review(&mut self, review: &Object, now: Time) -> Result<Value> {
        let wanted = review.list("/spec/audiences");
        let mut audiences: Vec<String> = wanted.iter().filter_map(Value::as_str).map(String::from).collect();
        if audiences.is_empty() {
            audiences.push(tokens::ISSUER.into());
        }
        Ok(match self.judge_token(review.str("/spec/token"), &audiences, now)? {
            Verdict::Foreign => json!({"error": "invalid bearer token", "user": {}}),
            Verdict::Refused(why) => json!({"error": format!("[invalid bearer token, {why}]"), "user": {}}),
            Verdict::Valid(user, audiences) => {
                json!({"authenticated": true, "audiences": audiences, "user": user.to_info()})
            }
        })
    }

    /// Returns the status of a SelfSubjectRulesReview: the rules of the user in a namespace.
    fn rules_review(&mut self, user: &User, review: &Object) -> Result<Value> {
        let namespace = review.str("/spec/namespace");
        if namespace.is_empty() {
            return Err(Status::bad_request("no namespace on request"));
        }
        let rules = self.rules_of(user, namespace)?;
        let (urls, resources): (Vec<Value>, Vec<Value>) =
            rules.into_iter().partition(|rule| !rule.list("/nonResourceURLs").is_empty());
        Ok(json!({"incomplete": false, "nonResourceRules": urls, "resourceRules": resources}))
    }

    /// Returns the status of an access review: the permission of the user that it names, or, for a SelfSubjectAccessReview,
    /// of the requester.
    fn access_review(&mut self, kind: &dyn Kind, requester: User, review: &Object) -> Result<Value> {
        let is_own = kind.names().kind == "SelfSubjectAccessReview";
        let errors = spec_errors(review, is_own);
        if !errors.is_empty() {
            return Err(Status::invalid(kind.names().group, kind.names().kind, review.name(), &errors));
        }
        let groups = review.list("/spec/groups").iter().filter_map(Value::as_str).map(String::from).collect();
        let user =
            if is_own { requester } else { User { name: review.str("/spec/user").into(), groups, ..User::default() } };
        let reason = self.permission(&user, &attributes_of(review))?;
        Ok(match reason.as_deref() {
            None => json!({"allowed": false}),
            Some("") => json!({"allowed": true}),
            Some(reason) => json!({"allowed": true, "reason": reason}),
        })
    }
}

/// Validates the spec of an access review; `is_own` is true for a SelfSubjectAccessReview, which names no user.
fn spec_errors(review: &Object, is_own: bool) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    match (review.at("/spec/resourceAttributes"), review.at("/spec/nonResourceAttributes")) {
        (Some(_), Some(url)) => {
            let detail = "cannot be specified in combination with resourceAttributes";
            errors.push(field::invalid(&spec.child("nonResourceAttributes"), url.clone(), detail));
        }
        (None, None) => {
            let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            errors.push(field::invalid(&spec.child("resourceAttributes"), Value::Null, detail));
        }
        _ => {}
    }
    if !is_own && review.str("/spec/user").is_empty() && review.list("/spec/groups").is_empty() {
        errors.push(field::invalid(&spec.child("user"), "", "at least one of user or group must be specified"));
    }
    errors
}

/// Returns the attributes of the request that an access review asks about.
fn attributes_of(review: &Object) -> Attributes {
    let resource = |field: &str| review.str(&format!("/spec/resourceAttributes/{field}")).to_owned();
    match review.at("/spec/nonResourceAttributes") {
        Some(url) => Attributes::of_path(url.str("/verb"), url.str("/path")),
        None => Attributes {
            verb: resource("verb"),
            group: resource("group"),
            resource: resource("resource"),
            subresource: resource("subresource"),
            name: resource("name"),
            namespace: resource("namespace"),
            path: String::new(),
        },
    }
}

#[cfg(test)]
mod tests;
