//! `touch`.

use kctl_base::sim::Time;

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::programs::opts::{Options, Spec, is_busybox, quote};
use crate::programs::time;

const TOUCH: Spec = Spec::new(
    "achmd:t:r:f",
    &[("no-create", 'c'), ("date", 'd'), ("no-dereference", 'h'), ("reference", 'r')],
    "[-cham] [-d DATE] [-t DATE] [-r FILE] FILE...",
);

/// `touch`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = TOUCH.parse(call)?;
    if options.operands.is_empty() {
        return Err(TOUCH.misuse(call, "missing file operand"));
    }
    let modified = modified(call, &options)?;
    let mut code = 0;
    for path in &options.operands {
        if let Err(errno) = touch(call, &options, path, modified) {
            let what = if is_busybox(call) { path.clone() } else { format!("cannot touch '{path}'") };
            call.complain(&format!("{what}: {}", errno.text()));
            code = 1;
        }
    }
    Ok(code)
}

fn touch(call: &mut Call<'_>, options: &Options, path: &str, modified: Time) -> Result<(), Errno> {
    match call.files().stat(path) {
        Err(Errno::ENOENT) if options.has('c') => return Ok(()),
        Err(Errno::ENOENT) => {
            call.files().open_for_writing(path, 0o666, false)?;
        }
        Ok(stat) if stat.node.attributes.uid != call.process.credentials.uid => call.files().access(path, 0o2)?,
        found => drop(found?),
    }
    if options.has('a') && !options.has('m') {
        return Ok(());
    }
    match call.files().set_attributes(path, |attributes| attributes.modified = modified) {
        Err(Errno::EPERM) => Err(Errno::EACCES),
        result => result,
    }
}

fn modified(call: &mut Call<'_>, options: &Options) -> Result<Time, Stop> {
    let now = call.now();
    if let Some(reference) = options.value('r') {
        return match call.files().stat(reference) {
            Ok(stat) => Ok(stat.node.attributes.modified),
            Err(errno) => {
                let what = if is_busybox(call) { "can't stat" } else { "failed to get attributes of" };
                call.complain(&format!("{what} '{reference}': {}", errno.text()));
                Err(Stop::Exit(1))
            }
        };
    }
    let (text, parsed) = match (options.value('t'), options.value('d')) {
        (Some(text), _) => (text, stamp(text, now)),
        (None, Some(text)) => (text, time::parse(text, now)),
        (None, None) => return Ok(now),
    };
    parsed.ok_or_else(|| {
        let message = match is_busybox(call) {
            true => format!("invalid date '{text}'"),
            false => format!("invalid date format {}", quote(call, text)),
        };
        call.complain(&message);
        Stop::Exit(1)
    })
}

/// Parses `[[CC]YY]MMDDhhmm[.ss]`.
fn stamp(text: &str, now: Time) -> Option<Time> {
    let (digits, seconds) = text.split_once('.').unwrap_or((text, "0"));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match digits.len() {
        8 => (time::year(now), digits),
        10 => {
            let short: i32 = digits[..2].parse().ok()?;
            (if short < 69 { 2000 + short } else { 1900 + short }, &digits[2..])
        }
        12 => (digits[..4].parse().ok()?, &digits[4..]),
        _ => return None,
    };
    let part = |at: usize| rest[at..at + 2].parse().ok();
    time::from_parts(year, part(0)?, part(2)?, (part(4)?, part(6)?, seconds.parse().ok()?))
}
