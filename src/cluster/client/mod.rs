//! A typed client of the API server: the only way from the command line to objects.
//!
//! Each method is one request (a list can be several, one for each page). The client acts as one user, collects the
//! warnings of the server and can log each request as kubectl does ([`RequestLog`]).

mod params;
mod request_log;
mod resource_path;
pub mod rest;
mod session;
mod transport;
mod url;
pub mod version;
mod watch;

use std::sync::Arc;

pub use params::{DeleteParams, ListParams, WriteParams};
pub use request_log::{LogEntry, Presentation, RequestLog};
use request_log::{Message, Outcome};
pub use resource_path::ResourcePath;
pub use transport::{Transport, WaitFor, WaitOutcome};
pub use watch::{LogStream, Watch, WatchStart};

use crate::api::{Body, ObjectList, PatchType, Payload, Request, Requester, Response, Result, User, Verb};
use crate::error::ClusterError;
use kctl_base::json::{Parts, Value};
use kctl_base::object::Object;
use kctl_base::sim::{ClockMode, Time};
use kctl_base::status::Status;
use kctl_kinds::Catalog;

/// A patch of an object.
#[derive(Clone, Debug)]
pub enum Patch {
    /// A patch that the program built.
    Value(PatchType, Value),
    /// A patch that the user typed; the server reports its syntax errors.
    Text(PatchType, String),
}

impl From<Patch> for Body {
    fn from(patch: Patch) -> Body {
        match patch {
            Patch::Value(format, value) => Body::Patch(format, value),
            Patch::Text(format, text) => Body::PatchText(format, text),
        }
    }
}

/// A client of an API server.
pub struct Client<T> {
    transport: T,
    user: User,
    /// True when the user is impersonated (`--as`) by the owner of the credentials.
    impersonates: bool,
    /// Warnings that have not been taken yet.
    warnings: Vec<String>,
    /// All warnings so far, to drop those that the server repeats.
    seen_warnings: Vec<String>,
    /// The first hint of the server, until it is taken.
    hint: Option<String>,
    has_hinted: bool,
    log: RequestLog,
    /// The form in which the client presents the objects that it reads.
    presentation: Presentation,
}

/// The program that a client says it is (the first part of `User-Agent`), which the server takes for the field manager of a
/// write that names none.
const AGENT: &str = "kubectl";

impl<T: Transport> Client<T> {
    /// Creates a client that acts as the administrator.
    pub fn new(transport: T) -> Client<T> {
        Client {
            transport,
            user: User::admin(),
            impersonates: false,
            warnings: Vec::new(),
            seen_warnings: Vec::new(),
            hint: None,
            has_hinted: false,
            log: RequestLog::default(),
            presentation: Presentation::default(),
        }
    }

    /// Acts with the credentials of another user from now on.
    pub fn act_as(&mut self, user: User) {
        self.user = user;
    }

    /// Acts as another user from now on, whom the owner of the credentials impersonates.
    pub fn impersonate(&mut self, user: User) {
        (self.user, self.impersonates) = (user, true);
    }

    /// Returns the user that the client acts as.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Sets how much of each request is logged.
    pub fn set_verbosity(&mut self, verbosity: u8) {
        self.log = RequestLog::new(verbosity);
    }

    /// Sets how the client presents what it reads from now on, which its requests tell the server.
    pub fn present(&mut self, presentation: Presentation) {
        self.presentation = presentation;
    }

    /// Returns the log entries since the last call.
    pub fn take_log(&mut self) -> Vec<LogEntry> {
        self.log.take()
    }

    /// Returns the warnings of the server since the last call; each is returned once in the life of the client.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Returns the first hint of the server, once in the life of the client.
    pub fn take_hint(&mut self) -> Option<String> {
        self.hint.take()
    }

    /// Closes the client and returns its connection.
    pub fn into_transport(self) -> T {
        self.transport
    }

    /// Returns the connection.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Returns the kinds that the server serves.
    pub fn catalog(&mut self) -> Catalog {
        self.transport.catalog()
    }

    /// Reads the CustomResourceDefinition behind a resource; `None` for built-in resources.
    ///
    /// # Errors
    /// A server that cannot be reached.
    pub fn definition(&mut self, resource: &str) -> Result<Option<Arc<Object>>> {
        self.transport.definition(resource)
    }

    /// Returns the current time of the server.
    pub fn now(&mut self) -> Time {
        self.transport.clock().now
    }

