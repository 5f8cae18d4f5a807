//! Rules that know no kind: objects as JSON values, errors, quantities, selectors, patches, formats and templates.
//!
//! Nothing here does I/O, knows a particular kind of object or keeps state: every rule is a function from values to values.

pub mod cel;
pub mod condition;
pub mod env_file;
pub mod field;
pub mod fields;
pub mod go;
pub mod go_template;
pub mod gvk;
pub mod intstr;
pub mod json;
pub mod jsonpath;
pub mod labels;
pub mod managed;
pub mod object;
pub mod patch;
pub mod quantity;
pub mod schema;
pub mod sim;
pub mod status;
pub mod view;
pub mod yaml;
