//! `grep`, `egrep` and `fgrep`.

use std::collections::VecDeque;

use crate::programs::regexp::Pattern;
use serde::{Deserialize, Serialize};

use super::search::{compile, patterns, walk};
use crate::call::{Call, Stop};
use crate::programs::io::{Event, Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};

const BUSYBOX: Spec = Spec::new(
    "lnqvscFiHhe:f:Lorm:wxA:B:C:EaR",
    &[("color", 'κ')],
    "[-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...",
)
.code(2);
const GNU: Spec = Spec::new(
    "EFGPe:f:iywxzsvVm:bnHhoqaIrRLlcA:B:C:TUZκ::λ::μ::ν::ο",
    &[
        ("extended-regexp", 'E'),
        ("fixed-strings", 'F'),
        ("basic-regexp", 'G'),
        ("perl-regexp", 'P'),
        ("regexp", 'e'),
        ("file", 'f'),
        ("ignore-case", 'i'),
        ("word-regexp", 'w'),
        ("line-regexp", 'x'),
        ("null-data", 'z'),
        ("no-messages", 's'),
        ("invert-match", 'v'),
        ("max-count", 'm'),
        ("byte-offset", 'b'),
        ("line-number", 'n'),
        ("with-filename", 'H'),
        ("no-filename", 'h'),
        ("only-matching", 'o'),
        ("quiet", 'q'),
        ("silent", 'q'),
        ("text", 'a'),
        ("recursive", 'r'),
        ("dereference-recursive", 'R'),
        ("files-without-match", 'L'),
        ("files-with-matches", 'l'),
        ("count", 'c'),
        ("after-context", 'A'),
        ("before-context", 'B'),
        ("context", 'C'),
        ("color", 'κ'),
        ("colour", 'κ'),
        ("include", 'λ'),
        ("exclude", 'μ'),
        ("exclude-dir", 'ν'),
        ("null", 'Z'),
        ("line-buffered", 'ο'),
    ],
    "[OPTION]... PATTERNS [FILE]...",
)
.code(2)
.gnu_prefix("Usage: grep [OPTION]... PATTERNS [FILE]...\n");

/// Most lines of context.
const MAX_CONTEXT: usize = 100_000;

/// `grep`: what it remembers between lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Grep {
    /// The files, once directories have been searched.
    files: Option<Vec<String>>,
    number: u64,
    count: u64,
    has_matched: bool,
    is_binary: bool,
    /// The file has enough matches.
    is_settled: bool,
    /// Lines before that may become context, with their numbers.
    before: VecDeque<(u64, Vec<u8>)>,
    /// Lines of context that are still to be printed.
    after: usize,
    /// Number of the line that was printed last.
    last_printed: Option<u64>,
    has_printed: bool,
}

/// A search: the pattern and the form of the report.
struct Search {
    regex: Option<Pattern>,
    options: Options,
    before: usize,
    after: usize,
    most: u64,
    has_names: bool,
    is_busybox: bool,
}

