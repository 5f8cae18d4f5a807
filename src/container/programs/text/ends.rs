//! `head` and `tail`.

use std::collections::VecDeque;

use kctl_base::sim::Duration;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::fs::Location;
use crate::process::Wait;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const HEAD: Spec = Spec::new(
    "n:c:qv",
    &[("lines", 'n'), ("bytes", 'c'), ("quiet", 'q'), ("silent", 'q'), ("verbose", 'v')],
    "[OPTIONS] [FILE]...",
);
const TAIL: Spec = Spec::new(
    "n:c:qvfFs:π:ρ",
    &[
        ("lines", 'n'),
        ("bytes", 'c'),
        ("quiet", 'q'),
        ("silent", 'q'),
        ("verbose", 'v'),
        ("follow", 'f'),
        ("sleep-interval", 's'),
        ("pid", 'π'),
        ("retry", 'ρ'),
    ],
    "[OPTIONS] [FILE]...",
);

/// The amount that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    /// Number of lines or bytes.
    count: usize,
    /// It counts bytes.
    is_bytes: bool,
    /// `head`: all but the last ones (`-n -5`); `tail`: from this one on (`-n +5`).
    is_inverse: bool,
}

impl Amount {
    /// Parses the arguments of `-n` and `-c`.
    fn parse(call: &mut Call<'_>, options: &Options, inverse: char) -> Result<Amount, Stop> {
        let is_bytes = options.last_of("nc") == Some('c');
        let text = options.value(if is_bytes { 'c' } else { 'n' }).unwrap_or("10");
        let is_inverse = text.starts_with(inverse);
        let digits = text.trim_start_matches(['-', '+']);
        match size(digits) {
            Some(count) => Ok(Amount { count, is_bytes, is_inverse }),
            None => {
                let what = if is_bytes { "bytes" } else { "lines" };
                let message = match is_busybox(call) {
                    true => format!("invalid number '{text}'"),
                    false => format!("invalid number of {what}: {}", quote(call, text)),
                };
                call.complain(&message);
                Err(Stop::Exit(1))
            }
        }
    }
}

/// Parses a number with a unit such as `k`, `KB` or `M`.
pub(crate) fn size(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: usize = match unit {
        "" => 1,
        "b" => 512,
        "kB" | "KB" => 1000,
        "k" | "K" | "KiB" => 1024,
        "MB" => 1_000_000,
        "m" | "M" | "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "g" | "G" | "GiB" => 1 << 30,
        "T" | "TiB" => 1 << 40,
        _ => return None,
    };
    // A number beyond the range is as good as the largest one.
    if number.len() > 18 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(usize::MAX);
    }
    Some(number.parse::<usize>().ok()?.saturating_mul(factor))
}

/// Replaces the old form `-5` of `-n 5`.
fn modernise(args: Vec<String>, signs: &[char]) -> Vec<String> {
    let mut args = args;
    if let Some(first) = args.first_mut() {
        let sign = first.chars().next().filter(|sign| signs.contains(sign));
        let rest = first.get(1..).unwrap_or_default();
        if let Some(sign) = sign.filter(|_| rest.starts_with(|c: char| c.is_ascii_digit())) {
            let follows = rest.ends_with('f');
            let number = rest.trim_end_matches('f');
            let sign = if sign == '+' { "+" } else { "" };
            *first = format!("-n{sign}{number}");
            if follows {
                args.insert(0, "-f".to_owned());
            }
        }
    }
    args
}

/// Which files get a headline.
fn has_headlines(options: &Options) -> bool {
    match options.last_of("qv") {
        Some('q') => false,
        Some(_) => true,
        None => options.operands.len() > 1,
    }
}

fn wording(call: &Call<'_>, busybox: Wording) -> Wording {
    if is_busybox(call) { busybox } else { Wording::GNU }
}

