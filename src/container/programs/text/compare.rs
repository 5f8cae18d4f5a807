//! `cmp`, `comm` and `diff`.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::{Device, NodeKind};
use crate::process::Wait;
use crate::programs::base_name;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, is_utf8, quote};
use crate::programs::time;

const CMP: Spec = Spec::new(
    "lsbn:i:",
    &[("verbose", 'l'), ("quiet", 's'), ("silent", 's'), ("bytes", 'n')],
    "[-ls] [-n NUM] FILE1 [FILE2 [SKIP1 [SKIP2]]]",
)
.code(2)
.gnu_prefix("cmp: ");
const COMM: Spec = Spec::new("123i", &[], "[-123] FILE1 FILE2");
const DIFF: Spec = Spec::new(
    "uU:qbBiwNrasTtL:S:dcpy",
    &[
        ("brief", 'q'),
        ("unified", 'u'),
        ("ignore-case", 'i'),
        ("ignore-all-space", 'w'),
        ("ignore-space-change", 'b'),
        ("ignore-blank-lines", 'B'),
        ("new-file", 'N'),
        ("recursive", 'r'),
        ("text", 'a'),
        ("report-identical-files", 's'),
        ("label", 'L'),
        ("minimal", 'd'),
    ],
    "[-abBdiNqrTstw] [-L LABEL] [-S FILE] [-U LINES] FILE1 FILE2",
)
.code(2)
.gnu_prefix("diff: ");

/// Reads standard input if it is one of the operands, after all pipes among them (`<(...)`) have come to their end.
fn stdin(call: &mut Call<'_>, io: &mut Io, operands: &[String]) -> Result<Vec<u8>, Stop> {
    let pipes: Vec<i32> = operands.iter().filter_map(|operand| descriptor(call, operand)).collect();
    if let Some(open) = pipes.into_iter().find(|descriptor| !call.is_complete(*descriptor)) {
        return Err(Stop::Wait(Wait::InputEnd(open)));
    }
    if !operands.iter().any(|operand| operand == "-") {
        return Ok(Vec::new());
    }
    io.start(&[], Wording::PLAIN);
    io.gather(call)
}

fn read(call: &mut Call<'_>, name: &str, stdin: &[u8]) -> Result<Vec<u8>, Errno> {
    if let Some(descriptor) = descriptor(call, name) {
        // It is complete.
        return call.read(descriptor, usize::MAX).unwrap_or(Err(Errno::EINVAL));
    }
    if name == "-" { Ok(stdin.to_vec()) } else { call.files().read(name) }
}

/// Returns the descriptor that a path such as `/dev/fd/63` stands for.
fn descriptor(call: &mut Call<'_>, path: &str) -> Option<i32> {
    let files = call.files();
    let at = files.resolve(path).ok()?;
    match files.node(&at).ok()?.kind {
        NodeKind::Device(Device::Descriptor(descriptor)) => Some(descriptor),
        _ => None,
    }
}

/// Reports a file that cannot be read; returns the exit code.
fn unreadable(call: &mut Call<'_>, name: &str, errno: Errno) -> i32 {
    let what = if is_busybox(call) && call.name() == "diff" { format!("can't stat '{name}'") } else { name.to_owned() };
    call.complain(&format!("{what}: {}", errno.text()));
    2
}

