//! `sort`.

use std::cmp::Ordering;

use super::order::{Order, by_order, is_blank, next};
use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const BUSYBOX: Spec = Spec::new(
    "ngMucszbrdfihVk:o:t:S:T:m",
    &[],
    "[-nrughMcszbdfiokt] [-o FILE] [-k START[.OFS][OPTS][,END[.OFS][OPTS]] [-t CHAR] [FILE]...",
)
.code(2);
const GNU: Spec = Spec::new(
    "bdfghiMnRrVcCk:mo:sS:t:T:uz",
    &[
        ("ignore-leading-blanks", 'b'),
        ("dictionary-order", 'd'),
        ("ignore-case", 'f'),
        ("general-numeric-sort", 'g'),
        ("human-numeric-sort", 'h'),
        ("month-sort", 'M'),
        ("numeric-sort", 'n'),
        ("reverse", 'r'),
        ("version-sort", 'V'),
        ("check", 'c'),
        ("key", 'k'),
        ("merge", 'm'),
        ("output", 'o'),
        ("stable", 's'),
        ("field-separator", 't'),
        ("unique", 'u'),
        ("zero-terminated", 'z'),
    ],
    "[OPTION]... [FILE]...",
)
.code(2);

/// A key: from a character of a field up to one of another field. Numbers begin with 1; an end at character 0 is the whole
/// field.
#[derive(Clone, Debug, Default)]
struct Key {
    start: (usize, usize),
    end: Option<(usize, usize)>,
    order: Order,
}

/// `sort`.
pub(super) fn run(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = if is_busybox(call) { BUSYBOX } else { GNU }.parse(call)?;
    let mut order = Order::default();
    for (letter, _) in options.given() {
        order.apply(letter);
    }
    let keys = keys(call, &options, order)?;
    let separator = separator(call, &options)?;
    let wording = match (is_busybox(call), options.has('c')) {
        (true, _) => Wording::PLAIN,
        (false, true) => Wording::new("open failed: {}", "read failed: {}"),
        (false, false) => Wording::new("cannot read: {}", "read failed: {}"),
    };
    io.start(&options.operands, wording);
    let end = if options.has('z') { 0 } else { b'\n' };
    let text = io.all(call, end)?;
    if io.has_failed() {
        return Ok(2);
    }
    let body = text.strip_suffix(&[end]).unwrap_or(&text);
    let mut lines: Vec<&[u8]> = if text.is_empty() { Vec::new() } else { body.split(|byte| *byte == end).collect() };
    let is_busybox = is_busybox(call);
    let sorter =
        Sorter { is_busybox, keys, separator, order, is_unique: options.has('u'), is_stable: options.has('s') };
    if options.last_of("cC").is_some() {
        return Ok(check(call, &options, &sorter, &lines));
    }
    lines.sort_by(|a, b| sorter.compare(a, b));
    if options.has('u') {
        lines.dedup_by(|a, b| sorter.by_keys(a, b) == Ordering::Equal);
    }
    let sorted: Vec<u8> = lines.iter().flat_map(|line| line.iter().copied().chain([end])).collect();
    match options.value('o') {
        None => io.print(sorted),
        Some(path) => {
            let path = path.to_owned();
            if let Err(errno) = call.files().write(&path, &sorted) {
                call.complain(&format!("open failed: {path}: {}", errno.text()));
                return Ok(2);
            }
        }
    }
    Ok(0)
}

/// Reports the first line that is out of order.
fn check(call: &mut Call<'_>, options: &Options, sorter: &Sorter, lines: &[&[u8]]) -> i32 {
    let is_wrong = |pair: &[&[u8]]| match sorter.compare(pair[0], pair[1]) {
        Ordering::Greater => true,
        Ordering::Equal => sorter.is_unique,
        Ordering::Less => false,
    };
    let Some(at) = lines.windows(2).position(is_wrong) else { return 0 };
    let name = options.operands.first().map_or("-", String::as_str);
    if options.last_of("cC") == Some('c') {
        let message = match is_busybox(call) {
            true => {
                call.warn(format!("Check line {}\n", at + 1));
                return 1;
            }
            false => format!("{name}:{}: disorder: {}", at + 2, String::from_utf8_lossy(lines[at + 1])),
        };
        call.complain(&message);
    }
    1
}

fn separator(call: &mut Call<'_>, options: &Options) -> Result<Option<u8>, Stop> {
    match options.value('t') {
        None => Ok(None),
        Some("\\0") => Ok(Some(0)),
        Some(text) if text.len() == 1 => Ok(Some(text.as_bytes()[0])),
        Some("") if !is_busybox(call) => {
            call.complain("empty tab");
            Err(Stop::Exit(2))
        }
        Some(text) => {
            let message = match is_busybox(call) {
                true => "bad -t parameter".to_owned(),
                false => format!("multi-character tab {}", quote(call, text)),
            };
            call.complain(&message);
            Err(Stop::Exit(2))
        }
    }
}

