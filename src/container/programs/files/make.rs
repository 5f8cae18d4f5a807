//! `mkdir`, `mkfifo` and `mktemp`.

use super::{join, modes};
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::NodeKind;
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const MKDIR: Spec =
    Spec::new("m:pvZ", &[("mode", 'm'), ("parents", 'p'), ("verbose", 'v')], "[-m MODE] [-p] DIRECTORY...");
const MKFIFO: Spec = Spec::new("m:", &[("mode", 'm')], "[-m MODE] NAME");
const MKTEMP: Spec = Spec::new(
    "dtuqp:π::σ:",
    &[("directory", 'd'), ("dry-run", 'u'), ("quiet", 'q'), ("tmpdir", 'π'), ("suffix", 'σ')],
    "[-dt] [-p DIR] [TEMPLATE]",
);

/// Parses the mode of `-m`.
fn mode(call: &mut Call<'_>, options: &Options, default: u32) -> Result<Option<u32>, Stop> {
    let Some(text) = options.value('m') else { return Ok(None) };
    match modes::apply(text, default, false, 0) {
        Some(mode) => Ok(Some(mode)),
        None => {
            let message = format!("invalid mode {}", quote(call, text));
            call.complain(&message);
            Err(Stop::Exit(1))
        }
    }
}

/// `mkdir`.
pub(super) fn mkdir(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = MKDIR.parse(call)?;
    if options.operands.is_empty() {
        return Err(MKDIR.misuse(call, "missing operand"));
    }
    let mode = mode(call, &options, 0o777)?;
    let mut code = 0;
    let mut out = String::new();
    for path in &options.operands {
        let created = if options.has('p') { parents(call, path, &mut out) } else { create(call, path, &mut out) };
        let created = created.and_then(|()| match mode {
            Some(mode) => call.files().set_mode(path, mode).map_err(|errno| (path.clone(), errno)),
            None => Ok(()),
        });
        if let Err((path, errno)) = created {
            let message = match is_busybox(call) {
                true => format!("can't create directory '{path}': {}", errno.text()),
                false => format!("cannot create directory {}: {}", quote(call, &path), errno.text()),
            };
            call.complain(&message);
            code = 1;
        }
    }
    if options.has('v') {
        call.print(out)?;
    }
    Ok(code)
}

fn create(call: &mut Call<'_>, path: &str, out: &mut String) -> Result<(), (String, Errno)> {
    let created = call.files().make_directory(path, 0o777);
    if created.is_ok() {
        out.push_str(&match is_busybox(call) {
            true => format!("created directory: '{path}'\n"),
            false => format!("mkdir: created directory {}\n", quote(call, path)),
        });
    }
    created.map_err(|errno| (path.to_owned(), errno))
}

/// Creates a directory and those above it that are missing.
fn parents(call: &mut Call<'_>, path: &str, out: &mut String) -> Result<(), (String, Errno)> {
    let ends = path.char_indices().filter(|(at, c)| *c == '/' && *at > 0).map(|(at, _)| at);
    let full = path;
    for end in ends.chain([path.len()]) {
        let part = &path[..end];
        if part.ends_with('/') || call.files().stat(part).is_ok_and(|stat| stat.node.is_directory()) {
            continue;
        }
        create(call, part, out).map_err(|(path, errno)| match errno {
            Errno::EEXIST if end < full.len() => {
                (if is_busybox(call) { format!("{path}/") } else { path }, Errno::ENOTDIR)
            }
            errno => (path, errno),
        })?;
    }
    Ok(())
}

/// `mkfifo`.
pub(super) fn mkfifo(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = MKFIFO.parse(call)?;
    if options.operands.is_empty() {
        return Err(MKFIFO.misuse(call, "missing operand"));
    }
    let mode = mode(call, &options, 0o666)?.unwrap_or(0o666);
    let mut code = 0;
    for path in &options.operands {
        if let Err(errno) = call.files().make_node(path, NodeKind::Fifo, mode) {
            let what = if is_busybox(call) { path.clone() } else { format!("cannot create fifo '{path}'") };
            call.complain(&format!("{what}: {}", errno.text()));
            code = 1;
        }
    }
    Ok(code)
}

/// `mktemp`.
pub(super) fn mktemp(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = MKTEMP.parse(call)?;
    let is_busybox = is_busybox(call);
    let template = options.operands.first().cloned();
    let in_directory = template.is_none() || options.last_of("tpπ").is_some();
    let variable = call.process.variable("TMPDIR").map(String::from).filter(|value| !value.is_empty());
    let given = options.value('p').or(options.value('π')).map(String::from).filter(|value| !value.is_empty());
    let directory = given.or(variable).unwrap_or_else(|| "/tmp".to_owned());
    let template = template.unwrap_or_else(|| if is_busybox { "tmp.XXXXXX" } else { "tmp.XXXXXXXXXX" }.to_owned());
    let template = format!("{template}{}", options.value('σ').unwrap_or_default());
    let path = if in_directory { join(&directory, &template) } else { template.clone() };
    let end = path.rfind('X').map_or(0, |at| at + 1);
    let start = path[..end].rfind(|c| c != 'X').map_or(0, |at| at + 1);
    if end.saturating_sub(start) < 3 {
        let message = match is_busybox {
            true => "Invalid argument".to_owned(),
            false => format!("too few X's in template {}", quote(call, &template)),
        };
        call.complain(&if is_busybox { format!("(null): {message}") } else { message });
        return Ok(1);
    }
    for _ in 0..100 {
        let random = random(call, end - start);
        let name = format!("{}{random}{}", &path[..start], &path[end..]);
        let created = match (options.has('u'), options.has('d')) {
            (true, _) => Ok(()),
            (false, true) => call.files().make_directory(&name, 0o700),
            (false, false) if call.files().lstat(&name).is_ok() => Err(Errno::EEXIST),
            (false, false) => call.files().open_for_writing(&name, 0o600, false).map(drop),
        };
        match created {
            Ok(()) => {
                call.print(format!("{name}\n"))?;
                return Ok(0);
            }
            Err(Errno::EEXIST) => {}
            Err(errno) => {
                let kind = if options.has('d') { "directory" } else { "file" };
                let message = match is_busybox {
                    true => format!("{path}: {}", errno.text()),
                    false => format!("failed to create {kind} via template {}: {}", quote(call, &path), errno.text()),
                };
                call.complain(&message);
                return Ok(1);
            }
        }
    }
    Ok(1)
}

fn random(call: &mut Call<'_>, length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let letter = |draw: u64| char::from(LETTERS[(draw % LETTERS.len() as u64) as usize]);
    (0..length.min(64)).map(|_| letter(call.surroundings.random())).collect()
}
