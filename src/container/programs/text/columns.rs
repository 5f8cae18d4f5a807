//! `paste`, `join` and `column`.

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const PASTE: Spec = Spec::new("d:sz", &[("delimiters", 'd'), ("serial", 's')], "[-s] [-d LIST] [FILE]...");
const JOIN: Spec = Spec::new("1:2:j:t:a:v:o:e:i", &[("ignore-case", 'i')], "[OPTION]... FILE1 FILE2");
const COLUMN: Spec = Spec::new(
    "ts:o:c:xN:R:",
    &[("table", 't'), ("separator", 's'), ("output-separator", 'o')],
    "[options] [<file>...]",
);

/// Reads an operand as lines; standard input must have been read before.
fn lines(call: &mut Call<'_>, io: &mut Io, name: &str, stdin: &[u8]) -> Vec<String> {
    let bytes = match name {
        "-" => Ok(stdin.to_vec()),
        name => call.files().read(name),
    };
    match bytes {
        Ok(bytes) => String::from_utf8_lossy(&bytes).lines().map(String::from).collect(),
        Err(errno) => {
            call.complain(&format!("{name}: {}", errno.text()));
            io.fail();
            Vec::new()
        }
    }
}

/// Reads standard input if it is one of the operands.
fn stdin(call: &mut Call<'_>, io: &mut Io, operands: &[String]) -> Result<Vec<u8>, Stop> {
    if !operands.iter().any(|operand| operand == "-") {
        return Ok(Vec::new());
    }
    io.start(&[], Wording::PLAIN);
    io.gather(call)
}

/// `paste`.
pub(super) fn paste(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = PASTE.parse(call)?;
    let operands = if options.operands.is_empty() { vec!["-".to_owned()] } else { options.operands.clone() };
    let stdin = stdin(call, io, &operands)?;
    let delimiters = delimiters(options.value('d').unwrap_or("\t"));
    let dashes = operands.iter().filter(|operand| *operand == "-").count();
    let input: Vec<String> = String::from_utf8_lossy(&stdin).lines().map(String::from).collect();
    let mut dash = 0;
    let mut columns = Vec::new();
    for operand in &operands {
        if operand == "-" {
            // Several dashes take the lines of the input in turn.
            let own = if options.has('s') { usize::from(dash == 0) } else { 1 };
            let step = if options.has('s') { 1 } else { dashes };
            columns.push(input.iter().skip(dash * own).step_by(step).take(input.len() * own).cloned().collect());
            dash += 1;
        } else {
            columns.push(lines(call, io, operand, &[]));
        }
    }
    if io.has_failed() {
        return Ok(1);
    }
    let is_busybox = is_busybox(call);
    let join = |cells: Vec<&str>| {
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                line.push_str(&delimiters[(at - 1) % delimiters.len()]);
            }
            line.push_str(cell);
        }
        line + "\n"
    };
    if options.has('s') {
        for column in &columns {
            io.print(join(column.iter().map(String::as_str).collect()));
        }
    } else {
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..rows {
            let cells = columns.iter().map(|column| column.get(row).map(String::as_str));
            // busybox leaves out the columns that have ended, with their delimiters.
            io.print(join(cells.filter(|cell| cell.is_some() || !is_busybox).map(Option::unwrap_or_default).collect()));
        }
    }
    Ok(0)
}

fn delimiters(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => "\n".to_owned(),
                Some('t') => "\t".to_owned(),
                Some('0') => String::new(),
                Some(other) => other.to_string(),
                None => "\\".to_owned(),
            },
            other => other.to_string(),
        });
    }
    if out.is_empty() { vec![String::new()] } else { out }
}

