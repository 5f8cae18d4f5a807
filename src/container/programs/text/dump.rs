//! `od`, `hexdump`, `xxd` and `strings`.

use super::ends::size;
use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};

const OD: Spec = Spec::new(
    "A:t:N:j:w::vbcdoxsa",
    &[("address-radix", 'A'), ("format", 't'), ("read-bytes", 'N'), ("skip-bytes", 'j'), ("width", 'w')],
    "[-abcdfhilovxs] [-t TYPE] [-A RADIX] [-N SIZE] [-j SKIP] [-w WIDTH] [FILE]...",
);
const HEXDUMP: Spec = Spec::new("bcCdn:os:vx", &[], "[-bcCdefnosvxR] [FILE]...");
const XXD: Spec = Spec::new("pl:s:c:g:rui", &[], "[-pri] [-g N] [-c N] [-l LEN] [-s OFS] [-o OFS] [FILE]");
const STRINGS: Spec = Spec::new("an:ft:o", &[("bytes", 'n'), ("radix", 't')], "[-fo] [-t o|d|x] [-n LEN] [FILE]...");

/// Bytes of a line.
const WIDTH: usize = 16;

/// The form of the bytes of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Numbers of some bytes in a radix.
    Number { bytes: usize, radix: u32, is_signed: bool },
    /// Characters with escapes.
    Characters,
    /// Names of characters.
    Names,
}

/// Takes the part of the input that the options choose.
fn part(call: &mut Call<'_>, io: &mut Io, skip: Option<&str>, most: Option<&str>) -> Result<(usize, Vec<u8>), Stop> {
    let number = |text: Option<&str>| match text {
        None => None,
        Some(text) => match text.strip_prefix("0x") {
            Some(hex) => usize::from_str_radix(hex, 16).ok(),
            None => size(text),
        },
    };
    let text = io.gather(call)?;
    let skip = number(skip).unwrap_or(0).min(text.len());
    let end = number(most).map_or(text.len(), |most| skip.saturating_add(most).min(text.len()));
    Ok((skip, text[skip..end].to_vec()))
}

/// `od`.
pub(super) fn od(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = OD.parse(call)?;
    let Some((formats, shows_text)) = od_formats(call, &options) else { return Ok(1) };
    let width = options.value('w').and_then(|text| text.parse().ok()).unwrap_or(WIDTH).clamp(1, 256);
    io.start(&options.operands, Wording::PLAIN);
    let (skip, bytes) = part(call, io, options.value('j'), options.value('N'))?;
    let address = |at: usize| match options.value('A') {
        Some("n") => String::new(),
        Some("d") => format!("{at:07}"),
        Some("x") => format!("{at:06x}"),
        _ => format!("{at:07o}"),
    };
    // Of several formats the widest sets the columns.
    let cell = |format: &Format| (cell_width(*format), unit(*format));
    let per_byte = formats.iter().map(|format| (cell(format).0 + 1).div_ceil(cell(format).1)).max().unwrap_or(1);
    let dump = Dump { width, repeats: options.has('v') };
    let lines = dump.lines(&bytes, |at, line| {
        let mut text = String::new();
        for (index, format) in formats.iter().enumerate() {
            let head = if index == 0 { address(skip + at) } else { " ".repeat(address(0).len()) };
            text.push_str(&head);
            let width_of_cell = if formats.len() > 1 { per_byte * unit(*format) } else { cell_width(*format) + 1 };
            text.push_str(&cells(line, *format, width_of_cell));
            if shows_text && index + 1 == formats.len() {
                let missing = (dump.width - line.len()) / unit(*format) * width_of_cell;
                text.push_str(&format!("{}  >{}<", " ".repeat(missing), printable(line)));
            }
            text.push('\n');
        }
        text
    });
    io.print(lines);
    if options.value('A') != Some("n") && !bytes.is_empty() || bytes.is_empty() && !io.has_failed() {
        io.print(format!("{}\n", address(skip + bytes.len())));
    }
    Ok(io.code())
}

/// Returns the formats that the options name, and whether the text is shown beside; `None` after a message.
fn od_formats(call: &mut Call<'_>, options: &Options) -> Option<(Vec<Format>, bool)> {
    let mut formats = Vec::new();
    let mut shows_text = false;
    for (option, value) in options.given() {
        let parsed = match option {
            't' => {
                let types = value.strip_suffix('z').unwrap_or(value);
                shows_text |= value.ends_with('z') && !is_busybox(call);
                od_type(types)
            }
            'b' => od_type("o1"),
            'c' => od_type("c"),
            'd' => od_type("u2"),
            'o' => od_type("o2"),
            'x' => od_type("x2"),
            's' => od_type("d2"),
            'a' => od_type("a"),
            _ => continue,
        };
        let Some(format) = parsed else {
            call.complain(&format!("invalid type string '{value}'"));
            return None;
        };
        formats.push(format);
    }
    if formats.is_empty() {
        formats.push(Format::Number { bytes: 2, radix: 8, is_signed: false });
    }
    Some((formats, shows_text))
}

