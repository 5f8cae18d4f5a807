//! URLs (`library/urls.go`), parsed as Go's `url.ParseRequestURI` does.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::Value;
use cel::objects::Opaque;
use regex::Regex;

use super::{Of, Overload, opaque, overload, text};
use crate::go::quote;

pub(super) const URL: &str = "kubernetes.URL";

const ARG: Of = Of::Opaque(URL);

pub(super) const OVERLOADS: &[Overload] = &[
    overload!(false, "url", [Of::Text] => ARG, |args| parse(text(args, 0)).map(|url| Value::Opaque(Arc::new(url)))),
    overload!(false, "isURL", [Of::Text] => Of::Bool, |args| Ok(parse(text(args, 0)).is_ok().into())),
    overload!(true, "getScheme", [ARG] => Of::Text, |args| Ok(opaque::<Url>(args, 0)?.scheme.as_str().into())),
    overload!(true, "getHost", [ARG] => Of::Text, |args| Ok(opaque::<Url>(args, 0)?.host().into())),
    overload!(true, "getHostname", [ARG] => Of::Text, |args| {
        Ok(opaque::<Url>(args, 0)?.name.trim_matches(['[', ']']).into())
    }),
    overload!(true, "getPort", [ARG] => Of::Text, |args| Ok(opaque::<Url>(args, 0)?.port.as_str().into())),
    overload!(true, "getEscapedPath", [ARG] => Of::Text, |args| Ok(opaque::<Url>(args, 0)?.path.as_str().into())),
    overload!(true, "getQuery", [ARG] => Of::Map, |args| Ok(query(&opaque::<Url>(args, 0)?.query).into())),
];

/// The parts of a URL, as they are written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Url {
    scheme: String,
    /// The host without the port; an IPv6 address is in brackets.
    name: String,
    port: String,
    path: String,
    query: String,
}

impl Opaque for Url {
    fn runtime_type_name(&self) -> &str {
        URL
    }
}

impl Url {
    fn host(&self) -> String {
        if self.port.is_empty() { self.name.clone() } else { format!("{}:{}", self.name, self.port) }
    }
}

/// Returns Go's error about a text that is no URL with a scheme and no path that begins with a slash.
pub(super) fn request_uri_error(text: &str) -> Option<String> {
    parse(text).err().map(|error| error.strip_prefix(CONVERSION).unwrap_or(&error).to_owned())
}

const CONVERSION: &str = "URL parse error during conversion from string: ";

/// Parses a URL with a scheme, or a path that begins with a slash.
fn parse(text: &str) -> Result<Url, String> {
    static SCHEME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^([A-Za-z][A-Za-z0-9+.-]*):(.*)$").ok());
    let refused = |why: &str| format!("{CONVERSION}parse {}: {why}", quote(text));
    if text.is_empty() {
        return Err(refused("empty url"));
    }
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err(refused("net/url: invalid control character in URL"));
    }
    let (scheme, rest) = match SCHEME.as_ref().and_then(|scheme| scheme.captures(text)) {
        Some(parts) => (parts[1].to_lowercase(), text[parts[1].len() + 1..].to_owned()),
        None => (String::new(), text.to_owned()),
    };
    if !rest.starts_with('/') {
        return Err(refused("invalid URI for request"));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((&rest, ""));
    let has_host = !scheme.is_empty() || !rest.starts_with("///");
    let (authority, path) = match rest.strip_prefix("//").filter(|_| has_host) {
        Some(after) => after.split_at(after.find('/').unwrap_or(after.len())),
        None => ("", rest),
    };
    let (name, port) =
        host_and_port(authority.rsplit_once('@').map_or(authority, |(_, host)| host)).map_err(|why| refused(&why))?;
    for part in [path, name] {
        escapes(part).map_err(|why| refused(&why))?;
    }
    let [name, port, path, query] = [name, port, path, query].map(str::to_owned);
    Ok(Url { scheme, name, port, path: path.replace(' ', "%20"), query })
}

fn host_and_port(host: &str) -> Result<(&str, &str), String> {
    let end = match host.starts_with('[') {
        true => host.find(']').ok_or("missing ']' in host")? + 1,
        false => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    if let Some(bad) = name.chars().find(|c| " <>\"\\^`{|}".contains(*c)) {
        return Err(format!("invalid character {} in host name", quote(&bad.to_string())));
    }
    match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok((name, digits)),
        None if port.is_empty() => Ok((name, "")),
        _ => Err(format!("invalid port {} after host", quote(port))),
    }
}

/// Checks that each percent sign begins an escape.
fn escapes(text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices('%') {
        let escape: String = text[at..].chars().take(3).collect();
        if escape.len() != 3 || !escape[1..].bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("invalid URL escape {}", quote(&escape)));
        }
    }
    Ok(())
}

/// Returns the values of the parameters of a query by name.
fn query(text: &str) -> HashMap<String, Value> {
    let mut values: HashMap<String, Vec<String>> = HashMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let (Some(name), Some(value)) = (unescaped(name), unescaped(value)) {
            values.entry(name).or_default().push(value);
        }
    }
    values.into_iter().map(|(name, values)| (name, values.into())).collect()
}

/// Decodes a part of a query; `None` if an escape is invalid.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
