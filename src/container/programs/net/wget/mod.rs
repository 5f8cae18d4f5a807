//! `wget`: that of busybox and that of GNU.

mod busybox;
mod gnu;

use kctl_base::sim::Duration;

use super::args::{Args, Mistake, Syntax};
use super::http_client::{self, Trouble, Url};
use super::script::Script;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::image::Flavour;
use crate::network::{NetworkError, Request, Response};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 20;

const SYNTAX: Syntax<'_> = Syntax {
    flags: "qScvdN",
    valued: "OPTtU",
    long: &[
        ("quiet", "q"),
        ("server-response", "S"),
        ("continue", "c"),
        ("verbose", "v"),
        ("no-verbose", "no-verbose"),
        ("output-document", "O"),
        ("directory-prefix", "P"),
        ("timeout", "T"),
        ("connect-timeout", "T"),
        ("tries", "t"),
        ("user-agent", "U"),
        ("spider", "spider"),
        ("header", "header"),
        ("post-data", "post-data"),
        ("post-file", "post-file"),
        ("no-check-certificate", "no-check-certificate"),
        ("no-proxy", "no-proxy"),
        ("ca-certificate", "ca-certificate"),
        ("content-on-error", "content-on-error"),
        ("method", "method"),
        ("body-data", "post-data"),
    ],
    long_valued: &["header", "post-data", "post-file", "ca-certificate", "method"],
};

/// A call of the program.
struct Wget<'a> {
    args: &'a Args,
    is_quiet: bool,
    timeout: Option<Duration>,
}

/// Runs the program.
pub(super) fn run(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let is_busybox = call.image().flavour == Flavour::Busybox;
    // GNU's -nv is two letters of an option whose name is "n".
    let given: Vec<String> =
        call.args().iter().map(|arg| if arg == "-nv" { "--no-verbose".into() } else { arg.clone() }).collect();
    let args = match SYNTAX.parse(&given) {
        Ok(args) => args,
        Err(mistake) => {
            script.err(misuse(is_busybox, &mistake));
            return Ok(if is_busybox { 1 } else { 2 });
        }
    };
    let seconds = args.value("T").and_then(|text| text.parse::<f64>().ok()).filter(|seconds| *seconds > 0.0);
    let timeout = seconds.map(|seconds| Duration::from_micros((seconds.min(1e9) * 1e6) as i64));
    let wget = Wget { is_quiet: args.has("q"), timeout, args: &args };
    if args.operands.is_empty() {
        script.err(missing_url(is_busybox));
        return Ok(1);
    }
    let mut code = 0;
    for url in &args.operands {
        let result =
            if is_busybox { busybox::get(&wget, call, script, url) } else { gnu::get(&wget, call, script, url) };
        if result != 0 {
            code = result;
        }
        if is_busybox && code != 0 {
            break;
        }
    }
    Ok(code)
}

fn misuse(is_busybox: bool, mistake: &Mistake) -> String {
    let message = match mistake {
        Mistake::Unknown(option) if option.starts_with("--") => format!("unrecognized option '{option}'"),
        Mistake::Unknown(option) => format!("invalid option -- '{}'", &option[1..]),
        Mistake::NoValue(option) if option.starts_with("--") => format!("option '{option}' requires an argument"),
        Mistake::NoValue(option) => format!("option requires an argument -- '{}'", &option[1..]),
    };
    let usage = if is_busybox { busybox::USAGE } else { gnu::USAGE };
    format!("wget: {message}\n{usage}")
}

fn missing_url(is_busybox: bool) -> String {
    match is_busybox {
        true => busybox::USAGE.to_owned(),
        false => format!("wget: missing URL\n{}", gnu::USAGE),
    }
}

impl Wget<'_> {
    fn request(&self, url: &Url, agent: &str, own: &[(&str, &str)]) -> Request {
        let body = self.args.value("post-data").map(|data| data.as_bytes().to_vec());
        let method = match (self.args.value("method"), &body) {
            (Some(method), _) => method,
            (None, Some(_)) => "POST",
            (None, None) if self.args.has("spider") => "HEAD",
            _ => "GET",
        };
        let agent = self.args.value("U").unwrap_or(agent);
        let mut headers = vec![("Host".to_owned(), url.authority()), ("User-Agent".to_owned(), agent.to_owned())];
        headers.extend(own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        for header in self.args.values("header") {
            let (name, value) = header.split_once(':').unwrap_or((header, ""));
            headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        if let Some(body) = &body {
            headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
            headers.push(("Content-Length".into(), body.len().to_string()));
        }
        Request { method: method.to_owned(), target: url.target.clone(), headers, body: body.unwrap_or_default() }
    }

    /// Returns the file that a response is saved in; `-` is standard output.
    fn target(&self, url: &Url) -> String {
        let name = if url.file_name().is_empty() { "index.html" } else { url.file_name() };
        match (self.args.value("O"), self.args.value("P")) {
            (Some(path), _) => path.to_owned(),
            (None, Some(directory)) => format!("{directory}/{name}"),
            (None, None) => name.to_owned(),
        }
    }

    /// Saves a body.
    fn save(&self, call: &mut Call<'_>, path: &str, body: &[u8]) -> Result<(), Errno> {
        match call.files().write(path, body) {
            // A device takes everything.
            Err(_) if path.starts_with("/dev/") => Ok(()),
            result => result,
        }
    }
}

/// Returns the text of a failed connection.
fn reason(error: NetworkError) -> &'static str {
    match error {
        NetworkError::Refused => "Connection refused",
        NetworkError::TimedOut => "Connection timed out",
        NetworkError::Unreachable => "No route to host",
        NetworkError::Closed => "Connection reset by peer",
    }
}
