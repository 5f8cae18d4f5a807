//! `tee`.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::process::OpenMode;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Spec, is_busybox};

const BUSYBOX: Spec = Spec::new("ai", &[], "[-ai] [FILE]...");
const GNU: Spec = Spec::new("aip", &[("append", 'a'), ("ignore-interrupts", 'i')], "[OPTION]... [FILE]...");

/// `tee`: the descriptors into which it copies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tee {
    outputs: Option<Vec<i32>>,
}

impl Tee {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let options = if is_busybox(call) { BUSYBOX } else { GNU }.parse(call)?;
        let appends = options.has('a');
        let outputs = self.outputs.get_or_insert_with(|| open(call, io, &options.operands, appends));
        io.start(&[], Wording::PLAIN);
        while let Some(block) = io.block(call)? {
            for output in outputs.iter() {
                if let Err(errno) = call.write(*output, &block) {
                    call.complain(&format!("write error: {}", errno.text()));
                    io.fail();
                }
            }
            io.print(block);
        }
        Ok(io.code())
    }
}

fn open(call: &mut Call<'_>, io: &mut Io, paths: &[String], appends: bool) -> Vec<i32> {
    let mode = if appends { OpenMode::Append } else { OpenMode::Write };
    let mut outputs = Vec::new();
    for path in paths {
        match call.open(path, mode, !appends) {
            Ok(descriptor) => outputs.push(descriptor),
            Err(errno) => {
                call.complain(&format!("{path}: {}", errno.text()));
                io.fail();
            }
        }
    }
    outputs
}
