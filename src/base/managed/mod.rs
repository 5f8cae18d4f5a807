//! Field management: `metadata.managedFields` and server-side apply, a port of structured-merge-diff and apimachinery's
//! `pkg/util/managedfields`.
//!
//! [`on_write`] updates managedFields after any other write; [`apply()`] merges a configuration and detects conflicts.
//! Both are pure functions: a [`Types`](crate::patch::Types) describes the types, and callers pass managers and times.
//! Entries of other versions of a kind are not converted, and their number is not limited.

mod apply;
mod check;
mod compare;
mod entries;
mod merge;
mod set;
mod typed;
mod unowned;
mod update;
mod upgrade;

pub use apply::{ApplyError, Conflict, LAST_APPLIED, apply};
pub use entries::{Entry, Operation, read_entries};
pub use set::FieldSet;
pub use unowned::merge_unowned;
pub use update::{Rules, Writer, on_create_like, on_write};
pub use upgrade::{applier_owns_last_applied, upgrade_client_side_apply};

#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod tests;
