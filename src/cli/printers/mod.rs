//! Output formats: data and a writer in, text out. No flags, no store, no clock.

pub mod custom_columns;
pub mod describe;
pub mod structured;
pub mod table;
pub mod tabwriter;
pub mod templates;
