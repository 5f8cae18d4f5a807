//! How nginx answers a request.

use regex::Regex;

use super::super::message::normalize;
use super::super::{Visit, dates, send};
use super::config::{Location, Matcher, Scope, Site, number};
use super::pages::reason;
use super::{Nginx, variables};
use crate::call::Call;
use crate::errno::Errno;
use crate::fs::{NodeKind, Stat};
use crate::network::{Endpoint, NetworkError, Request, Response};
use crate::process::{Credentials, OpenMode};
use crate::programs::net::resolver;

/// Most internal redirects of a request.
const MAX_REDIRECTS: usize = 10;
/// Id of the user that the worker processes of the image have.
const WORKER: u32 = 101;

/// The outcome of a request before error pages.
enum Step {
    Done(Response),
    /// Status, and text or URL.
    Status(u16, String),
    /// Another location of the same server.
    Redirect(String),
}

/// A request at work.
pub(super) struct Handler<'a, 'b, 'c> {
    pub(super) nginx: &'a Nginx,
    site: &'a Site,
    pub(super) call: &'a mut Call<'b>,
    pub(super) visit: &'a Visit<'c>,
}

/// Answers a request and writes the logs.
pub(super) fn answer(nginx: &Nginx, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
    let host = visit.host().split(':').next().unwrap_or_default();
    let on_port = |site: &&Site| site.ports.iter().any(|(port, _)| *port == visit.port);
    let sites: Vec<&Site> = nginx.config.sites.iter().filter(on_port).collect();
    let named = sites.iter().find(|site| site.names.iter().any(|name| name == host));
    let default = sites.iter().find(|site| site.ports.contains(&(visit.port, true)));
    let Some(site) = named.or(default).or(sites.first()).copied() else {
        // The configuration has lost the port since the listener was opened.
        return Response::default();
    };
    let mut handler = Handler { nginx, site, call, visit };
    let (response, access_log) = handler.answer();
    if let Some(path) = access_log {
        let header = |name| visit.request.header(name).unwrap_or("-");
        let sent = if visit.is_head() { 0 } else { response.body.len() };
        let line = format!(
            "{} - - [{}] \"{}\" {} {sent} \"{}\" \"{}\" \"{}\"\n",
            visit.client,
            dates::access_log(handler.call.now()),
            visit.line(),
            response.status,
            header("Referer"),
            header("User-Agent"),
            header("X-Forwarded-For"),
        );
        handler.log(&path, &line);
    }
    response
}