    /// Reads an object or one of its subresources.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn get(&mut self, path: &ResourcePath) -> Result<Arc<Object>> {
        self.object(path.request(Verb::Get))
    }

    /// Reads an object; `None` when it does not exist.
    ///
    /// # Errors
    /// Any status but 404.
    pub fn get_opt(&mut self, path: &ResourcePath) -> Result<Option<Arc<Object>>> {
        match self.get(path) {
            Ok(object) => Ok(Some(object)),
            Err(status) if status.is_not_found() => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// Lists the objects of a collection, page by page.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn list(&mut self, path: &ResourcePath, params: &ListParams) -> Result<ObjectList> {
        let mut items = Vec::new();
        let resource_version = self.visit(path, params, &mut |page| items.extend(page))?;
        Ok(ObjectList { items, resource_version, ..ObjectList::default() })
    }

    /// Passes the objects of a collection to `visit`, page by page, and returns the resource version of the last one.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn visit(
        &mut self,
        path: &ResourcePath,
        params: &ListParams,
        visit: &mut dyn FnMut(Vec<Arc<Object>>),
    ) -> Result<u64> {
        let mut request = path.request(Verb::List).labels(&params.labels).fields(&params.fields);
        request.options.limit = params.chunk_size;
        // A log shows the objects as they are.
        request.options.parts = if self.log.is_on() { Parts::All } else { params.parts };
        loop {
            let page = self.page(request.clone())?;
            visit(page.items);
            if page.continue_token.is_empty() {
                return Ok(page.resource_version);
            }
            request.options.continue_token = page.continue_token;
        }
    }

    /// Creates an object in a collection, or posts to a subresource.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn create(&mut self, path: &ResourcePath, object: Object, params: &WriteParams) -> Result<Arc<Object>> {
        self.write(path.request(Verb::Create), Body::Object(object), params)
    }

    /// Replaces an object or one of its subresources.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn update(&mut self, path: &ResourcePath, object: Object, params: &WriteParams) -> Result<Arc<Object>> {
        self.write(path.request(Verb::Update), Body::Object(object), params)
    }

    /// Patches an object or one of its subresources.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn patch(&mut self, path: &ResourcePath, patch: Patch, params: &WriteParams) -> Result<Arc<Object>> {
        self.write(path.request(Verb::Patch), patch.into(), params)
    }

    /// Applies a configuration on the server.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn apply(&mut self, path: &ResourcePath, configuration: Value, params: &WriteParams) -> Result<Arc<Object>> {
        self.patch(path, Patch::Value(PatchType::Apply, configuration), params)
    }

    /// Deletes an object and returns its last version.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn delete(&mut self, path: &ResourcePath, params: &DeleteParams) -> Result<Arc<Object>> {
        let mut request = path.request(Verb::Delete).grace(params.grace).dry_run(params.dry_run);
        request.options.propagation = params.propagation;
        request.options.uid.clone_from(&params.uid);
        self.object(request)
    }

    /// Calls the API by path and returns the body of the answer.
    ///
    /// # Errors
    /// The status that the server reports.
    pub fn call(&mut self, call: &rest::Call<'_>) -> Result<String> {
        let is_virtual = self.transport.clock().mode == ClockMode::Virtual;
        let started = self.log.is_on().then(|| self.log.start(Message::of_call(call), is_virtual));
        let result = rest::call(&mut self.transport, &self.user, call);
        if let Some(started) = started {
            self.log.finish(started, Outcome::of_call(call, &result));
        }
        let answer = result?;
        self.keep_warnings(&answer.warnings);
        Ok(answer.body)
    }

    /// Blocks until something may have changed on the server, at most until `deadline`.
    ///
    /// # Errors
    /// A connection or store that cannot be opened again.
    pub fn wait(
        &mut self,
        deadline: Option<Time>,
        wait_for: WaitFor,
    ) -> std::result::Result<WaitOutcome, ClusterError> {
        self.transport.wait(deadline, wait_for)
    }

    fn page(&mut self, request: Request) -> Result<ObjectList> {
        match self.send(request)?.payload {
            Payload::List(list) => Ok(list),
            _ => Err(unexpected()),
        }
    }

    fn write(&mut self, request: Request, body: Body, params: &WriteParams) -> Result<Arc<Object>> {
        let mut request = request.manager(&params.manager).dry_run(params.dry_run).body(body);
        request.options.validation = params.validation;
        request.options.duplicates.clone_from(&params.duplicates);
        request.options.force = params.force;
        self.object(request)
    }

    fn object(&mut self, request: Request) -> Result<Arc<Object>> {
        match self.send(request)?.payload {
            Payload::Object(object) => Ok(object),
            _ => Err(unexpected()),
        }
    }

    /// Sends a request as the user, logs it and keeps the warnings of the server.
    fn send(&mut self, mut request: Request) -> Result<Response> {
        request.requester = Requester::User(self.user.clone());
        let result = match self.log.is_on() {
            true => self.send_logged(request),
            false => self.transport.send(with_manager(request)),
        };
        match &result {
            Ok(response) => {
                self.keep_warnings(&response.warnings);
                if !self.has_hinted {
                    self.hint = response.hints.first().cloned();
                    self.has_hinted = self.hint.is_some();
                }
            }
            Err(status) => self.keep_warnings(&status.warnings),
        }
        result
    }

    fn send_logged(&mut self, request: Request) -> Result<Response> {
        let kind = self.transport.catalog().by_resource(&request.resource);
        let version = kind.as_ref().map_or("v1beta1", |kind| kind.names().version);
        let is_virtual = self.transport.clock().mode == ClockMode::Virtual;
        let started = self.log.start(Message::of(&request, version, self.presentation, self.impersonates), is_virtual);
        let asked = request.clone();
        let result = self.transport.send(with_manager(request));
        let text = |response: &Response| kind.map_or_else(String::new, |kind| rest::text(&kind, &asked, response));
        self.log.finish(started, Outcome::of(&asked, &result, text));
        result
    }

    fn send_unlogged(&mut self, mut request: Request) -> Result<Response> {
        request.requester = Requester::User(self.user.clone());
        self.transport.send(request)
    }

    fn keep_warnings(&mut self, warnings: &[String]) {
        for warning in warnings {
            if !self.seen_warnings.contains(warning) {
                self.seen_warnings.push(warning.clone());
                self.warnings.push(warning.clone());
            }
        }
    }
}

/// Names the program as the field manager of a write that names none (`prefixFromUserAgent` in
/// `apiserver/pkg/endpoints/handlers/create.go`); server-side apply must name one itself.
fn with_manager(request: Request) -> Request {
    let is_apply = matches!(request.body, Body::Patch(PatchType::Apply, _) | Body::PatchText(PatchType::Apply, _));
    match is_apply
        || request.options.session.is_some()
        || request.verb.is_read_only()
        || !request.options.manager.is_empty()
    {
        true => request,
        false => request.manager(AGENT),
    }
}

/// Returns the error for a payload that does not belong to the verb of its request.
fn unexpected() -> Status {
    Status::internal("the server returned a response of an unexpected type")
}
