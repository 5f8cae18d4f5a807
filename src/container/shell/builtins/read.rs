//! `read`

use super::Outcome;
use crate::call::{Call, Stop};
use crate::process::Wait;
use crate::shell::syntax::{Dialect, is_name};
use crate::shell::variables::Value;
use crate::shell::{Interrupt, Shell};

/// Most bytes of one line.
const MAX_LINE: usize = 1024 * 1024;

/// The options of `read`.
struct Options {
    is_raw: bool,
    prompt: Option<String>,
    delimiter: u8,
    most: Option<usize>,
    array: Option<String>,
    timeout: Option<f64>,
    descriptor: i32,
    names: Vec<String>,
}

impl Options {
    /// Sets an option that has a value.
    fn set(&mut self, letter: char, value: String) {
        match letter {
            'p' => self.prompt = Some(value),
            'd' => self.delimiter = value.bytes().next().unwrap_or(0),
            'n' | 'N' => self.most = value.parse().ok(),
            't' => self.timeout = value.parse().ok(),
            'u' => self.descriptor = value.parse().unwrap_or(0),
            'a' => self.array = Some(value),
            // The text that `-i` proposes is only for line editors.
            _ => {}
        }
    }
}

/// `read [-r] [-p prompt] [-d delimiter] [-n count] [-t seconds] [-a array] [-s] [-u fd] [name ...]`
pub(super) fn read(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let options = match parse(shell, call, args) {
        Ok(options) => options,
        Err(outcome) => return outcome,
    };
    if shell.read_deadline.is_none() {
        if let Some(prompt) = options.prompt.as_ref().filter(|_| call.is_tty(0) && shell.reading.is_empty()) {
            shell.say(call, prompt);
        }
        let timeout = options.timeout.map(|seconds| kctl_base::sim::Duration::from_micros((seconds * 1e6) as i64));
        shell.read_deadline = Some(timeout.map(|timeout| call.now() + timeout));
    }
    let status = match fill(shell, call, &options) {
        Ok(status) => status,
        Err(stop) => {
            if let Some(signal) = shell.caught_signal() {
                shell.reading.clear();
                shell.read_deadline = None;
                return Ok(128 + signal as i32);
            }
            return Err(Interrupt::Stop(stop));
        }
    };
    let line = std::mem::take(&mut shell.reading);
    shell.read_deadline = None;
    store(shell, call, &options, line)?;
    Ok(status)
}

/// Reads a line of standard input as it is; `false` at its end.
///
/// # Errors
/// [`Stop::Wait`] until it is there; what was read is kept.
pub(in crate::shell) fn fill_line(shell: &mut Shell, call: &mut Call<'_>) -> Result<bool, Stop> {
    let (is_raw, delimiter) = (true, b'\n');
    let options = Options {
        is_raw,
        prompt: None,
        delimiter,
        most: None,
        array: None,
        timeout: None,
        descriptor: 0,
        names: Vec::new(),
    };
    let status = fill(shell, call, &options)?;
    Ok(status == 0 || !shell.reading.is_empty())
}

