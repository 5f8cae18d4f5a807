//! `grep`, `egrep` and `fgrep`.

use std::collections::VecDeque;

use regex::bytes::Regex;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Event, Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, is_utf8};
use crate::programs::regexp::{self, Syntax};

const BUSYBOX: Spec = Spec::new(
    "lnqvscFiHhe:f:Lorm:wxA:B:C:EaR",
    &[("color", 'κ')],
    "[-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...",
)
.code(2);
const GNU: Spec = Spec::new(
    "EFGPe:f:iywxzsvVm:bnHhoqaIrRLlcA:B:C:TUZκ::λ::μ::ν::",
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

/// What is searched for and how it is reported.
struct Search {
    regex: Option<Regex>,
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
        let matches = self.regex.iter().flat_map(move |regex| regex.find_iter(text));
        matches.map(|found| found.as_bytes()).filter(|found| !found.is_empty())
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

/// Returns the patterns, and takes the one that is an operand.
fn patterns(call: &mut Call<'_>, options: &mut Options, spec: Spec) -> Result<Vec<String>, Stop> {
    let mut patterns = Vec::new();
    let given: Vec<(char, String)> = options.given().map(|(option, value)| (option, value.to_owned())).collect();
    for (option, value) in given {
        match option {
            'e' => patterns.extend(value.split('\n').map(String::from)),
            'f' => match call.files().read(&value) {
                Ok(text) => patterns.extend(String::from_utf8_lossy(&text).lines().map(String::from)),
                Err(errno) => {
                    call.complain(&format!("{value}: {}", errno.text()));
                    return Err(Stop::Exit(2));
                }
            },
            _ => {}
        }
    }
    if options.last_of("ef").is_none() {
        if options.operands.is_empty() {
            return Err(spec.usage(call, ""));
        }
        patterns.extend(options.operands.remove(0).split('\n').map(String::from));
    }
    Ok(patterns)
}

fn compile(call: &mut Call<'_>, options: &Options, patterns: &[String]) -> Result<Option<Regex>, Stop> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let kind = match (call.name(), options.last_of("EFGP")) {
        (_, Some(kind)) => kind,
        ("egrep", None) => 'E',
        ("fgrep", None) => 'F',
        _ => 'G',
    };
    let translated: Result<Vec<String>, &str> = patterns
        .iter()
        .map(|pattern| match kind {
            'F' => Ok(regexp::literal(pattern)),
            'P' => Ok(pattern.clone()),
            kind => regexp::translate(pattern, kind == 'E'),
        })
        .map(|pattern| pattern.map(|pattern| format!("(?:{pattern})")))
        .collect();
    let joined = translated.map(|patterns| {
        let any = patterns.join("|");
        match (options.has('x'), options.has('w')) {
            (true, _) => format!("^(?:{any})$"),
            (_, true) => format!(r"\b{{start-half}}(?:{any})\b{{end-half}}"),
            _ => any,
        }
    });
    let syntax = Syntax { ignores_case: options.last_of("iy").is_some(), ..Syntax::default() };
    match joined.and_then(|pattern| regexp::build(&pattern, syntax)) {
        Ok(regex) => Ok(Some(regex)),
        Err(message) => {
            let message = match is_busybox(call) {
                true => format!("bad regex '{}'", patterns[0]),
                // A byte locale has another parser for brackets.
                false if message.starts_with("Unmatched [") && !is_utf8(call) => {
                    "Invalid regular expression".to_owned()
                }
                false => message.to_owned(),
            };
            call.complain(&message);
            Err(Stop::Exit(2))
        }
    }
}

/// Lists the files below the operands, or below the working directory.
fn walk(call: &mut Call<'_>, options: &Options) -> Vec<String> {
    let operands = if options.operands.is_empty() { vec![".".to_owned()] } else { options.operands.clone() };
    let mut files = Vec::new();
    for operand in operands {
        add_files(call, options, &operand, true, &mut files);
    }
    files
}

fn add_files(call: &mut Call<'_>, options: &Options, path: &str, is_operand: bool, files: &mut Vec<String>) {
    let follows = is_operand || options.has('R');
    let stat = if follows { call.files().stat(path) } else { call.files().lstat(path) };
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    let given = |option: char| options.given().filter(move |(o, _)| *o == option).map(|(_, pattern)| pattern);
    let matches = |pattern: &str| regexp::glob(pattern, false).is_some_and(|regex| regex.is_match(name.as_bytes()));
    match stat {
        Ok(stat) if stat.node.is_directory() => {
            if !is_operand && given('ν').any(matches) {
                return;
            }
            let Ok(names) = call.files().list(path) else { return };
            for name in names {
                add_files(call, options, &format!("{}/{name}", path.trim_end_matches('/')), false, files);
            }
        }
        Ok(stat) if !is_operand && !matches!(stat.node.kind, crate::fs::NodeKind::File(_)) => {}
        Ok(_) if given('λ').next().is_some() && !given('λ').any(matches) => {}
        Ok(_) if given('μ').any(matches) => {}
        _ => files.push(path.to_owned()),
    }
}
