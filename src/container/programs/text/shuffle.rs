//! `shuf`.

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Spec, quote};

const SHUF: Spec = Spec::new(
    "ei:n:o:zr",
    &[("echo", 'e'), ("input-range", 'i'), ("head-count", 'n'), ("zero-terminated", 'z'), ("repeat", 'r')],
    "[-n NUM] [-z] [FILE | -e [ARG...] | -i L-H]",
);
/// Most lines of a range.
const MAX_RANGE: u64 = 1_000_000;

/// `shuf`: lines, words or numbers in a random order.
pub(super) fn run(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = SHUF.parse(call)?;
    let end = if options.has('z') { 0 } else { b'\n' };
    let mut lines: Vec<Vec<u8>> = if options.has('e') {
        options.operands.iter().map(|word| word.clone().into_bytes()).collect()
    } else if let Some(range) = options.value('i') {
        let bounds = range.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        match bounds.filter(|(low, high): &(u64, u64)| low <= high && high - low < MAX_RANGE) {
            Some((low, high)) => (low..=high).map(|number| number.to_string().into_bytes()).collect(),
            None => {
                let message = format!("invalid input range: {}", quote(call, range));
                call.complain(&message);
                return Ok(1);
            }
        }
    } else {
        io.start(&options.operands, Wording::PLAIN);
        let text = io.all(call, end)?;
        let text = text.strip_suffix(&[end]).unwrap_or(&text);
        if text.is_empty() { Vec::new() } else { text.split(|byte| *byte == end).map(<[u8]>::to_vec).collect() }
    };
    let most = options.value('n').and_then(|count| count.parse().ok()).unwrap_or(lines.len());
    for at in (1..lines.len()).rev() {
        let other = call.surroundings.random() % (at as u64 + 1);
        lines.swap(at, other as usize);
    }
    for line in lines.iter().take(most) {
        io.print(line);
        io.print([end]);
    }
    Ok(io.code())
}
