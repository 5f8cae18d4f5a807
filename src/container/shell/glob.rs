//! Pathname expansion.

use super::options::Options;
use super::pattern::Pattern;
use super::syntax::Dialect;
use crate::call::Call;

/// Most paths that one pattern becomes.
const MAX_PATHS: usize = 50_000;
/// Most levels of directories that `**` goes down.
const MAX_DEPTH: u32 = 100;

/// Returns the paths that match a pattern, sorted; empty if there are none.
pub(super) fn expand(call: &mut Call<'_>, pattern: &str, options: &Options, dialect: Dialect) -> Vec<String> {
    crate::world::proc::prepare(call, pattern);
    let search = Search {
        is_extended: options.has_shopt("extglob"),
        shows_hidden: options.has_shopt("dotglob"),
        ignores_case: options.has_shopt("nocaseglob"),
        skips_special: dialect == Dialect::Bash,
    };
    let is_absolute = pattern.starts_with('/');
    let mut paths = vec![String::from(if is_absolute { "/" } else { "" })];
    let mut parts = pattern.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let wants_directory = !is_last || pattern.ends_with('/');
        let mut next = Vec::new();
        for path in &paths {
            if part == "**" && options.has_shopt("globstar") {
                // Directories may lie in none, too.
                next.extend(Some(path.clone()).filter(|path| !is_last || !path.is_empty()));
                search.descend(call, path, wants_directory, &mut next, 0);
                continue;
            }
            let found = next.len();
            search.matches(call, path, part, wants_directory, &mut next);
            if wants_directory {
                next[found..].iter_mut().for_each(|path| path.push('/'));
            }
        }
        paths = next;
    }
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// How names are found.
struct Search {
    is_extended: bool,
    shows_hidden: bool,
    ignores_case: bool,
    /// `.*` does not mean `.` and `..`.
    skips_special: bool,
}

impl Search {
    /// Adds all that lies below a directory; only directories, with a slash, if they are wanted.
    fn descend(&self, call: &mut Call<'_>, path: &str, wants_directory: bool, out: &mut Vec<String>, depth: u32) {
        let names = call.files().list(if path.is_empty() { "." } else { path }).unwrap_or_default();
        for name in names.into_iter().filter(|name| self.shows_hidden || !name.starts_with('.')) {
            let full = format!("{path}{name}");
            let is_directory = call.files().lstat(&full).is_ok_and(|stat| stat.node.is_directory());
            if out.len() >= MAX_PATHS {
                return;
            }
            let below = format!("{full}/");
            if is_directory || !wants_directory {
                out.push(if wants_directory { below.clone() } else { full });
            }
            if is_directory && depth < MAX_DEPTH {
                self.descend(call, &below, wants_directory, out, depth + 1);
            }
        }
    }

    /// Adds the entries of a directory that match a part of a pattern.
    fn matches(&self, call: &mut Call<'_>, path: &str, part: &str, wants_directory: bool, out: &mut Vec<String>) {
        let is_literal = !(part.contains(['*', '?', '[']) || self.is_extended && part.contains('('));
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
        let pattern = Pattern::new(part, self.is_extended).with_case(!self.ignores_case);
        let names = files.list(if path.is_empty() { "." } else { path }).unwrap_or_default();
        let is_hidden_meant = part.starts_with('.') || part.starts_with("\\.");
        let special = [".", ".."].map(String::from).into_iter().filter(|_| is_hidden_meant && !self.skips_special);
        for name in special.chain(names) {
            let is_shown = !name.starts_with('.') || is_hidden_meant || self.shows_hidden;
            if is_shown && out.len() < MAX_PATHS && pattern.matches(&name) && (!wants_directory || fits(&name)) {
                out.push(format!("{path}{name}"));
            }
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
