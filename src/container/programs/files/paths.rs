//! `basename`, `dirname`, `readlink` and `realpath`.

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::NodeKind;
use crate::programs::opts::{Spec, is_busybox, quote};

const BASENAME: Spec = Spec::new(
    "+as:z",
    &[("multiple", 'a'), ("suffix", 's'), ("zero", 'z')],
    "FILE [SUFFIX] | -a FILE... | -s SUFFIX FILE...",
);
const DIRNAME: Spec = Spec::new("+z", &[("zero", 'z')], "FILENAME");
const READLINK: Spec = Spec::new(
    "femnqsvz",
    &[("canonicalize", 'f'), ("canonicalize-existing", 'e'), ("canonicalize-missing", 'm'), ("no-newline", 'n')],
    "[-fnv] FILE",
);
const REALPATH: Spec = Spec::new(
    "emLPqsz",
    &[
        ("canonicalize-existing", 'e'),
        ("canonicalize-missing", 'm'),
        ("no-symlinks", 's'),
        ("quiet", 'q'),
        ("zero", 'z'),
    ],
    "FILE...",
);

/// `basename`.
pub(super) fn basename(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = BASENAME.parse(call)?;
    let is_multiple = options.last_of("as").is_some();
    let (paths, suffix) = match options.operands.as_slice() {
        [] => return Err(BASENAME.misuse(call, "missing operand")),
        all if is_multiple => (all, options.value('s').unwrap_or_default()),
        [one] => (std::slice::from_ref(one), ""),
        [one, suffix] => (std::slice::from_ref(one), suffix.as_str()),
        [_, _, extra, ..] => {
            let message = format!("extra operand {}", quote(call, extra));
            return Err(BASENAME.misuse(call, &message));
        }
    };
    for path in paths {
        let trimmed = path.trim_end_matches('/');
        let name = if trimmed.is_empty() && !path.is_empty() { "/" } else { crate::programs::base_name(trimmed) };
        let name = name.strip_suffix(suffix).filter(|rest| !rest.is_empty()).unwrap_or(name);
        call.print(format!("{name}\n"))?;
    }
    Ok(0)
}

/// `dirname`.
pub(super) fn dirname(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = DIRNAME.parse(call)?;
    if options.operands.is_empty() {
        return Err(DIRNAME.misuse(call, "missing operand"));
    }
    for path in &options.operands {
        let trimmed = path.trim_end_matches('/');
        let parent = match trimmed.rsplit_once('/') {
            Some((parent, _)) if parent.trim_end_matches('/').is_empty() => "/",
            Some((parent, _)) => parent.trim_end_matches('/'),
            None if trimmed.is_empty() && !path.is_empty() => "/",
            None => ".",
        };
        call.print(format!("{parent}\n"))?;
    }
    Ok(0)
}

/// The part of a path that has to exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    All,
    AllButLast,
    Nothing,
}

/// Returns the absolute path without links.
fn canonical(call: &mut Call<'_>, path: &str, existing: Existing) -> Result<String, Errno> {
    let files = call.files();
    match files.real_path(path) {
        Err(Errno::ENOENT) if existing != Existing::All && !path.is_empty() => {}
        found => return found,
    }
    // A link that leads nowhere is resolved as far as it leads.
    if let Ok(at) = files.resolve_link(path)
        && let NodeKind::Link(target) = &files.node(&at)?.kind
    {
        let parent = at.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let target = if target.starts_with('/') { target.clone() } else { format!("{parent}/{target}") };
        return canonical(call, &target, existing);
    }
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = match trimmed.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => (".", trimmed),
    };
    let parent = match files.real_path(parent) {
        Err(Errno::ENOENT) if existing == Existing::Nothing => canonical(call, parent, existing)?,
        found => found?,
    };
    Ok(super::join(&parent, name))
}

/// `readlink`.
pub(super) fn readlink(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = READLINK.parse(call)?;
    if options.operands.is_empty() {
        return Err(READLINK.misuse(call, "missing operand"));
    }
    let mut code = 0;
    for path in &options.operands {
        let found = match options.last_of("fem") {
            Some('e') => canonical(call, path, Existing::All),
            Some('m') => canonical(call, path, Existing::Nothing),
            Some(_) if is_busybox(call) => canonical(call, path, Existing::All),
            Some(_) => canonical(call, path, Existing::AllButLast),
            None => match call.files().lstat(path) {
                Ok(stat) => match stat.node.kind {
                    NodeKind::Link(target) => Ok(target),
                    _ => Err(Errno::EINVAL),
                },
                Err(errno) => Err(errno),
            },
        };
        match found {
            Ok(target) => call.print(format!("{target}{}", if options.has('n') { "" } else { "\n" }))?,
            Err(errno) => {
                if options.has('v') {
                    call.complain(&format!("{path}: {}", errno.text()));
                }
                code = 1;
            }
        }
    }
    Ok(code)
}

/// `realpath`.
pub(super) fn realpath(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = REALPATH.parse(call)?;
    if options.operands.is_empty() {
        return Err(REALPATH.misuse(call, "missing operand"));
    }
    let existing = match options.last_of("em") {
        Some('e') => Existing::All,
        Some(_) => Existing::Nothing,
        None => Existing::AllButLast,
    };
    let mut code = 0;
    for path in &options.operands {
        match canonical(call, path, existing) {
            Ok(found) => call.print(format!("{found}\n"))?,
            Err(errno) => {
                if !options.has('q') || is_busybox(call) {
                    call.complain(&format!("{path}: {}", errno.text()));
                }
                code = 1;
            }
        }
    }
    Ok(code)
}