impl Handler<'_, '_, '_> {
    /// Returns the response and the file of the access log.
    fn answer(&mut self) -> (Response, Option<String>) {
        if self.nginx.expects_tls(self.visit.port) && !self.visit.is_tls {
            return (self.plain_on_tls(), self.site.scope.access_log.clone());
        }
        let Some(mut uri) = normalize(self.visit.path()) else {
            return (self.page(400, ""), self.site.scope.access_log.clone());
        };
        let site = self.site;
        let mut status = None;
        for _ in 0..MAX_REDIRECTS {
            let scope = scope_of(site, &uri);
            match self.step(scope, &uri) {
                Step::Done(mut response) => {
                    if let Some(status) = status {
                        response.status = status;
                        response.reason = reason(status).to_owned();
                    }
                    self.add_headers(&mut response, scope, &uri);
                    return (response, scope.access_log.clone());
                }
                Step::Redirect(to) => uri = to,
                Step::Status(code, text) => {
                    let page = scope.error_pages.iter().find(|(codes, _)| codes.contains(&code) && status.is_none());
                    match page.filter(|(_, uri)| uri.starts_with('/')) {
                        Some((_, page)) => {
                            status = Some(code);
                            uri.clone_from(page);
                        }
                        None => {
                            let mut response = self.page(status.unwrap_or(code), &text);
                            self.add_headers(&mut response, scope, &uri);
                            return (response, scope.access_log.clone());
                        }
                    }
                }
            }
        }
        self.report("rewrite or internal redirection cycle");
        (self.page(500, ""), site.scope.access_log.clone())
    }

    fn step(&mut self, scope: &Scope, uri: &str) -> Step {
        if let Some(name) = &scope.not_simulated {
            self.report(&format!("the directive \"{name}\" is not simulated"));
            return Step::Status(500, String::new());
        }
        if let Some((status, text)) = &scope.answer {
            let text = variables::expand(text, self.call, self.visit, uri);
            return match status {
                300..=399 => Step::Status(*status, self.absolute(&text)),
                _ if !text.is_empty() => Step::Done(self.text(*status, scope, text.into_bytes(), uri)),
                204 => Step::Done(self.bare(204)),
                _ => Step::Status(*status, String::new()),
            };
        }
        if let Some(target) = &scope.proxy_pass {
            return self.proxy(scope, target, uri);
        }
        if !scope.try_files.is_empty() {
            return self.try_files(scope, uri);
        }
        self.file(scope, uri)
    }

    fn try_files(&mut self, scope: &Scope, uri: &str) -> Step {
        let Some((last, candidates)) = scope.try_files.split_last() else { return Step::Status(404, String::new()) };
        for candidate in candidates {
            let candidate = variables::expand(candidate, self.call, self.visit, uri);
            let wants_directory = candidate.ends_with('/');
            let path = self.path(scope, &candidate);
            let is_it = |stat: &Stat| stat.node.is_directory() == wants_directory;
            if self.stat(&path).is_ok_and(|stat| is_it(&stat)) {
                return self.file(scope, &candidate);
            }
        }
        match last.strip_prefix('=').and_then(|status| status.parse().ok()) {
            Some(status) => Step::Status(status, String::new()),
            None => Step::Redirect(variables::expand(last, self.call, self.visit, uri)),
        }
    }

    /// Answers with a file, a directory's index, or a listing.
    fn file(&mut self, scope: &Scope, uri: &str) -> Step {
        if !matches!(self.visit.request.method.as_str(), "GET" | "HEAD") {
            return Step::Status(405, String::new());
        }
        let path = self.path(scope, uri);
        if uri.ends_with('/') {
            return self.index(scope, uri, &path);
        }
        match self.stat(&path) {
            Ok(stat) if stat.node.is_directory() => Step::Status(301, self.absolute(&format!("{uri}/"))),
            Ok(stat) => match self.read(&path) {
                Ok(body) => Step::Done(self.file_response(scope, &path, &stat, body)),
                Err(errno) => self.not_opened(&path, errno),
            },
            Err(errno) => self.not_opened(&path, errno),
        }
    }

    fn index(&mut self, scope: &Scope, uri: &str, path: &str) -> Step {
        for name in &scope.index {
            if self.stat(&format!("{path}{name}")).is_ok() {
                return Step::Redirect(format!("{uri}{name}"));
            }
        }
        if self.stat(path.trim_end_matches('/')).is_err() {
            return self
                .not_opened(&format!("{path}{}", scope.index.first().map_or("", String::as_str)), Errno::ENOENT);
        }
        if scope.autoindex {
            return Step::Done(self.listing(uri, path));
        }
        self.report(&format!("directory index of \"{path}\" is forbidden"));
        Step::Status(403, String::new())
    }

    fn not_opened(&mut self, path: &str, errno: Errno) -> Step {
        self.report(&format!("open() \"{path}\" failed ({}: {})", number(errno), errno.text()));
        let status = if errno == Errno::EACCES { 403 } else { 404 };
        Step::Status(status, String::new())
    }

    fn proxy(&mut self, scope: &Scope, target: &str, uri: &str) -> Step {
        let target = variables::expand(target, self.call, self.visit, uri);
        let Some(rest) = target.strip_prefix("http://") else {
            self.report(&format!("proxy_pass to \"{target}\" is not simulated"));
            return Step::Status(500, String::new());
        };
        let (host, path) = rest.find('/').map_or((rest, None), |at| (&rest[..at], Some(&rest[at..])));
        let upstream = self.nginx.config.upstreams.get(host).filter(|servers| !servers.is_empty());
        let server = upstream.map_or(host, |servers| &servers[(self.nginx.connections as usize - 1) % servers.len()]);
        let (name, port) = server.rsplit_once(':').unwrap_or((server, "80"));
        let Some(address) = resolver::address(self.call, name) else {
            self.report(&format!("{name} could not be resolved (3: Host not found)"));
            return Step::Status(502, String::new());
        };
        let to = Endpoint { address, port: port.parse().unwrap_or(80) };
        let prefix = self.site.locations.iter().find(|location| std::ptr::eq(&raw const location.scope, scope));
        let prefix = match prefix.map(|location| &location.matcher) {
            Some(Matcher::Prefix(prefix) | Matcher::FinalPrefix(prefix) | Matcher::Exact(prefix)) => prefix.as_str(),
            _ => "",
        };
        let passed = match path {
            Some(path) => format!("{path}{}", self.visit.request.target.strip_prefix(prefix).unwrap_or_default()),
            None => self.visit.request.target.clone(),
        };
        let request = self.proxied(scope, host, passed.clone(), uri);
        match send(self.call, to, false, &request) {
            Ok(response) => Step::Done(self.passed_on(response)),
            Err(error) => {
                let status = if error == NetworkError::TimedOut { 504 } else { 502 };
                let what = match error {
                    NetworkError::Refused => "connect() failed (111: Connection refused) while connecting to upstream",
                    NetworkError::TimedOut => {
                        "upstream timed out (110: Connection timed out) while connecting to upstream"
                    }
                    NetworkError::Unreachable => {
                        "connect() failed (113: No route to host) while connecting to upstream"
                    }
                    NetworkError::Closed => {
                        "upstream prematurely closed connection while reading response header from upstream"
                    }
                };
                self.report_upstream(
                    what,
                    &format!("http://{to_address}:{}{passed}", to.port, to_address = to.address),
                );
                Step::Status(status, String::new())
            }
        }
    }

    /// Returns the request that goes to an upstream server.
    fn proxied(&self, scope: &Scope, host: &str, target: String, uri: &str) -> Request {
        let mut request = self.visit.request.clone();
        request.target = target;
        let replaced = |name: &String| {
            let own = scope.proxy_headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
            own || ["host", "connection"].contains(&name.to_ascii_lowercase().as_str())
        };
        request.headers.retain(|(name, _)| !replaced(name));
        let mut headers = vec![("Host".to_owned(), host.to_owned()), ("Connection".to_owned(), "close".to_owned())];
        for (name, value) in &scope.proxy_headers {
            headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            headers.push((name.clone(), variables::expand(value, self.call, self.visit, uri)));
        }
        headers.append(&mut request.headers);
        request.headers = headers;
        request
    }

    fn path(&self, scope: &Scope, uri: &str) -> String {
        let location = self.site.locations.iter().find(|location| std::ptr::eq(&raw const location.scope, scope));
        match (&scope.alias, location.map(|location| &location.matcher)) {
            (Some(alias), Some(Matcher::Prefix(prefix) | Matcher::FinalPrefix(prefix) | Matcher::Exact(prefix))) => {
                format!("{alias}{}", uri.strip_prefix(prefix.as_str()).unwrap_or(uri))
            }
            _ => format!("{}{uri}", scope.root.trim_end_matches('/')),
        }
    }

    pub(super) fn stat(&mut self, path: &str) -> Result<Stat, Errno> {
        let worker = worker(self.call);
        let mut files = self.call.files();
        files.credentials = &worker;
        let found = files.stat(if path.is_empty() { "/" } else { path })?;
        Ok(found)
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        let worker = worker(self.call);
        let mut files = self.call.files();
        files.credentials = &worker;
        match files.stat(path)?.node.kind {
            NodeKind::File(_) => files.read(path),
            _ => Err(Errno::EACCES),
        }
    }

    /// Writes a line to the error log.
    fn report(&mut self, message: &str) {
        self.report_with(message, "");
    }

    fn report_upstream(&mut self, message: &str, upstream: &str) {
        self.report_with(message, &format!(", upstream: \"{upstream}\""));
    }

    fn report_with(&mut self, message: &str, more: &str) {
        let date = dates::error_log(self.call.now());
        let worker =
            self.call.container().processes.values().find(|p| p.parent == self.call.process.pid).map(|p| p.pid);
        let worker = worker.unwrap_or(self.call.process.pid);
        let line = format!(
            "{date} [error] {worker}#{worker}: *{} {message}, client: {}, server: {}, request: \"{}\"{more}, host: \"{}\"\n",
            self.nginx.connections,
            self.visit.client,
            self.site.names.first().map_or("", String::as_str),
            self.visit.line(),
            self.visit.host(),
        );
        let path = self.nginx.config.error_log.clone();
        self.log(&path, &line);
    }

    fn log(&mut self, path: &str, line: &str) {
        if path == "stderr" {
            self.call.warn(line);
            return;
        }
        if let Ok(descriptor) = self.call.open(path, OpenMode::Append, false) {
            // A full disk loses lines of a log, as it does there.
            let _ = self.call.write(descriptor, line.as_bytes());
            self.call.close(descriptor);
        }
    }
}

