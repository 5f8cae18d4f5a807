//! `echo`, as a program and as a builtin of shells.

use super::escapes::{Place, unescape};
use super::variant::Variant;
use crate::call::{Call, Stop};

/// `echo`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let text = render(Variant::of(call), &call.args());
    call.print(text)?;
    Ok(0)
}

/// Returns what `echo` prints for its arguments.
pub(crate) fn render(variant: Variant, args: &[String]) -> Vec<u8> {
    let mut args = args;
    let mut ends_line = true;
    // dash always resolves escapes, and knows exactly `-n`.
    let is_dash = variant == Variant::Dash;
    let mut has_escapes = is_dash;
    while let [first, rest @ ..] = args {
        let is_option = |text: &&str| match is_dash {
            true => *text == "n",
            false => !text.is_empty() && text.chars().all(|c| "neE".contains(c)),
        };
        let Some(options) = first.strip_prefix('-').filter(is_option) else { break };
        for option in options.chars() {
            match option {
                'n' => ends_line = false,
                'e' => has_escapes = true,
                _ => has_escapes = false,
            }
        }
        args = rest;
        if is_dash {
            break;
        }
    }
    let text = args.join(" ");
    let mut out = Vec::new();
    if !has_escapes {
        out.extend_from_slice(text.as_bytes());
    } else if !unescape(text.as_bytes(), &mut out, variant, Place::Argument) {
        return out;
    }
    if ends_line {
        out.push(b'\n');
    }
    out
}
