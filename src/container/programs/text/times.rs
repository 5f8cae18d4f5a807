//! The instants that `printf` knows.

use kctl_base::sim::Time;

use crate::call::Call;

/// The instants that the conversion `%(FORMAT)T` knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(super) now: Time,
    pub(super) started: Time,
}

impl Times {
    /// Returns the present and the start of the process.
    pub(crate) fn of(call: &Call<'_>) -> Times {
        Times { now: call.now(), started: call.process.started }
    }
}
