//! `ln`.

use super::join;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::programs::base_name;
use crate::programs::opts::{Options, Spec, is_busybox};

const LN: Spec = Spec::new(
    "sfnbtvTrS:",
    &[("symbolic", 's'), ("force", 'f'), ("no-dereference", 'n'), ("no-target-directory", 'T'), ("verbose", 'v')],
    "[-sfnbtv] [-S SUF] TARGET... LINK|DIR",
);

/// `ln`.
pub(super) fn ln(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = LN.parse(call)?;
    let (targets, destination) = match options.operands.as_slice() {
        [] => return Err(LN.misuse(call, "missing file operand")),
        [one] => (vec![one.clone()], ".".to_owned()),
        [targets @ .., last] => (targets.to_vec(), last.clone()),
    };
    let is_directory = is_directory(call, &options, &destination);
    if targets.len() > 1 && !is_directory {
        let message = match is_busybox(call) {
            true => return Err(LN.usage(call, "")),
            false => format!("target '{destination}': {}", Errno::ENOTDIR.text()),
        };
        call.complain(&message);
        return Ok(1);
    }
    let mut code = 0;
    for target in targets {
        let name = base_name(target.trim_end_matches('/'));
        let path = if is_directory { join(&destination, name) } else { destination.clone() };
        match link(call, &options, &target, &path) {
            Ok(()) if options.has('v') => call.print(format!("'{path}' -> '{target}'\n"))?,
            Ok(()) => {}
            Err(errno) => {
                let message = message(call, &options, (&target, &path), errno);
                call.complain(&message);
                code = 1;
            }
        }
    }
    Ok(code)
}

fn is_directory(call: &mut Call<'_>, options: &Options, path: &str) -> bool {
    if options.has('T') {
        return false;
    }
    let files = call.files();
    let stat = if options.has('n') { files.lstat(path) } else { files.stat(path) };
    stat.is_ok_and(|stat| stat.node.is_directory())
}

fn link(call: &mut Call<'_>, options: &Options, target: &str, path: &str) -> Result<(), Errno> {
    if !options.has('s') {
        call.files().lstat(target)?;
    }
    let mut files = call.files();
    if options.has('f') && files.lstat(path).is_ok_and(|stat| !stat.node.is_directory()) {
        files.unlink(path)?;
    }
    if options.has('s') { files.symlink(target, path) } else { files.link(target, path) }
}

fn message(call: &mut Call<'_>, options: &Options, (target, path): (&str, &str), errno: Errno) -> String {
    let text = errno.text();
    let is_missing = call.files().lstat(target).is_err();
    let shown = path.strip_prefix("./").filter(|_| options.operands.len() == 1).unwrap_or(path);
    match (is_busybox(call), options.has('s'), errno) {
        (true, false, Errno::ENOENT) if is_missing => format!("{target}: {text}"),
        (true, ..) => format!("{shown}: {text}"),
        (false, false, Errno::EPERM) => format!("{target}: hard link not allowed for directory"),
        (false, false, _) if is_missing => format!("failed to access '{target}': {text}"),
        (false, true, _) => format!("failed to create symbolic link '{path}': {text}"),
        (false, false, Errno::EEXIST) => format!("failed to create hard link '{path}': {text}"),
        (false, false, _) => format!("failed to create hard link '{path}' => '{target}': {text}"),
    }
}
