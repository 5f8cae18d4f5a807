//! `nl`.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::Spec;
use crate::programs::regexp::{self, Syntax};

const NL: Spec = Spec::new(
    "b:h:f:i:l:n:ps:v:w:d:",
    &[
        ("body-numbering", 'b'),
        ("line-increment", 'i'),
        ("number-format", 'n'),
        ("number-separator", 's'),
        ("starting-line-number", 'v'),
        ("number-width", 'w'),
    ],
    "[OPTIONS] [FILE]...",
);

/// `nl`: how many lines it has numbered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Number {
    count: i64,
}

impl Number {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let options = NL.parse(call)?;
        io.start(&options.operands, Wording::PLAIN);
        let number = |option, default: i64| options.value(option).and_then(|text| text.parse().ok()).unwrap_or(default);
        let width = number('w', 6).clamp(1, 255) as usize;
        let (first, step) = (number('v', 1), number('i', 1));
        let separator = options.value('s').unwrap_or("\t");
        let style = options.value('b').unwrap_or("t");
        let pattern = style.strip_prefix('p').and_then(|pattern| regexp::compile(pattern, Syntax::default()).ok());
        while let Some(line) = io.line(call)? {
            let body = line.strip_suffix(b"\n").unwrap_or(&line);
            let is_numbered = match style {
                "a" => true,
                "n" => false,
                "t" => !body.is_empty(),
                _ => pattern.as_ref().is_some_and(|regex| regex.is_match(body)),
            };
            if is_numbered {
                let number = first.saturating_add(self.count.saturating_mul(step));
                self.count += 1;
                io.print(match options.value('n') {
                    Some("ln") => format!("{number:<width$}{separator}"),
                    Some("rz") => format!("{number:0width$}{separator}"),
                    _ => format!("{number:width$}{separator}"),
                });
            } else {
                io.print(" ".repeat(width + separator.len()));
            }
            io.print(body);
            io.print("\n");
        }
        Ok(io.code())
    }
}
