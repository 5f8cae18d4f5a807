//! The API's errors: `metav1.Status` values with reason, code, message and details.
//!
//! The message is what the server says; the words around it ("Error from server ...") are the client's.

use std::fmt;
use std::num::NonZeroU32;

use crate::json::{Value, json};

use super::field::ErrorList;

/// Why a request failed. The names are those of `metav1.StatusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No object of that name, or no such resource.
    NotFound,
    /// An object of that name is there already.
    AlreadyExists,
    /// The object has changed since it was read.
    Conflict,
    /// The object breaks a rule of its kind.
    Invalid,
    /// The request itself makes no sense.
    BadRequest,
    /// Policy does not allow it.
    Forbidden,
    /// Nobody knows who asks.
    Unauthorized,
    /// There is too much of it.
    RequestEntityTooLarge,
    /// The verb does not exist for the resource.
    MethodNotAllowed,
    /// The body has a format that is not understood.
    UnsupportedMediaType,
    /// Too much is going on, or a disruption budget is spent.
    TooManyRequests,
    /// The version asked for is no longer in the change log.
    Expired,
    /// Took too long.
    Timeout,
    /// The server itself failed.
    InternalError,
    /// The server gives no reason; clients print its sentence without one.
    Unknown,
}

impl Reason {
    /// The word and the HTTP code.
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
            Reason::Timeout => ("Timeout", 504),
            Reason::InternalError => ("InternalError", 500),
            Reason::Unknown => ("", 500),
        }
    }
}

/// One cause in the details of a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCause {
    /// `FieldValueRequired` and the like.
    pub reason: String,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub field: String,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Why.
    pub reason: Reason,
    /// The server's sentence.
    pub message: String,
    /// Group of the object or resource concerned.
    pub group: String,
    /// Kind of the object, or the resource's plural name, as the reason has it.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Single causes, for invalid objects and conflicts.
    pub causes: Box<[StatusCause]>,
    /// Seconds after which it is worth trying again.
    pub retry_after: Option<NonZeroU32>,
}

impl Status {
    /// A status with a message and nothing else.
    pub fn new(reason: Reason, message: impl Into<String>) -> Status {
        Status {
            reason,
            message: message.into(),
            group: String::new(),
            kind: String::new(),
            name: String::new(),
            causes: Box::default(),
            retry_after: None,
        }
    }

    fn about(mut self, group: &str, kind: &str, name: &str) -> Status {
        (self.group, self.kind, self.name) = (group.into(), kind.into(), name.into());
        self
    }

    /// `pods "x" not found`; `resource` is the plural name.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Status {
        Status::new(Reason::NotFound, format!("{} \"{name}\" not found", dotted(resource, group)))
            .about(group, resource, name)
    }

    /// `the server could not find the requested resource`: the resource or subresource does not exist.
    pub fn no_resource() -> Status {
        Status::new(Reason::NotFound, "the server could not find the requested resource")
    }

    /// `pods "x" already exists`.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Status {
        Status::new(Reason::AlreadyExists, format!("{} \"{name}\" already exists", dotted(resource, group)))
            .about(group, resource, name)
    }

    /// `Operation cannot be fulfilled on pods "x": why`.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Status {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", dotted(resource, group));
        Status::new(Reason::Conflict, message).about(group, resource, name)
    }

    /// The conflict of a writer that read an older version.
    pub fn modified(group: &str, resource: &str, name: &str) -> Status {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(group, resource, name, why)
    }

    /// `pods "x" is forbidden: why`.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Status {
        let subject = match name {
            "" => format!("{} is", dotted(resource, group)),
            _ => format!("{} \"{name}\" is", dotted(resource, group)),
        };
        Status::new(Reason::Forbidden, format!("{subject} forbidden: {why}")).about(group, resource, name)
    }

    /// An object that breaks the rules of its kind: `Deployment.apps "x" is invalid: ...`.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &ErrorList) -> Status {
        // The aggregate leaves out repetitions, as Kubernetes' does.
        let mut texts: Vec<String> = Vec::new();
        for error in errors {
            let text = error.to_string();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = if texts.len() == 1 { texts[0].clone() } else { format!("[{}]", texts.join(", ")) };
        let mut status = Status::new(Reason::Invalid, format!("{} \"{name}\" is invalid: {list}", dotted(kind, group)));
        status.causes = errors
            .iter()
            .map(|e| StatusCause { reason: e.cause.reason().into(), message: e.body.clone(), field: e.field.clone() })
            .collect();
        status.about(group, kind, name)
    }

    /// With one cause in its details.
    pub fn with_cause(mut self, cause: StatusCause) -> Status {
        let mut causes = self.causes.into_vec();
        causes.push(cause);
        self.causes = causes.into();
        self
    }

    /// A request that makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(Reason::BadRequest, message)
    }

    /// A failure of the server itself.
    pub fn internal(message: impl Into<String>) -> Status {
        Status::new(Reason::InternalError, format!("Internal error occurred: {}", message.into()))
    }

    /// Whether the object or resource does not exist.
    pub fn is_not_found(&self) -> bool {
        self.reason == Reason::NotFound
    }

    /// Whether an object of that name exists already.
    pub fn is_already_exists(&self) -> bool {
        self.reason == Reason::AlreadyExists
    }

    /// Whether somebody else changed the object first.
    pub fn is_conflict(&self) -> bool {
        self.reason == Reason::Conflict
    }

    /// Whether the object breaks the rules of its kind.
    pub fn is_invalid(&self) -> bool {
        self.reason == Reason::Invalid
    }

    /// The status as the API sends it.
    pub fn to_value(&self) -> Value {
        let (reason, code) = self.reason.parts();
        let mut details = json!({});
        for (key, text) in [("group", &self.group), ("kind", &self.kind), ("name", &self.name)] {
            if !text.is_empty() {
                details[key] = text.as_str().into();
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

/// `deployments.apps`, or only `pods` in the core group.
pub fn dotted(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.into() } else { format!("{resource}.{group}") }
}
