//! The responses of nginx: headers, files, listings and error pages.

use super::super::{dates, reason as standard_reason};
use super::answer::Handler;
use super::config::Scope;
use super::variables;
use crate::fs::Stat;
use crate::network::Response;
use kctl_base::order::Order as _;

impl Handler<'_, '_, '_> {
    pub(super) fn listing(&mut self, uri: &str, path: &str) -> Response {
        let names = self.call.files().list(path).unwrap_or_default();
        let mut entries: Vec<(bool, String, Stat)> = Vec::new();
        for name in names.into_iter().filter(|name| !name.starts_with('.')) {
            if let Ok(stat) = self.stat(&format!("{path}{name}")) {
                entries.push((!stat.node.is_directory(), name, stat));
            }
        }
        entries.order_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut body = format!(
            "<html>\r\n<head><title>Index of {uri}</title></head>\r\n<body>\r\n<h1>Index of {uri}</h1><hr><pre><a href=\"../\">../</a>\r\n"
        );
        for (is_file, name, stat) in entries {
            let (name, size) =
                if is_file { (name, stat.node.size().to_string()) } else { (name + "/", "-".to_owned()) };
            let blanks = " ".repeat(51_usize.saturating_sub(name.chars().count()));
            let date = dates::listing(stat.node.attributes.modified);
            body.push_str(&format!("<a href=\"{name}\">{name}</a>{blanks}{date} {size:>19}\r\n"));
        }
        body.push_str("</pre><hr></body>\r\n</html>\r\n");
        let mut response = self.head(200, "text/html");
        response.headers.push(("Transfer-Encoding".into(), "chunked".into()));
        response.headers.push(("Connection".into(), "keep-alive".into()));
        response.body = body.into_bytes();
        response
    }

    /// Returns a response of an upstream server with nginx's own headers.
    pub(super) fn passed_on(&self, response: Response) -> Response {
        let hidden = ["server", "date", "connection", "content-length", "content-type"];
        let mut headers = self.first_headers();
        headers.extend(response.header("Content-Type").map(|kind| ("Content-Type".to_owned(), kind.to_owned())));
        headers.push(("Content-Length".to_owned(), response.body.len().to_string()));
        headers.push(("Connection".to_owned(), "keep-alive".to_owned()));
        let others = response.headers.into_iter();
        headers.extend(others.filter(|(name, _)| !hidden.contains(&name.to_ascii_lowercase().as_str())));
        Response { headers, is_http_1_0: false, ..response }
    }

    pub(super) fn file_response(&self, scope: &Scope, path: &str, stat: &Stat, body: Vec<u8>) -> Response {
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, end)| end);
        let kind = self.nginx.config.types.get(&extension.to_lowercase()).unwrap_or(&scope.default_type);
        let modified = stat.node.attributes.modified;
        let tag = format!("\"{:x}-{:x}\"", modified.secs(), body.len());
        let date = dates::header(modified);
        let header = |name| self.visit.request.header(name);
        if header("If-None-Match") == Some(&tag)
            || header("If-None-Match").is_none() && header("If-Modified-Since") == Some(&date)
        {
            let mut response = self.bare(304);
            let at = response.headers.len() - 1;
            response.headers.insert(at, ("Last-Modified".into(), date));
            response.headers.push(("ETag".into(), tag));
            return response;
        }
        let mut response = self.head(200, kind);
        let pairs = [
            ("Content-Length", body.len().to_string()),
            ("Last-Modified", date),
            ("Connection", "keep-alive".into()),
            ("ETag", tag),
            ("Accept-Ranges", "bytes".into()),
        ];
        response.headers.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
        response.body = body;
        response
    }

    /// Returns a text of `return`; its type is that of a file with the name of the path.
    pub(super) fn text(&self, status: u16, scope: &Scope, body: Vec<u8>, uri: &str) -> Response {
        let extension = uri.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, end)| end);
        let kind = self.nginx.config.types.get(extension).unwrap_or(&scope.default_type);
        let mut response = self.head(status, kind);
        response.headers.push(("Content-Length".into(), body.len().to_string()));
        response.headers.push(("Connection".into(), "keep-alive".into()));
        response.body = body;
        response
    }

    /// Returns the page of a status: an error, or a redirect to a URL.
    pub(super) fn page(&self, status: u16, location: &str) -> Response {
        let title = title(status);
        let signature = self.nginx.signature();
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>{signature}</center>\r\n</body>\r\n</html>\r\n"
        );
        let mut response = self.head(status, "text/html");
        response.headers.push(("Content-Length".into(), body.len().to_string()));
        let connection = if matches!(status, 400 | 500 | 501 | 503) { "close" } else { "keep-alive" };
        let own = location.starts_with(&format!("http://{}", self.visit.host()));
        let mut pairs = vec![("Connection", connection)];
        if !location.is_empty() {
            pairs.insert(if own { 0 } else { 1 }, ("Location", location));
        }
        response.headers.extend(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        response.body = body.into_bytes();
        response
    }

    /// Returns the page for a request without TLS on a port that expects it.
    pub(super) fn plain_on_tls(&self) -> Response {
        let why = "The plain HTTP request was sent to HTTPS port";
        let mut response = self.page(400, "");
        let page =
            String::from_utf8_lossy(&response.body).replacen("<title>400 Bad Request", &format!("<title>400 {why}"), 1);
        let page = page.replacen("</h1></center>\r\n", &format!("</h1></center>\r\n<center>{why}</center>\r\n"), 1);
        for (_, value) in response.headers.iter_mut().filter(|(name, _)| name == "Content-Length") {
            *value = page.len().to_string();
        }
        response.body = page.into_bytes();
        response
    }

    /// Returns a response without a type and a body.
    pub(super) fn bare(&self, status: u16) -> Response {
        let mut headers = self.first_headers();
        headers.push(("Connection".into(), "keep-alive".into()));
        Response { status, reason: reason(status).to_owned(), headers, body: Vec::new(), ..Response::default() }
    }

    fn head(&self, status: u16, kind: &str) -> Response {
        let mut headers = self.first_headers();
        headers.push(("Content-Type".into(), kind.to_owned()));
        Response { status, reason: reason(status).to_owned(), headers, body: Vec::new(), ..Response::default() }
    }

    fn first_headers(&self) -> Vec<(String, String)> {
        let date = dates::header(self.call.now());
        vec![("Server".into(), self.nginx.signature()), ("Date".into(), date)]
    }

    pub(super) fn add_headers(&self, response: &mut Response, scope: &Scope, uri: &str) {
        if matches!(response.status, 200 | 201 | 204 | 206 | 301 | 302 | 303 | 304 | 307 | 308) {
            for (name, value) in &scope.headers {
                response.headers.push((name.clone(), variables::expand(value, self.call, self.visit, uri)));
            }
        }
    }

    /// Returns the URL of a path on this server.
    pub(super) fn absolute(&self, to: &str) -> String {
        if !to.starts_with('/') {
            return to.to_owned();
        }
        let host = self.visit.host().split(':').next().unwrap_or_default();
        let port = if self.visit.port == 80 { String::new() } else { format!(":{}", self.visit.port) };
        format!("http://{host}{port}{to}")
    }
}

/// Returns the reason phrase of nginx.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        302 => "Moved Temporarily",
        405 => "Not Allowed",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        _ => standard_reason(status),
    }
}

/// Returns the heading of nginx's page of a status.
fn title(status: u16) -> String {
    match status {
        302 => "302 Found".to_owned(),
        _ => format!("{status} {}", reason(status)),
    }
}
