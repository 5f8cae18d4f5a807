//! `cut`.

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, is_utf8, quote};

const BUSYBOX: Spec = Spec::new(
    "b:c:f:d:snDF:O:",
    &[("output-delimiter", 'O'), ("complement", 'γ')],
    "{-b|c LIST | -f|F LIST [-d SEP] [-s]} [-D] [-O SEP] [FILE]...",
);
const GNU: Spec = Spec::new(
    "b:c:f:d:snzγδ:",
    &[
        ("bytes", 'b'),
        ("characters", 'c'),
        ("fields", 'f'),
        ("delimiter", 'd'),
        ("only-delimited", 's'),
        ("complement", 'γ'),
        ("output-delimiter", 'δ'),
    ],
    "OPTION... [FILE]...",
);

/// Ranges of positions, both ends included.
type Ranges = Vec<(usize, usize)>;

/// `cut`.
pub(super) fn run(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let is_busybox = is_busybox(call);
    let spec = if is_busybox { BUSYBOX } else { GNU };
    let options = spec.parse(call)?;
    let kinds = ['b', 'c', 'f'].into_iter().filter(|kind| options.has(*kind)).count();
    let Some(kind) = options.last_of("bcf") else {
        let message = if is_busybox {
            "expected a list of bytes, characters, or fields"
        } else {
            "you must specify a list of bytes, characters, or fields"
        };
        return Err(refuse(call, spec, message));
    };
    if kinds > 1 || options.count(kind) > 1 && !is_busybox {
        return Err(refuse(call, spec, "only one type of list may be specified"));
    }
    let delimiter = options.value('d').unwrap_or("\t").to_owned();
    if kind != 'f' && options.has('d') {
        let what = if is_busybox { "a delimiter may be specified" } else { "an input delimiter may be specified" };
        return Err(refuse(call, spec, &format!("{what} only when operating on fields")));
    }
    if !is_busybox && delimiter.chars().count() > 1 {
        return Err(refuse(call, spec, "the delimiter must be a single character"));
    }
    let ranges = match parse(options.value(kind).unwrap_or_default()) {
        Ok(ranges) => ranges,
        Err(problem) => return Err(bad_list(call, spec, &problem, kind)),
    };
    io.start(&options.operands, Wording::PLAIN);
    let by_characters = kind == 'c' && is_busybox && is_utf8(call);
    let delimiter = if delimiter.is_empty() { "\0".to_owned() } else { delimiter };
    while let Some(line) = io.line(call)? {
        let body = line.strip_suffix(b"\n").unwrap_or(&line);
        let cut = match kind {
            'f' => fields(body, &ranges, &delimiter, &options),
            _ if by_characters => Some(characters(body, &ranges)),
            _ => Some(bytes(body, &ranges, &options)),
        };
        if let Some(cut) = cut {
            io.print(cut);
            io.print("\n");
        }
    }
    Ok(io.code())
}

fn refuse(call: &mut Call<'_>, spec: Spec, message: &str) -> Stop {
    if is_busybox(call) {
        call.complain(message);
        return Stop::Exit(1);
    }
    spec.usage(call, message)
}

/// Why a list is no list.
enum Problem {
    Zero,
    Decreasing,
    NoEnd,
    Invalid(String),
}

fn bad_list(call: &mut Call<'_>, spec: Spec, problem: &Problem, kind: char) -> Stop {
    let is_fields = kind == 'f';
    if is_busybox(call) {
        let list = match problem {
            Problem::Invalid(text) => text.clone(),
            _ => "0".to_owned(),
        };
        call.complain(&match problem {
            Problem::NoEnd => "invalid range '-'".to_owned(),
            _ => format!("invalid number '{list}'"),
        });
        return Stop::Exit(1);
    }
    let message = match problem {
        Problem::Zero if is_fields => "fields are numbered from 1".to_owned(),
        Problem::Zero => "byte/character positions are numbered from 1".to_owned(),
        Problem::Decreasing => "invalid decreasing range".to_owned(),
        Problem::NoEnd => "invalid range with no endpoint: -".to_owned(),
        Problem::Invalid(text) if is_fields => format!("invalid field value {}", quote(call, text)),
        Problem::Invalid(text) => format!("invalid byte/character position {}", quote(call, text)),
    };
    spec.usage(call, &message)
}

fn parse(list: &str) -> Result<Ranges, Problem> {
    let number = |text: &str| match text.parse::<usize>() {
        Ok(0) => Err(Problem::Zero),
        Ok(number) => Ok(number),
        Err(_) => Err(Problem::Invalid(text.to_owned())),
    };
    let mut ranges = Vec::new();
    for item in list.split([',', ' ']) {
        let (from, to) = match item.split_once('-') {
            None => {
                let at = if item.is_empty() { return Err(Problem::Zero) } else { number(item)? };
                (at, at)
            }
            Some(("", "")) => return Err(Problem::NoEnd),
            Some(("", to)) => (1, number(to)?),
            Some((from, "")) => (number(from)?, usize::MAX),
            Some((from, to)) => (number(from)?, number(to)?),
        };
        if from > to {
            return Err(Problem::Decreasing);
        }
        ranges.push((from, to));
    }
    ranges.sort_unstable();
    Ok(ranges)
}

fn is_chosen(ranges: &Ranges, position: usize, options: &Options) -> bool {
    ranges.iter().any(|(from, to)| (*from..=*to).contains(&position)) != options.has('γ')
}

fn output_delimiter(options: &Options) -> Option<&str> {
    options.value('δ').or_else(|| options.value('O'))
}

fn bytes(line: &[u8], ranges: &Ranges, options: &Options) -> Vec<u8> {
    let mut out = Vec::new();
    let mut last = None;
    for (at, byte) in line.iter().enumerate().filter(|(at, _)| is_chosen(ranges, at + 1, options)) {
        if let (Some(delimiter), Some(last)) = (output_delimiter(options), last)
            && last + 1 != at
        {
            out.extend_from_slice(delimiter.as_bytes());
        }
        out.push(*byte);
        last = Some(at);
    }
    out
}

fn characters(line: &[u8], ranges: &Ranges) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let options = Options::default();
    let chosen = text.chars().enumerate().filter(|(at, _)| is_chosen(ranges, at + 1, &options));
    chosen.map(|(_, c)| c).collect::<String>().into_bytes()
}

/// Cuts fields; `None` for a line that is left out.
fn fields(line: &[u8], ranges: &Ranges, delimiter: &str, options: &Options) -> Option<Vec<u8>> {
    let delimiter = delimiter.as_bytes();
    let parts = split(line, delimiter);
    if parts.len() == 1 {
        return (!options.has('s')).then(|| line.to_vec());
    }
    let chosen = parts.iter().enumerate().filter(|(at, _)| is_chosen(ranges, at + 1, options));
    let chosen: Vec<&[u8]> = chosen.map(|(_, part)| *part).collect();
    Some(chosen.join(output_delimiter(options).map_or(delimiter, str::as_bytes)))
}

fn split<'a>(line: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.windows(delimiter.len()).position(|window| window == delimiter) {
        parts.push(&rest[..at]);
        rest = &rest[at + delimiter.len()..];
    }
    parts.push(rest);
    parts
}
