//! `echo`, as a program and as a command of shells.

use crate::call::{Call, Stop};
use crate::image::Flavour;

/// Whose `echo` it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// The program of GNU and the command of bash: options `-n`, `-e` and `-E`, escapes with `-e`.
    Gnu,
    /// The program of busybox and the command of its shell: the same options.
    Busybox,
    /// The command of dash: the option `-n`, and always escapes.
    Dash,
}

/// `echo`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let style = if call.image().flavour == Flavour::Busybox { Style::Busybox } else { Style::Gnu };
    let text = render(style, &call.args());
    call.print(text)?;
    Ok(0)
}

/// Returns what `echo` prints for its arguments.
pub(crate) fn render(style: Style, args: &[String]) -> Vec<u8> {
    let mut args = args;
    let mut has_end = true;
    let mut has_escapes = style == Style::Dash;
    let letters = if style == Style::Dash { "n" } else { "neE" };
    while let [first, rest @ ..] = args {
        let is_option = |text: &str| !text.is_empty() && text.chars().all(|c| letters.contains(c));
        let Some(options) = first.strip_prefix('-').filter(|text| is_option(text)) else { break };
        // dash knows exactly `-n`.
        if style == Style::Dash && options != "n" {
            break;
        }
        for option in options.chars() {
            match option {
                'n' => has_end = false,
                'e' => has_escapes = true,
                _ => has_escapes = false,
            }
        }
        args = rest;
        if style == Style::Dash {
            break;
        }
    }
    let text = args.join(" ");
    let mut out = Vec::new();
    if !has_escapes {
        out.extend_from_slice(text.as_bytes());
    } else if !super::printf::unescape(text.as_bytes(), &mut out, super::printf::Octal::WithZero) {
        return out;
    }
    if has_end {
        out.push(b'\n');
    }
    out
}