impl Grep {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let is_busybox = is_busybox(call);
        let args = context_number(call.args());
        let spec = if is_busybox { BUSYBOX } else { GNU };
        let mut options = spec.parse_args(call, args)?;
        let patterns = patterns(call, &mut options, spec)?;
        let regex = compile(call, &options, &patterns)?;
        let is_recursive = options.last_of("rR").is_some();
        if self.files.is_none() {
            self.files = Some(if is_recursive { walk(call, &options) } else { options.operands.clone() });
        }
        let files = self.files.clone().unwrap_or_default();
        let hides_errors = options.has('s') || is_recursive && files.is_empty();
        io.start(&files, if hides_errors { Wording::new("", "") } else { Wording::PLAIN });
        if is_recursive && files.is_empty() {
            return Ok(1);
        }
        let has_names = match options.last_of("Hh") {
            Some('H') => true,
            Some(_) => false,
            None => options.operands.len() > 1 || is_recursive && !is_single_file(call, &options),
        };
        let context = number(call, &options, 'C')?;
        let search = Search {
            before: number(call, &options, 'B')?.or(context).unwrap_or(0),
            after: number(call, &options, 'A')?.or(context).unwrap_or(0),
            most: number(call, &options, 'm')?.map_or(u64::MAX, |most| most as u64),
            regex,
            has_names,
            is_busybox,
            options,
        };
        self.search(call, io, &search)
    }

    fn search(&mut self, call: &mut Call<'_>, io: &mut Io, search: &Search) -> Result<i32, Stop> {
        loop {
            let event = if self.is_settled {
                self.is_settled = false;
                io.skip(call);
                Event::End
            } else {
                io.next(call, if search.options.has('z') { 0 } else { b'\n' })?
            };
            match event {
                Event::Start => {
                    self.number = 0;
                    self.count = 0;
                    self.is_binary = false;
                    self.before.clear();
                    self.after = 0;
                    self.last_printed = None;
                    self.is_settled = search.most == 0;
                }
                Event::Line(line) => {
                    self.line(io, search, &line);
                    if search.options.has('q') && self.has_matched {
                        return Ok(0);
                    }
                }
                Event::End => self.end(io, search),
                Event::Done => break,
            }
        }
        Ok(if io.has_failed() && !(self.has_matched && search.options.has('q')) {
            2
        } else {
            i32::from(!self.has_matched)
        })
    }

    fn line(&mut self, io: &mut Io, search: &Search, line: &[u8]) {
        self.number += 1;
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let body = if search.options.has('z') { body.strip_suffix(b"\0").unwrap_or(body) } else { body };
        self.is_binary |= body.contains(&0) && !search.options.has('a') && !search.is_busybox;
        let is_match = search.matches(body) != search.options.has('v');
        if is_match {
            self.count += 1;
            let is_listing = search.options.last_of("lLq").is_some();
            // `-L` succeeds when it lists a file in busybox and older versions of GNU; since 3.5 when a line is selected.
            self.has_matched = true;
            self.is_settled = is_listing || self.count >= search.most;
            if !is_listing && !search.options.has('c') {
                self.print(io, search, body);
            }
        } else if self.after > 0 {
            self.after -= 1;
            self.print_line(io, search, (self.number, body), b'-');
        } else if search.before > 0 && !search.is_silent() {
            self.before.push_back((self.number, body.to_vec()));
            if self.before.len() > search.before {
                self.before.pop_front();
            }
        }
    }

    fn print(&mut self, io: &mut Io, search: &Search, body: &[u8]) {
        if self.is_binary {
            io.print(format!("grep: {}: binary file matches\n", display_name(io, search)));
            self.is_settled = true;
            return;
        }
        let before = std::mem::take(&mut self.before);
        let first = before.front().map_or(self.number, |(number, _)| *number);
        let has_context = search.before > 0 || search.after > 0;
        let is_adjacent = self.last_printed.is_some_and(|last| last + 1 == first);
        if has_context && self.has_printed && !is_adjacent {
            io.print("--\n");
        }
        for (number, text) in before {
            self.print_line(io, search, (number, &text), b'-');
        }
        self.print_line(io, search, (self.number, body), b':');
        self.after = search.after;
    }

    fn print_line(&mut self, io: &mut Io, search: &Search, (number, body): (u64, &[u8]), mark: u8) {
        self.has_printed = true;
        self.last_printed = Some(number);
        let mut head = Vec::new();
        if search.has_names {
            head.extend_from_slice(display_name(io, search).as_bytes());
            head.push(if search.options.has('Z') { 0 } else { mark });
        }
        if search.options.has('n') {
            head.extend_from_slice(number.to_string().as_bytes());
            head.push(mark);
        }
        let end: &[u8] = if search.options.has('z') { b"\0" } else { b"\n" };
        if !search.options.has('o') {
            io.print([&head, body, end].concat());
            return;
        }
        if search.options.has('v') || mark == b'-' {
            return;
        }
        for found in search.found(body) {
            io.print([&head, found, end].concat());
        }
    }

    fn end(&mut self, io: &mut Io, search: &Search) {
        let name = display_name(io, search);
        let name_end = if search.options.has('Z') { "\0" } else { "\n" };
        match search.options.last_of("lL") {
            _ if search.options.has('q') => {}
            Some('l') if self.count > 0 => io.print(format!("{name}{name_end}")),
            Some('L') if self.count == 0 => {
                self.has_matched |= search.is_busybox;
                io.print(format!("{name}{name_end}"));
            }
            Some(_) => {}
            None if search.options.has('c') => {
                let prefix = if search.has_names { format!("{name}:") } else { String::new() };
                io.print(format!("{prefix}{}\n", self.count));
            }
            None => {}
        }
    }
}

impl Search {
    fn is_silent(&self) -> bool {
        self.options.last_of("clLq").is_some()
    }

    fn matches(&self, text: &[u8]) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Returns the matches of a line that are not empty.
    fn found<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let matches = self.regex.iter().flat_map(move |regex| regex.find_all(text));
        matches.map(|found| found.text(text, 0)).filter(|found| !found.is_empty())
    }
}

fn display_name(io: &Io, search: &Search) -> String {
    match io.name() {
        "-" => "(standard input)".to_owned(),
        // Without an operand GNU searches the working directory, and does not show it.
        name if search.options.operands.is_empty() && !search.is_busybox => {
            name.strip_prefix("./").unwrap_or(name).to_owned()
        }
        name => name.to_owned(),
    }
}

fn is_single_file(call: &mut Call<'_>, options: &Options) -> bool {
    match options.operands.as_slice() {
        [one] => !call.files().stat(one).is_ok_and(|stat| stat.node.is_directory()),
        _ => false,
    }
}

/// Replaces `-5` by `-C5`.
fn context_number(args: Vec<String>) -> Vec<String> {
    let is_number =
        |arg: &String| arg.len() > 1 && arg.starts_with('-') && arg[1..].bytes().all(|b| b.is_ascii_digit());
    args.into_iter().map(|arg| if is_number(&arg) { format!("-C{}", &arg[1..]) } else { arg }).collect()
}

fn number(call: &mut Call<'_>, options: &Options, option: char) -> Result<Option<usize>, Stop> {
    let Some(text) = options.value(option) else { return Ok(None) };
    match text.parse::<usize>() {
        Ok(number) => Ok(Some(if option == 'm' { number } else { number.min(MAX_CONTEXT) })),
        Err(_) => {
            let message = match (is_busybox(call), option) {
                (true, _) => format!("invalid number '{text}'"),
                (false, 'm') => "invalid max count".to_owned(),
                (false, _) => format!("{text}: invalid context length argument"),
            };
            call.complain(&message);
            Err(Stop::Exit(if is_busybox(call) { 1 } else { 2 }))
        }
    }
}
