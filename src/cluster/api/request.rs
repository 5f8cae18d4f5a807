//! Requests as plain data: what a client asks of the API server, over no particular transport.

use crate::profile::Installation;
use kctl_base::gvk::GroupVersion;
use kctl_base::json::{Parts, Value};
use kctl_base::object::Object;
use kctl_base::sim::{Chance, Duration, Time};
use kctl_base::status::Status;

use super::{Result, SessionCall, User};

/// The verb of a request, as authorization rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Creates an object, or posts to a subresource such as `eviction`.
    Create,
    /// Reads one object.
    Get,
    /// Reads the objects of a resource.
    List,
    /// Reads the changes of a resource.
    Watch,
    /// Replaces an object.
    Update,
    /// Patches an object.
    Patch,
    /// Deletes an object.
    Delete,
}

impl Verb {
    /// Returns the verb in lower case, as discovery and RBAC rules spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
        }
    }

    /// Returns whether the request leaves the store as it is.
    pub fn is_read_only(self) -> bool {
        matches!(self, Verb::Get | Verb::List | Verb::Watch)
    }
}

/// The format of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// JSON patch (RFC 6902).
    Json,
    /// JSON merge patch (RFC 7396).
    Merge,
    /// Strategic merge patch.
    Strategic,
    /// Server-side apply: the patch is an apply configuration.
    Apply,
}

impl PatchType {
    /// Returns the media type without the leading `application/`.
    pub fn media_type(self) -> &'static str {
        match self {
            PatchType::Json => "json-patch+json",
            PatchType::Merge => "merge-patch+json",
            PatchType::Strategic => "strategic-merge-patch+json",
            PatchType::Apply => "apply-patch+yaml",
        }
    }
}

/// The body of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// No body.
    #[default]
    None,
    /// An object.
    Object(Object),
    /// A patch that a program built.
    Patch(PatchType, Value),
    /// A patch that a user typed, as a string; the server reports its syntax errors.
    PatchText(PatchType, String),
}

/// The treatment of unknown and duplicate fields in a body (`fieldValidation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drops them silently.
    Ignore,
    /// Drops them with a warning, as the server does unless the client asks for something else.
    #[default]
    Warn,
    /// Rejects the request.
    Strict,
}

impl FieldValidation {
    /// Returns the value of the query parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            FieldValidation::Ignore => "Ignore",
            FieldValidation::Warn => "Warn",
            FieldValidation::Strict => "Strict",
        }
    }
}

/// The fate of the dependents of a deleted object (`propagationPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// Deletes the dependents after the object.
    Background,
    /// Deletes the dependents before the object.
    Foreground,
    /// Keeps the dependents and removes their owner reference.
    Orphan,
}

impl Propagation {
    /// Returns the value of `DeleteOptions.propagationPolicy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        }
    }
}

/// Selects the lines of a container log (`PodLogOptions`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; empty for the only container of the pod.
    pub container: String,
    /// Reads the log of the previous, terminated instance of the container.
    pub previous: bool,
    /// Skips lines that are older than this time.
    pub since: Option<Time>,
    /// Keeps only the last lines.
    pub tail_lines: Option<u64>,
    /// Truncates the log after this number of bytes.
    pub limit_bytes: Option<u64>,
    /// Prefixes each line with its RFC 3339 timestamp.
    pub timestamps: bool,
    /// Number of lines that a followed stream has already delivered. An open connection keeps this position for an HTTP
    /// client; a request over an in-process transport carries it.
    pub position: usize,
    /// Keeps the stream open for new lines.
    pub follow: bool,
}

/// The parameters of a request; the default is a request without any.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Processes the request without persisting the result (`dryRun=All`).
    pub dry_run: bool,
    /// The field manager of a write: `kubectl-create`.
    pub manager: String,
    /// The treatment of unknown and duplicate fields; `None` for the default of the server.
    pub validation: Option<FieldValidation>,
    /// Duplicate fields that the client found while it read the body, as messages of the strict decoder.
    pub duplicates: Vec<String>,
    /// Label selector of a list or watch.
    pub labels: String,
    /// Field selector of a list or watch.
    pub fields: String,
    /// Grace period of a deletion in seconds; `None` for the object's own.
    pub grace: Option<i64>,
    /// Fate of the dependents of a deleted object; `None` for the default of the kind.
    pub propagation: Option<Propagation>,
    /// Precondition of a deletion: the uid of the object.
    pub uid: Option<String>,
    /// Precondition of a deletion, or the version after which a watch starts.
    pub resource_version: Option<String>,
    /// Starts a watch with an `Added` event for each existing object, followed by a bookmark (`sendInitialEvents`).
    pub send_initial_events: bool,
    /// Takes over fields from other managers in server-side apply.
    pub force: bool,
    /// Maximum number of items in a list; 0 for no limit.
    pub limit: usize,
    /// Continues a list after the last item of the previous page.
    pub continue_token: String,
    /// The parts of the objects of a list that the client needs. The server may leave the others out, which takes less time.
    pub parts: Parts,
    /// Selects the lines of a log.
    pub log: LogOptions,
    /// The step of a session that the request takes.
    pub session: Option<Box<SessionCall>>,
}

