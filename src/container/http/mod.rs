//! HTTP servers: what answers on the ports of a pod.
//!
//! [`World::serve`] finds the process that listens on a port and lets its [`Server`] answer, with the files, variables and
//! output of that process. Servers whose behaviour is not simulated accept a connection and close it.

mod apache;
mod apps;
pub(crate) mod dates;
mod files;
mod health;
mod message;
mod nginx;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::network::{Endpoint, NetworkError, Request, Response, Service, Surroundings};
use crate::process::{Pid, Process};
use crate::programs::Task;
use crate::world::{Container, World};

pub(crate) use apache::Apache;
pub(crate) use apps::{App, javascript, log as log_go, log_klog};
pub(crate) use files::{FileServer, FileServerKind};
pub(crate) use health::HealthServer;
pub(crate) use message::{decode_request, encode_response, head, reason, status_line};
pub(crate) use nginx::{Nginx, Problem as NginxProblem};

/// An HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Server {
    /// nginx with its configuration.
    Nginx(Nginx),
    /// Apache httpd.
    Apache(Apache),
    /// A server of files.
    Files(FileServer),
    /// An application that documentation uses.
    App(App),
}

/// A request with where it comes from and where it arrived.
pub(crate) struct Visit<'a> {
    pub(crate) request: &'a Request,
    pub(crate) client: Ipv4Addr,
    pub(crate) port: u16,
    /// It has come over TLS.
    pub(crate) is_tls: bool,
}

impl Visit<'_> {
    /// Returns the path without the query.
    pub(crate) fn path(&self) -> &str {
        self.request.target.split(['?', '#']).next().unwrap_or("/")
    }

    /// Returns the query; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        self.request.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Returns the value of a parameter of the query, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.query().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(n, _)| *n == name).map(|(_, value)| message::decode_percent(&value.replace('+', " ")))
    }

    /// Returns the `Host` header.
    pub(crate) fn host(&self) -> &str {
        self.request.header("Host").unwrap_or_default()
    }

    /// Returns the first line of the request as it stands in access logs.
    pub(crate) fn line(&self) -> String {
        format!("{} {} HTTP/1.1", self.request.method, self.request.target)
    }

    fn is_head(&self) -> bool {
        self.request.method == "HEAD"
    }
}

impl Server {
    /// Reports whether it answers as the real one does, whatever it is asked.
    pub(crate) fn is_complete(&self) -> bool {
        !matches!(self, Server::Apache(Apache { has_php: true, .. }))
    }

    fn answer(&mut self, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
        let mut response = match self {
            Server::Nginx(nginx) => nginx.answer(call, visit),
            Server::Apache(apache) => apache.answer(call, visit),
            Server::Files(files) => files.answer(call, visit),
            Server::App(app) => app.answer(call, visit),
        };
        if visit.is_head() {
            response.body.clear();
        }
        response
    }
}

/// Creates a response with a body and its length after the other headers.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
    let body = body.into();
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    headers.push(("Content-Length".to_owned(), body.len().to_string()));
    Response { status, reason: reason(status).to_owned(), headers, body, ..Response::default() }
}

impl World {
    /// Reports whether any process of the pod listens on a TCP port.
    #[must_use]
    pub fn listens(&self, port: u16) -> bool {
        self.listener(port).is_some()
    }

    /// Answers an HTTP request that arrives on a port of the pod.
    ///
    /// # Errors
    /// [`NetworkError::Refused`] when nothing listens; [`NetworkError::Closed`] from a server that does not speak HTTP.
    pub fn serve(
        &mut self,
        surroundings: &mut dyn Surroundings,
        port: u16,
        request: &Request,
        client: Ipv4Addr,
    ) -> Result<Response, NetworkError> {
        self.serve_over(surroundings, port, request, client, false)
    }