fn od_type(text: &str) -> Option<Format> {
    let (kind, size) = text.split_at(text.chars().next()?.len_utf8());
    let bytes = match size {
        "1" | "C" => 1,
        "2" | "S" => 2,
        "4" | "I" | "" => 4,
        "8" | "L" => 8,
        _ => return None,
    };
    let number = |radix, is_signed| Some(Format::Number { bytes, radix, is_signed });
    match kind {
        "x" => number(16, false),
        "o" => number(8, false),
        "u" => number(10, false),
        "d" => number(10, true),
        "c" => Some(Format::Characters),
        "a" => Some(Format::Names),
        _ => None,
    }
}

fn unit(format: Format) -> usize {
    if let Format::Number { bytes, .. } = format { bytes } else { 1 }
}

/// Returns the characters of a number.
fn cell_width(format: Format) -> usize {
    match format {
        Format::Number { bytes, radix: 16, .. } => bytes * 2,
        Format::Number { bytes, radix: 8, .. } => [0, 3, 6, 0, 11, 0, 0, 0, 22][bytes],
        Format::Number { bytes, is_signed, .. } => [0, 3, 5, 0, 10, 0, 0, 0, 20][bytes] + usize::from(is_signed),
        Format::Characters | Format::Names => 3,
    }
}

fn cells(line: &[u8], format: Format, width: usize) -> String {
    let cell = |chunk: &[u8]| match format {
        Format::Number { bytes, radix, is_signed } => {
            let mut full = [0; 8];
            full[..chunk.len()].copy_from_slice(chunk);
            let value = u64::from_le_bytes(full);
            let digits = cell_width(format);
            match (radix, is_signed) {
                (16, _) => format!("{value:0digits$x}"),
                (8, _) => format!("{value:0digits$o}"),
                (_, false) => value.to_string(),
                (_, true) => {
                    let shift = 64 - 8 * bytes;
                    ((value << shift) as i64 >> shift).to_string()
                }
            }
        }
        Format::Characters => escaped(chunk[0]),
        Format::Names => named(chunk[0]),
    };
    line.chunks(unit(format)).map(|chunk| format!("{:>width$}", cell(chunk))).collect()
}

fn escaped(byte: u8) -> String {
    match byte {
        0 => "\\0".to_owned(),
        7 => "\\a".to_owned(),
        8 => "\\b".to_owned(),
        b'\t' => "\\t".to_owned(),
        b'\n' => "\\n".to_owned(),
        11 => "\\v".to_owned(),
        12 => "\\f".to_owned(),
        b'\r' => "\\r".to_owned(),
        32..127 => char::from(byte).to_string(),
        other => format!("{other:03o}"),
    }
}

fn named(byte: u8) -> String {
    const NAMES: [&str; 33] = [
        "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "nl", "vt", "ff", "cr", "so", "si", "dle",
        "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us", "sp",
    ];
    match byte & 0x7f {
        127 => "del".to_owned(),
        low @ 33.. => char::from(low).to_string(),
        low => NAMES[usize::from(low)].to_owned(),
    }
}

fn printable(line: &[u8]) -> String {
    line.iter().map(|byte| if (32..127).contains(byte) { char::from(*byte) } else { '.' }).collect()
}

/// Lines of bytes, of which equal ones that follow each other are shown as `*`.
struct Dump {
    width: usize,
    /// Equal lines are shown all the same.
    repeats: bool,
}

impl Dump {
    fn lines(&self, bytes: &[u8], mut show: impl FnMut(usize, &[u8]) -> String) -> String {
        let mut out = String::new();
        let mut last: Option<&[u8]> = None;
        let mut is_skipping = false;
        for (index, line) in bytes.chunks(self.width).enumerate() {
            if !self.repeats && last == Some(line) {
                if !std::mem::replace(&mut is_skipping, true) {
                    out.push_str("*\n");
                }
                continue;
            }
            is_skipping = false;
            last = Some(line);
            out.push_str(&show(index * self.width, line));
        }
        out
    }
}

