//! What `grep` searches for, and in which files.

use crate::call::{Call, Stop};
use crate::programs::opts::{Options, Spec, is_busybox, is_utf8};
use crate::programs::regexp::{self, Pattern, Syntax};

/// Returns the patterns, and takes the one that is an operand.
pub(super) fn patterns(call: &mut Call<'_>, options: &mut Options, spec: Spec) -> Result<Vec<String>, Stop> {
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

pub(super) fn compile(call: &mut Call<'_>, options: &Options, patterns: &[String]) -> Result<Option<Pattern>, Stop> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let kind = match (call.name(), options.last_of("EFGP")) {
        (_, Some(kind)) => kind,
        ("egrep", None) => 'E',
        ("fgrep", None) => 'F',
        _ => 'G',
    };
    let mut groups = 0;
    let translated: Result<Vec<String>, &str> = patterns
        .iter()
        .map(|pattern| match kind {
            'F' => Ok(regexp::literal(pattern)),
            'P' => Ok(pattern.clone()),
            kind => regexp::translate_behind(pattern, kind == 'E', &mut groups),
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
    match joined.and_then(|pattern| Pattern::build(&pattern, syntax)) {
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
pub(super) fn walk(call: &mut Call<'_>, options: &Options) -> Vec<String> {
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