/// Prints the line that names the present file.
fn headline(io: &mut Io, is_first: &mut bool) {
    let name = if io.name() == "-" { "standard input".to_owned() } else { io.name().to_owned() };
    io.print(format!("{}==> {name} <==\n", if *is_first { "" } else { "\n" }));
    *is_first = false;
}

/// `head`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    is_open: bool,
    has_printed: bool,
    left: usize,
}

impl Head {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let args = modernise(call.args(), &['-']);
        let options = HEAD.parse_args(call, args)?;
        let amount = Amount::parse(call, &options, '-')?;
        io.start(&options.operands, wording(call, Wording::PLAIN));
        loop {
            if !self.is_open {
                if !io.open_next(call) {
                    return Ok(io.code());
                }
                self.is_open = true;
                self.left = amount.count;
                if has_headlines(&options) {
                    let mut is_first = !self.has_printed;
                    headline(io, &mut is_first);
                }
                self.has_printed = true;
            }
            if amount.is_inverse {
                let text = io.file(call)?.unwrap_or_default();
                io.print(&text[..text.len() - last(&text, amount)]);
            } else {
                self.copy(call, io, amount.is_bytes)?;
            }
            io.close(call);
            self.is_open = false;
        }
    }

    /// Copies lines or bytes, and leaves the rest of the file unread.
    fn copy(&mut self, call: &mut Call<'_>, io: &mut Io, is_bytes: bool) -> Result<(), Stop> {
        while self.left > 0 {
            let block = io.read_at_most(call, if is_bytes { self.left } else { usize::MAX })?;
            if block.is_empty() {
                return Ok(());
            }
            if is_bytes {
                self.left -= block.len();
                io.print(block);
                continue;
            }
            let end = first_lines(&block, &mut self.left);
            io.print(&block[..end]);
            if self.left == 0 {
                io.unread(call, block.len() - end);
            }
        }
        Ok(())
    }
}

/// Returns the length of the first lines of a text; `left` becomes the number of those that are missing.
fn first_lines(text: &[u8], left: &mut usize) -> usize {
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\n' {
            *left -= 1;
            if *left == 0 {
                return at + 1;
            }
        }
    }
    text.len()
}

/// Returns the length of the last lines or bytes of a text.
fn last(text: &[u8], amount: Amount) -> usize {
    if amount.is_bytes {
        return amount.count.min(text.len());
    }
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    if amount.count == 0 {
        return 0;
    }
    let mut starts = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    starts.nth(amount.count - 1).map_or(text.len(), |(at, _)| text.len() - at - 1)
}

/// A file that `tail -f` watches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Followed {
    name: String,
    /// Tree and node; `None` while there is no such file.
    node: Option<(String, u64)>,
    offset: u64,
}

/// `tail`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail {
    is_first: bool,
    has_started: bool,
    followed: VecDeque<Followed>,
    follows: bool,
    /// The file whose text was printed last.
    shown: Option<String>,
}

