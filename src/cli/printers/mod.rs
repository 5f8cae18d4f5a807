//! Output formats: data and a writer in, text out. No flags, no store, no clock.

pub(crate) mod custom_columns;
pub(crate) mod describe;
pub(crate) mod structured;
pub(crate) mod table;
pub(crate) mod tabwriter;
pub(crate) mod templates;