fn parse(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Result<Options, Outcome> {
    let mut options = Options {
        is_raw: false,
        prompt: None,
        delimiter: b'\n',
        most: None,
        array: None,
        timeout: None,
        descriptor: 0,
        names: Vec::new(),
    };
    let mut rest = args[1..].iter();
    while let Some(arg) = rest.next() {
        let Some(letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty() && options.names.is_empty())
        else {
            options.names.push(arg.clone());
            continue;
        };
        if letters == "-" {
            options.names.extend(rest.by_ref().cloned());
            break;
        }
        let mut at = 0;
        while let Some(letter) = letters[at..].chars().next() {
            at += letter.len_utf8();
            if letter == 'r' {
                options.is_raw = true;
                continue;
            }
            let known = match shell.dialect {
                Dialect::Dash => "p",
                Dialect::Busybox => "pdnNtsu",
                Dialect::Bash => "pdnNtsuaei",
            };
            if !known.contains(letter) {
                let usage = "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]";
                return Err(shell.bad_option(call, "read", &format!("-{letter}"), usage));
            }
            if letter == 's' || letter == 'e' {
                continue;
            }
            let value = if at < letters.len() { Some(letters[at..].to_owned()) } else { rest.next().cloned() };
            let Some(value) = value else {
                shell.builtin_error(call, "read", &format!("-{letter}: option requires an argument"));
                return Err(Ok(2));
            };
            options.set(letter, value);
            break;
        }
    }
    check_names(shell, call, options)
}

/// Checks the names of variables, of which there is one if none was given.
fn check_names(shell: &mut Shell, call: &mut Call<'_>, mut options: Options) -> Result<Options, Outcome> {
    if options.names.is_empty() && options.array.is_none() {
        if shell.dialect == Dialect::Dash {
            shell.builtin_error(call, "read", "arg count");
            return Err(Ok(2));
        }
        options.names.push("REPLY".into());
    }
    if let Some(bad) = options.names.iter().find(|name| !is_name(name)) {
        let message = match shell.dialect {
            Dialect::Bash => format!("`{bad}': not a valid identifier"),
            Dialect::Dash => format!("{bad}: bad variable name"),
            Dialect::Busybox => {
                shell.error(call, &format!("read: '{bad}': bad variable name"));
                return Err(Ok(1));
            }
        };
        shell.builtin_error(call, "read", &message);
        return Err(Ok(if shell.dialect == Dialect::Bash { 1 } else { 2 }));
    }
    Ok(options)
}

/// Reads up to the delimiter; backslashes stay, escaped bytes are marked by them.
fn fill(shell: &mut Shell, call: &mut Call<'_>, options: &Options) -> Result<i32, Stop> {
    loop {
        let count = shell.reading.len();
        if options.most.is_some_and(|most| count >= most) || count >= MAX_LINE {
            return Ok(0);
        }
        let byte = match call.read(options.descriptor, 1) {
            Ok(Ok(bytes)) => bytes.first().copied(),
            Ok(Err(_)) => None,
            Err(stop) => {
                let Some(Some(deadline)) = shell.read_deadline else { return Err(stop) };
                if deadline <= call.now() {
                    return Ok(if shell.dialect == Dialect::Bash { 142 } else { 1 });
                }
                return Err(Stop::Wait(Wait::InputUntil(options.descriptor, deadline)));
            }
        };
        let Some(byte) = byte else { return Ok(1) };
        let is_escaped = !options.is_raw && ends_with_escape(&shell.reading);
        if byte == options.delimiter && !is_escaped {
            return Ok(0);
        }
        if is_escaped && byte == b'\n' {
            // A line is continued.
            shell.reading.pop();
            continue;
        }
        if byte != 0 {
            shell.reading.push(byte);
        }
    }
}

/// Reports whether an odd number of backslashes ends the bytes.
fn ends_with_escape(bytes: &[u8]) -> bool {
    bytes.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

fn store(shell: &mut Shell, call: &mut Call<'_>, options: &Options, line: Vec<u8>) -> Result<(), Interrupt> {
    let line = String::from_utf8_lossy(&line).into_owned();
    let chars = characters(&line, options.is_raw);
    let ifs = shell.variables.text("IFS").unwrap_or(" \t\n").to_owned();
    if let Some(array) = &options.array {
        let fields = split(&chars, &ifs, usize::MAX);
        shell.variables.entry(array).value = Value::List((0..).zip(fields).collect());
        return Ok(());
    }
    // Without names, `REPLY` gets the line as it is.
    let is_whole = options.names == ["REPLY"] && shell.dialect == Dialect::Bash;
    let mut fields =
        if is_whole { vec![chars.iter().map(|(c, _)| *c).collect()] } else { split(&chars, &ifs, options.names.len()) };
    fields.resize(options.names.len(), String::new());
    for (name, field) in options.names.iter().zip(fields) {
        shell.assign(call, name, field)?;
    }
    Ok(())
}

/// Returns the characters, and whether they were escaped.
fn characters(line: &str, is_raw: bool) -> Vec<(char, bool)> {
    let mut out = Vec::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && !is_raw {
            out.extend(chars.next().map(|c| (c, true)));
        } else {
            out.push((c, false));
        }
    }
    out
}

/// Splits at `IFS` into at most `most` fields; the last one has the rest.
fn split(chars: &[(char, bool)], ifs: &str, most: usize) -> Vec<String> {
    let is_separator = |(c, escaped): &(char, bool)| !escaped && ifs.contains(*c);
    let is_blank = |item: &(char, bool)| is_separator(item) && item.0.is_ascii_whitespace();
    let mut rest = chars;
    let skip = |rest: &mut &[(char, bool)]| {
        let blanks = rest.iter().take_while(|item| is_blank(item)).count();
        *rest = &rest[blanks..];
    };
    skip(&mut rest);
    let mut fields = Vec::new();
    while !rest.is_empty() {
        if fields.len() + 1 == most {
            let end = rest.iter().rposition(|item| !is_blank(item)).map_or(0, |last| last + 1);
            let mut last = &rest[..end];
            // One separator at the very end belongs to the field only if there are others in it.
            if let Some((item, before)) = last.split_last()
                && is_separator(item)
                && !before.iter().any(is_separator)
            {
                last = before;
            }
            fields.push(last.iter().map(|(c, _)| *c).collect());
            return fields;
        }
        let length = rest.iter().take_while(|item| !is_separator(item)).count();
        fields.push(rest[..length].iter().map(|(c, _)| *c).collect());
        rest = &rest[length..];
        skip(&mut rest);
        if rest.first().is_some_and(is_separator) {
            rest = &rest[1..];
            skip(&mut rest);
        }
    }
    fields
}
