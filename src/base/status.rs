//! API errors: `metav1.Status` with reason, code, message and details (apimachinery, `pkg/api/errors`).
//!
//! The message is the server's; clients add the words around it (`Error from server (NotFound): ...`).

use std::fmt;
use std::num::NonZeroU32;

use rustc_hash::FxHashSet;

use super::field::ErrorList;
use super::json::{Value, json};

/// The reason why a request failed (`metav1.StatusReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The object or the resource does not exist.
    NotFound,
    /// An object of that name exists.
    AlreadyExists,
    /// The object has changed since it was read.
    Conflict,
    /// The object does not pass validation.
    Invalid,
    /// The request is malformed.
    BadRequest,
    /// Authorization or a policy denies the request.
    Forbidden,
    /// The user could not be authenticated.
    Unauthorized,
    /// The request or the object is too large.
    RequestEntityTooLarge,
    /// The resource does not support the verb.
    MethodNotAllowed,
    /// The format of the body is not supported.
    UnsupportedMediaType,
    /// There are too many requests, or a disruption budget allows no eviction.
    TooManyRequests,
    /// The requested resourceVersion is no longer in the change log.
    Expired,
    /// The server itself failed.
    InternalError,
    /// What the request is passed on to does not answer.
    ServiceUnavailable,
    /// No reason; clients print the message alone.
    Unknown,
}

impl Reason {
    /// Returns the reason and the HTTP status code.
    pub fn parts(self) -> (&'static str, u16) {
        match self {
            Reason::NotFound => ("NotFound", 404),
            Reason::AlreadyExists => ("AlreadyExists", 409),
            Reason::Conflict => ("Conflict", 409),
            Reason::Invalid => ("Invalid", 422),
            Reason::BadRequest => ("BadRequest", 400),
            Reason::Forbidden => ("Forbidden", 403),
            Reason::Unauthorized => ("Unauthorized", 401),
            Reason::RequestEntityTooLarge => ("RequestEntityTooLarge", 413),
            Reason::MethodNotAllowed => ("MethodNotAllowed", 405),
            Reason::UnsupportedMediaType => ("UnsupportedMediaType", 415),
            Reason::TooManyRequests => ("TooManyRequests", 429),
            Reason::Expired => ("Expired", 410),
            Reason::InternalError => ("InternalError", 500),
            Reason::ServiceUnavailable => ("ServiceUnavailable", 503),
            Reason::Unknown => ("", 500),
        }
    }
}

/// The reason of the cause of an error for which the storage of the server is responsible.
const STORAGE_FAILURE: &str = "StorageFailure";

/// An entry of `details.causes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCause {
    /// The machine-readable reason, such as `FieldValueRequired`.
    pub reason: String,
    /// The message.
    pub message: String,
    /// The field path, such as `spec.replicas`.
    pub field: String,
}

/// The error of a failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The reason.
    pub reason: Reason,
    /// The message for people.
    pub message: String,
    /// The API group of the object or resource.
    pub group: Box<str>,
    /// The kind of the object, or the plural name of the resource, depending on the reason.
    pub kind: Box<str>,
    /// The name of the object.
    pub name: Box<str>,
    /// The causes, for invalid objects and conflicts.
    pub causes: Box<[StatusCause]>,
    /// The number of seconds after which the client may retry.
    pub retry_after: Option<NonZeroU32>,
    /// Warnings that accompany the error.
    pub warnings: Box<[String]>,
}