impl Tail {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let args = modernise(call.args(), &['-', '+']);
        let options = TAIL.parse_args(call, args)?;
        let amount = Amount::parse(call, &options, '+')?;
        let busybox = Wording::BUSYBOX;
        io.start(&options.operands, wording(call, busybox));
        if !self.has_started {
            self.has_started = true;
            self.is_first = true;
            self.watch(call, &options);
        }
        if !self.follows {
            self.print_ends(call, io, &options, amount)?;
        }
        if options.last_of("fF").is_none() {
            return Ok(io.code());
        }
        self.follows = true;
        self.follow(call, io, &options)
    }

    /// Notes the size of the files, from which on they are followed.
    fn watch(&mut self, call: &mut Call<'_>, options: &Options) {
        for name in options.operands.iter().filter(|name| *name != "-") {
            let node = identity(call, name);
            let offset = size_of(call, name);
            self.followed.push_back(Followed { name: name.clone(), node, offset });
        }
    }

    fn print_ends(&mut self, call: &mut Call<'_>, io: &mut Io, options: &Options, amount: Amount) -> Result<(), Stop> {
        // What arrives at a pipe is printed at once from the wanted line on; everything else needs the end of the input.
        while let Some(text) = io.file(call)? {
            if has_headlines(options) {
                headline(io, &mut self.is_first);
                self.shown = Some(io.name().to_owned());
            }
            io.print(tail_of(&text, amount));
        }
        if is_busybox(call) && io.has_failed() && options.operands.len() <= 1 && !options.has('F') {
            call.complain("no files");
            return Err(Stop::Exit(1));
        }
        if !is_busybox(call) && io.has_failed() && options.last_of("fF") == Some('f') {
            self.followed.retain(|file| file.node.is_some());
            if self.followed.is_empty() {
                call.complain("no files remaining");
                return Err(Stop::Exit(1));
            }
        }
        Ok(())
    }

    /// Prints what files have got since the last time, then waits.
    fn follow(&mut self, call: &mut Call<'_>, io: &mut Io, options: &Options) -> Result<i32, Stop> {
        if self.followed.is_empty() {
            return Ok(io.code());
        }
        let by_name = options.has('F') || options.value('f') == Some("name");
        for index in 0..self.followed.len() {
            let mut file = self.followed[index].clone();
            let text = news(call, &mut file, by_name);
            if !text.is_empty() {
                if has_headlines(options) && self.shown.as_ref() != Some(&file.name) {
                    io.print(format!("\n==> {} <==\n", file.name));
                    self.shown = Some(file.name.clone());
                }
                io.print(text);
            }
            self.followed[index] = file;
        }
        let seconds: f64 = options.value('s').and_then(|text| text.parse().ok()).unwrap_or(1.0);
        let pause = Duration::from_micros(((seconds * 1e6) as i64).max(100_000));
        Err(Stop::Wait(Wait::Until(call.now() + pause)))
    }
}

/// Returns the end of a text that `tail` prints.
fn tail_of(text: &[u8], amount: Amount) -> &[u8] {
    if !amount.is_inverse {
        return &text[text.len() - last(text, amount)..];
    }
    let skipped = amount.count.saturating_sub(1);
    if amount.is_bytes || skipped == 0 {
        return text.get(skipped..).unwrap_or_default();
    }
    let mut left = skipped;
    &text[first_lines(text, &mut left)..]
}

fn identity(call: &mut Call<'_>, name: &str) -> Option<(String, u64)> {
    let Location { tree, node, .. } = call.files().resolve(name).ok()?;
    Some((tree, node))
}

fn size_of(call: &mut Call<'_>, name: &str) -> u64 {
    call.files().stat(name).map_or(0, |stat| stat.node.size())
}

/// Returns what a file has got since the last time, and reports that it was replaced or cut.
fn news(call: &mut Call<'_>, file: &mut Followed, by_name: bool) -> Vec<u8> {
    let found = identity(call, &file.name);
    if found != file.node && (by_name || file.node.is_none()) {
        let quoted = format!("'{}'", file.name);
        let is_gnu = !is_busybox(call);
        match (&file.node, &found) {
            (Some(_), None) if is_gnu => {
                call.complain(&format!("{quoted} has become inaccessible: No such file or directory"))
            }
            (None, Some(_)) if is_gnu => call.complain(&format!("{quoted} has appeared;  following new file")),
            (Some(_), Some(_)) if is_gnu => call.complain(&format!("{quoted} has been replaced;  following new file")),
            _ => {}
        }
        file.offset = 0;
        file.node.clone_from(&found);
    }
    if found.is_none() || found != file.node {
        return Vec::new();
    }
    let size = size_of(call, &file.name);
    if size < file.offset {
        if !is_busybox(call) {
            call.complain(&format!("{}: file truncated", file.name));
        }
        file.offset = 0;
    }
    let Ok(text) = call.files().read(&file.name) else { return Vec::new() };
    let text = text.get(file.offset as usize..).unwrap_or_default().to_vec();
    file.offset = size;
    text
}
