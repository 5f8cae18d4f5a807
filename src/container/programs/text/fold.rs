//! `fold`, `expand`, `unexpand`, `rev` and `tac`.

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Spec, is_busybox};

const FOLD: Spec = Spec::new("bsw:", &[("bytes", 'b'), ("spaces", 's'), ("width", 'w')], "[-bs] [-w WIDTH] [FILE]...");
const EXPAND: Spec = Spec::new("it:", &[("initial", 'i'), ("tabs", 't')], "[-i] [-t N] [FILE]...");
const UNEXPAND: Spec = Spec::new("aft:", &[("all", 'a'), ("first-only", 'f'), ("tabs", 't')], "[-fa][-t N] [FILE]...");
const PLAIN: Spec = Spec::new("", &[], "[FILE]...");

/// `fold`.
pub(super) fn fold(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = FOLD.parse(call)?;
    let width = options.value('w').map_or(Ok(80), str::parse::<usize>);
    let Some(width) = width.ok().filter(|width| *width > 0) else {
        let message = match is_busybox(call) {
            true => format!("invalid number '{}'", options.value('w').unwrap_or_default()),
            false => format!("invalid number of columns: '{}'", options.value('w').unwrap_or_default()),
        };
        call.complain(&message);
        return Ok(1);
    };
    io.start(&options.operands, Wording::PLAIN);
    while let Some(line) = io.line(call)? {
        io.print(fold_line(&line, width, options.has('s'), options.has('b')));
    }
    Ok(io.code())
}

fn fold_line(line: &[u8], width: usize, at_spaces: bool, by_bytes: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() + line.len() / width);
    let mut start = 0;
    let mut column = 0;
    let mut blank = None;
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        let next = match byte {
            b'\n' => {
                out.extend_from_slice(&line[start..=at]);
                return out;
            }
            b'\t' if !by_bytes => (column / 8 + 1) * 8,
            8 if !by_bytes => usize::saturating_sub(column, 1),
            b'\r' if !by_bytes => 0,
            _ => column + 1,
        };
        if next > width && at > start {
            let end = blank.filter(|_| at_spaces).unwrap_or(at);
            out.extend_from_slice(&line[start..end]);
            out.push(b'\n');
            start = end;
            at = end;
            column = 0;
            blank = None;
            continue;
        }
        column = next;
        at += 1;
        if byte == b' ' || byte == b'\t' {
            blank = Some(at);
        }
    }
    out.extend_from_slice(&line[start..]);
    out
}

/// `expand`.
pub(super) fn expand(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = EXPAND.parse(call)?;
    let size = options.value('t').and_then(|text| text.parse::<usize>().ok()).unwrap_or(8).clamp(1, 1000);
    io.start(&options.operands, Wording::PLAIN);
    while let Some(line) = io.line(call)? {
        let mut out = Vec::with_capacity(line.len() + 8);
        let mut column = 0;
        let mut is_initial = true;
        for byte in line {
            if byte == b'\t' && (is_initial || !options.has('i')) {
                let fill = size - column % size;
                out.extend(std::iter::repeat_n(b' ', fill));
                column += fill;
                continue;
            }
            is_initial &= byte == b' ';
            column += 1;
            out.push(byte);
        }
        io.print(out);
    }
    Ok(io.code())
}

/// `unexpand`.
pub(super) fn unexpand(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = UNEXPAND.parse(call)?;
    let size = options.value('t').and_then(|text| text.parse::<usize>().ok()).unwrap_or(8).clamp(1, 1000);
    let all = options.last_of("at").is_some() && !options.has('f');
    io.start(&options.operands, Wording::PLAIN);
    while let Some(line) = io.line(call)? {
        let mut out: Vec<u8> = Vec::with_capacity(line.len());
        let (mut column, mut spaces, mut is_initial) = (0, 0, true);
        for byte in line {
            if byte == b' ' && (is_initial || all) {
                spaces += 1;
                column += 1;
                if column % size == 0 {
                    out.push(if spaces > 1 || is_initial { b'\t' } else { b' ' });
                    spaces = 0;
                }
                continue;
            }
            if byte == b'\t' {
                spaces = 0;
                column = (column / size + 1) * size;
            } else {
                out.extend(std::iter::repeat_n(b' ', std::mem::take(&mut spaces)));
                is_initial = false;
                column += 1;
            }
            out.push(byte);
        }
        out.extend(std::iter::repeat_n(b' ', spaces));
        io.print(out);
    }
    Ok(io.code())
}

/// `rev`.
pub(super) fn rev(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = PLAIN.parse(call)?;
    io.start(&options.operands, if is_busybox(call) { Wording::PLAIN } else { Wording::new("cannot open {}", "{}") });
    while let Some(line) = io.line(call)? {
        let (body, has_end) = line.strip_suffix(b"\n").map_or((line.as_slice(), false), |body| (body, true));
        let reversed: String = String::from_utf8_lossy(body).chars().rev().collect();
        io.print(reversed);
        if has_end {
            io.print("\n");
        }
    }
    Ok(io.code())
}

/// `tac`.
pub(super) fn tac(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = PLAIN.parse(call)?;
    let gnu = Wording::new("failed to open '{}' for reading", "{}: read error");
    io.start(&options.operands, if is_busybox(call) { Wording::PLAIN } else { gnu });
    while let Some(text) = io.file(call)? {
        let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        lines.reverse();
        io.print(lines.concat());
    }
    Ok(io.code())
}