    /// Answers an HTTP request that arrives over TLS, with the certificates of the server. A request without a method only makes
    /// the connection.
    ///
    /// # Errors
    /// As [`World::serve`]; also [`NetworkError::Closed`] from a server that does not expect TLS.
    pub fn serve_tls(
        &mut self,
        surroundings: &mut dyn Surroundings,
        port: u16,
        request: &Request,
        client: Ipv4Addr,
    ) -> Result<Response, NetworkError> {
        let (container, pid) = self.listener(port).ok_or(NetworkError::Refused)?;
        if declared(&self.containers[&container], port).is_some() {
            return self.serve(surroundings, port, request, client);
        }
        let certificates = self.with_process(surroundings, &container, pid, |call| {
            let service = call.process.listeners.iter().find(|listener| listener.port == port).map(|l| &l.service);
            let Some(Service::Http(server)) = service else { return Err(NetworkError::Closed) };
            let Server::Nginx(nginx) = &**server else { return Err(NetworkError::Closed) };
            let path = nginx.certificate(port).ok_or(NetworkError::Closed)?.to_owned();
            call.files().read(&path).map_err(|_| NetworkError::Closed)
        })?;
        let response = match request.method.is_empty() {
            true => Response::default(),
            false => self.serve_over(surroundings, port, request, client, true)?,
        };
        Ok(Response { certificates: Some(String::from_utf8_lossy(&certificates).into_owned()), ..response })
    }

    fn serve_over(
        &mut self,
        surroundings: &mut dyn Surroundings,
        port: u16,
        request: &Request,
        client: Ipv4Addr,
        is_tls: bool,
    ) -> Result<Response, NetworkError> {
        let (container, pid) = self.listener(port).ok_or(NetworkError::Refused)?;
        if let Some((status, body)) = declared(&self.containers[&container], port) {
            return Ok(response(status, &[("Content-Type", "text/plain; charset=utf-8")], body));
        }
        self.with_process(surroundings, &container, pid, |call| {
            let Some(mut server) = take_server(call.process, port) else { return Err(NetworkError::Closed) };
            let answer = server.answer(call, &Visit { request, client, port, is_tls });
            if let Some(listener) = call.process.listeners.iter_mut().find(|listener| listener.port == port) {
                listener.service = Service::Http(server);
            }
            Ok(answer)
        })
    }

    /// Answers bytes that arrive over a connection to a port of the pod.
    ///
    /// # Errors
    /// As [`World::serve`]; an empty answer comes from a server that waits for more.
    pub fn exchange(
        &mut self,
        surroundings: &mut dyn Surroundings,
        port: u16,
        bytes: &[u8],
        client: Ipv4Addr,
    ) -> Result<Vec<u8>, NetworkError> {
        let (container, pid) = self.listener(port).ok_or(NetworkError::Refused)?;
        let process = self.containers.get_mut(&container).and_then(|c| c.processes.get_mut(&pid));
        let service = process.and_then(|p| p.listeners.iter_mut().find(|listener| listener.port == port));
        match service.map(|listener| &mut listener.service) {
            Some(Service::Redis(store)) => Ok(store.exchange(bytes)),
            Some(Service::ZooKeeper(server)) => {
                let server = server.clone();
                self.with_process(surroundings, &container, pid, |call| server.answer(call, port, bytes))
            }
            Some(Service::Cassandra(node)) => {
                let node = node.clone();
                self.with_process(surroundings, &container, pid, |call| node.answer(call, port, bytes))
            }
            Some(Service::Silent | Service::Grpc(_)) => Err(NetworkError::Closed),
            _ => match decode_request(bytes) {
                Some(request) => {
                    let response = self.serve(surroundings, port, &request, client)?;
                    Ok(encode_response(&response))
                }
                None if bytes.is_empty() => Ok(Vec::new()),
                None => Ok(encode_response(&bad_request())),
            },
        }
    }

    /// Returns container and process that listen on a port.
    fn listener(&self, port: u16) -> Option<(String, Pid)> {
        let running = self.containers.iter().filter(|(_, container)| container.exit.is_none());
        let mut processes = running
            .flat_map(|(name, container)| container.processes.values().map(move |process| (name, container, process)));
        let found = processes.find(|(_, container, process)| listens(container, process, port));
        found.map(|(name, _, process)| (name.clone(), process.pid))
    }

