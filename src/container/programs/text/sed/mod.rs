//! `sed`.

mod actions;
mod machine;
mod parse;
mod replacement;
mod script;
mod text;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};
use machine::Machine;

const BUSYBOX: Spec = Spec::new(
    "nrEi::e:f:",
    &[("expression", 'e'), ("quiet", 'n'), ("silent", 'n'), ("regexp-extended", 'r'), ("in-place", 'i'), ("file", 'f')],
    "[-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...\nor: sed [-i[SFX]] [-nrE] CMD [FILE]...",
);
const GNU: Spec = Spec::new(
    "nrEi::e:f:sul:z",
    &[
        ("quiet", 'n'),
        ("silent", 'n'),
        ("expression", 'e'),
        ("file", 'f'),
        ("in-place", 'i'),
        ("regexp-extended", 'E'),
        ("separate", 's'),
        ("unbuffered", 'u'),
        ("null-data", 'z'),
    ],
    "[OPTION]... {script-only-if-no-other-script} [input-file]...",
);

/// `sed`: the state of its machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sed {
    machine: Machine,
}

impl Sed {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let is_busybox = is_busybox(call);
        let spec = if is_busybox { BUSYBOX } else { GNU };
        let mut options = spec.parse(call)?;
        let script = script(call, spec, &mut options)?;
        let is_extended = options.last_of("rE").is_some();
        let commands = match parse::parse(&script, is_extended, is_busybox) {
            Ok(commands) => commands,
            Err(problem) => {
                let message = problem.message(is_busybox, &script);
                call.complain(&message);
                return Ok(problem.code(is_busybox));
            }
        };
        let wording = if is_busybox { Wording::PLAIN } else { Wording::new("can't read {}", "couldn't read {}") };
        io.start(&options.operands, wording);
        self.machine.run(call, io, &commands, &options)
    }
}

/// Returns the script: that of the options, or the first operand, which is taken.
fn script(call: &mut Call<'_>, spec: Spec, options: &mut Options) -> Result<String, Stop> {
    let mut expressions = Vec::new();
    let given: Vec<(char, String)> = options.given().map(|(option, value)| (option, value.to_owned())).collect();
    for (option, value) in given {
        match option {
            'e' => expressions.push(value),
            'f' => match call.files().read(&value) {
                Ok(text) => expressions.push(String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned()),
                Err(errno) => {
                    let what = if is_busybox(call) { value } else { format!("couldn't open file {value}") };
                    call.complain(&format!("{what}: {}", errno.text()));
                    return Err(Stop::Exit(if is_busybox(call) { 1 } else { 4 }));
                }
            },
            _ => {}
        }
    }
    if expressions.is_empty() {
        if options.operands.is_empty() {
            return Err(spec.usage(call, ""));
        }
        expressions.push(options.operands.remove(0));
    }
    Ok(expressions.join(&parse::EXPRESSION_END.to_string()))
}
