//! `cat`, and `less` and `more` without a terminal.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};

const BUSYBOX: Spec = Spec::new("nbvteAu", &[], "[-nbvteA] [FILE]...");
const GNU: Spec = Spec::new(
    "AbeEnstTuv",
    &[
        ("show-all", 'A'),
        ("number-nonblank", 'b'),
        ("show-ends", 'E'),
        ("number", 'n'),
        ("squeeze-blank", 's'),
        ("show-tabs", 'T'),
        ("show-nonprinting", 'v'),
    ],
    "[OPTION]... [FILE]...",
);

/// `cat`: what it remembers between lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cat {
    number: u64,
    is_inside_line: bool,
    was_blank: bool,
}

impl Cat {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let (spec, wording) = if is_busybox(call) { (BUSYBOX, Wording::BUSYBOX) } else { (GNU, Wording::PLAIN) };
        let options = spec.parse(call)?;
        io.start(&options.operands, wording);
        if options.last_of("AbeEnstTv").is_none() {
            return copy(call, io);
        }
        while let Some(line) = io.line(call)? {
            let text = self.show(&line, &options);
            io.print(text);
        }
        Ok(io.code())
    }

    fn show(&mut self, line: &[u8], options: &Options) -> Vec<u8> {
        let is_blank = line == b"\n" && !self.is_inside_line;
        if options.has('s') && is_blank && self.was_blank {
            return Vec::new();
        }
        self.was_blank = is_blank;
        let mut out = Vec::with_capacity(line.len() + 8);
        let is_numbered = if options.has('b') { !is_blank } else { options.has('n') };
        if is_numbered && !self.is_inside_line {
            self.number += 1;
            out.extend_from_slice(format!("{:6}\t", self.number).as_bytes());
        }
        let (body, has_end) = line.strip_suffix(b"\n").map_or((line, false), |body| (body, true));
        let shows_tabs = options.last_of("AtT").is_some();
        let shows_all = options.last_of("AevEtT").is_some_and(|_| options.last_of("Aevt").is_some());
        for byte in body {
            show_byte(*byte, shows_tabs, shows_all, &mut out);
        }
        if has_end {
            out.extend_from_slice(if options.last_of("AeE").is_some() { b"$\n" } else { b"\n" });
        }
        self.is_inside_line = !has_end;
        out
    }
}

fn show_byte(byte: u8, shows_tabs: bool, shows_all: bool, out: &mut Vec<u8>) {
    match byte {
        b'\t' if shows_tabs => out.extend_from_slice(b"^I"),
        b'\t' => out.push(b'\t'),
        _ if !shows_all => out.push(byte),
        128.. => {
            out.extend_from_slice(b"M-");
            show_low(byte & 0x7f, out);
        }
        _ => show_low(byte, out),
    }
}

fn show_low(byte: u8, out: &mut Vec<u8>) {
    match byte {
        0..32 => out.extend_from_slice(&[b'^', byte + 64]),
        127 => out.extend_from_slice(b"^?"),
        _ => out.push(byte),
    }
}

fn copy(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    while let Some(block) = io.block(call)? {
        io.print(block);
    }
    Ok(io.code())
}

/// `less` and `more`, which copy their input when they do not write to a terminal.
pub(super) fn pager(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let operands: Vec<String> = call.args().into_iter().filter(|arg| !arg.starts_with('-')).collect();
    let wording = if is_busybox(call) { Wording::BUSYBOX } else { Wording::PLAIN };
    io.start(&operands, wording);
    copy(call, io)
}
