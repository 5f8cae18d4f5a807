//! Programs that look at files and change them.

use super::Program;

/// The programs of this family.
pub(super) const PROGRAMS: &[(&str, Program)] = &[];
