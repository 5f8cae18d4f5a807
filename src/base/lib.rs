//! The rules that do not depend on a kind: values, formats, patches, schema, errors and simulated time.
//!
//! Nothing here does I/O or keeps state, apart from reading the clock and the random source of the machine when a store is
//! opened ([`sim`]). Every rule is a function from values to values, so that all other crates can use it without a cluster.
//!
//! The modules, lowest first; each uses only those above it and, within a row, at most its neighbours:
//!
//! | modules | content |
//! |---|---|
//! | [`sim`] | clock, timeline, deterministic random numbers, instants and durations |
//! | [`json`], [`go`] | JSON values that share memory; strings, numbers and errors as Go prints them |
//! | [`object`], [`condition`], [`gvk`] | access to API objects, their conditions, the names of their types |
//! | [`field`], [`status`] | validation errors and API errors |
//! | [`quantity`], [`intstr`], [`labels`], [`fields`], [`env_file`], [`view`], [`terminal`], [`regexp`] | values and small languages of the API, and their display |
//! | [`yaml`], [`jsonpath`], [`go_template`], [`cel`] | formats and expression languages |
//! | [`patch`], [`schema`] | merging of objects, and the built-in types that decide how; they know each other's traits |
//! | [`managed`] | field ownership and server-side apply |
//!
//! Much of this re-implements Go packages whose output is visible to users. The header of a module names its
//! upstream source.

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
pub mod order;
pub mod patch;
pub mod quantity;
pub mod regexp;
pub mod schema;
pub mod sim;
pub mod status;
pub mod terminal;
pub mod view;
pub mod yaml;
