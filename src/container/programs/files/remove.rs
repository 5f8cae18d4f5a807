//! `rm`, `rmdir` and `unlink`.

use super::join;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::programs::opts::{Options, Spec, is_busybox};

const BUSYBOX_RM: Spec = Spec::new("irRf", &[], "[-irf] FILE...");
const GNU_RM: Spec = Spec::new(
    "dfiIrRv",
    &[("dir", 'd'), ("force", 'f'), ("recursive", 'r'), ("verbose", 'v'), ("interactive", 'i')],
    "[OPTION]... [FILE]...",
);
const RMDIR: Spec =
    Spec::new("pvι", &[("ignore-fail-on-non-empty", 'ι'), ("parents", 'p'), ("verbose", 'v')], "[-p] DIRECTORY...");
const UNLINK: Spec = Spec::new("", &[], "FILE");

/// Removes a file or directory with everything in it; `false` after messages.
pub(super) fn tree(call: &mut Call<'_>, path: &str) -> bool {
    Remover { is_recursive: true, is_forced: true, ..Remover::default() }.remove(call, path)
}

#[derive(Default)]
struct Remover {
    is_recursive: bool,
    is_forced: bool,
    removes_empty: bool,
    is_verbose: bool,
    out: String,
}

/// `rm`.
pub(super) fn rm(call: &mut Call<'_>) -> Result<i32, Stop> {
    let spec = if is_busybox(call) { BUSYBOX_RM } else { GNU_RM };
    let options = spec.parse(call)?;
    let is_forced = options.last_of("fi") == Some('f');
    if options.operands.is_empty() {
        return if is_forced { Ok(0) } else { Err(spec.misuse(call, "missing operand")) };
    }
    let mut remover = Remover {
        is_recursive: options.last_of("rR").is_some(),
        is_forced,
        removes_empty: options.has('d'),
        is_verbose: options.has('v'),
        out: String::new(),
    };
    let mut code = 0;
    for path in &options.operands {
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let is_protected = match name {
            "." | ".." if is_busybox(call) || remover.is_recursive => Some(match is_busybox(call) {
                true => "can't remove '.' or '..'".to_owned(),
                false => format!("refusing to remove '.' or '..' directory: skipping '{path}'"),
            }),
            "" if !is_busybox(call) && remover.is_recursive => {
                let rest = "use --no-preserve-root to override this failsafe";
                call.warn(b"rm: it is dangerous to operate recursively on '/'\n");
                Some(rest.to_owned())
            }
            _ => None,
        };
        match is_protected {
            Some(message) => {
                call.complain(&message);
                code = 1;
            }
            None => code |= i32::from(!remover.remove(call, path)),
        }
    }
    call.print(&remover.out)?;
    Ok(code)
}

impl Remover {
    fn remove(&mut self, call: &mut Call<'_>, path: &str) -> bool {
        let is_directory = match call.files().lstat(path) {
            Ok(stat) => stat.node.is_directory(),
            Err(Errno::ENOENT | Errno::ENOTDIR) if self.is_forced => return true,
            Err(errno) => return fail(call, path, errno),
        };
        if !is_directory {
            return match call.files().unlink(path) {
                Ok(()) => self.say("removed", path),
                Err(errno) => fail(call, path, errno),
            };
        }
        if !self.is_recursive && !self.removes_empty {
            let message = match is_busybox(call) {
                true => format!("'{path}' is a directory"),
                false => format!("cannot remove '{path}': Is a directory"),
            };
            call.complain(&message);
            return false;
        }
        let names = match call.files().list(path) {
            Ok(names) => names,
            Err(errno) => return fail(call, path, errno),
        };
        if self.is_recursive {
            let mut is_done = true;
            for name in names {
                is_done &= self.remove(call, &join(path, &name));
            }
            if !is_done {
                return false;
            }
        }
        match call.files().remove_directory(path) {
            Ok(()) if is_busybox(call) => self.say("removed directory:", path),
            Ok(()) => self.say("removed directory", path),
            Err(errno) => fail(call, path, errno),
        }
    }

    fn say(&mut self, what: &str, path: &str) -> bool {
        if self.is_verbose {
            self.out.push_str(&format!("{what} '{path}'\n"));
        }
        true
    }
}

fn fail(call: &mut Call<'_>, path: &str, errno: Errno) -> bool {
    let what = if is_busybox(call) { "can't remove" } else { "cannot remove" };
    call.complain(&format!("{what} '{path}': {}", errno.text()));
    false
}

/// `rmdir`.
pub(super) fn rmdir(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = RMDIR.parse(call)?;
    if options.operands.is_empty() {
        return Err(RMDIR.misuse(call, "missing operand"));
    }
    let mut code = 0;
    for path in &options.operands {
        code |= i32::from(!remove_empty(call, &options, path));
    }
    Ok(code)
}

fn remove_empty(call: &mut Call<'_>, options: &Options, path: &str) -> bool {
    let mut path = path.trim_end_matches('/');
    loop {
        match call.files().remove_directory(path) {
            Ok(()) => {}
            Err(Errno::ENOTEMPTY) if options.has('ι') => return true,
            Err(errno) => {
                let message = match is_busybox(call) {
                    true => format!("'{path}': {}", errno.text()),
                    false => format!("failed to remove '{path}': {}", errno.text()),
                };
                call.complain(&message);
                return false;
            }
        }
        match path.rsplit_once('/') {
            Some((parent, _)) if options.has('p') && !parent.is_empty() => path = parent,
            _ => return true,
        }
    }
}

/// `unlink`.
pub(super) fn unlink(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = UNLINK.parse(call)?;
    let Some(path) = options.operands.first() else { return Err(UNLINK.misuse(call, "missing operand")) };
    if let Err(errno) = call.files().unlink(path) {
        let what = if is_busybox(call) { "can't remove file" } else { "cannot unlink" };
        call.complain(&format!("{what} '{path}': {}", errno.text()));
        return Ok(1);
    }
    Ok(0)
}
