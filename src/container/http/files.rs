//! Small servers of files: busybox' `httpd` and Python's `http.server`.

use serde::{Deserialize, Serialize};

use super::message::{escape, normalize};
use super::{Visit, dates, reason};
use crate::call::Call;
use crate::fs::{NodeKind, Stat};
use crate::network::Response;
use kctl_base::order::Order as _;

/// A server of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileServer {
    /// Directory of the files.
    pub(crate) root: String,
    /// Whose server it is.
    pub(crate) kind: FileServerKind,
}

/// Whose server of files it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FileServerKind {
    /// busybox' httpd.
    Busybox,
    /// Python's module, with the version of Python.
    Python(String),
}

/// Content types by extension that both know; busybox has none for others.
const TYPES: [(&str, &str, &str); 12] = [
    ("html", "text/html", "text/html"),
    ("htm", "text/html", "text/html"),
    ("txt", "text/plain", "text/plain"),
    ("css", "text/css", "text/css"),
    ("js", "application/javascript", "text/javascript"),
    ("json", "", "application/json"),
    ("xml", "", "text/xml"),
    ("png", "image/png", "image/png"),
    ("jpg", "image/jpeg", "image/jpeg"),
    ("gif", "image/gif", "image/gif"),
    ("pdf", "", "application/pdf"),
    ("csv", "", "text/csv"),
];

impl FileServer {
    /// Answers a request; Python also logs it.
    pub(super) fn answer(&self, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
        match &self.kind {
            FileServerKind::Busybox => self.busybox(call, visit),
            FileServerKind::Python(version) => {
                let response = self.python(call, visit, version);
                log_python(call, visit, &response);
                Response { is_http_1_0: true, ..response }
            }
        }
    }

    fn busybox(&self, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
        if !matches!(visit.request.method.as_str(), "GET" | "HEAD") {
            return busybox_page(call, 501, "The requested method is not recognized");
        }
        let Some(uri) = normalize(visit.path()) else { return busybox_page(call, 400, "Unsupported method") };
        let path = format!("{}{uri}", self.root);
        match stat(call, &path) {
            Some(stat) if stat.node.is_directory() && !uri.ends_with('/') => {
                let location = format!("{uri}/");
                let headers = [("Content-type", "text/html"), ("Location", location.as_str())];
                busybox_head(call, 302, &headers)
            }
            Some(stat) if stat.node.is_directory() => self.busybox_file(call, &format!("{path}index.html")),
            _ => self.busybox_file(call, &path),
        }
    }

    fn busybox_file(&self, call: &mut Call<'_>, path: &str) -> Response {
        let found = stat(call, path).filter(|stat| matches!(stat.node.kind, NodeKind::File(_)));
        let (Some(stat), Ok(body)) = (found, call.files().read(path)) else {
            return busybox_page(call, 404, "The requested URL was not found");
        };
        let modified = stat.node.attributes.modified;
        let (date, tag) = (dates::header(modified), format!("\"{:x}-{:x}\"", modified.secs(), body.len()));
        let length = body.len().to_string();
        let mut headers = vec![
            ("Accept-Ranges", "bytes"),
            ("Last-Modified", date.as_str()),
            ("ETag", tag.as_str()),
            ("Content-Length", length.as_str()),
        ];
        let (kind, _) = types(path);
        if !kind.is_empty() {
            headers.insert(0, ("Content-type", kind));
        }
        Response { body, ..busybox_head(call, 200, &headers) }
    }

    fn python(&self, call: &mut Call<'_>, visit: &Visit<'_>, version: &str) -> Response {
        let signature = format!("SimpleHTTP/0.6 Python/{version}");
        let date = dates::header(call.now());
        let first = [("Server", signature.as_str()), ("Date", date.as_str())];
        let error = |status, message: &str, explanation| python_error(&first, status, message, explanation);
        if !matches!(visit.request.method.as_str(), "GET" | "HEAD") {
            let message = format!("Unsupported method ('{}')", visit.request.method);
            return error(501, &message, "Server does not support this operation.");
        }
        let not_found = || error(404, "File not found", "Nothing matches the given URI.");
        let Some(uri) = normalize(visit.path()) else { return not_found() };
        let mut path = format!("{}{uri}", self.root);
        let Some(mut found) = stat(call, &path) else { return not_found() };
        if found.node.is_directory() {
            if !uri.ends_with('/') {
                return plain(301, &first, &[("Location", &format!("{uri}/")), ("Content-Length", "0")], Vec::new());
            }
            let index = format!("{path}index.html");
            match stat(call, &index) {
                Some(stat) => (path, found) = (index, stat),
                None => return python_listing(call, &first, &uri, &path),
            }
        }
        let Ok(body) = call.files().read(&path) else { return not_found() };
        let (_, kind) = types(&path);
        let kind = if kind.is_empty() { "application/octet-stream" } else { kind };
        let modified = dates::header(found.node.attributes.modified);
        let length = body.len().to_string();
        let headers =
            [("Content-type", kind), ("Content-Length", length.as_str()), ("Last-Modified", modified.as_str())];
        plain(200, &first, &headers, body)
    }
}

