//! `echo`

use super::Outcome;
use crate::call::Call;
use crate::programs::text::echo::render;
use crate::shell::Shell;

/// `echo [-neE] [text ...]`
pub(super) fn echo(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let text = render(shell.dialect.variant(), &args[1..]);
    Ok(shell.print(call, "echo", text))
}
