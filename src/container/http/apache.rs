//! Apache httpd with the configuration of its image: files, listings and error pages.

use serde::{Deserialize, Serialize};

use super::message::{escape, normalize};
use super::{Visit, dates, reason};
use crate::call::Call;
use crate::errno::Errno;
use crate::fs::{NodeKind, Stat};
use crate::network::Response;
use crate::process::Credentials;

/// Id of the user `www-data` of Debian.
const WORKER: u32 = 33;
const DOCTYPE: &str = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">";

/// Content types by extension that the image's `mime.types` has for what one finds in web roots.
const TYPES: [(&str, &str); 20] = [
    ("html", "text/html"),
    ("htm", "text/html"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("txt", "text/plain"),
    ("conf", "text/plain"),
    ("log", "text/plain"),
    ("xml", "application/xml"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("svg", "image/svg+xml"),
    ("ico", "image/x-icon"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("wasm", "application/wasm"),
];

/// The server, by what its configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Apache {
    /// Directory of the files.
    pub(crate) root: String,
    /// The server as headers name it: `Apache/2.4.66 (Unix)`.
    pub(crate) signature: String,
    /// It has pages that are made by PHP, which are not simulated.
    #[serde(default)]
    pub(crate) has_php: bool,
}

impl Apache {
    /// Answers a request and writes a line of the access log.
    pub(super) fn answer(&self, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
        let response = self.respond(call, visit);
        let size = match response.body.len() {
            0 => "-".to_owned(),
            _ if visit.is_head() => "-".to_owned(),
            size => size.to_string(),
        };
        let date = dates::access_log(call.now());
        let line = format!("{} - - [{date}] \"{}\" {} {size}\n", visit.client, visit.line(), response.status);
        // A closed standard output loses the log.
        let _ = call.write(1, line.as_bytes());
        response
    }

    fn respond(&self, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
        match visit.request.method.as_str() {
            "GET" | "HEAD" | "POST" => {}
            method => {
                let text = format!("The requested method {} is not allowed for this URL.", escape(method));
                return self.page(call, 405, &text, &[("Allow", "GET,POST,OPTIONS,HEAD,TRACE")]);
            }
        }
        let Some(uri) = normalize(visit.path()) else {
            return self.page(
                call,
                400,
                "Your browser sent a request that this server could not understand.<br />",
                &[],
            );
        };
        if uri.rsplit('/').any(|part| part.starts_with(".ht")) {
            return self.failure(call, Errno::EACCES);
        }
        let path = format!("{}{uri}", self.root);
        if self.has_php && !is_static(call, &path) {
            return self.page(call, 501, "PHP and the pages that this image brings are not simulated.", &[]);
        }
        match stat(call, &path) {
            Ok(stat) if stat.node.is_directory() && !uri.ends_with('/') => {
                let location = format!("http://{}{uri}/", visit.host());
                let text = format!("The document has moved <a href=\"{}\">here</a>.", escape(&location));
                self.page(call, 301, &text, &[("Location", &location)])
            }
            Ok(stat) if stat.node.is_directory() => self.directory(call, &uri, &path),
            Ok(stat) => self.file(call, &path, &stat),
            Err(errno) => self.failure(call, errno),
        }
    }

    fn directory(&self, call: &mut Call<'_>, uri: &str, path: &str) -> Response {
        let index = format!("{path}index.html");
        if let Ok(stat) = stat(call, &index) {
            return self.file(call, &index, &stat);
        }
        let names = match call.files().list(path) {
            Ok(names) => names,
            Err(errno) => return self.failure(call, errno),
        };
        let shown = uri.trim_end_matches('/');
        let title = if shown.is_empty() { "/" } else { shown };
        let mut body = format!(
            "{DOCTYPE}\n<html>\n <head>\n  <title>Index of {title}</title>\n </head>\n <body>\n<h1>Index of {title}</h1>\n<ul>"
        );
        if !shown.is_empty() {
            let parent = &shown[..=shown.rfind('/').unwrap_or(0)];
            body.push_str(&format!("<li><a href=\"{parent}\"> Parent Directory</a></li>\n"));
        }
        for name in names.into_iter().filter(|name| !name.starts_with('.')) {
            let is_directory = stat(call, &format!("{path}{name}")).is_ok_and(|stat| stat.node.is_directory());
            let name = escape(&if is_directory { name + "/" } else { name });
            body.push_str(&format!("<li><a href=\"{name}\"> {name}</a></li>\n"));
        }
        body.push_str("</ul>\n</body></html>\n");
        self.response(call, 200, &[], body.into_bytes(), "text/html;charset=ISO-8859-1")
    }

    fn file(&self, call: &mut Call<'_>, path: &str, stat: &Stat) -> Response {
        if !matches!(stat.node.kind, NodeKind::File(_)) {
            return self.failure(call, Errno::EACCES);
        }
        let worker = worker(call);
        let mut files = call.files();
        files.credentials = &worker;
        let body = match files.read(path) {
            Ok(body) => body,
            Err(errno) => return self.failure(call, errno),
        };
        let extension = path.rsplit('.').next().unwrap_or_default();
        let kind = TYPES.iter().find(|(end, _)| *end == extension).map_or("", |(_, kind)| kind);
        let modified = stat.node.attributes.modified;
        let (date, tag) = (dates::header(modified), format!("\"{:x}-{:x}\"", body.len(), modified.micros()));
        let headers = [("Last-Modified", date.as_str()), ("ETag", &tag), ("Accept-Ranges", "bytes")];
        self.response(call, 200, &headers, body, kind)
    }

    fn failure(&self, call: &mut Call<'_>, errno: Errno) -> Response {
        match errno {
            Errno::EACCES => self.page(call, 403, "You don't have permission to access this resource.", &[]),
            _ => self.page(call, 404, "The requested URL was not found on this server.", &[]),
        }
    }

    fn page(&self, call: &Call<'_>, status: u16, text: &str, headers: &[(&str, &str)]) -> Response {
        let title = reason(status);
        let body = format!(
            "{DOCTYPE}\n<html><head>\n<title>{status} {title}</title>\n</head><body>\n<h1>{title}</h1>\n<p>{text}</p>\n</body></html>\n"
        );
        self.response(call, status, headers, body.into_bytes(), "text/html; charset=iso-8859-1")
    }

    fn response(&self, call: &Call<'_>, status: u16, own: &[(&str, &str)], body: Vec<u8>, kind: &str) -> Response {
        let date = dates::header(call.now());
        let headers = [[("Date", date.as_str()), ("Server", &self.signature)].as_slice(), own].concat();
        let mut response = super::response(status, &headers, body);
        if !kind.is_empty() {
            response.headers.push(("Content-Type".into(), kind.into()));
        }
        response
    }
}

/// Reports whether a path leads to a file that is served as it is.
fn is_static(call: &mut Call<'_>, path: &str) -> bool {
    let path = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let is_file = stat(call, &path).is_ok_and(|stat| !stat.node.is_directory());
    is_file && !path.ends_with(".php")
}

fn stat(call: &mut Call<'_>, path: &str) -> Result<Stat, Errno> {
    let worker = worker(call);
    let mut files = call.files();
    files.credentials = &worker;
    let path = path.trim_end_matches('/');
    files.stat(if path.is_empty() { "/" } else { path })
}

fn worker(call: &Call<'_>) -> Credentials {
    match call.process.credentials.uid {
        0 => Credentials { uid: WORKER, gid: WORKER, groups: vec![WORKER] },
        _ => call.process.credentials.clone(),
    }
}
