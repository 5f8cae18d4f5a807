//! `stat`.

use super::{list, modes};
use crate::call::{Call, Stop};
use crate::fs::{NodeKind, Stat};
use crate::programs::opts::{Spec, is_busybox};
use crate::programs::text::escapes::{Place, unescape};
use crate::programs::text::variant::Variant;
use crate::programs::{time, users};

const STAT: Spec = Spec::new(
    "c:Lftπ:",
    &[("format", 'c'), ("dereference", 'L'), ("terse", 't'), ("printf", 'π')],
    "[-ltf] [-c FMT] FILE...",
);

/// `stat`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = STAT.parse(call)?;
    if options.operands.is_empty() {
        return Err(STAT.misuse(call, "missing operand"));
    }
    if options.last_of("ft").is_some() {
        call.complain("file system status is not available");
        return Ok(1);
    }
    let mut code = 0;
    for path in &options.operands {
        let files = call.files();
        let found = if options.has('L') { files.stat(path) } else { files.lstat(path) };
        match found {
            Ok(stat) => {
                let text = match (options.value('c'), options.value('π')) {
                    (Some(format), _) => expand(call, format, path, &stat) + "\n",
                    (None, Some(format)) => {
                        let mut out = Vec::new();
                        let expanded = expand(call, format, path, &stat);
                        // An escape that ends the output has ended it.
                        let _ = unescape(expanded.as_bytes(), &mut out, Variant::Gnu, Place::Format);
                        String::from_utf8_lossy(&out).into_owned()
                    }
                    (None, None) => describe(call, path, &stat),
                };
                call.print(text)?;
            }
            Err(errno) => {
                let what = if is_busybox(call) { "can't stat" } else { "cannot statx" };
                call.complain(&format!("{what} '{path}': {}", errno.text()));
                code = 1;
            }
        }
    }
    Ok(code)
}

fn describe(call: &mut Call<'_>, path: &str, stat: &Stat) -> String {
    let name = match &stat.node.kind {
        NodeKind::Link(target) if is_busybox(call) => format!("'{path}' -> '{target}'"),
        NodeKind::Link(target) => format!("{path} -> {target}"),
        _ => path.to_owned(),
    };
    let rest = "  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n\
                Device: %d\tInode: %-11i Links: %h\n\
                Access: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n\
                Access: %x\nModify: %y\nChange: %z\n";
    let text = expand(call, rest, path, stat);
    let birth = if is_busybox(call) { String::new() } else { expand(call, " Birth: %w\n", path, stat) };
    format!("  File: {name}\n{text}{birth}")
}

/// Replaces the conversions of a format.
fn expand(call: &mut Call<'_>, format: &str, path: &str, stat: &Stat) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "-0123456789. #+".contains(*c)) {
            flags.push(flag);
        }
        match chars.next() {
            None | Some('%') => out.push('%'),
            Some(letter) => out.push_str(&pad(&flags, &value(call, letter, path, stat))),
        }
    }
    out
}

fn pad(flags: &str, text: &str) -> String {
    let is_left = flags.starts_with('-');
    let fills_zeros = flags.starts_with('0');
    let width: usize = flags.trim_start_matches('-').split('.').next().and_then(|w| w.parse().ok()).unwrap_or(0);
    let width = width.min(1000);
    match (is_left, fills_zeros) {
        (true, _) => format!("{text:<width$}"),
        (false, true) => format!("{text:0>width$}"),
        (false, false) => format!("{text:>width$}"),
    }
}

fn value(call: &mut Call<'_>, letter: char, path: &str, stat: &Stat) -> String {
    let node = &stat.node;
    let attributes = node.attributes;
    let full = "%Y-%m-%d %H:%M:%S.%N %z";
    match letter {
        'a' => format!("{:o}", attributes.mode),
        'A' => modes::show(node),
        'b' => (list::blocks(stat) * 2).to_string(),
        'B' => "512".to_owned(),
        'f' => format!("{:x}", kind_bits(&node.kind) | attributes.mode),
        'F' => kind_name(node.size(), &node.kind).to_owned(),
        'g' => attributes.gid.to_string(),
        'G' => users::group_name(call, attributes.gid).unwrap_or_else(|| "UNKNOWN".to_owned()),
        'u' => attributes.uid.to_string(),
        'U' => users::name(call, attributes.uid).unwrap_or_else(|| "UNKNOWN".to_owned()),
        'h' => list::directory_links(call, stat).to_string(),
        'i' => stat.id.to_string(),
        'n' => path.to_owned(),
        'N' => match &node.kind {
            NodeKind::Link(target) => format!("'{path}' -> '{target}'"),
            _ if is_busybox(call) => path.to_owned(),
            _ => format!("'{path}'"),
        },
        'o' => "4096".to_owned(),
        's' => node.size().to_string(),
        'd' => device(&stat.tree).to_string(),
        'D' => format!("{:x}", device(&stat.tree)),
        'm' => "/".to_owned(),
        'w' | 'x' | 'y' | 'z' => time::format(attributes.modified, full),
        'W' | 'X' | 'Y' | 'Z' => attributes.modified.secs().to_string(),
        other => format!("%{other}"),
    }
}

/// Returns a device number for a tree: of every tree another one.
fn device(tree: &str) -> u32 {
    tree.bytes().fold(40, |number: u32, byte| number.wrapping_mul(31).wrapping_add(u32::from(byte))) % 4000 + 40
}

fn kind_bits(kind: &NodeKind) -> u32 {
    match kind {
        NodeKind::File(_) => 0o100_000,
        NodeKind::Directory(_) => 0o040_000,
        NodeKind::Link(_) => 0o120_000,
        NodeKind::Device(_) => 0o020_000,
        NodeKind::Fifo => 0o010_000,
    }
}

fn kind_name(size: u64, kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::File(_) if size == 0 => "regular empty file",
        NodeKind::File(_) => "regular file",
        NodeKind::Directory(_) => "directory",
        NodeKind::Link(_) => "symbolic link",
        NodeKind::Device(_) => "character special file",
        NodeKind::Fifo => "fifo",
    }
}
