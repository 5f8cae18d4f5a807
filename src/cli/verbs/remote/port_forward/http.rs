//! HTTP/1.1 over a local connection: the requests that are read and the responses that are written.

use std::io::{self, BufRead, Read as _, Write};

use kctl_container::{Request, Response};

/// The largest number of bytes of a request line with its headers.
const MAX_HEAD: usize = 64 * 1024;
/// The largest number of headers.
const MAX_HEADERS: usize = 100;
/// The largest number of bytes of a body.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A request, and whether the connection stays open behind the response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) request: Request,
    pub(super) is_kept: bool,
}

/// Reads a request; `None` at the end of the connection.
///
/// # Errors
/// The bytes are no request, too many, or cannot be read.
pub(super) fn read(connection: &mut impl BufRead, answer: &mut impl Write) -> io::Result<Option<Received>> {
    let head = read_head(connection)?;
    if head.is_empty() {
        return Ok(None);
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed.parse(&head).map_err(|error| invalid(&error.to_string()))?;
    let (httparse::Status::Complete(_), Some(method), Some(target), Some(version)) =
        (status, parsed.method, parsed.path, parsed.version)
    else {
        return Err(invalid("the request has no end"));
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<_> = parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
    let mut request = Request { method: method.into(), target: target.into(), headers, body: Vec::new() };
    if value(&request.headers, "Expect").is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue")) {
        answer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = read_body(connection, &request.headers)?;
    let wish = value(&request.headers, "Connection").map(str::to_ascii_lowercase).unwrap_or_default();
    let is_kept = if version == 0 { wish == "keep-alive" } else { wish != "close" };
    Ok(Some(Received { request, is_kept }))
}

/// Reads up to the empty line that ends the headers; nothing at the end of the connection.
fn read_head(connection: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let left = MAX_HEAD.saturating_sub(before) as u64;
        connection.by_ref().take(left).read_until(b'\n', &mut head)?;
        let line = &head[before..];
        if line.is_empty() && before > 0 {
            return Err(invalid("the headers have no end, or are too long"));
        }
        match line {
            // Empty lines before a request are left out (RFC 9112, 2.2).
            b"\r\n" | b"\n" if before == 0 => head.clear(),
            b"\r\n" | b"\n" | b"" => return Ok(head),
            _ => {}
        }
    }
}

fn read_body(connection: &mut impl BufRead, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
    let encoding = value(headers, "Transfer-Encoding").unwrap_or_default();
    if encoding.eq_ignore_ascii_case("chunked") {
        return read_chunks(connection);
    }
    let length = match value(headers, "Content-Length") {
        Some(text) => text.trim().parse().map_err(|_| invalid("the length of the body is no number"))?,
        None => 0,
    };
    read_exactly(connection, length)
}

fn read_chunks(connection: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(connection)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| invalid("a chunk has no size"))?;
        if size == 0 {
            // The trailers end with an empty line.
            while !read_line(connection)?.is_empty() {}
            return Ok(body);
        }
        if body.len().saturating_add(size) > MAX_BODY {
            return Err(invalid("the body is too large"));
        }
        body.extend(read_exactly(connection, size)?);
        read_line(connection)?;
    }
}

/// Reads a line without its end; empty at the end of the connection.
fn read_line(connection: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    connection.by_ref().take(MAX_HEAD as u64).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

fn read_exactly(connection: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    if length > MAX_BODY {
        return Err(invalid("the body is too large"));
    }
    let mut bytes = vec![0; length];
    connection.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Returns the value of the first header of a name.
fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Writes the response to a request with the method.
///
/// # Errors
/// The connection is closed.
pub(super) fn write(out: &mut impl Write, method: &str, response: &Response, is_kept: bool) -> io::Result<()> {
    let version = if response.is_http_1_0 { "HTTP/1.0" } else { "HTTP/1.1" };
    let mut head = format!("{version} {} {}\r\n", response.status, response.reason);
    let own = |name: &str| name.eq_ignore_ascii_case("Connection") || name.eq_ignore_ascii_case("Transfer-Encoding");
    for (name, value) in response.headers.iter().filter(|(name, _)| !own(name)) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let has_body = response.status >= 200 && response.status != 204 && response.status != 304;
    if has_body && value(&response.headers, "Content-Length").is_none() {
        head.push_str(&format!("Content-Length: {}\r\n", response.body.len()));
    }
    head.push_str(if is_kept { "Connection: keep-alive\r\n\r\n" } else { "Connection: close\r\n\r\n" });
    out.write_all(head.as_bytes())?;
    if has_body && method != "HEAD" {
        out.write_all(&response.body)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(text: &str) -> io::Result<Option<Received>> {
        read(&mut text.as_bytes(), &mut io::sink())
    }

    #[test]
    fn requests_are_read_with_their_bodies() {
        let request = |text: &str| received(text).expect("a request").expect("one");
        let get = request("\r\nGET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n");
        assert_eq!((get.request.method.as_str(), get.request.target.as_str()), ("GET", "/a?b=c"));
        assert_eq!(get.request.headers[1], ("Accept".into(), "*/*".into()));
        assert!(get.is_kept);
        let post = request("POST / HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabcd");
        assert_eq!((post.request.body.as_slice(), post.is_kept), (&b"abc"[..], false));
        let chunked =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(request(chunked).request.body, b"abc0123456789");
        assert!(!request("GET / HTTP/1.0\r\n\r\n").is_kept);
        assert_eq!(received("").expect("no error"), None);
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        let long = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(MAX_HEAD));
        for text in [
            "PING\r\n\r\n",
            "GET / HTTP/1.1\r\nHost",
            "\u{1}\u{2}\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
            "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            long.as_str(),
        ] {
            assert!(received(text).is_err(), "{}", &text[..text.len().min(60)]);
        }
    }

    #[test]
    fn responses_have_a_length() {
        let response = Response {
            status: 200,
            reason: "OK".into(),
            headers: vec![("Server".into(), "nginx".into()), ("connection".into(), "x".into())],
            body: b"hi".to_vec(),
            ..Response::default()
        };
        let text = |method: &str, is_kept| {
            let mut out = Vec::new();
            write(&mut out, method, &response, is_kept).expect("memory takes all");
            String::from_utf8(out).expect("text")
        };
        let head = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\nConnection: ";
        assert_eq!(text("GET", true), format!("{head}keep-alive\r\n\r\nhi"));
        assert_eq!(text("HEAD", false), format!("{head}close\r\n\r\n"));
    }
}
