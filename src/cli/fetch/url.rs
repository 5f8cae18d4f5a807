//! The URLs of files: parsed, shown and resolved as Go's `net/url` does.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use ureq::http::Uri;

use kctl_base::go::quote;

/// The characters of paths and queries that are sent as `%XX`. `%` itself is not among them: escapes stay as they are.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Returns whether a file is named by a URL.
pub(crate) fn is_url(name: &str) -> bool {
    name.starts_with("http://") || name.starts_with("https://")
}

/// An absolute URL of the scheme `http` or `https`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    /// `http` or `https`.
    scheme: String,
    /// `user:password`, as they were given; `None` without `@`.
    user_info: Option<String>,
    /// The host with its port, if it has one.
    authority: String,
    /// Path and query, with characters escaped as needed.
    path: String,
    /// The fragment with its `#`; empty without one.
    fragment: String,
}

impl Url {
    /// Parses a URL.
    ///
    /// # Errors
    /// Go's message, such as `parse "http://h:x": invalid port ":x" after host`.
    pub(crate) fn parse(text: &str) -> Result<Url, String> {
        let fail = |why: String| Err(format!("parse {}: {why}", quote(text)));
        if text.contains(|c: char| c.is_ascii_control()) {
            return fail("net/url: invalid control character in URL".into());
        }
        let Some((scheme, rest)) = text.split_once("://") else { return fail("missing protocol scheme".into()) };
        if !matches!(scheme, "http" | "https") {
            return fail(format!("unsupported protocol scheme {}", quote(scheme)));
        }
        let (rest, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user_info, authority) = match authority.rsplit_once('@') {
            Some((user_info, authority)) => (Some(user_info.to_string()), authority),
            None => (None, authority),
        };
        if let Some(escape) = bad_escape(path) {
            return fail(format!("invalid URL escape {}", quote(escape)));
        }
        if let Some(why) = authority_problem(authority) {
            return fail(why);
        }
        let path = utf8_percent_encode(path, ESCAPED).to_string();
        let (scheme, authority, fragment) = (scheme.into(), authority.into(), fragment.into());
        Ok(Url { scheme, user_info, authority, path, fragment })
    }

    /// Resolves the target of a redirect against this URL (RFC 3986, section 5.2).
    ///
    /// # Errors
    /// As for [`Url::parse`].
    pub(super) fn join(&self, location: &str) -> Result<Url, String> {
        let own_path = self.path.split('?').next().unwrap_or_default();
        let target = if location.contains("://") {
            location.to_string()
        } else if location.starts_with("//") {
            format!("{}:{location}", self.scheme)
        } else {
            let path = match (location.chars().next(), own_path.rfind('/')) {
                (Some('/'), _) => location.to_string(),
                (Some('?'), _) => format!("{own_path}{location}"),
                (_, Some(end)) => format!("{}{location}", &own_path[..=end]),
                (_, None) => format!("/{location}"),
            };
            format!("{}://{}{}", self.scheme, self.authority, without_dots(&path))
        };
        let mut target = Url::parse(&target)?;
        if target.fragment.is_empty() {
            target.fragment.clone_from(&self.fragment);
        }
        Ok(target)
    }

    /// Returns the URL that is asked for: without user and fragment.
    pub(super) fn request_text(&self) -> String {
        let slash = if self.path.starts_with('/') { "" } else { "/" };
        format!("{}://{}{slash}{}", self.scheme, self.authority, self.path)
    }

    /// Returns the URL for messages: with `***` in place of a password.
    pub(crate) fn redacted(&self) -> String {
        let user_info = match &self.user_info {
            None => String::new(),
            Some(user_info) => match user_info.split_once(':') {
                Some((user, _)) => format!("{user}:***@"),
                None => format!("{user_info}@"),
            },
        };
        format!("{}://{user_info}{}{}{}", self.scheme, self.authority, self.path, self.fragment)
    }

    /// Returns `user:password` without escapes; `None` without a user.
    pub(super) fn credentials(&self) -> Option<Vec<u8>> {
        let (user, password) = self.user_info.as_deref().map(|info| info.split_once(':').unwrap_or((info, "")))?;
        let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        Some([decode(user), vec![b':'], decode(password)].concat())
    }

    /// Returns whether the connection is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Returns the host, with its port if the URL has one.
    pub(super) fn host_and_port(&self) -> &str {
        &self.authority
    }

