//! Whose `echo`, `printf` and `test` it is: there are several, which agree in most.

use crate::call::Call;
use crate::image::Flavour;

/// An implementation of the programs that shells have built in, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The programs of busybox and the builtins of its shell.
    Busybox,
    /// The programs of GNU.
    Gnu,
    /// The builtins of dash.
    Dash,
    /// The builtins of bash.
    Bash,
}

impl Variant {
    /// Returns whose programs the image of a process has.
    pub(super) fn of(call: &Call<'_>) -> Variant {
        if call.image().flavour == Flavour::Busybox { Variant::Busybox } else { Variant::Gnu }
    }
}
