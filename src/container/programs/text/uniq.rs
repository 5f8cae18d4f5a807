//! `uniq`.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const BUSYBOX: Spec = Spec::new("cduif:s:w:z", &[], "[-cduiz] [-f,s,w N] [FILE [OUTFILE]]");
const GNU: Spec = Spec::new(
    "cdDuif:s:w:z",
    &[
        ("count", 'c'),
        ("repeated", 'd'),
        ("unique", 'u'),
        ("ignore-case", 'i'),
        ("skip-fields", 'f'),
        ("skip-chars", 's'),
        ("check-chars", 'w'),
        ("zero-terminated", 'z'),
    ],
    "[OPTION]... [INPUT [OUTPUT]]",
);

/// `uniq`: the line of the present run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Uniq {
    line: Option<Vec<u8>>,
    count: u64,
}

impl Uniq {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let options = if is_busybox(call) { BUSYBOX } else { GNU }.parse(call)?;
        if let [_, _, extra, ..] = options.operands.as_slice() {
            let message = format!("extra operand {}", quote(call, extra));
            return Err(if is_busybox(call) { BUSYBOX.usage(call, "") } else { GNU.usage(call, &message) });
        }
        let wording = if is_busybox(call) { Wording::BUSYBOX } else { Wording::new("{}", "error reading '{}'") };
        io.start(&options.operands[..options.operands.len().min(1)], wording);
        while let Some(line) = io.line(call)? {
            let line = line.strip_suffix(b"\n").map_or(line.clone(), <[u8]>::to_vec);
            let is_same = self.line.as_ref().is_some_and(|old| key(old, &options) == key(&line, &options));
            if is_same {
                self.count += 1;
                if options.has('D') {
                    if self.count == 2 {
                        self.print(io, &options);
                    }
                    self.print(io, &options);
                }
            } else {
                self.finish(io, &options);
                self.line = Some(line);
                self.count = 1;
            }
        }
        self.finish(io, &options);
        if let Some(path) = options.operands.get(1) {
            io.redirect(call, path)?;
        }
        Ok(io.code())
    }

    /// Prints the run that has ended, if it is wanted.
    fn finish(&mut self, io: &mut Io, options: &Options) {
        let is_wanted = match (options.has('d'), options.has('u')) {
            _ if options.has('D') => false,
            (true, true) => false,
            (true, false) => self.count > 1,
            (false, true) => self.count == 1,
            (false, false) => self.count > 0,
        };
        if is_wanted {
            self.print(io, options);
        }
        self.count = 0;
    }

    fn print(&self, io: &mut Io, options: &Options) {
        let Some(line) = &self.line else { return };
        if options.has('c') {
            io.print(format!("{:7} ", self.count));
        }
        io.print(line);
        io.print("\n");
    }
}

/// Returns the part of a line that is compared.
fn key(line: &[u8], options: &Options) -> Vec<u8> {
    let number = |option: char| options.value(option).and_then(|text| text.parse::<usize>().ok());
    let mut rest = line;
    for _ in 0..number('f').unwrap_or(0).min(line.len()) {
        let text = rest.iter().position(|byte| !b" \t".contains(byte)).unwrap_or(rest.len());
        let end = rest[text..].iter().position(|byte| b" \t".contains(byte)).map_or(rest.len(), |at| at + text);
        rest = &rest[end..];
    }
    let rest = rest.get(number('s').unwrap_or(0)..).unwrap_or_default();
    let rest = &rest[..number('w').unwrap_or(usize::MAX).min(rest.len())];
    if options.has('i') { rest.to_ascii_lowercase() } else { rest.to_vec() }
}