impl Status {
    /// Creates a status without details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Status {
        Status {
            reason,
            message: message.into(),
            group: Box::default(),
            kind: Box::default(),
            name: Box::default(),
            causes: Box::default(),
            retry_after: None,
            warnings: Box::default(),
        }
    }

    /// Adds warnings that the server had raised before it failed.
    pub fn with_warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Status {
        self.warnings = self.warnings.into_iter().chain(warnings).collect();
        self
    }

    fn with_details(mut self, group: &str, kind: &str, name: &str) -> Status {
        (self.group, self.kind, self.name) = (group.into(), kind.into(), name.into());
        self
    }

    /// Creates `pods "x" not found`; `resource` is the plural name.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Status {
        Status::new(Reason::NotFound, format!("{} \"{name}\" not found", dotted(resource, group)))
            .with_details(group, resource, name)
    }

    /// Creates `the server could not find the requested resource`, for unknown resources and subresources.
    pub fn no_resource() -> Status {
        Status::new(Reason::NotFound, "the server could not find the requested resource")
    }

    /// Creates `pods "x" already exists`.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Status {
        Status::new(Reason::AlreadyExists, format!("{} \"{name}\" already exists", dotted(resource, group)))
            .with_details(group, resource, name)
    }

    /// Creates `Operation cannot be fulfilled on pods "x": why`.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Status {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", dotted(resource, group));
        Status::new(Reason::Conflict, message).with_details(group, resource, name)
    }

    /// Creates the conflict of a writer that read an older version.
    pub fn modified(group: &str, resource: &str, name: &str) -> Status {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(group, resource, name, why)
    }

    /// Creates `pods "x" is forbidden: why`.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Status {
        let subject = match name {
            "" => format!("{} is", dotted(resource, group)),
            _ => format!("{} \"{name}\" is", dotted(resource, group)),
        };
        Status::new(Reason::Forbidden, format!("{subject} forbidden: {why}")).with_details(group, resource, name)
    }

    /// Creates the error of an object that fails validation: `Deployment.apps "x" is invalid: ...`.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &ErrorList) -> Status {
        // Like `utilerrors.NewAggregate`, the message has each error once.
        let mut seen = FxHashSet::default();
        let texts = errors.iter().map(ToString::to_string).filter(|text| seen.insert(text.clone()));
        let texts: Vec<String> = texts.collect();
        let list = if texts.len() == 1 { texts[0].clone() } else { format!("[{}]", texts.join(", ")) };
        let mut status = Status::new(Reason::Invalid, format!("{} \"{name}\" is invalid: {list}", dotted(kind, group)));
        status.causes = errors
            .iter()
            .map(|e| StatusCause { reason: e.cause.reason().into(), message: e.body.clone(), field: e.field.clone() })
            .collect();
        status.with_details(group, kind, name)
    }

    /// Adds a cause to the details.
    pub fn with_cause(mut self, cause: StatusCause) -> Status {
        let mut causes = self.causes.into_vec();
        causes.push(cause);
        self.causes = causes.into();
        self
    }

    /// Creates the error of a malformed request.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(Reason::BadRequest, message)
    }

    /// Creates `Internal error occurred: message`.
    pub fn internal(message: impl Into<String>) -> Status {
        Status::new(Reason::InternalError, format!("Internal error occurred: {}", message.into()))
    }

    /// Creates the internal error of a server whose storage has failed, from the message of the storage.
    pub fn storage(message: impl Into<String>) -> Status {
        let message = message.into();
        let cause = StatusCause { reason: STORAGE_FAILURE.into(), message: message.clone(), field: String::new() };
        Status { causes: Box::new([cause]), ..Status::internal(message) }
    }

    /// Returns the message of the storage, if its failure has caused this error.
    pub fn storage_message(&self) -> Option<&str> {
        self.causes.iter().find(|cause| cause.reason == STORAGE_FAILURE).map(|cause| cause.message.as_str())
    }

    /// Returns `true` for [`Reason::NotFound`].
    pub fn is_not_found(&self) -> bool {
        self.reason == Reason::NotFound
    }

    /// Returns `true` for [`Reason::AlreadyExists`].
    pub fn is_already_exists(&self) -> bool {
        self.reason == Reason::AlreadyExists
    }

    /// Returns `true` for [`Reason::Conflict`].
    pub fn is_conflict(&self) -> bool {
        self.reason == Reason::Conflict
    }

    /// Returns `true` for [`Reason::Invalid`].
    pub fn is_invalid(&self) -> bool {
        self.reason == Reason::Invalid
    }
    /// Returns the status as the API sends it: a `v1` Status with message, reason, details and code.
    pub fn to_value(&self) -> Value {
        let (reason, code) = self.reason.parts();
        let mut details = json!({});
        for (key, text) in [("group", &self.group), ("kind", &self.kind), ("name", &self.name)] {
            if !text.is_empty() {
                details[key] = (**text).into();
            }
        }
        if !self.causes.is_empty() {
            let cause = |c: &StatusCause| json!({"reason": c.reason, "message": c.message, "field": c.field});
            details["causes"] = self.causes.iter().map(cause).collect();
        }
        if let Some(seconds) = self.retry_after {
            details["retryAfterSeconds"] = seconds.get().into();
        }
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
               "reason": reason, "details": details, "code": code})
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// Joins a resource and a group: `deployments.apps`, or `pods` in the core group.
pub fn dotted(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.into() } else { format!("{resource}.{group}") }
}
