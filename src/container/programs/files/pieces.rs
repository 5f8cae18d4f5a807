//! `install` and `split`.

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Spec, is_busybox, quote};
use crate::programs::text::size;

use super::{join, modes};

const INSTALL: Spec = Spec::new(
    "dm:o:g:Dtcspv",
    &[("directory", 'd'), ("mode", 'm'), ("owner", 'o'), ("group", 'g')],
    "[-cdDsp] [-o USER] [-g GRP] [-m MODE] [-t DIR] [SOURCE]... DEST",
);
const SPLIT: Spec = Spec::new(
    "l:b:a:d",
    &[("lines", 'l'), ("bytes", 'b'), ("suffix-length", 'a'), ("numeric-suffixes", 'd')],
    "[OPTIONS] [INPUT [PREFIX]]",
);

/// `install`: copies with a mode, or makes directories.
pub(super) fn install(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = INSTALL.parse(call)?;
    let text = options.value('m').unwrap_or("755");
    let Some(mode) = modes::apply(text, 0, false, 0) else {
        let message = format!("invalid mode {}", quote(call, text));
        call.complain(&message);
        return Ok(1);
    };
    let mut made = Vec::new();
    if options.has('d') {
        for path in &options.operands {
            let result = parents(call, path).and_then(|()| call.files().set_mode(path, mode));
            made.push((path.clone(), result));
        }
    } else {
        let (sources, destination) = match options.operands.as_slice() {
            [] => return Err(INSTALL.misuse(call, "missing file operand")),
            [one] => {
                let message = format!("missing destination file operand after '{one}'");
                return Err(INSTALL.misuse(call, &message));
            }
            [sources @ .., destination] => (sources, destination),
        };
        let is_directory = call.files().stat(destination).is_ok_and(|stat| stat.node.is_directory());
        for source in sources {
            let path = match is_directory {
                true => join(destination, crate::programs::base_name(source)),
                false => destination.clone(),
            };
            let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned()).filter(|_| options.has('D'));
            let result = parent.map_or(Ok(()), |parent| parents(call, &parent));
            let result = result.and_then(|()| copy(call, source, &path, mode));
            made.push((source.clone(), result));
        }
    }
    let mut code = 0;
    for (path, result) in made {
        if let Err(errno) = result {
            let what = if is_busybox(call) { format!("can't stat '{path}'") } else { format!("cannot stat '{path}'") };
            call.complain(&format!("{what}: {}", errno.text()));
            code = 1;
        }
    }
    Ok(code)
}

fn copy(call: &mut Call<'_>, source: &str, path: &str, mode: u32) -> Result<(), Errno> {
    let bytes = call.files().read(source)?;
    call.files().write(path, &bytes)?;
    call.files().set_mode(path, mode)
}

fn parents(call: &mut Call<'_>, path: &str) -> Result<(), Errno> {
    let ends = path.char_indices().filter(|(at, c)| *c == '/' && *at > 0).map(|(at, _)| at);
    for end in ends.chain([path.len()]) {
        if !path[..end].is_empty() && call.files().stat(&path[..end]).is_err() {
            call.files().make_directory(&path[..end], 0o755)?;
        }
    }
    Ok(())
}

/// `split`.
pub(super) fn split(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = SPLIT.parse(call)?;
    let number =
        |option: char| options.value(option).map(|text| (text.to_owned(), size(text).filter(|size| *size > 0)));
    let (lines, bytes) = (number('l'), number('b'));
    for (text, parsed) in [&lines, &bytes].into_iter().flatten() {
        if parsed.is_none() {
            let message = match is_busybox(call) {
                true => format!("invalid number '{text}'"),
                false => format!("invalid number of lines: {}", quote(call, text)),
            };
            call.complain(&message);
            return Ok(1);
        }
    }
    let wording = if is_busybox(call) { Wording::BUSYBOX } else { Wording::GNU };
    io.start(&options.operands[..options.operands.len().min(1)], wording);
    let Some(text) = io.file(call)? else { return Ok(1) };
    let pieces: Vec<Vec<u8>> = match bytes.and_then(|(_, bytes)| bytes) {
        Some(bytes) => text.chunks(bytes).map(<[u8]>::to_vec).collect(),
        None => {
            let count = lines.and_then(|(_, lines)| lines).unwrap_or(1000);
            let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
            lines.chunks(count).map(<[_]>::concat).collect()
        }
    };
    let prefix = options.operands.get(1).map_or("x", String::as_str);
    let length = options.value('a').and_then(|text| text.parse().ok()).unwrap_or(2usize).clamp(1, 8);
    for (at, piece) in pieces.iter().enumerate() {
        let Some(suffix) = suffix(at, length, options.has('d')) else {
            call.complain(if is_busybox(call) { "suffixes exhausted" } else { "output file suffixes exhausted" });
            return Ok(1);
        };
        let path = format!("{prefix}{suffix}");
        if let Err(errno) = call.files().write(&path, piece) {
            call.complain(&format!("{path}: {}", errno.text()));
            return Ok(1);
        }
    }
    Ok(0)
}

/// Returns the end of the name of a piece; `None` when there are no more.
fn suffix(number: usize, length: usize, is_numeric: bool) -> Option<String> {
    let (base, first) = if is_numeric { (10, b'0') } else { (26, b'a') };
    let mut rest = number;
    let mut letters = Vec::new();
    for _ in 0..length {
        letters.push(char::from(first + (rest % base) as u8));
        rest /= base;
    }
    (rest == 0).then(|| letters.iter().rev().collect())
}
