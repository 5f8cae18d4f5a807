//! Requests and responses as plain data: what a client asks of the server, in no particular transport.

use std::sync::Arc;

use super::User;
use kctl_base::json::{Value, json};
use kctl_base::object::Object;
use kctl_base::sim::Duration;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Make a new object.
    Create,
    /// Read one object.
    Get,
    /// Read many.
    List,
    /// Replace one.
    Update,
    /// Change one by a patch.
    Patch,
    /// Delete one.
    Delete,
}

impl Verb {
    /// The word of discovery and of rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
        }
    }
}

/// The format of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// RFC 6902.
    Json,
    /// RFC 7396.
    Merge,
    /// Kubernetes' strategic merge patch.
    Strategic,
    /// Server-side apply: the body is the configuration, JSON or YAML.
    Apply,
}

/// What comes with the request.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// An object.
    Object(Object),
    /// A patch: its text, since its errors are errors of the text.
    Patch(PatchType, String),
}

/// What happens to unknown and duplicate fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// They are dropped silently.
    Ignore,
    /// They are dropped with a warning.
    Warn,
    /// They are refused.
    #[default]
    Strict,
}

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted afterwards.
    Background,
    /// They are deleted first; the owner waits.
    Foreground,
    /// They stay and lose their owner.
    Orphan,
}

impl Propagation {
    /// The word of `DeleteOptions.propagationPolicy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        }
    }
}

/// Everything about a request that has a usual value.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Do everything but keep the result.
    pub dry_run: bool,
    /// Who writes, in managedFields: `kubectl-create`.
    pub manager: String,
    /// What happens to unknown fields of the body.
    pub validation: FieldValidation,
    /// Fields of the body that stood there twice, as texts of the strict decoder.
    pub duplicates: Vec<String>,
    /// Label selector of a list.
    pub labels: String,
    /// Field selector of a list.
    pub fields: String,
    /// Grace period of a deletion in seconds.
    pub grace: Option<i64>,
    /// What becomes of dependents.
    pub propagation: Option<Propagation>,
    /// The deletion is for this uid only.
    pub uid: Option<String>,
    /// The deletion is for this version only.
    pub resource_version: Option<String>,
    /// Server-side apply takes fields over from other managers.
    pub force: bool,
    /// A list at most this long (`--limit` and chunks); 0 is everything.
    pub limit: usize,
    /// Written by a part of the control plane: trusted, so not decoded and validated again.
    pub trusted: bool,
    /// Who asks; nobody is the control plane.
    pub user: Option<User>,
}

/// A request to the API server.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// With which resource: `deployments.apps`.
    pub resource: String,
    /// The group and version that the client speaks, where it is not the stored one.
    pub version: Option<(String, String)>,
    /// In which namespace; empty for objects of the cluster and for lists over all namespaces.
    pub namespace: String,
    /// Which object; empty for create and list.
    pub name: String,
    /// `status`, `scale`, `eviction`, `binding`, `finalize` or empty.
    pub subresource: String,
    /// What comes with it.
    pub body: Body,
    /// The rest.
    pub options: Options,
}

impl Request {
    /// A request with usual options.
    pub fn new(verb: Verb, resource: &str, namespace: &str, name: &str) -> Request {
        Request {
            verb,
            resource: resource.into(),
            version: None,
            namespace: namespace.into(),
            name: name.into(),
            subresource: String::new(),
            body: Body::None,
            options: Options::default(),
        }
    }

    /// Reads one object.
    pub fn get(resource: &str, namespace: &str, name: &str) -> Request {
        Request::new(Verb::Get, resource, namespace, name)
    }

    /// Reads all objects of a namespace; empty for all namespaces.
    pub fn list(resource: &str, namespace: &str) -> Request {
        Request::new(Verb::List, resource, namespace, "")
    }

    /// Makes an object.
    pub fn create(resource: &str, namespace: &str, object: Object) -> Request {
        Request::new(Verb::Create, resource, namespace, "").body(Body::Object(object))
    }

    /// Replaces an object.
    pub fn update(resource: &str, namespace: &str, name: &str, object: Object) -> Request {
        Request::new(Verb::Update, resource, namespace, name).body(Body::Object(object))
    }

    /// Patches an object.
    pub fn patch(resource: &str, namespace: &str, name: &str, kind: PatchType, text: String) -> Request {
        Request::new(Verb::Patch, resource, namespace, name).body(Body::Patch(kind, text))
    }

    /// Deletes an object.
    pub fn delete(resource: &str, namespace: &str, name: &str) -> Request {
        Request::new(Verb::Delete, resource, namespace, name)
    }

    /// With a body.
    pub fn body(mut self, body: Body) -> Request {
        self.body = body;
        self
    }

    /// For a subresource.
    pub fn subresource(mut self, subresource: &str) -> Request {
        self.subresource = subresource.into();
        self
    }

    /// As a manager of fields.
    pub fn manager(mut self, manager: &str) -> Request {
        self.options.manager = manager.into();
        self
    }

    /// Without keeping the result.
    pub fn dry_run(mut self, dry_run: bool) -> Request {
        self.options.dry_run = dry_run;
        self
    }

    /// Only what a label selector matches.
    pub fn labels(mut self, selector: &str) -> Request {
        self.options.labels = selector.into();
        self
    }

    /// Only what a field selector matches.
    pub fn fields(mut self, selector: &str) -> Request {
        self.options.fields = selector.into();
        self
    }

    /// With a policy for dependents.
    pub fn propagation(mut self, propagation: Propagation) -> Request {
        self.options.propagation = Some(propagation);
        self
    }

    /// With a grace period in seconds.
    pub fn grace(mut self, seconds: Option<i64>) -> Request {
        self.options.grace = seconds;
        self
    }

    /// From a part of the control plane.
    pub fn trusted(mut self) -> Request {
        self.options.trusted = true;
        self
    }
}

/// What the server answers.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The object, in the version that was asked for; of a deletion the object as it was last.
    pub object: Arc<Object>,
    /// The objects of a list.
    pub items: Vec<Arc<Object>>,
    /// The revision of the store at which a list was made.
    pub revision: u64,
    /// Warnings for the client.
    pub warnings: Vec<String>,
    /// Whether the object was made by this request (server-side apply does not know before).
    pub created: bool,
    /// Whether a write changed nothing.
    pub unchanged: bool,
    /// Whether a deletion has to wait for a grace period or finalizers.
    pub pending: bool,
}

impl Response {
    /// An answer that is one object.
    pub fn of(object: Arc<Object>) -> Response {
        Response { object, ..Response::default() }
    }
}

/// Numbers of the simulated cluster that are the same for its whole life.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long every step of a pod's life takes by default; zero makes all of them instant.
    pub latency: Duration,
}

/// A `List` object of the API around items.
pub fn list_object(items: Vec<Value>, resource_version: &str) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": resource_version}})
}
