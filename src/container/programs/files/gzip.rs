//! `gzip`, `gunzip` and `zcat`.

use std::borrow::Cow;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};

const GZIP: Spec = Spec::new(
    "cdfktnqv123456789l",
    &[
        ("stdout", 'c'),
        ("decompress", 'd'),
        ("force", 'f'),
        ("keep", 'k'),
        ("test", 't'),
        ("quiet", 'q'),
        ("verbose", 'v'),
    ],
    "[-cfkdt] [FILE]...",
);
/// The two bytes with which a file begins.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Most bytes that a file is unpacked to.
const MAX_PLAIN: usize = 64 << 20;

/// Packs bytes.
pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    // Deflate, no flags, no time, no extra flags, Unix.
    out.extend([8, 0, 0, 0, 0, 0, 0, 3]);
    out.extend(compress_to_vec(bytes, 6));
    out.extend(crc32fast::hash(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

/// Unpacks bytes; `None` if they are no gzip file.
fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let flags = *rest.get(1)?;
    let mut rest = rest.get(8..)?;
    if flags & 4 != 0 {
        let length = usize::from(u16::from_le_bytes([*rest.first()?, *rest.get(1)?]));
        rest = rest.get(2 + length..)?;
    }
    // A name and a comment end with a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    decompress_to_vec_with_limit(rest, MAX_PLAIN).ok()
}

/// Returns the bytes of a file that may be packed; `None` if it is damaged.
pub(super) fn plain(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if bytes.starts_with(&MAGIC) { decompress(bytes).map(Cow::Owned) } else { Some(Cow::Borrowed(bytes)) }
}

/// `gzip`, `gunzip` and `zcat`.
pub(super) fn gzip(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = GZIP.parse(call)?;
    let name = call.name().to_owned();
    let unpacks = name != "gzip" || options.has('d') || options.has('t');
    let mut is_warning = false;
    let to_output = name == "zcat" || options.has('c');
    io.start(&options.operands, if is_busybox(call) { Wording::new("{}", "{}") } else { Wording::PLAIN });
    while let Some(bytes) = io.file(call)? {
        if io.is_unreadable() {
            continue;
        }
        let path = io.name().to_owned();
        let target = match target(&path, unpacks) {
            _ if to_output || path == "-" || options.has('t') => None,
            Some(target) => Some(target),
            None => {
                let dash = if is_busybox(call) { "-" } else { "--" };
                let message = match unpacks {
                    true => format!("{path}: unknown suffix {dash} ignored"),
                    false => format!("{path} already has .gz suffix -- unchanged"),
                };
                complain(call, &message);
                io.fail();
                is_warning = true;
                continue;
            }
        };
        let result = if unpacks { decompress(&bytes) } else { Some(compress(&bytes)) };
        let Some(result) = result else {
            let message = match is_busybox(call) {
                true if bytes.starts_with(&MAGIC) => "corrupted data".to_owned(),
                true if name == "zcat" => "no gzip/bzip2/xz magic".to_owned(),
                true => "invalid magic".to_owned(),
                false => {
                    let shown = if path == "-" { "stdin" } else { path.as_str() };
                    // The line end in front ends what was printed of a file.
                    call.warn(b"\n");
                    format!("{shown}: not in gzip format")
                }
            };
            complain(call, &message);
            io.fail();
            continue;
        };
        match target {
            _ if options.has('t') => {}
            None => io.print(result),
            Some(target) => {
                if let Err(errno) = replace(call, &options, &path, &target, &result) {
                    call.complain(&format!("{target}: {}", errno.text()));
                    io.fail();
                }
            }
        }
    }
    Ok(if is_warning && !is_busybox(call) { 2 } else { io.code() })
}

/// Writes a message under the name that the GNU programs have: all are `gzip`.
fn complain(call: &mut Call<'_>, message: &str) {
    if is_busybox(call) {
        call.complain(message);
    } else {
        call.warn(format!("gzip: {message}\n"));
    }
}

/// Returns the name of the file that takes the place of another one.
fn target(path: &str, unpacks: bool) -> Option<String> {
    if !unpacks {
        return (!path.ends_with(".gz")).then(|| format!("{path}.gz"));
    }
    match path.strip_suffix(".tgz") {
        Some(stem) => Some(format!("{stem}.tar")),
        None => path.strip_suffix(".gz").map(String::from),
    }
}

fn replace(call: &mut Call<'_>, options: &Options, path: &str, target: &str, bytes: &[u8]) -> Result<(), Errno> {
    let mut files = call.files();
    let attributes = files.stat(path)?.node.attributes;
    if files.lstat(target).is_ok() && !options.has('f') {
        return Err(Errno::EEXIST);
    }
    files.write(target, bytes)?;
    files.set_attributes(target, |new| *new = attributes)?;
    if options.has('k') { Ok(()) } else { files.unlink(path) }
}