/// `cmp`.
pub(super) fn cmp(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = CMP.parse(call)?;
    let Some(first) = options.operands.first().cloned() else {
        return Err(CMP.misuse(call, "missing operand after 'cmp'"));
    };
    let second = options.operands.get(1).cloned().unwrap_or_else(|| "-".to_owned());
    let stdin = stdin(call, io, &[first.clone(), second.clone()])?;
    let a = match read(call, &first, &stdin) {
        Ok(bytes) => bytes,
        Err(errno) => return Ok(unreadable(call, &first, errno)),
    };
    let b = match read(call, &second, &stdin) {
        Ok(bytes) => bytes,
        Err(errno) => return Ok(unreadable(call, &second, errno)),
    };
    let most = options.value('n').and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let (a, b) = (&a[..a.len().min(most)], &b[..b.len().min(most)]);
    if a == b {
        return Ok(0);
    }
    if options.has('s') {
        return Ok(1);
    }
    if options.has('l') {
        let width = a.len().max(b.len()).to_string().len();
        for (at, (x, y)) in a.iter().zip(b).enumerate().filter(|(_, (x, y))| x != y) {
            io.print(format!("{:width$} {x:3o} {y:3o}\n", at + 1));
        }
    }
    let different = a.iter().zip(b).position(|(x, y)| x != y);
    match different {
        _ if options.has('l') && a.len() == b.len() => {}
        Some(at) if !options.has('l') => {
            let line = a[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            let unit = if is_utf8(call) { "byte" } else { "char" };
            io.print(format!("{first} {second} differ: {unit} {}, line {line}\n", at + 1));
        }
        _ => {
            let (shorter, text) = if a.len() < b.len() { (&first, a) } else { (&second, b) };
            let lines = text.iter().filter(|byte| **byte == b'\n').count();
            let place = match (is_busybox(call), text.len()) {
                (true, _) => String::new(),
                (false, 0) => " which is empty".to_owned(),
                (false, length) if text.ends_with(b"\n") => format!(" after byte {length}, line {lines}"),
                (false, length) => format!(" after byte {length}, in line {}", lines + 1),
            };
            call.complain(&format!("EOF on {shorter}{place}"));
        }
    }
    Ok(1)
}

/// `comm`.
pub(super) fn comm(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = COMM.parse(call)?;
    let [first, second] = options.operands.as_slice() else {
        let message = match options.operands.last() {
            None => "missing operand".to_owned(),
            Some(last) if options.operands.len() == 1 => format!("missing operand after {}", quote(call, last)),
            Some(_) => format!("extra operand {}", quote(call, &options.operands[2])),
        };
        return Err(COMM.misuse(call, &message));
    };
    let stdin = stdin(call, io, &options.operands)?;
    let mut texts = Vec::new();
    for name in [first, second] {
        match read(call, name, &stdin) {
            Ok(text) => texts.push(text),
            Err(errno) => {
                unreadable(call, name, errno);
                return Ok(1);
            }
        }
    }
    let [a, b] = [&texts[0], &texts[1]].map(|text| lines(text));
    let tab = |hidden: &[char]| "\t".repeat(hidden.iter().filter(|column| !options.has(**column)).count());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let order = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.cmp(y),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        let (line, column, before): (&[u8], char, &[char]) = match order {
            std::cmp::Ordering::Less => (a[i], '1', &[]),
            std::cmp::Ordering::Greater => (b[j], '2', &['1']),
            std::cmp::Ordering::Equal => (a[i], '3', &['1', '2']),
        };
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
        if !options.has(column) {
            io.print(tab(before));
            io.print(line.strip_suffix(b"\n").unwrap_or(line));
            io.print("\n");
        }
    }
    Ok(0)
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// `diff`.
pub(super) fn diff(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = DIFF.parse(call)?;
    let [first, second] = options.operands.as_slice() else {
        let message = match options.operands.last() {
            Some(last) if options.operands.len() == 1 => format!("missing operand after '{last}'"),
            Some(_) => format!("extra operand '{}'", options.operands[2]),
            None => "missing operand after 'diff'".to_owned(),
        };
        return Err(if is_busybox(call) { DIFF.code(1) } else { DIFF }.misuse(call, &message));
    };
    let stdin = stdin(call, io, &options.operands)?;
    let is_directory =
        |call: &mut Call<'_>, name: &str| call.files().stat(name).is_ok_and(|stat| stat.node.is_directory());
    let (is_first, is_second) = (is_directory(call, first), is_directory(call, second));
    let (first, second) = match (is_first, is_second) {
        (true, true) => return Ok(directories(call, io, &options, first, second)),
        (true, false) => (format!("{}/{}", first.trim_end_matches('/'), base_name(second)), second.clone()),
        (false, true) => (first.clone(), format!("{}/{}", second.trim_end_matches('/'), base_name(first))),
        (false, false) => (first.clone(), second.clone()),
    };
    Ok(files(call, io, &options, &stdin, (&first, &second), ""))
}

/// Compares two directories; returns the exit code.
fn directories(call: &mut Call<'_>, io: &mut Io, options: &Options, first: &str, second: &str) -> i32 {
    let mut names = call.files().list(first).unwrap_or_default();
    names.extend(call.files().list(second).unwrap_or_default());
    names.sort_unstable();
    names.dedup();
    let mut code = 0;
    for name in names {
        let (a, b) =
            (format!("{}/{name}", first.trim_end_matches('/')), format!("{}/{name}", second.trim_end_matches('/')));
        let stats = (call.files().stat(&a), call.files().stat(&b));
        match stats {
            (Ok(x), Ok(y)) if x.node.is_directory() && y.node.is_directory() => {
                if options.has('r') {
                    code = code.max(directories(call, io, options, &a, &b));
                } else {
                    io.print(format!("Common subdirectories: {a} and {b}\n"));
                }
            }
            (Ok(_), Ok(_)) => {
                let flags: String = options.given().map(|(option, _)| option).filter(char::is_ascii).collect();
                let head = format!("diff{}{flags} {a} {b}\n", if flags.is_empty() { "" } else { " -" });
                code = code.max(files(call, io, options, &[], (&a, &b), &head));
            }
            (Ok(_), Err(_)) => {
                io.print(format!("Only in {first}: {name}\n"));
                code = code.max(1);
            }
            _ => {
                io.print(format!("Only in {second}: {name}\n"));
                code = code.max(1);
            }
        }
    }
    code
}

/// Compares two files; `head` is printed before what differs. Returns the exit code.
fn files(call: &mut Call<'_>, io: &mut Io, options: &Options, stdin: &[u8], names: (&str, &str), head: &str) -> i32 {
    let mut texts = Vec::new();
    let mut code = 0;
    for name in [names.0, names.1] {
        match read(call, name, stdin) {
            Ok(text) => texts.push(text),
            Err(Errno::ENOENT) if options.has('N') => texts.push(Vec::new()),
            Err(errno) => code = unreadable(call, name, errno),
        }
    }
    let [a, b] = texts.as_slice() else { return code };
    let (a, b) = (lines(a), lines(b));
    let keys = |lines: &[&[u8]]| lines.iter().map(|line| key(line, options)).collect::<Vec<_>>();
    let operations = capture_diff_slices(Algorithm::Myers, &keys(&a), &keys(&b));
    let is_equal = operations.iter().all(|operation| matches!(operation, DiffOp::Equal { .. }));
    if is_equal {
        if options.has('s') && !is_busybox(call) {
            io.print(format!("Files {} and {} are identical\n", names.0, names.1));
        }
        return 0;
    }
    if options.has('q') {
        io.print(format!("Files {} and {} differ\n", names.0, names.1));
        return 1;
    }
    io.print(head);
    let context = match (options.value('U'), options.has('u') || is_busybox(call)) {
        (Some(lines), _) => lines.parse().ok(),
        (None, true) => Some(3),
        (None, false) => None,
    };
    match context {
        Some(context) => {
            let heads = [names.0, names.1].map(|name| label(call, name));
            let mut labels = options.given().filter(|(option, _)| *option == 'L').map(|(_, label)| label.to_owned());
            let [x, y] = heads.map(|head| labels.next().unwrap_or(head));
            io.print(format!("--- {x}\n+++ {y}\n"));
            unified(io, &operations, &a, &b, context);
        }
        None => normal(io, &operations, &a, &b),
    }
    1
}

/// Returns what is compared of a line.
fn key(line: &[u8], options: &Options) -> Vec<u8> {
    let mut key = line.to_vec();
    if options.has('w') {
        key.retain(|byte| !byte.is_ascii_whitespace());
    } else if options.has('b') {
        let words: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        let is_indented = line.first().is_some_and(|byte| *byte == b' ' || *byte == b'\t');
        key = words.join(&b' ');
        if is_indented {
            key.insert(0, b' ');
        }
    }
    if options.has('i') { key.to_ascii_lowercase() } else { key }
}

fn label(call: &mut Call<'_>, name: &str) -> String {
    if is_busybox(call) {
        return name.to_owned();
    }
    let modified = call.files().stat(name).map_or(call.now(), |stat| stat.node.attributes.modified);
    format!("{name}\t{}", time::format(modified, "%Y-%m-%d %H:%M:%S.%N %z"))
}

fn print_lines(io: &mut Io, mark: &str, lines: &[&[u8]]) {
    for line in lines {
        io.print(mark);
        io.print(line);
        if !line.ends_with(b"\n") {
            io.print("\n\\ No newline at end of file\n");
        }
    }
}

fn normal(io: &mut Io, operations: &[DiffOp], a: &[&[u8]], b: &[&[u8]]) {
    let range = |start: usize, length: usize| match length {
        0 => start.to_string(),
        1 => (start + 1).to_string(),
        _ => format!("{},{}", start + 1, start + length),
    };
    for operation in operations {
        let (old, new) = (operation.old_range(), operation.new_range());
        let letter = match operation {
            DiffOp::Equal { .. } => continue,
            DiffOp::Delete { .. } => 'd',
            DiffOp::Insert { .. } => 'a',
            DiffOp::Replace { .. } => 'c',
        };
        io.print(format!("{}{letter}{}\n", range(old.start, old.len()), range(new.start, new.len())));
        print_lines(io, "< ", &a[old]);
        if letter == 'c' {
            io.print("---\n");
        }
        print_lines(io, "> ", &b[new]);
    }
}

fn unified(io: &mut Io, operations: &[DiffOp], a: &[&[u8]], b: &[&[u8]], context: usize) {
    for group in similar::group_diff_ops(operations.to_vec(), context) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        let range = |range: &std::ops::Range<usize>| match range.len() {
            0 => format!("{},0", range.start),
            1 => (range.start + 1).to_string(),
            length => format!("{},{length}", range.start + 1),
        };
        io.print(format!("@@ -{} +{} @@\n", range(&old), range(&new)));
        for operation in &group {
            match operation {
                DiffOp::Equal { .. } => print_lines(io, " ", &a[operation.old_range()]),
                _ => {
                    print_lines(io, "-", &a[operation.old_range()]);
                    print_lines(io, "+", &b[operation.new_range()]);
                }
            }
        }
    }
}
