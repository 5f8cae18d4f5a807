//! Permission bits: how they are shown and changed; `chmod`.

use super::join;
use crate::call::{Call, Stop};
use crate::fs::{Node, NodeKind};
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const CHMOD: Spec = Spec::new(
    "Rvcfrwxugoast:λ:",
    &[("recursive", 'R'), ("verbose", 'v'), ("changes", 'c'), ("quiet", 'f'), ("silent", 'f'), ("reference", 'λ')],
    "[-Rcvf] MODE[,MODE]... FILE...",
);

/// Returns the ten characters that `ls -l` shows.
pub(super) fn show(node: &Node) -> String {
    let kind = match node.kind {
        NodeKind::File(_) => '-',
        NodeKind::Directory(_) => 'd',
        NodeKind::Link(_) => 'l',
        NodeKind::Device(_) => 'c',
        NodeKind::Fifo => 'p',
    };
    let mode = node.attributes.mode;
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// Applies a mode, octal or symbolic (`u+rwx,go=r`), to permission bits; `None` if it is not one.
pub(super) fn apply(mode: &str, old: u32, is_directory: bool, umask: u32) -> Option<u32> {
    if mode.starts_with(|c: char| c.is_ascii_digit()) {
        let bits = u32::from_str_radix(mode, 8).ok().filter(|bits| *bits <= 0o7777)?;
        // Directories keep their set-group-id bit unless it is named.
        let kept = if is_directory && mode.len() < 5 { old & 0o6000 } else { 0 };
        return Some(bits | kept);
    }
    mode.split(',').try_fold(old, |bits, clause| apply_clause(clause, bits, is_directory, umask))
}

fn apply_clause(clause: &str, old: u32, is_directory: bool, umask: u32) -> Option<u32> {
    let start = clause.find(['+', '-', '='])?;
    let (who, mut rest) = clause.split_at(start);
    let (mut classes, masked) = if who.is_empty() { (0o7777, umask) } else { (0, 0) };
    for c in who.chars() {
        classes |= match c {
            'u' => 0o4700,
            'g' => 0o2070,
            'o' => 0o1007,
            'a' => 0o7777,
            _ => return None,
        };
    }
    let mut bits = old;
    while !rest.is_empty() {
        let operator = rest.chars().next()?;
        let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |at| at + 1);
        let wanted = permissions(&rest[1..end], bits, is_directory)? & classes & !masked;
        bits = match operator {
            '+' => bits | wanted,
            '-' => bits & !wanted,
            _ => bits & !(classes & if is_directory { 0o1777 } else { 0o7777 }) | wanted,
        };
        rest = &rest[end..];
    }
    Some(bits)
}

fn permissions(letters: &str, old: u32, is_directory: bool) -> Option<u32> {
    let mut bits = 0;
    for c in letters.chars() {
        bits |= match c {
            'r' => 0o444,
            'w' => 0o222,
            'x' => 0o111,
            'X' if is_directory || old & 0o111 != 0 => 0o111,
            'X' => 0,
            's' => 0o6000,
            't' => 0o1000,
            'u' => (old >> 6 & 7) * 0o111,
            'g' => (old >> 3 & 7) * 0o111,
            'o' => (old & 7) * 0o111,
            _ => return None,
        };
    }
    Some(bits)
}

/// `chmod`.
pub(super) fn chmod(call: &mut Call<'_>) -> Result<i32, Stop> {
    // A mode such as `-w` looks like an option.
    let is_mode =
        |arg: &String| arg.starts_with('-') && arg.len() > 1 && arg[1..].chars().all(|c| "rwxXst".contains(c));
    let mut args = call.args();
    let mode = args.iter().position(is_mode).map(|at| args.remove(at));
    let mut options = CHMOD.parse_args(call, args)?;
    if let Some(mode) = mode {
        options.operands.insert(0, mode);
    }
    match options.operands.as_slice() {
        [] => return Err(CHMOD.misuse(call, "missing operand")),
        [one] => {
            let message = format!("missing operand after {}", quote(call, one));
            return Err(CHMOD.misuse(call, &message));
        }
        _ => {}
    }
    let mode = options.operands.remove(0);
    if apply(&mode, 0, false, 0).is_none() {
        let message = format!("invalid mode: {}", quote(call, &mode));
        if is_busybox(call) {
            call.complain(&format!("invalid mode '{mode}'"));
            return Ok(1);
        }
        return Err(CHMOD.usage(call, &message));
    }
    let paths = options.operands.clone();
    let mut has_failed = false;
    for path in paths {
        has_failed |= !change(call, &options, &mode, &path, true);
    }
    Ok(i32::from(has_failed))
}

fn change(call: &mut Call<'_>, options: &Options, mode: &str, path: &str, is_operand: bool) -> bool {
    let stat = match call.files().lstat(path) {
        Ok(stat) if matches!(stat.node.kind, NodeKind::Link(_)) && !is_operand => return true,
        Ok(_) => call.files().stat(path),
        Err(errno) => Err(errno),
    };
    let stat = match stat {
        Ok(stat) => stat,
        Err(errno) => {
            let what = if is_busybox(call) { path.to_owned() } else { format!("cannot access '{path}'") };
            call.complain(&format!("{what}: {}", errno.text()));
            return false;
        }
    };
    let umask = call.process.umask;
    let old = stat.node.attributes.mode;
    let new = apply(mode, old, stat.node.is_directory(), umask).unwrap_or(old);
    let mut is_done = true;
    if let Err(errno) = call.files().set_mode(path, new) {
        let what = if is_busybox(call) { path.to_owned() } else { format!("changing permissions of '{path}'") };
        call.complain(&format!("{what}: {}", errno.text()));
        is_done = false;
    }
    if options.has('R') && stat.node.is_directory() {
        for name in call.files().list(path).unwrap_or_default() {
            is_done &= change(call, options, mode, &join(path, &name), false);
        }
    }
    is_done
}
