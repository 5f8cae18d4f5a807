//! `wc`.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, is_utf8};

const BUSYBOX: Spec = Spec::new("cmlLw", &[], "[-cmlLw] [FILE]...");
const GNU: Spec = Spec::new(
    "cmlLw",
    &[("bytes", 'c'), ("chars", 'm'), ("lines", 'l'), ("max-line-length", 'L'), ("words", 'w')],
    "[OPTION]... [FILE]...",
);

/// The counts, in the order in which they are printed.
const COLUMNS: [char; 5] = ['l', 'w', 'm', 'c', 'L'];

/// `wc`: the sums of the files that were counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Wc(Vec<usize>);

impl Wc {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let options = if is_busybox(call) { BUSYBOX } else { GNU }.parse(call)?;
        let operands = options.operands.clone();
        io.start(&operands, Wording::PLAIN);
        let width = width(call, &options);
        let chosen: Vec<char> = COLUMNS.into_iter().filter(|c| is_chosen(&options, *c)).collect();
        self.0.resize(chosen.len(), 0);
        while let Some(text) = io.file(call)? {
            let counts: Vec<usize> = chosen.iter().map(|column| count(call, &text, *column)).collect();
            for ((column, count), total) in chosen.iter().zip(&counts).zip(&mut self.0) {
                *total = if *column == 'L' { *count.max(total) } else { *total + count };
            }
            let name = (!operands.is_empty()).then(|| io.name().to_owned());
            io.print(line(&counts, name.as_deref(), width));
        }
        if operands.len() > 1 {
            io.print(line(&self.0, Some("total"), width));
        }
        Ok(io.code())
    }
}

fn is_chosen(options: &Options, column: char) -> bool {
    if options.last_of("cmlLw").is_none() { matches!(column, 'l' | 'w' | 'c') } else { options.has(column) }
}

fn count(call: &Call<'_>, text: &[u8], column: char) -> usize {
    let is_utf8 = is_utf8(call) || is_busybox(call);
    match column {
        'l' => text.iter().filter(|byte| **byte == b'\n').count(),
        'w' => text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count(),
        'm' if is_utf8 => String::from_utf8_lossy(text).chars().count(),
        'L' => text.split(|byte| *byte == b'\n').map(|line| line_width(line, is_utf8)).max().unwrap_or(0),
        _ => text.len(),
    }
}

fn line_width(line: &[u8], is_utf8: bool) -> usize {
    let step =
        |width: usize, c: char| if c == '\t' { (width / 8 + 1) * 8 } else { width + usize::from(!c.is_control()) };
    if is_utf8 {
        String::from_utf8_lossy(line).chars().fold(0, step)
    } else {
        line.iter().filter(|byte| byte.is_ascii()).fold(0, |width, byte| step(width, char::from(*byte)))
    }
}

/// Returns the width of the columns. GNU takes the digits of the sum of all sizes, and 7 when one is not known.
fn width(call: &mut Call<'_>, options: &Options) -> usize {
    let columns = COLUMNS.into_iter().filter(|column| is_chosen(options, *column)).count();
    let is_single = columns == 1 && options.operands.len() <= 1;
    if is_single {
        return 0;
    }
    if is_busybox(call) {
        return 9;
    }
    if options.operands.is_empty() {
        return size_digits(call, &["-".to_owned()]);
    }
    size_digits(call, &options.operands)
}

fn size_digits(call: &mut Call<'_>, operands: &[String]) -> usize {
    let mut total = 0;
    for name in operands {
        if name == "-" {
            match call.size_of(0) {
                Some(size) => total += size,
                None => return 7,
            }
            continue;
        }
        match call.files().stat(name) {
            Ok(stat) if matches!(stat.node.kind, crate::fs::NodeKind::File(_)) => total += stat.node.size(),
            Ok(_) => return 7,
            Err(_) => {}
        }
    }
    total.to_string().len()
}

fn line(counts: &[usize], name: Option<&str>, width: usize) -> String {
    let numbers: Vec<String> = counts.iter().map(|count| format!("{count:width$}")).collect();
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    format!("{}{name}\n", numbers.join(" "))
}
