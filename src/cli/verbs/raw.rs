//! `--raw` of `get`, `create`, `replace` and `delete`: the API by path (`kubectl/pkg/rawhttp/raw.go`).

use clap::{Arg, ArgMatches};

use crate::args::{self, Matches, SharedFlags};
use crate::fetch::is_url;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_cluster::client::rest::{Call, Method};

/// The flag `--raw`.
pub(super) fn flag(help: &'static str) -> Arg {
    args::text("raw", help)
}

/// Runs the command with `--raw` and returns true; false without the flag.
///
/// # Errors
/// Other flags or arguments that exclude it, a file that cannot be read, or the status of the server.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches, method: Method) -> CliResult<bool> {
    let uri = matches.string("raw");
    if uri.is_empty() {
        return Ok(false);
    }
    let problem = match method {
        Method::Get => problem_of_get(matches),
        Method::Delete => problem_of_delete(matches),
        _ => problem_of_write(matches),
    };
    let problem = problem.map(String::from).or_else(|| path_problem(uri));
    if let Some(problem) = problem {
        return Err(match method {
            Method::Post => ctx.usage("create", &problem),
            Method::Put => ctx.usage("replace", &problem),
            _ => CliError::new(problem),
        });
    }
    let body = match matches.paths("filename").first() {
        None => String::new(),
        Some(file) if method == Method::Get => {
            return Err(CliError::new(format!("{} is not read with --raw", file.display())));
        }
        Some(file) if file == "-" => String::from_utf8_lossy(&ctx.read_stdin()?).into_owned(),
        Some(file) => {
            let read = std::fs::read(file).map_err(|error| CliError::io(format!("open {}", file.display()), error))?;
            String::from_utf8_lossy(&read).into_owned()
        }
    };
    // A URL stands for its path: the server is always the one of the command.
    let uri = uri.split_once("://").map_or(uri, |(_, rest)| rest.find('/').map_or("/", |start| &rest[start..]));
    let text = ctx.api(|client| client.call(&Call { method, uri, body: &body, agent: "kubectl" }))?;
    ctx.out.push_str(&text);
    Ok(true)
}

/// The flags and arguments that `get` does not allow (`GetOptions.Validate`).
fn problem_of_get(matches: &ArgMatches) -> Option<&'static str> {
    let filters = matches.flag("watch") || matches.flag("watch-only") || !matches.string("selector").is_empty();
    if !matches.values("args").is_empty() {
        Some("arguments may not be passed when --raw is specified")
    } else if filters {
        Some("--raw may not be specified with other flags that filter the server request or alter the output")
    } else if !matches.string("output").is_empty() {
        Some(OUTPUT)
    } else {
        None
    }
}

const OUTPUT: &str = "--raw and --output are mutually exclusive";
const ONE_FILE: &str = "--raw can only use a single local file or stdin";
const URL: &str = "--raw cannot read from a url";

/// Those that `delete` does not allow (`DeleteOptions.Validate`).
fn problem_of_delete(matches: &ArgMatches) -> Option<&'static str> {
    match matches.paths("filename").as_slice() {
        [_, _, ..] => Some(ONE_FILE),
        [file] if is_url(&file.to_string_lossy()) => Some(URL),
        _ if matches.flag("recursive") => Some("--raw and --recursive are mutually exclusive"),
        _ if !matches.string("output").is_empty() => Some(OUTPUT),
        _ => None,
    }
}

/// Those that `create` and `replace` do not allow (`CreateOptions.Validate`, `ReplaceOptions.Validate`).
fn problem_of_write(matches: &ArgMatches) -> Option<&'static str> {
    let shared = SharedFlags(matches);
    if shared.flag("edit") {
        return Some("--raw and --edit are mutually exclusive");
    }
    match matches.paths("filename").as_slice() {
        [file] if is_url(&file.to_string_lossy()) => Some(URL),
        [_] if matches.flag("recursive") => Some("--raw and --recursive are mutually exclusive"),
        [_] if !shared.string("selector").is_empty() => Some("--raw and --selector (-l) are mutually exclusive"),
        [_] if !matches.string("output").is_empty() => Some(OUTPUT),
        [_] => None,
        _ => Some(ONE_FILE),
    }
}

/// The error of a URI that is neither a path nor a URL (Go's `url.ParseRequestURI`); `None` for a valid one.
fn path_problem(uri: &str) -> Option<String> {
    let why = if uri.contains(|c: char| c.is_ascii_control()) {
        "net/url: invalid control character in URL"
    } else if uri.starts_with('/') || uri.split_once("://").is_some_and(|(scheme, _)| !scheme.is_empty()) {
        return None;
    } else {
        "invalid URI for request"
    };
    Some(format!("--raw must be a valid URL path: parse {}: {why}", quote(uri)))
}