fn types(path: &str) -> (&'static str, &'static str) {
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, end)| end);
    TYPES.iter().find(|(end, ..)| *end == extension).map_or(("", ""), |(_, busybox, python)| (busybox, python))
}

fn stat(call: &mut Call<'_>, path: &str) -> Option<Stat> {
    let path = path.trim_end_matches('/');
    call.files().stat(if path.is_empty() { "/" } else { path }).ok()
}

fn plain(status: u16, first: &[(&str, &str)], headers: &[(&str, &str)], body: Vec<u8>) -> Response {
    let headers = first.iter().chain(headers).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, reason: reason(status).to_owned(), headers, body, ..Response::default() }
}

fn busybox_head(call: &Call<'_>, status: u16, headers: &[(&str, &str)]) -> Response {
    let date = dates::header(call.now());
    plain(status, &[("Date", &date), ("Connection", "close")], headers, Vec::new())
}

fn busybox_page(call: &Call<'_>, status: u16, text: &str) -> Response {
    let title = format!("{status} {}", reason(status));
    let body = format!("<HTML><HEAD><TITLE>{title}</TITLE></HEAD>\n<BODY><H1>{title}</H1>\n{text}\n</BODY></HTML>\n");
    Response { body: body.into_bytes(), ..busybox_head(call, status, &[("Content-type", "text/html")]) }
}

fn python_error(first: &[(&str, &str)], status: u16, message: &str, explanation: &str) -> Response {
    let body = format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        <title>Error response</title>\n    \
         </head>\n    <body>\n        <h1>Error response</h1>\n        <p>Error code: {status}</p>\n        \
         <p>Message: {}.</p>\n        <p>Error code explanation: {status} - {explanation}</p>\n    </body>\n</html>\n",
        escape(message),
    );
    let length = body.len().to_string();
    let headers =
        [("Connection", "close"), ("Content-Type", "text/html;charset=utf-8"), ("Content-Length", length.as_str())];
    Response { reason: message.to_owned(), ..plain(status, first, &headers, body.into_bytes()) }
}

fn python_listing(call: &mut Call<'_>, first: &[(&str, &str)], uri: &str, path: &str) -> Response {
    let mut names = call.files().list(path).unwrap_or_default();
    names.order_by_key(|name| name.to_lowercase());
    let mut items = String::new();
    for name in names {
        let is_directory = stat(call, &format!("{path}{name}")).is_some_and(|stat| stat.node.is_directory());
        let name = escape(&if is_directory { name + "/" } else { name });
        items.push_str(&format!("<li><a href=\"{name}\">{name}</a></li>\n"));
    }
    let title = format!("Directory listing for {}", escape(uri));
    let body = format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<hr>\n<ul>\n{items}</ul>\n<hr>\n</body>\n</html>\n"
    );
    let length = body.len().to_string();
    let headers = [("Content-type", "text/html; charset=utf-8"), ("Content-Length", length.as_str())];
    plain(200, first, &headers, body.into_bytes())
}

fn log_python(call: &mut Call<'_>, visit: &Visit<'_>, response: &Response) {
    let date = call.now().to_chrono().format("%d/%b/%Y %H:%M:%S").to_string();
    let start = format!("{} - - [{date}]", visit.client);
    let mut text = String::new();
    if response.status >= 400 {
        text.push_str(&format!("{start} code {}, message {}\n", response.status, response.reason));
    }
    text.push_str(&format!("{start} \"{}\" {} -\n", visit.line(), response.status));
    call.warn(&text);
}
