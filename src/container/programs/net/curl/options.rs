//! The options of `curl`.

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use super::super::args::{Args, Mistake, Syntax};
use super::super::http_client::{Url, base64};
use crate::call::{Call, Stop};
use crate::network::Request;

const LONG: &[(&str, &str)] = &[
    ("silent", "s"),
    ("show-error", "S"),
    ("verbose", "v"),
    ("output", "o"),
    ("remote-name", "O"),
    ("head", "I"),
    ("include", "i"),
    ("request", "X"),
    ("data", "d"),
    ("data-raw", "data-raw"),
    ("data-ascii", "d"),
    ("data-binary", "data-binary"),
    ("data-urlencode", "data-urlencode"),
    ("json", "json"),
    ("header", "H"),
    ("location", "L"),
    ("insecure", "k"),
    ("fail", "f"),
    ("fail-with-body", "fail-with-body"),
    ("write-out", "w"),
    ("max-time", "m"),
    ("connect-timeout", "connect-timeout"),
    ("resolve", "resolve"),
    ("cacert", "cacert"),
    ("user-agent", "A"),
    ("user", "u"),
    ("referer", "e"),
    ("cookie", "b"),
    ("get", "G"),
    ("retry", "retry"),
    ("retry-delay", "retry-delay"),
    ("retry-connrefused", "retry-connrefused"),
    ("retry-max-time", "retry-max-time"),
    ("max-redirs", "max-redirs"),
    ("url", "url"),
    ("version", "V"),
    ("ipv4", "4"),
    ("no-buffer", "N"),
    ("http1.1", "http1.1"),
    ("http1.0", "0"),
    ("no-progress-meter", "no-progress-meter"),
    ("compressed", "compressed"),
    ("globoff", "g"),
    ("progress-bar", "#"),
    ("path-as-is", "path-as-is"),
    ("noproxy", "noproxy"),
    ("retry-all-errors", "retry-connrefused"),
    ("oauth2-bearer", "oauth2-bearer"),
];
const LONG_VALUED: &[&str] = &[
    "data-raw",
    "data-binary",
    "data-urlencode",
    "json",
    "connect-timeout",
    "resolve",
    "cacert",
    "retry",
    "retry-delay",
    "retry-max-time",
    "max-redirs",
    "url",
    "noproxy",
    "oauth2-bearer",
];
const SYNTAX: Syntax<'_> =
    Syntax { flags: "sSvOIiLkfGV4N0g#q", valued: "oXdHwmAueb", long: LONG, long_valued: LONG_VALUED };

/// The options, parsed.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) urls: Vec<String>,
    pub(super) is_silent: bool,
    pub(super) shows_errors: bool,
    pub(super) is_verbose: bool,
    pub(super) shows_headers: bool,
    pub(super) shows_version: bool,
    pub(super) follows: bool,
    pub(super) is_insecure: bool,
    pub(super) fails: bool,
    pub(super) fails_with_body: bool,
    pub(super) output: Option<String>,
    pub(super) uses_remote_name: bool,
    pub(super) write_out: Option<String>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) max_time: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) max_redirects: Option<u32>,
    pub(super) retries: u32,
    pub(super) retry_delay: Option<i64>,
    pub(super) retries_refused: bool,
    pub(super) ca_file: Option<String>,
    /// Host, port and address of `--resolve`.
    pub(super) resolve: Vec<(String, u16, Ipv4Addr)>,
    is_head: bool,
    is_json: bool,
    method: Option<String>,
    headers: Vec<String>,
    user: Option<String>,
    agent: String,
}

/// Why the options cannot be used.
pub(super) enum Problem {
    /// Exit code and message.
    Message(i32, String),
    /// Data come from standard input, which is not complete.
    Stop(Stop),
}

const TRY_HELP: &str = "curl: try 'curl --help' or 'curl --manual' for more information\n";

impl Options {
    /// Parses the arguments of a process, and reads the data that they name.
    pub(super) fn parse(call: &mut Call<'_>) -> Result<Options, Problem> {
        let args = SYNTAX.parse(&call.args()).map_err(|mistake| match mistake {
            Mistake::Unknown(option) => Problem::Message(2, format!("curl: option {option}: is unknown\n{TRY_HELP}")),
            Mistake::NoValue(option) => {
                Problem::Message(2, format!("curl: option {option}: requires parameter\n{TRY_HELP}"))
            }
        })?;
        let text = |key: &str| args.value(key).map(String::from);
        let mut options = Options {
            urls: args.values("url").map(String::from).chain(args.operands.iter().cloned()).collect(),
            is_silent: args.has("s") || args.has("no-progress-meter"),
            shows_errors: args.has("S") || args.has("no-progress-meter") && !args.has("s"),
            is_verbose: args.has("v"),
            shows_headers: args.has("i") || args.has("I"),
            shows_version: args.has("V"),
            follows: args.has("L"),
            is_insecure: args.has("k"),
            fails: args.has("f"),
            fails_with_body: args.has("fail-with-body"),
            output: text("o"),
            uses_remote_name: args.has("O"),
            write_out: text("w"),
            body: None,
            max_time: seconds(&args, "m")?,
            connect_timeout: seconds(&args, "connect-timeout")?,
            max_redirects: number(&args, "max-redirs")?,
            retries: number(&args, "retry")?.unwrap_or(0),
            retry_delay: number(&args, "retry-delay")?.map(i64::from),
            retries_refused: args.has("retry-connrefused"),
            ca_file: text("cacert"),
            resolve: args.values("resolve").filter_map(resolve).collect(),
            is_head: args.has("I"),
            is_json: args.has("json"),
            method: text("X"),
            headers: args.values("H").map(String::from).collect(),
            user: text("u"),
            agent: text("A").unwrap_or_else(|| format!("curl/{}", super::version(call))),
        };
        options.read_data(call, &args)?;
        if options.urls.is_empty() && !options.shows_version {
            let message = match args.operands.is_empty() && call.args().is_empty() {
                true => TRY_HELP.to_owned(),
                false => format!("curl: no URL specified!\n{TRY_HELP}"),
            };
            return Err(Problem::Message(2, message));
        }
        for (key, header) in [("b", "Cookie"), ("e", "Referer")] {
            options.headers.extend(args.value(key).map(|value| format!("{header}: {value}")));
        }
        options.headers.extend(args.value("oauth2-bearer").map(|token| format!("Authorization: Bearer {token}")));
        Ok(options)
    }