    /// Returns the host without brackets, and the port.
    pub(super) fn host(&self) -> (&str, u16) {
        let default = if self.is_https() { 443 } else { 80 };
        split_port(&self.authority, default)
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Splits `host:port`. The host loses the brackets of an IPv6 address.
pub(super) fn split_port(authority: &str, default: u16) -> (&str, u16) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(default)),
        _ => (authority, default),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

/// Returns what is wrong with `host:port`; `None` if nothing is. An empty host is only refused when it is asked
/// (`http: no Host in request URL`).
fn authority_problem(authority: &str) -> Option<String> {
    let port = match authority.rfind(']') {
        Some(end) => &authority[end + 1..],
        None => authority.find(':').map_or("", |at| &authority[at..]),
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    if port.len() != digits.len() + usize::from(!port.is_empty()) || digits.contains(|c: char| !c.is_ascii_digit()) {
        return Some(format!("invalid port {} after host", quote(port)));
    }
    let wrong = authority.chars().find(|c| c.is_ascii() && " \"<>\\^`{|}%".contains(*c));
    wrong.map(|c| format!("invalid character {} in host name", quote(&c.to_string())))
}

/// Returns the first `%` that is not followed by two hexadecimal digits, with what follows it.
fn bad_escape(path: &str) -> Option<&str> {
    path.char_indices().filter(|(_, c)| *c == '%').find_map(|(at, _)| {
        let escape: Vec<(usize, char)> = path[at..].char_indices().take(3).collect();
        let is_valid = escape.len() == 3 && escape[1..].iter().all(|(_, c)| c.is_ascii_hexdigit());
        let end = escape.last().map_or(at + 1, |(offset, c)| at + offset + c.len_utf8());
        (!is_valid).then(|| &path[at..end])
    })
}

/// Resolves `.` and `..` in the path of a URL, but not in its query.
fn without_dots(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut parts: Vec<&str> = Vec::new();
    let mut segments = path.trim_start_matches('/').split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    parts.pop();
                }
                if is_last {
                    parts.push("");
                }
            }
            other => parts.push(other),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

/// Returns the URI of a proxy from an environment variable, which may lack the scheme; `None` if it is not one.
pub(super) fn proxy_uri(text: &str) -> Option<Uri> {
    let text = if text.contains("://") { text.to_string() } else { format!("http://{text}") };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Url {
        Url::parse(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn urls_are_shown_as_go_shows_them() {
        for (text, shown, asked) in [
            ("http://h", "http://h", "http://h/"),
            ("https://h:8443/a b.yaml?x=1#f", "https://h:8443/a%20b.yaml?x=1#f", "https://h:8443/a%20b.yaml?x=1"),
            ("http://u:p%40@[::1]:80/ä", "http://u:***@[::1]:80/%C3%A4", "http://[::1]:80/%C3%A4"),
            ("http://u@h?q", "http://u@h?q", "http://h/?q"),
        ] {
            assert_eq!((parse(text).redacted(), parse(text).request_text()), (shown.into(), asked.into()));
        }
        assert_eq!(parse("http://u:p%40@h").credentials(), Some(b"u:p@".to_vec()));
        assert_eq!((parse("http://[::1]:81").host(), parse("https://h").host()), (("::1", 81), ("h", 443)));
    }

    #[test]
    fn invalid_urls_are_refused() {
        for (text, why) in [
            ("http://h:x/", "invalid port \":x\" after host"),
            ("http://[::1]x/", "invalid port \"x\" after host"),
            ("http://a b/", "invalid character \" \" in host name"),
            ("http://h/%z", "invalid URL escape \"%z\""),
            ("http://h/\n", "net/url: invalid control character in URL"),
            ("ftp://h/", "unsupported protocol scheme \"ftp\""),
            ("h", "missing protocol scheme"),
        ] {
            assert_eq!(Url::parse(text), Err(format!("parse {}: {why}", quote(text))));
        }
    }

    #[test]
    fn redirects_are_relative_to_the_url() {
        let base = parse("http://h:1/a/b.yaml?q#f");
        for (location, target) in [
            ("https://x/y", "https://x/y#f"),
            ("//x/y#g", "http://x/y#g"),
            ("/y", "http://h:1/y#f"),
            ("c.yaml", "http://h:1/a/c.yaml#f"),
            ("../../c/./d?../e", "http://h:1/c/d?../e#f"),
            ("?x", "http://h:1/a/b.yaml?x#f"),
            ("..", "http://h:1/#f"),
        ] {
            assert_eq!(base.join(location).map(|url| url.redacted()), Ok(target.into()), "{location}");
        }
        assert_eq!(parse("http://h").join("x").map(|url| url.redacted()), Ok("http://h/x".into()));
    }
}
