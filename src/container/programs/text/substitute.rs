//! `envsubst` of gettext.

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::Spec;

const ENVSUBST: Spec = Spec::new("v", &[("variables", 'v')], "[OPTION] [SHELL-FORMAT]");

/// `envsubst [SHELL-FORMAT]` replaces `$NAME` and `${NAME}` in standard input, with a format only the variables that it
/// mentions; `envsubst -v SHELL-FORMAT` lists these.
pub(super) fn envsubst(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = ENVSUBST.parse(call)?;
    let wanted: Option<Vec<String>> = options
        .operands
        .first()
        .map(|format| references(format).into_iter().map(|(.., name)| name.to_owned()).collect());
    if options.has('v') {
        let Some(names) = wanted else { return Err(ENVSUBST.misuse(call, "missing arguments")) };
        io.print(names.iter().map(|name| format!("{name}\n")).collect::<String>());
        return Ok(0);
    }
    io.start(&[], Wording::PLAIN);
    let text = String::from_utf8_lossy(&io.gather(call)?).into_owned();
    let mut copied = 0;
    for (start, end, name) in references(&text) {
        if wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|known| known == name)) {
            io.print(&text[copied..start]);
            io.print(call.process.variable(name).unwrap_or_default());
            copied = end;
        }
    }
    io.print(&text[copied..]);
    Ok(0)
}

/// Returns start, end and name of each `$NAME` and `${NAME}` of a text.
fn references(text: &str) -> Vec<(usize, usize, &str)> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices('$') {
        let rest = &text[start + 1..];
        let (inner, braces) = rest.strip_prefix('{').map_or((rest, 0), |inner| (inner, 1));
        let is_part =
            |(at, byte): &(usize, u8)| byte.is_ascii_alphabetic() || *byte == b'_' || *at > 0 && byte.is_ascii_digit();
        let length = inner.bytes().enumerate().take_while(is_part).count();
        let is_closed = braces == 0 || inner[length..].starts_with('}');
        if length > 0 && is_closed {
            found.push((start, start + 1 + braces + length + braces, &inner[..length]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn references_have_names() {
        let found = super::references("a $A ${B_1} $1 ${} ${C $$D");
        let names: Vec<&str> = found.iter().map(|(.., name)| *name).collect();
        assert_eq!(names, ["A", "B_1", "D"]);
    }
}
