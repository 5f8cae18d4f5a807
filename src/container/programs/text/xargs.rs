//! `xargs`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::process::{Pid, Status, Wait};
use crate::programs::child;
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec};

const XARGS: Spec = Spec::new(
    "+n:I:L:0rtpP:s:d:E:a:x",
    &[
        ("max-args", 'n'),
        ("replace", 'I'),
        ("max-lines", 'L'),
        ("null", '0'),
        ("no-run-if-empty", 'r'),
        ("verbose", 't'),
        ("max-procs", 'P'),
        ("delimiter", 'd'),
        ("max-chars", 's'),
        ("arg-file", 'a'),
    ],
    "[OPTIONS] [PROG ARGS]",
);

/// Most bytes of the arguments of one command.
const MAX_BYTES: usize = 131_072;

/// `xargs`: the commands that are still to be run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Xargs {
    commands: Option<VecDeque<Vec<String>>>,
    child: Option<Pid>,
    code: i32,
}

impl Xargs {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let options = XARGS.parse(call)?;
        if self.commands.is_none() {
            let file: Vec<String> = options.value('a').map(String::from).into_iter().collect();
            io.start(&file, Wording::PLAIN);
            let text = io.gather(call)?;
            let commands = match commands(&String::from_utf8_lossy(&text), &options) {
                Ok(commands) => commands,
                Err(message) => {
                    call.complain(&message);
                    return Ok(1);
                }
            };
            self.commands = Some(commands);
        }
        loop {
            if let Some(child) = self.child {
                match call.reap(child) {
                    Ok(None) => return Err(Stop::Wait(Wait::Child)),
                    Ok(Some(status)) => self.note(call, status)?,
                    Err(_) => {}
                }
                self.child = None;
            }
            let Some(argv) = self.commands.as_mut().and_then(VecDeque::pop_front) else { return Ok(self.code) };
            if options.has('t') {
                call.warn(format!("{}\n", argv.join(" ")));
            }
            match child::spawn(call, argv.clone()) {
                Ok(child) => self.child = Some(child),
                Err(errno) => {
                    call.complain(&format!("{}: {}", argv[0], errno.text()));
                    return Ok(if errno == Errno::ENOENT { 127 } else { 126 });
                }
            }
        }
    }

    /// Keeps what the exit code will tell: 123 after a failure, 124 at once after the code 255.
    fn note(&mut self, call: &mut Call<'_>, status: Status) -> Result<(), Stop> {
        match status {
            Status::Exited(0) => Ok(()),
            Status::Exited(255) => {
                let program = call.args().into_iter().find(|arg| !arg.starts_with('-')).unwrap_or_default();
                call.complain(&format!("{program}: exited with status 255; aborting"));
                Err(Stop::Exit(124))
            }
            Status::Exited(_) => {
                self.code = 123;
                Ok(())
            }
            Status::Killed(_) => Err(Stop::Exit(125)),
        }
    }
}

/// Returns the command lines for an input.
fn commands(text: &str, options: &Options) -> Result<VecDeque<Vec<String>>, String> {
    let base = if options.operands.is_empty() { vec!["echo".to_owned()] } else { options.operands.clone() };
    if let Some(mark) = options.value('I') {
        let items = lines(text, options);
        let insert = |item: String| base.iter().map(|word| word.replace(mark, &item)).collect();
        return Ok(items.into_iter().map(insert).collect());
    }
    let number = |option: char| options.value(option).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    let groups: Vec<Vec<String>> = match number('L') {
        Some(count) => {
            let lines: Vec<Vec<String>> =
                text.lines().filter(|line| !line.trim().is_empty()).map(words).collect::<Result<_, _>>()?;
            lines.chunks(count).map(<[_]>::concat).collect()
        }
        None => {
            let items = if options.last_of("0d").is_some() { lines(text, options) } else { words(text)? };
            batches(items, number('n').unwrap_or(usize::MAX), number('s').unwrap_or(MAX_BYTES).min(MAX_BYTES))
        }
    };
    if groups.is_empty() {
        return Ok(if options.has('r') { VecDeque::new() } else { VecDeque::from([base]) });
    }
    Ok(groups.into_iter().map(|group| [base.clone(), group].concat()).collect())
}

fn batches(items: Vec<String>, most: usize, bytes: usize) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut size = 0;
    for item in items {
        size += item.len() + 1;
        match batches.last_mut().filter(|batch| batch.len() < most && size <= bytes) {
            Some(batch) => batch.push(item),
            None => {
                size = item.len() + 1;
                batches.push(vec![item]);
            }
        }
    }
    batches
}

/// Splits at line ends, zeros or the delimiter.
fn lines(text: &str, options: &Options) -> Vec<String> {
    let delimiter = match (options.has('0'), options.value('d')) {
        (true, _) => '\0',
        (false, Some("\\n")) => '\n',
        (false, Some("\\t")) => '\t',
        (false, Some("\\0")) => '\0',
        (false, Some(text)) => text.chars().next().unwrap_or('\n'),
        (false, None) => '\n',
    };
    let is_exact = options.last_of("0d").is_some();
    let items = text.strip_suffix(delimiter).unwrap_or(text).split(delimiter).map(String::from);
    if text.is_empty() {
        return Vec::new();
    }
    items
        .map(|item| if is_exact { item } else { item.trim_start().to_owned() })
        .filter(|i| is_exact || !i.is_empty())
        .collect()
}

/// Splits at blanks; quotes and backslashes protect them.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some(_), '\n') => break,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(mark) = quote {
        let kind = if mark == '"' { "double" } else { "single" };
        return Err(format!(
            "unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option"
        ));
    }
    words.extend(word);
    Ok(words)
}
