//! Pathname expansion.

use super::pattern::Pattern;
use crate::call::Call;

/// Most paths that one pattern becomes.
const MAX_PATHS: usize = 50_000;

/// Returns the paths that match a pattern, sorted; empty if there are none.
pub(super) fn expand(call: &mut Call<'_>, pattern: &str, is_extended: bool) -> Vec<String> {
    crate::world::proc::prepare(call, pattern);
    let is_absolute = pattern.starts_with('/');
    let mut paths = vec![String::from(if is_absolute { "/" } else { "" })];
    let mut parts = pattern.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let wants_directory = !is_last || pattern.ends_with('/');
        let mut next = Vec::new();
        for path in &paths {
            matches(call, path, part, is_extended, wants_directory, &mut next);
        }
        if wants_directory {
            for path in &mut next {
                path.push('/');
            }
        }
        paths = next;
    }
    paths.sort_unstable();
    paths
}

fn matches(
    call: &mut Call<'_>,
    path: &str,
    part: &str,
    is_extended: bool,
    wants_directory: bool,
    out: &mut Vec<String>,
) {
    let is_literal = !(part.contains(['*', '?', '[']) || is_extended && part.contains('('));
    let files = call.files();
    let fits = |name: &str| {
        let full = format!("{path}{name}");
        match wants_directory {
            true => files.stat(&full).is_ok_and(|stat| stat.node.is_directory()),
            false => files.lstat(&full).is_ok(),
        }
    };
    if is_literal {
        let name = unescape(part);
        if fits(&name) {
            out.push(format!("{path}{name}"));
        }
        return;
    }
    let pattern = Pattern::new(part, is_extended);
    let names = files.list(if path.is_empty() { "." } else { path }).unwrap_or_default();
    let is_hidden_meant = part.starts_with('.') || part.starts_with("\\.");
    let special = [".", ".."].map(String::from).into_iter().filter(|_| is_hidden_meant && !is_extended);
    for name in special.chain(names) {
        let is_shown = !name.starts_with('.') || is_hidden_meant;
        if is_shown && out.len() < MAX_PATHS && pattern.matches(&name) && (!wants_directory || fits(&name)) {
            out.push(format!("{path}{name}"));
        }
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}