/// `join`.
pub(super) fn join(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = JOIN.parse(call)?;
    let [first, second] = options.operands.as_slice() else {
        let message = match options.operands.last() {
            None => "missing operand".to_owned(),
            Some(last) if options.operands.len() == 1 => format!("missing operand after {}", quote(call, last)),
            Some(last) => format!("extra operand {}", quote(call, last)),
        };
        return Err(JOIN.misuse(call, &message));
    };
    let stdin = stdin(call, io, &options.operands)?;
    let (left, right) = (lines(call, io, first, &stdin), lines(call, io, second, &stdin));
    if io.has_failed() {
        return Ok(1);
    }
    let field = |option: char| {
        options.value(option).or(options.value('j')).and_then(|text| text.parse().ok()).unwrap_or(1usize).max(1)
    };
    let left: Vec<Record> = left.iter().map(|line| Record::new(line, field('1'), &options)).collect();
    let right: Vec<Record> = right.iter().map(|line| Record::new(line, field('2'), &options)).collect();
    let separator = options.value('t').unwrap_or(" ");
    let unpaired = |file: &str| options.given().any(|(o, value)| (o == 'a' || o == 'v') && value == file);
    let paired = !options.has('v');
    let row = |key: &str, parts: &[&[String]]| {
        let cells = std::iter::once(key).chain(parts.iter().flat_map(|part| part.iter().map(String::as_str)));
        cells.collect::<Vec<_>>().join(separator) + "\n"
    };
    for a in &left {
        let matches: Vec<&Record> = right.iter().filter(|b| b.key == a.key).collect();
        if matches.is_empty() && unpaired("1") {
            io.print(row(&a.shown, &[&a.rest]));
        }
        for b in matches.into_iter().filter(|_| paired) {
            io.print(row(&a.shown, &[&a.rest, &b.rest]));
        }
    }
    for b in right.iter().filter(|b| unpaired("2") && !left.iter().any(|a| a.key == b.key)) {
        io.print(row(&b.shown, &[&b.rest]));
    }
    Ok(0)
}

/// A line of `join`: the field that is compared, and the others.
struct Record {
    key: String,
    shown: String,
    rest: Vec<String>,
}

impl Record {
    fn new(line: &str, field: usize, options: &Options) -> Record {
        let mut fields: Vec<String> = match options.value('t') {
            Some(separator) => line.split(separator).map(String::from).collect(),
            None => line.split_whitespace().map(String::from).collect(),
        };
        let shown = if field <= fields.len() { fields.remove(field - 1) } else { String::new() };
        let key = if options.has('i') { shown.to_lowercase() } else { shown.clone() };
        Record { key, shown, rest: fields }
    }
}

/// `column`.
pub(super) fn column(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = COLUMN.parse(call)?;
    io.start(&options.operands, Wording::new("cannot open {}", "{}"));
    let text = io.all(call, b'\n')?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    if options.has('t') {
        let rows: Vec<Vec<&str>> = lines
            .map(|line| match options.value('s') {
                Some(separators) => line.split(|c| separators.contains(c)).collect(),
                None => line.split_whitespace().collect(),
            })
            .collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let gap = options.value('o').unwrap_or("  ");
        for row in &rows {
            let last = row.len() - 1;
            let cells: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(at, cell)| {
                    if at == last && at + 1 == columns { (*cell).to_owned() } else { format!("{cell:<0$}", widths[at]) }
                })
                .collect();
            io.print(cells.join(gap) + "\n");
        }
        return Ok(io.code());
    }
    let cells: Vec<&str> = lines.collect();
    let longest = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
    let width = (longest / 8 + 1) * 8;
    let total = options.value('c').and_then(|text| text.parse().ok()).unwrap_or(80usize);
    let rows = cells.len().div_ceil((total / width).max(1));
    for row in 0..rows {
        let line: Vec<&&str> = cells.iter().skip(row).step_by(rows).collect();
        for (at, cell) in line.iter().enumerate() {
            io.print(cell);
            let tabs = if at + 1 == line.len() { 0 } else { (width - cell.chars().count()).div_ceil(8) };
            io.print("\t".repeat(tabs));
        }
        io.print("\n");
    }
    Ok(io.code())
}
