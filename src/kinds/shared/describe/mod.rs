//! Sections of descriptions that several kinds print: metadata, conditions, containers, volumes, pod template, events
//! (`kubectl/pkg/describe/describe.go`).

pub(crate) mod conditions;
pub(crate) mod containers;
pub mod events;
pub(crate) mod format;
pub(crate) mod metadata;
pub(crate) mod pods;
pub(crate) mod probes;
pub(crate) mod template;
pub(crate) mod volumes;

pub(crate) use conditions::{brief_conditions, condition_table, conditions, conditions_since};
pub(crate) use events::{describe_events, read_events, write_events};
pub(crate) use format::{format_labels, go_list, joined, non_empty_or, shorten, stamp};
pub(crate) use metadata::{annotations, controlled_by, head, label_lines, labels, name_and_namespace, titled_lines};
pub use template::describe_template;
