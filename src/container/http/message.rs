//! HTTP messages as bytes.

use crate::network::{Request, Response};

/// Parses a request as a client sends it; `None` if it is none, or is not complete.
pub(crate) fn decode_request(bytes: &[u8]) -> Option<Request> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let is_version = words.next().is_none_or(|version| version.starts_with("HTTP/"));
    if !is_version || !method.bytes().all(|byte| byte.is_ascii_uppercase()) || !target.starts_with('/') {
        return None;
    }
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
    Some(Request { method: method.to_owned(), target: target.to_owned(), headers, body: body.as_bytes().to_vec() })
}

/// Writes a response as a server sends it.
pub(crate) fn encode_response(response: &Response) -> Vec<u8> {
    let mut bytes = head(response).into_bytes();
    bytes.extend(&response.body);
    bytes
}

/// Returns the status line and the headers of a response with the empty line after them.
pub(crate) fn head(response: &Response) -> String {
    let headers: String = response.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{}\r\n{headers}\r\n", status_line(response))
}

/// Returns the first line of a response without its end.
pub(crate) fn status_line(response: &Response) -> String {
    let version = if response.is_http_1_0 { "1.0" } else { "1.1" };
    format!("HTTP/{version} {} {}", response.status, response.reason)
}

/// Returns the reason phrase of a status code (RFC 9110).
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        418 => "I'm a teapot",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// Decodes `%41` and its like; what is no valid code is kept.
pub(crate) fn decode_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.filter(|_| byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Normalises a path: decodes it, and resolves `.`, `..` and repeated slashes; `None` if it leads above the root.
pub(super) fn normalize(path: &str) -> Option<String> {
    let path = decode_percent(path);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    let is_directory = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    let end = if is_directory && !parts.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", parts.join("/")))
}

/// Escapes text for HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_decoded_or_rejected() {
        let request = decode_request(b"GET /a?b=1 HTTP/1.1\r\nHost: web\r\n\r\nbody").expect("a request");
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/a?b=1"));
        assert_eq!((request.header("HOST"), request.body.as_slice()), (Some("web"), b"body".as_slice()));
        for text in ["", "hello\n\n", "GET / HTTP/1.1\r\n", "get / HTTP/1.1\n\n", "GET x HTTP/1.1\n\n"] {
            assert_eq!(decode_request(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn paths_are_normalized() {
        let cases = [
            ("/", Some("/")),
            ("/a//b/./c/", Some("/a/b/c/")),
            ("/a/../b", Some("/b")),
            ("/../etc", None),
            ("/%61%", Some("/a%")),
            ("/a/..", Some("/")),
        ];
        for (path, expected) in cases {
            assert_eq!(normalize(path).as_deref(), expected, "{path}");
        }
    }
}
