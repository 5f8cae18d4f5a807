//! `date`.

use crate::call::{Call, Stop};
use crate::programs::opts::{Options, Spec, is_busybox, quote};
use crate::programs::time;

const BUSYBOX: Spec = Spec::new("d:us:r:RI::D:k", &[], "[OPTIONS] [+FMT] [[-s] TIME]");
const GNU: Spec = Spec::new(
    "d:us:r:RI::φ:δ",
    &[
        ("date", 'd'),
        ("debug", 'δ'),
        ("iso-8601", 'I'),
        ("reference", 'r'),
        ("rfc-2822", 'R'),
        ("rfc-email", 'R'),
        ("rfc-3339", 'φ'),
        ("set", 's'),
        ("universal", 'u'),
        ("utc", 'u'),
    ],
    "[OPTION]... [+FORMAT]",
);

/// `date`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let spec = if is_busybox(call) { BUSYBOX } else { GNU };
    let options = spec.parse(call)?;
    let format = match options.operands.as_slice() {
        [] => None,
        [format] if format.starts_with('+') => Some(format[1..].to_owned()),
        [other] => return Err(invalid(call, other)),
        [_, extra, ..] => {
            let message = format!("extra operand {}", quote(call, extra));
            return Err(spec.misuse(call, &message));
        }
    };
    let instant = match (options.value('d'), options.value('r')) {
        (Some(text), _) => match time::parse(text, call.now()) {
            Some(instant) => instant,
            None => return Err(invalid(call, text)),
        },
        (None, Some(path)) => match call.files().stat(path) {
            Ok(stat) => stat.node.attributes.modified,
            Err(errno) => {
                call.complain(&format!("{path}: {}", errno.text()));
                return Ok(1);
            }
        },
        (None, None) => call.now(),
    };
    if options.has('s') {
        let what = if is_busybox(call) { "can't set date" } else { "cannot set date" };
        call.complain(&format!("{what}: Operation not permitted"));
        call.print(time::format(instant, "%a %b %e %H:%M:%S %Z %Y\n"))?;
        return Ok(1);
    }
    let Some(default) = default_format(&options) else {
        let argument = options.value('I').or(options.value('φ')).unwrap_or_default().to_owned();
        return Err(invalid(call, &argument));
    };
    let text = time::format(instant, &format.unwrap_or_else(|| default.to_owned()));
    call.print(text + "\n")?;
    Ok(0)
}

fn default_format(options: &Options) -> Option<&'static str> {
    if let Some(precision) = options.value('φ') {
        return match precision {
            "date" => Some("%Y-%m-%d"),
            "seconds" => Some("%Y-%m-%d %H:%M:%S%:z"),
            "ns" => Some("%Y-%m-%d %H:%M:%S.%N%:z"),
            _ => None,
        };
    }
    match (options.has('R'), options.has('I'), options.value('I')) {
        (true, ..) => Some("%a, %d %b %Y %H:%M:%S %z"),
        (_, true, None | Some("date")) => Some("%Y-%m-%d"),
        (_, true, Some("hours")) => Some("%Y-%m-%dT%H%:z"),
        (_, true, Some("minutes")) => Some("%Y-%m-%dT%H:%M%:z"),
        (_, true, Some("seconds" | "s")) => Some("%Y-%m-%dT%H:%M:%S%:z"),
        (_, true, Some("ns")) => Some("%Y-%m-%dT%H:%M:%S,%N%:z"),
        (_, true, Some(_)) => None,
        _ => Some("%a %b %e %H:%M:%S %Z %Y"),
    }
}

fn invalid(call: &mut Call<'_>, text: &str) -> Stop {
    let message = format!("invalid date {}", quote(call, text));
    call.complain(&message);
    Stop::Exit(1)
}