/// `hexdump`.
pub(super) fn hexdump(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = HEXDUMP.parse(call)?;
    io.start(&options.operands, Wording::PLAIN);
    let (skip, bytes) = part(call, io, options.value('s'), options.value('n'))?;
    let dump = Dump { width: WIDTH, repeats: options.has('v') };
    if options.has('C') {
        let lines = dump.lines(&bytes, |at, line| canonical(skip + at, line));
        io.print(lines);
        if !bytes.is_empty() {
            io.print(format!("{:08x}\n", skip + bytes.len()));
        }
        return Ok(io.code());
    }
    let (format, width) = match options.last_of("bcdox") {
        Some('b') => (Format::Number { bytes: 1, radix: 8, is_signed: false }, 4),
        Some('c') => (Format::Characters, 4),
        Some('d') => (Format::Number { bytes: 2, radix: 10, is_signed: false }, 8),
        Some('o') => (Format::Number { bytes: 2, radix: 8, is_signed: false }, 8),
        Some(_) => (Format::Number { bytes: 2, radix: 16, is_signed: false }, 8),
        None => (Format::Number { bytes: 2, radix: 16, is_signed: false }, 5),
    };
    let whole = WIDTH / unit(format) * width;
    let lines = dump.lines(&bytes, |at, line| {
        let cells = match (format, options.has('d')) {
            (_, true) => line.chunks(2).map(|chunk| format!("   {:05}", little(chunk))).collect(),
            _ => cells(line, format, width),
        };
        // A short line is filled up.
        format!("{:07x}{cells:<whole$}\n", skip + at)
    });
    io.print(lines);
    if !bytes.is_empty() {
        io.print(format!("{:07x}\n", skip + bytes.len()));
    }
    Ok(io.code())
}

fn little(chunk: &[u8]) -> u32 {
    chunk.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn canonical(at: usize, line: &[u8]) -> String {
    let hex = |half: &[u8]| half.iter().map(|byte| format!("{byte:02x} ")).collect::<String>();
    let (first, second) = line.split_at(line.len().min(8));
    format!("{at:08x}  {:<24} {:<24} |{}|\n", hex(first), hex(second), printable(line))
}

/// `xxd`.
pub(super) fn xxd(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = XXD.parse(call)?;
    let wording = if is_busybox(call) { Wording::BUSYBOX } else { Wording::PLAIN };
    io.start(&options.operands[..options.operands.len().min(1)], wording);
    let (skip, bytes) = part(call, io, options.value('s'), options.value('l'))?;
    if io.has_failed() {
        return Ok(if is_busybox(call) { 1 } else { 2 });
    }
    if options.has('r') {
        io.print(reverse(&bytes, options.has('p')));
        return Ok(0);
    }
    let number = |option: char| options.value(option).and_then(|text| text.parse::<usize>().ok());
    if options.has('p') {
        let width = number('c').unwrap_or(30).max(1);
        for line in bytes.chunks(width) {
            io.print(hex(line, &options));
            io.print("\n");
        }
        return Ok(0);
    }
    let width = number('c').unwrap_or(WIDTH).clamp(1, 256);
    let group = number('g').filter(|group| *group > 0).unwrap_or(if options.has('g') { width } else { 2 });
    let whole = width * 2 + width.div_ceil(group);
    for (index, line) in bytes.chunks(width).enumerate() {
        let groups: String = line.chunks(group).map(|group| hex(group, &options) + " ").collect();
        io.print(format!("{:08x}: {groups:<whole$} {}\n", skip + index * width, printable(line)));
    }
    Ok(0)
}

fn hex(bytes: &[u8], options: &Options) -> String {
    let upper = options.has('u');
    bytes.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
}

/// Returns the bytes that a dump shows.
fn reverse(dump: &[u8], is_plain: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for line in String::from_utf8_lossy(dump).lines() {
        let digits = if is_plain { line } else { line.split_once(": ").map_or("", |(_, rest)| rest) };
        let digits = if is_plain { digits } else { digits.split("  ").next().unwrap_or_default() };
        let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
        out.extend(digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]).to_le_bytes()[0]));
    }
    out
}

/// `strings`.
pub(super) fn strings(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = STRINGS.parse(call)?;
    let least = options.value('n').and_then(|text| text.parse().ok()).unwrap_or(4).max(1);
    io.start(&options.operands, Wording::PLAIN);
    while let Some(text) = io.file(call)? {
        let mut start = 0;
        let is_part = |byte: &u8| (32..127).contains(byte) || *byte == b'\t';
        while start < text.len() {
            let length = text[start..].iter().take_while(|byte| is_part(byte)).count();
            if length >= least {
                if options.has('f') {
                    io.print(format!("{}: ", io.name()));
                }
                let offset = match options.value('t').or(options.has('o').then_some("o")) {
                    Some("x") => format!("{start:7x} "),
                    Some("d") => format!("{start:7} "),
                    Some(_) => format!("{start:7o} "),
                    None => String::new(),
                };
                io.print(offset);
                io.print(&text[start..start + length]);
                io.print("\n");
            }
            start += length + 1;
        }
    }
    Ok(io.code())
}