/// Finds what applies to a path: the exact location, else the first regular expression that matches, else the longest prefix.
fn scope_of<'a>(site: &'a Site, uri: &str) -> &'a Scope {
    let exact = |location: &&Location| matches!(&location.matcher, Matcher::Exact(path) if path == uri);
    let length = |location: &&Location| match &location.matcher {
        Matcher::Prefix(prefix) | Matcher::FinalPrefix(prefix) if uri.starts_with(prefix.as_str()) => {
            Some(prefix.len())
        }
        Matcher::Named(name) if name == uri => Some(name.len()),
        _ => None,
    };
    let matches = |location: &&Location| match &location.matcher {
        // It has been compiled when the configuration was read.
        Matcher::Expression(expression) => Regex::new(expression).is_ok_and(|regex| regex.is_match(uri)),
        _ => false,
    };
    let longest = site.locations.iter().filter(|location| length(location).is_some()).max_by_key(length);
    let is_final =
        longest.is_some_and(|location| matches!(location.matcher, Matcher::FinalPrefix(_) | Matcher::Named(_)));
    let expression = site.locations.iter().find(matches).filter(|_| !is_final);
    let found = site.locations.iter().find(exact).or(expression).or(longest);
    found.map_or(&site.scope, |location| &location.scope)
}

/// Returns the user of the processes that read files: nginx does not read them as root.
fn worker(call: &Call<'_>) -> Credentials {
    match call.process.credentials.uid {
        0 => Credentials { uid: WORKER, gid: WORKER, groups: vec![WORKER] },
        _ => call.process.credentials.clone(),
    }
}
