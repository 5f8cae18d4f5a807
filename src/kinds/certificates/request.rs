//! Reads the subject and alternative names of a PKCS #10 certificate request (RFC 2986) for its description.
//!
//! Signatures are not verified.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Object identifiers (in hexadecimal) of attributes of the subject: the common name.
pub(super) const COMMON_NAME: &str = "550403";
/// The serial number.
pub(super) const SERIAL_NUMBER: &str = "550405";

/// Attributes that can occur several times, with their labels.
pub(super) const SUBJECT_LISTS: [(&str, &str); 7] = [
    ("Organization", "55040a"),
    ("Organizational Unit", "55040b"),
    ("Country", "550406"),
    ("Locality", "550407"),
    ("Province", "550408"),
    ("StreetAddress", "550409"),
    ("PostalCode", "550411"),
];

/// Object identifier of the extension `subjectAltName`.
const ALTERNATIVE_NAMES: &str = "551d11";

/// DER tags.
const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const ATTRIBUTES: u8 = 0xa0;

/// The attributes of a certificate request that are described.
pub(super) struct Request {
    subject: Vec<(String, String)>,
    /// Alternative names by label, in the order of the description.
    pub(super) alternatives: [(&'static str, Vec<String>); 4],
}

impl Request {
    /// Parses a PEM block; `None` when it is not a certificate request.
    pub(super) fn parse(pem: &[u8]) -> Option<Request> {
        let text = std::str::from_utf8(pem).ok()?;
        let (_, rest) = text.split_once("-----BEGIN CERTIFICATE REQUEST-----")?;
        let (body, _) = rest.split_once("-----END CERTIFICATE REQUEST-----")?;
        let body: String = body.split_whitespace().collect();
        let der = BASE64_STANDARD.decode(body).ok()?;
        let (_, request, _) = element(&der)?;
        let (_, info, _) = element(request)?;
        let parts = elements(info);
        let (_, names) = parts.get(1)?;
        let mut alternatives =
            [("DNS Names", vec![]), ("Email Addresses", vec![]), ("URIs", vec![]), ("IP Addresses", vec![])];
        for (_, attributes) in parts.iter().filter(|(tag, _)| *tag == ATTRIBUTES) {
            if let Some(names) = find_alternatives(attributes) {
                read_alternatives(names, &mut alternatives);
            }
        }
        Some(Request { subject: subject_parts(names), alternatives })
    }

    /// The values of one attribute of the subject.
    pub(super) fn subject(&self, id: &str) -> Vec<String> {
        self.subject.iter().filter(|(i, _)| i == id).map(|(_, value)| value.clone()).collect()
    }
}

/// Splits DER into tag and content of the first element and the remaining bytes; `None` when it is truncated.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let (start, length) = if first < 0x80 {
        (2, first)
    } else {
        let count = first & 0x7f;
        let digits = bytes.get(2..2 + count)?;
        if count > 4 {
            return None;
        }
        (2 + count, digits.iter().fold(0, |n, d| n << 8 | usize::from(*d)))
    };
    let end = start.checked_add(length)?;
    Some((tag, bytes.get(start..end)?, bytes.get(end..)?))
}

/// Splits DER into its elements.
fn elements(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let Some((tag, content, rest)) = element(bytes) {
        found.push((tag, content));
        bytes = rest;
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Object identifier and value of every attribute of a distinguished name.
fn subject_parts(names: &[u8]) -> Vec<(String, String)> {
    let pairs = elements(names).into_iter().flat_map(|(_, set)| elements(set));
    pairs
        .filter_map(|(_, pair)| match elements(pair).as_slice() {
            [(OBJECT_ID, id), (_, value)] => Some((hex(id), String::from_utf8_lossy(value).into_owned())),
            _ => None,
        })
        .collect()
}

/// Finds the extension `subjectAltName` anywhere inside the attributes.
fn find_alternatives(bytes: &[u8]) -> Option<&[u8]> {
    for (tag, content) in elements(bytes) {
        if tag & 0x20 == 0 {
            continue;
        }
        let parts = elements(content);
        let is_it = parts.first().is_some_and(|(t, id)| *t == OBJECT_ID && hex(id) == ALTERNATIVE_NAMES);
        if is_it && tag == SEQUENCE {
            let (_, octets) = parts.iter().find(|(t, _)| *t == OCTETS)?;
            return element(octets).map(|(_, names, _)| names);
        }
        if let Some(found) = find_alternatives(content) {
            return Some(found);
        }
    }
    None
}

fn read_alternatives(names: &[u8], into: &mut [(&'static str, Vec<String>); 4]) {
    for (tag, content) in elements(names) {
        let text = || String::from_utf8_lossy(content).into_owned();
        match tag & 0x1f {
            1 => into[1].1.push(text()),
            2 => into[0].1.push(text()),
            6 => into[2].1.push(text()),
            7 => into[3].1.extend(address(content)),
            _ => {}
        }
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes an element with a short content.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).expect("short")], content].concat()
    }

    #[test]
    fn subject_and_alternative_names_are_read() {
        let part = |id: u8, text: &str| {
            let pair = [der(OBJECT_ID, &[0x55, 0x04, id]), der(0x0c, text.as_bytes())].concat();
            der(0x31, &der(SEQUENCE, &pair))
        };
        let names = der(SEQUENCE, &[part(3, "jane"), part(10, "ops")].concat());
        let other = der(SEQUENCE, &[der(0x82, b"a.example.com"), der(0x87, &[10, 0, 0, 1])].concat());
        let extension = der(SEQUENCE, &[der(OBJECT_ID, &[0x55, 0x1d, 0x11]), der(OCTETS, &other)].concat());
        let attribute = der(ATTRIBUTES, &der(SEQUENCE, &der(SEQUENCE, &extension)));
        let info = der(SEQUENCE, &[der(2, &[0]), names, der(SEQUENCE, &[]), attribute].concat());
        let body = BASE64_STANDARD.encode(der(SEQUENCE, &info));
        let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n");
        let request = Request::parse(pem.as_bytes()).expect("a request");
        assert_eq!(request.subject(COMMON_NAME), ["jane"]);
        assert_eq!(request.subject("55040a"), ["ops"]);
        assert_eq!(request.alternatives[0].1, ["a.example.com"]);
        assert_eq!(request.alternatives[3].1, ["10.0.0.1"]);
        assert!(Request::parse(b"no").is_none());
    }
}