/// The client that a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Requester {
    /// The API server itself (`system:apiserver`): may do everything; its objects are validated like those of any client.
    #[default]
    Loopback,
    /// A component of the control plane: may do everything, and its objects come from typed code, so they are not decoded
    /// and validated again.
    ControlPlane,
    /// A user; authorization decides what the user may do.
    User(User),
}

/// A request to the API server.
#[derive(Clone, Debug)]
pub struct Request {
    /// The verb.
    pub verb: Verb,
    /// The resource: `deployments.apps`.
    pub resource: String,
    /// The version that the client speaks; `None` for the stored version.
    pub version: Option<GroupVersion>,
    /// The namespace; empty for cluster-scoped objects and for lists over all namespaces.
    pub namespace: String,
    /// The name of the object; empty for `create`, `list` and `watch`.
    pub name: String,
    /// `status`, `scale`, `log`, `exec`, `eviction`, `binding`, `finalize`, or empty for the object itself.
    pub subresource: String,
    /// The body.
    pub body: Body,
    /// The parameters.
    pub options: Options,
    /// The client.
    pub requester: Requester,
}

impl Request {
    /// Creates a request with the default options.
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
            requester: Requester::Loopback,
        }
    }

    /// Reads one object.
    pub fn get(resource: &str, namespace: &str, name: &str) -> Request {
        Request::new(Verb::Get, resource, namespace, name)
    }

    /// Lists the objects of a namespace; an empty namespace means all namespaces.
    pub fn list(resource: &str, namespace: &str) -> Request {
        Request::new(Verb::List, resource, namespace, "")
    }

    /// Watches the objects of a namespace; an empty namespace means all namespaces.
    pub fn watch(resource: &str, namespace: &str) -> Request {
        Request::new(Verb::Watch, resource, namespace, "")
    }

    /// Creates an object.
    pub fn create(resource: &str, namespace: &str, object: Object) -> Request {
        Request::new(Verb::Create, resource, namespace, "").body(Body::Object(object))
    }

    /// Replaces an object.
    pub fn update(resource: &str, namespace: &str, name: &str, object: Object) -> Request {
        Request::new(Verb::Update, resource, namespace, name).body(Body::Object(object))
    }

    /// Patches an object.
    pub fn patch(resource: &str, namespace: &str, name: &str, format: PatchType, patch: Value) -> Request {
        Request::new(Verb::Patch, resource, namespace, name).body(Body::Patch(format, patch))
    }

    /// Deletes an object.
    pub fn delete(resource: &str, namespace: &str, name: &str) -> Request {
        Request::new(Verb::Delete, resource, namespace, name)
    }

    /// Takes the object out of the body.
    pub(super) fn take_object(&mut self) -> Result<Object> {
        match std::mem::take(&mut self.body) {
            Body::Object(object) => Ok(object),
            _ => Err(Status::bad_request("the body of the request was in an unknown format")),
        }
    }

    /// Sets the body.
    pub fn body(mut self, body: Body) -> Request {
        self.body = body;
        self
    }

    /// Sets the subresource.
    pub fn subresource(mut self, subresource: &str) -> Request {
        self.subresource = subresource.into();
        self
    }

    /// Sets the field manager.
    pub fn manager(mut self, manager: &str) -> Request {
        self.options.manager = manager.into();
        self
    }

    /// Sets whether the request is a dry run.
    pub fn dry_run(mut self, dry_run: bool) -> Request {
        self.options.dry_run = dry_run;
        self
    }

    /// Sets the label selector.
    pub fn labels(mut self, selector: &str) -> Request {
        self.options.labels = selector.into();
        self
    }

    /// Sets the field selector.
    pub fn fields(mut self, selector: &str) -> Request {
        self.options.fields = selector.into();
        self
    }

    /// Sets the propagation policy.
    pub fn propagation(mut self, propagation: Propagation) -> Request {
        self.options.propagation = Some(propagation);
        self
    }

    /// Sets the grace period in seconds.
    pub fn grace(mut self, seconds: Option<i64>) -> Request {
        self.options.grace = seconds;
        self
    }

    /// Sends the request as a user.
    pub fn by(mut self, user: User) -> Request {
        self.requester = Requester::User(user);
        self
    }

    /// Sends the request as a component of the control plane.
    pub fn by_control_plane(mut self) -> Request {
        self.requester = Requester::ControlPlane;
        self
    }

    /// Returns whether a component of the control plane sent the request.
    pub fn is_from_control_plane(&self) -> bool {
        self.requester == Requester::ControlPlane
    }

    /// Returns the user that admission policies and reviews see.
    pub(super) fn user(&self) -> User {
        match &self.requester {
            Requester::User(user) => user.clone(),
            Requester::ControlPlane => User::new("system:kube-controller-manager", Vec::new()),
            Requester::Loopback => User::new("system:apiserver", vec!["system:masters".into()]),
        }
    }
}

/// Settings of the simulated cluster that never change.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Default duration of each step in the lifecycle of a pod; zero makes all steps instant.
    pub latency: Duration,
    /// What is left to chance.
    pub chance: Chance,
    /// What the installer of the cluster has decided.
    pub(crate) installation: Installation,
}
