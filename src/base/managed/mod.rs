//! Who owns which field of an object: `metadata.managedFields`, and server-side apply, which rests on it.
//!
//! [`on_write`] keeps the books for every write; [`apply()`] merges a configuration and refuses to change what others own.
//! Both are functions from values to values: types come from a [`Types`](crate::patch::Types), names and times
//! from the caller. Entries of another version of the same kind are taken as they are; the number of entries is not limited.

mod apply;
mod check;
mod compare;
mod entries;
mod merge;
mod set;
mod typed;
mod update;
mod upgrade;

pub use apply::{ApplyError, Conflict, LAST_APPLIED, apply};
pub use entries::{Entry, Operation, read_entries, write_entries};
pub use set::{FieldSet, field_step, key_step, show_path, value_step};
pub use update::{Rules, Writer, on_write};
pub use upgrade::{applier_owns_last_applied, upgrade_client_side_apply};

#[cfg(test)]
mod tests;
