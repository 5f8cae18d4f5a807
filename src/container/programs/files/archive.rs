//! `tar`.

use kctl_base::sim::Time;

use super::gzip;
use super::pack::Packer;
use super::ustar::{self, Damage, Kind, Member};
use super::{join, modes};
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::NodeKind;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};
use crate::programs::{regexp, time};

const TAR: Spec = Spec::new(
    "cxtf:C:zvmpokOhPSjJaσ:ε:κδT:X:W",
    &[
        ("create", 'c'),
        ("extract", 'x'),
        ("get", 'x'),
        ("list", 't'),
        ("file", 'f'),
        ("directory", 'C'),
        ("gzip", 'z'),
        ("verbose", 'v'),
        ("touch", 'm'),
        ("to-stdout", 'O'),
        ("strip-components", 'σ'),
        ("exclude", 'ε'),
        ("no-same-owner", 'o'),
        ("no-same-permissions", 'κ'),
        ("same-permissions", 'p'),
        ("preserve-permissions", 'p'),
        ("overwrite", 'δ'),
        ("warning", 'ε'),
        ("absolute-names", 'P'),
        ("keep-old-files", 'k'),
    ],
    "c|x|t [-zahmvokO] [-f TARFILE] [-C DIR] [FILE]...",
);

/// `tar`.
pub(super) fn tar(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let args = separate(call.args());
    let spec = if is_busybox(call) { TAR } else { TAR.code(2) };
    let options = spec.parse_args(call, args)?;
    let Some(mode) = options.last_of("cxt") else {
        if is_busybox(call) {
            return Err(spec.usage(call, ""));
        }
        call.complain("You must specify one of the '-Acdtrux', '--delete' or '--test-label' options");
        call.warn(b"Try 'tar --help' or 'tar --usage' for more information.\n");
        return Ok(2);
    };
    if mode == 'c' {
        return create(call, io, &options);
    }
    let file = options.value('f').unwrap_or("-").to_owned();
    let wording = if is_busybox(call) { Wording::BUSYBOX } else { Wording::new("{}: Cannot open", "{}: Cannot read") };
    io.start(&[file], wording);
    let bytes = io.gather(call)?;
    if io.has_failed() {
        if !is_busybox(call) {
            call.complain("Error is not recoverable: exiting now");
        }
        return Ok(failure(call));
    }
    let members = gzip::plain(&bytes).ok_or(Damage::NoArchive).and_then(|bytes| ustar::read(&bytes));
    match members {
        Ok(members) => unpack(call, io, &options, mode, members),
        Err(damage) => Ok(damaged(call, damage)),
    }
}

fn failure(call: &Call<'_>) -> i32 {
    if is_busybox(call) { 1 } else { 2 }
}

fn damaged(call: &mut Call<'_>, damage: Damage) -> i32 {
    match (is_busybox(call), damage) {
        (true, Damage::NoArchive) => call.complain("invalid tar magic"),
        (true, Damage::Short) => call.complain("short read"),
        (false, Damage::NoArchive) => {
            call.complain("This does not look like a tar archive");
            call.complain("Exiting with failure status due to previous errors");
        }
        (false, Damage::Short) => {
            call.complain("Unexpected EOF in archive");
            call.complain("Error is not recoverable: exiting now");
        }
    }
    failure(call)
}

/// Separates the letters of the old form `tar xf FILE`, whose arguments follow in the order of the letters.
fn separate(args: Vec<String>) -> Vec<String> {
    let Some((first, rest)) = args.split_first() else { return args };
    if first.starts_with('-') || first.is_empty() {
        return args;
    }
    let mut rest = rest.iter();
    let mut out = Vec::new();
    for letter in first.chars() {
        out.push(format!("-{letter}"));
        if "fCTX".contains(letter) {
            out.extend(rest.next().cloned());
        }
    }
    out.extend(rest.cloned());
    out
}

/// Returns a path below the directory of `-C`.
pub(super) fn place(options: &Options, name: &str) -> String {
    match options.value('C') {
        Some(directory) if !name.starts_with('/') => join(directory, name),
        _ => name.to_owned(),
    }
}

