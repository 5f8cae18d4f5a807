//! Output formats: functions from data to a writer, without knowledge of flags, store or clock.

pub(crate) mod columns;
pub(crate) mod custom_columns;
pub(crate) mod describe;
mod kyaml;
pub(crate) mod structured;
pub(crate) mod table;
pub(crate) mod tabwriter;
pub(crate) mod templates;