    fn read_data(&mut self, call: &mut Call<'_>, args: &Args) -> Result<(), Problem> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for key in ["d", "data-raw", "data-binary", "data-urlencode", "json"] {
            for value in args.values(key) {
                parts.push(match (value.strip_prefix('@'), key) {
                    (Some(path), "d" | "data-binary" | "json") => {
                        let mut bytes = read(call, path)?;
                        if key == "d" {
                            bytes.retain(|byte| !matches!(byte, b'\n' | b'\r'));
                        }
                        bytes
                    }
                    (_, "data-urlencode") => urlencode(value).into_bytes(),
                    _ => value.as_bytes().to_vec(),
                });
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        let body = parts.join(&b'&');
        if args.has("G") {
            let query = String::from_utf8_lossy(&body).into_owned();
            for url in &mut self.urls {
                let separator = if url.contains('?') { '&' } else { '?' };
                *url = format!("{url}{separator}{query}");
            }
        } else {
            self.body = Some(body);
        }
        Ok(())
    }

    /// Returns the method of the first request.
    pub(super) fn method(&self) -> String {
        let default = if self.is_head {
            "HEAD"
        } else if self.body.is_some() {
            "POST"
        } else {
            "GET"
        };
        self.method.clone().unwrap_or_else(|| default.to_owned())
    }

    /// Reports whether the method was given, so that redirects do not change it.
    pub(super) fn has_method(&self) -> bool {
        self.method.is_some()
    }

    /// Returns the request for a URL.
    pub(super) fn request(&self, url: &Url, method: &str, body: &Option<Vec<u8>>) -> Request {
        let mut headers = vec![("Host".to_owned(), url.authority())];
        let user = self.user.clone().or_else(|| (!url.user.is_empty()).then(|| url.user.clone()));
        if let Some(user) = user {
            headers.push(("Authorization".into(), format!("Basic {}", base64(user.as_bytes()))));
        }
        headers.push(("User-Agent".into(), self.agent.clone()));
        headers.push(("Accept".into(), (if self.is_json { "application/json" } else { "*/*" }).into()));
        if let Some(body) = body {
            headers.push(("Content-Length".into(), body.len().to_string()));
            let kind = if self.is_json { "application/json" } else { "application/x-www-form-urlencoded" };
            headers.push(("Content-Type".into(), kind.into()));
        }
        for header in &self.headers {
            let (name, value) = header.split_once(':').unwrap_or((header.trim_end_matches(';'), ""));
            let existing = headers.iter().position(|(n, _)| n.eq_ignore_ascii_case(name));
            match (existing, value.trim()) {
                (Some(at), "") => drop(headers.remove(at)),
                (Some(0), value) => headers[0].1 = value.to_owned(),
                (Some(at), value) => {
                    // A header of the user stands after those of the program.
                    headers.remove(at);
                    headers.push((name.to_owned(), value.to_owned()));
                }
                (None, "") if !header.ends_with(';') => {}
                (None, value) => headers.push((name.to_owned(), value.to_owned())),
            }
        }
        Request {
            method: method.to_owned(),
            target: url.target.clone(),
            headers,
            body: body.clone().unwrap_or_default(),
        }
    }
}

fn read(call: &mut Call<'_>, path: &str) -> Result<Vec<u8>, Problem> {
    if path == "-" {
        return call.stdin().map_err(Problem::Stop);
    }
    call.files().read(path).map_err(|_| {
        Problem::Message(26, format!("curl: option -d: error encountered when reading a file\n{TRY_HELP}"))
    })
}

fn seconds(args: &Args, key: &str) -> Result<Option<Duration>, Problem> {
    let parse = |text: &str| match text.parse::<f64>() {
        Ok(seconds) if (0.0..1e9).contains(&seconds) => Ok(Duration::from_micros((seconds * 1e6) as i64)),
        _ => Err(Problem::Message(
            2,
            format!("curl: option {}: expected a proper numerical parameter\n{TRY_HELP}", shown(key)),
        )),
    };
    // Zero is no limit.
    Ok(args.value(key).map(parse).transpose()?.filter(|duration| duration.micros() > 0))
}

fn number(args: &Args, key: &str) -> Result<Option<u32>, Problem> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            Problem::Message(
                2,
                format!("curl: option {}: expected a proper numerical parameter\n{TRY_HELP}", shown(key)),
            )
        })
    };
    args.value(key).map(parse).transpose()
}

fn shown(key: &str) -> String {
    if key.len() == 1 { format!("-{key}") } else { format!("--{key}") }
}

fn resolve(text: &str) -> Option<(String, u16, Ipv4Addr)> {
    let mut parts = text.splitn(3, ':');
    Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Encodes the value of `NAME=VALUE`.
fn urlencode(text: &str) -> String {
    let (name, value) = text.split_once('=').map_or((String::new(), text), |(name, value)| {
        (if name.is_empty() { String::new() } else { format!("{name}=") }, value)
    });
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name + &value.bytes().map(encode).collect::<String>()
}