pub(super) fn is_excluded(options: &Options, name: &str) -> bool {
    options.given().filter(|(option, _)| *option == 'ε').any(|(_, pattern)| {
        let parts = name.trim_end_matches('/').split('/').count();
        let ends = (0..parts).map(|skip| name.trim_end_matches('/').splitn(skip + 1, '/').last().unwrap_or_default());
        regexp::glob(pattern, false).is_some_and(|regex| ends.clone().any(|end| regex.is_match(end.as_bytes())))
    })
}

fn create(call: &mut Call<'_>, io: &mut Io, options: &Options) -> Result<i32, Stop> {
    if options.operands.is_empty() {
        let message = if is_busybox(call) { "empty archive" } else { "Cowardly refusing to create an empty archive" };
        call.complain(message);
        if !is_busybox(call) {
            call.warn(b"Try 'tar --help' or 'tar --usage' for more information.\n");
        }
        return Ok(failure(call));
    }
    let mut packer = Packer { options, members: Vec::new(), has_failed: false, has_root: false };
    for operand in &options.operands {
        packer.add(call, operand);
    }
    let mut out = Vec::new();
    for member in &packer.members {
        ustar::write(member, &mut out);
        io.check_memory(call, out.len())?;
    }
    ustar::finish(&mut out, !is_busybox(call));
    let is_packed = options.has('z');
    let out = if is_packed { gzip::compress(&out) } else { out };
    let names: String = packer.members.iter().map(|member| shown(member) + "\n").collect();
    match options.value('f').filter(|file| *file != "-") {
        None => {
            io.print(out);
            if options.has('v') {
                call.warn(&names);
            }
        }
        Some(file) => {
            if let Err(errno) = call.files().write(file, &out) {
                let what =
                    if is_busybox(call) { format!("can't open '{file}'") } else { format!("{file}: Cannot open") };
                call.complain(&format!("{what}: {}", errno.text()));
                return Ok(failure(call));
            }
            if options.has('v') {
                io.print(names);
            }
        }
    }
    if packer.has_failed {
        let end = if is_busybox(call) {
            "error exit delayed from previous errors"
        } else {
            "Exiting with failure status due to previous errors"
        };
        call.complain(end);
        return Ok(failure(call));
    }
    Ok(0)
}

/// Returns the name of a member as lists show it.
fn shown(member: &Member) -> String {
    match member.kind {
        Kind::Directory => format!("{}/", member.name.trim_end_matches('/')),
        _ => member.name.clone(),
    }
}

/// Lists or extracts members.
fn unpack(call: &mut Call<'_>, io: &mut Io, options: &Options, mode: char, members: Vec<Member>) -> Result<i32, Stop> {
    let mut code = 0;
    let is_wanted = |name: &str| {
        let name = name.trim_end_matches('/');
        let is_below = |operand: &String| {
            let operand = operand.trim_end_matches('/');
            name == operand || name.strip_prefix(operand).is_some_and(|rest| rest.starts_with('/'))
        };
        options.operands.is_empty() || options.operands.iter().any(is_below)
    };
    for operand in &options.operands {
        let operand = operand.trim_end_matches('/');
        let is_there = |member: &Member| {
            let name = member.name.trim_end_matches('/');
            name == operand || name.strip_prefix(operand).is_some_and(|rest| rest.starts_with('/'))
        };
        if !members.iter().any(is_there) {
            let what = if is_busybox(call) { "not found in archive" } else { "Not found in archive" };
            call.complain(&format!("{operand}: {what}"));
            code = failure(call);
        }
    }
    for member in members {
        if !is_wanted(&member.name) || is_excluded(options, &member.name) {
            continue;
        }
        let line = match (mode, options.has('v')) {
            ('t', true) => Some(describe(call, &member)),
            ('t', false) | (_, true) => Some(shown(&member)),
            _ => None,
        };
        if let Some(line) = line {
            io.print(line + "\n");
        }
        if mode == 'x' {
            code = code.max(extract(call, io, options, &member)?);
        }
    }
    if code > 0 && !is_busybox(call) {
        call.complain("Exiting with failure status due to previous errors");
    }
    Ok(code)
}