    /// Lets a process act while it waits.
    fn with_process<T>(
        &mut self,
        surroundings: &mut dyn Surroundings,
        container: &str,
        pid: Pid,
        act: impl FnOnce(&mut Call<'_>) -> Result<T, NetworkError>,
    ) -> Result<T, NetworkError> {
        let found = self.containers.get_mut(container).and_then(|c| c.processes.remove(&pid));
        let mut process = found.ok_or(NetworkError::Refused)?;
        let result = act(&mut Call { world: self, container, process: &mut process, surroundings });
        if let Some(container) = self.containers.get_mut(container) {
            container.processes.insert(pid, process);
        }
        result
    }
}

/// Reports whether a process listens. A service that is not simulated listens on the ports of its container; so does the main
/// process of a container that declares what it answers.
fn listens(container: &Container, process: &Process, port: u16) -> bool {
    let is_unknown = process.task == Task::UnknownService && container.config.ports.contains(&port);
    let is_declared = process.pid == container.main && declared(container, port).is_some();
    is_unknown || is_declared || process.listeners.iter().any(|listener| listener.port == port)
}

/// Returns status and body that a container declares for all of its ports.
fn declared(container: &Container, port: u16) -> Option<(u16, String)> {
    let ports = &container.config.ports;
    container.config.declared_http.clone().filter(|_| ports.is_empty() || ports.contains(&port))
}

/// Takes the HTTP server of a port out of a process, so that it can act on the process; it has to be put back. `None`, and
/// nothing is taken, from a port where another service listens.
fn take_server(process: &mut Process, port: u16) -> Option<Box<Server>> {
    let listener = process.listeners.iter_mut().find(|listener| listener.port == port)?;
    match std::mem::replace(&mut listener.service, Service::Silent) {
        Service::Http(server) => Some(server),
        other => {
            listener.service = other;
            None
        }
    }
}

fn bad_request() -> Response {
    response(400, &[("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")], "400 Bad Request")
}

/// Sends a request from inside of a pod: to itself, or to what lies outside.
///
/// # Errors
/// As [`Surroundings::http`].
pub(crate) fn send(
    call: &mut Call<'_>,
    to: Endpoint,
    is_tls: bool,
    request: &Request,
) -> Result<Response, NetworkError> {
    let to = translate(call, to)?;
    match own_address(call, to.address) {
        Some(client) if is_tls => call.world.serve_tls(&mut *call.surroundings, to.port, request, client),
        Some(client) => call.world.serve(&mut *call.surroundings, to.port, request, client),
        None => call.surroundings.http(to, is_tls, request),
    }
}

/// Opens a connection from inside of a pod.
///
/// # Errors
/// As [`Surroundings::connect`].
pub(crate) fn connect(call: &mut Call<'_>, to: Endpoint) -> Result<(), NetworkError> {
    let to = translate(call, to)?;
    match own_address(call, to.address) {
        Some(_) => call.world.listens(to.port).then_some(()).ok_or(NetworkError::Refused),
        None => call.surroundings.connect(to),
    }
}

/// Sends bytes from inside of a pod.
///
/// # Errors
/// As [`Surroundings::exchange`].
pub(crate) fn exchange(call: &mut Call<'_>, to: Endpoint, bytes: &[u8]) -> Result<Vec<u8>, NetworkError> {
    let to = translate(call, to)?;
    match own_address(call, to.address) {
        Some(client) => call.world.exchange(&mut *call.surroundings, to.port, bytes, client),
        None => call.surroundings.exchange(to, bytes),
    }
}

fn translate(call: &mut Call<'_>, to: Endpoint) -> Result<Endpoint, NetworkError> {
    match own_address(call, to.address) {
        None => call.surroundings.translate(to),
        // On the network of a node, what no process of the pod serves may be the port of a service.
        Some(_) if !call.world.listens(to.port) => {
            let address = call.container().config.address.parse().unwrap_or(to.address);
            let own = Endpoint { address, ..to };
            let translated = call.surroundings.translate(own)?;
            Ok(if translated == own { to } else { translated })
        }
        Some(_) => Ok(to),
    }
}

/// Returns the address from which the pod reaches an address of its own; `None` for any other.
pub(crate) fn own_address(call: &Call<'_>, to: Ipv4Addr) -> Option<Ipv4Addr> {
    let own = call.container().config.address.parse().ok();
    match to {
        _ if to.is_loopback() || to.is_unspecified() => Some(Ipv4Addr::LOCALHOST),
        _ => own.filter(|own| *own == to),
    }
}
