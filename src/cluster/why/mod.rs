//! `why`: explains how an object came to be what it is, and what keeps it from being what it should be.
//!
//! [`causes`] follows the change log from an object up to the commands from which everything followed. [`diagnosis`] examines
//! the present state.

mod causes;
mod diagnosis;
mod object_name;

pub(crate) use causes::tell;
pub use causes::{Author, Operation, Step, Story};
pub use diagnosis::{Diagnosis, Finding, Weight};
pub use object_name::ObjectName;