fn describe(call: &mut Call<'_>, member: &Member) -> String {
    let (kind, size) = match &member.kind {
        Kind::File(bytes) => (NodeKind::File("".into()), bytes.len()),
        Kind::HardLink(_) => (NodeKind::File("".into()), 0),
        Kind::Directory => (NodeKind::Directory(Default::default()), 0),
        Kind::Link(target) => (NodeKind::Link(target.clone()), 0),
        Kind::Fifo => (NodeKind::Fifo, 0),
    };
    let attributes = crate::fs::Attributes { mode: member.mode, uid: 0, gid: 0, modified: member.modified };
    let mode = modes::show(&crate::fs::Node { kind, attributes, links: 1 });
    let name = |name: &str, id: u32| if name.is_empty() { id.to_string() } else { name.to_owned() };
    let owner = format!("{}/{}", name(&member.user, member.uid), name(&member.group, member.gid));
    let target = match &member.kind {
        Kind::Link(target) => format!(" -> {target}"),
        Kind::HardLink(target) => format!(" link to {target}"),
        _ => String::new(),
    };
    match is_busybox(call) {
        true => {
            let date = time::format(member.modified, "%Y-%m-%d %H:%M:%S");
            format!("{mode} {owner} {size:9} {date} {}{target}", shown(member))
        }
        false => {
            let width = 19usize.saturating_sub(owner.len() + 1);
            let date = time::format(member.modified, "%Y-%m-%d %H:%M");
            format!("{mode} {owner} {size:>width$} {date} {}{target}", shown(member))
        }
    }
}

fn extract(call: &mut Call<'_>, io: &mut Io, options: &Options, member: &Member) -> Result<i32, Stop> {
    let strip = options.value('σ').and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let parts: Vec<&str> = member.name.split('/').filter(|part| !part.is_empty() && *part != ".").skip(strip).collect();
    // A name that leads out of the directory is taken as if it did not.
    if parts.is_empty() || parts.contains(&"..") {
        return Ok(0);
    }
    let path = place(options, &parts.join("/"));
    if options.has('O') {
        if let Kind::File(bytes) = &member.kind {
            io.print(bytes);
        }
        return Ok(0);
    }
    match put(call, options, member, &path) {
        Ok(()) => Ok(0),
        Err(errno) => {
            let what = match (is_busybox(call), &member.kind) {
                (true, _) => format!("can't open '{path}'"),
                (false, Kind::Directory) => format!("{}: Cannot mkdir", member.name),
                (false, _) => format!("{}: Cannot open", member.name),
            };
            call.complain(&format!("{what}: {}", errno.text()));
            Ok(failure(call))
        }
    }
}

/// Creates what a member describes, with the directories above it.
fn put(call: &mut Call<'_>, options: &Options, member: &Member, path: &str) -> Result<(), Errno> {
    if let Some((parent, _)) = path.rsplit_once('/')
        && !parent.is_empty()
    {
        make_parents(call, parent)?;
    }
    let existing = call.files().lstat(path).ok();
    if existing.as_ref().is_some_and(|existing| !existing.node.is_directory()) {
        if options.has('k') {
            return Err(Errno::EEXIST);
        }
        call.files().unlink(path)?;
    }
    match &member.kind {
        Kind::File(bytes) => call.files().write(path, bytes)?,
        Kind::Directory if existing.is_some_and(|existing| existing.node.is_directory()) => {}
        Kind::Directory => call.files().make_directory(path, 0o777)?,
        Kind::Link(target) => return call.files().symlink(target, path),
        Kind::HardLink(target) => {
            let target = place(options, target);
            return call.files().link(&target, path);
        }
        Kind::Fifo => call.files().make_node(path, NodeKind::Fifo, member.mode)?,
    }
    let is_root = call.process.credentials.uid == 0;
    let umask = if is_root || options.has('p') { 0 } else { call.process.umask };
    let now: Time = call.now();
    call.files().set_attributes(path, |attributes| {
        attributes.mode = member.mode & !umask;
        if is_root && !options.has('o') {
            (attributes.uid, attributes.gid) = (member.uid, member.gid);
        }
        attributes.modified = if options.has('m') { now } else { member.modified };
    })
}

fn make_parents(call: &mut Call<'_>, path: &str) -> Result<(), Errno> {
    let ends = path.char_indices().filter(|(at, c)| *c == '/' && *at > 0).map(|(at, _)| at);
    for end in ends.chain([path.len()]) {
        if call.files().stat(&path[..end]).is_err() {
            call.files().make_directory(&path[..end], 0o777)?;
        }
    }
    Ok(())
}