fn keys(call: &mut Call<'_>, options: &Options, global: Order) -> Result<Vec<Key>, Stop> {
    let mut keys = Vec::new();
    for (_, text) in options.given().filter(|(option, _)| *option == 'k') {
        let key = match parse_key(text) {
            Ok(key) => key,
            Err(message) => {
                let quoted = quote(call, text);
                let message =
                    if is_busybox(call) { "bad field specification".into() } else { format!("{message} {quoted}") };
                call.complain(&message);
                return Err(Stop::Exit(2));
            }
        };
        // A key without modifiers has those of the command.
        let order = if key.order == Order::default() { global } else { key.order };
        keys.push(Key { order, ..key });
    }
    Ok(keys)
}

fn parse_key(text: &str) -> Result<Key, &'static str> {
    let (start, end) = text.split_once(',').map_or((text, None), |(start, end)| (start, Some(end)));
    let mut order = Order::default();
    const START: &str = "invalid number at field start: invalid count at start of";
    const AFTER: &str = "invalid number after ',': invalid count at start of";
    let (field, character) = position(start, &mut order).ok_or(START)?;
    if field == 0 {
        return Err("field number is zero: invalid field specification");
    }
    let start = (field, character.unwrap_or(1));
    if start.1 == 0 {
        return Err("character offset is zero: invalid field specification");
    }
    let end = match end {
        None => None,
        Some(end) => {
            let (field, character) = position(end, &mut order).ok_or(AFTER)?;
            if field == 0 {
                return Err("field number is zero: invalid field specification");
            }
            Some((field, character.unwrap_or(0)))
        }
    };
    Ok(Key { start, end, order })
}

/// Parses `FIELD[.CHARACTER][MODIFIERS]`.
fn position(text: &str, order: &mut Order) -> Option<(usize, Option<usize>)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let field = text[..digits].parse().ok()?;
    let mut rest = &text[digits..];
    let mut character = None;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        character = Some(after[..digits].parse().ok()?);
        rest = &after[digits..];
    }
    rest.chars().all(|letter| order.apply(letter)).then_some((field, character))
}

struct Sorter {
    keys: Vec<Key>,
    separator: Option<u8>,
    order: Order,
    is_unique: bool,
    is_stable: bool,
    is_busybox: bool,
}

impl Sorter {
    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        let by_keys = self.by_keys(a, b);
        if by_keys != Ordering::Equal || self.is_unique && !self.is_busybox || self.is_stable {
            return by_keys;
        }
        let last = a.cmp(b);
        if self.order.is_reverse { last.reverse() } else { last }
    }

    fn by_keys(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.keys.is_empty() {
            return by_order(a, b, self.order);
        }
        let results = self.keys.iter().map(|key| by_order(self.extract(a, key), self.extract(b, key), key.order));
        results.into_iter().find(|result| *result != Ordering::Equal).unwrap_or(Ordering::Equal)
    }

    fn extract<'a>(&self, line: &'a [u8], key: &Key) -> &'a [u8] {
        let start = self.offset(line, key.start.0, key.start.1 - 1, key.order.skips_blanks);
        let end = match key.end {
            None => line.len(),
            Some((field, 0)) => self.field_end(line, field),
            Some((field, character)) => self.offset(line, field, character, key.order.skips_blanks),
        };
        line.get(start..end).unwrap_or_default()
    }

    /// Returns where a field begins: without a separator, its leading blanks belong to it.
    fn field_start(&self, line: &[u8], field: usize) -> usize {
        (1..field).fold(0, |at, _| match self.separator {
            Some(separator) => next(line, at, |byte| byte == separator).map_or(line.len(), |found| found + 1),
            None => self.blank_field_end(line, at),
        })
    }

    fn blank_field_end(&self, line: &[u8], at: usize) -> usize {
        let text = next(line, at, |byte| !is_blank(byte)).unwrap_or(line.len());
        next(line, text, is_blank).unwrap_or(line.len())
    }

    fn field_end(&self, line: &[u8], field: usize) -> usize {
        let start = self.field_start(line, field);
        match self.separator {
            Some(separator) => next(line, start, |byte| byte == separator).unwrap_or(line.len()),
            None => self.blank_field_end(line, start),
        }
    }

    fn offset(&self, line: &[u8], field: usize, characters: usize, skips_blanks: bool) -> usize {
        let mut start = self.field_start(line, field);
        if skips_blanks {
            start = next(line, start, |byte| !is_blank(byte)).unwrap_or(line.len());
        }
        start.saturating_add(characters).min(line.len())
    }
}
