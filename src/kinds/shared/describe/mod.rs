//! Sections of descriptions that several kinds print: metadata, conditions, containers, volumes, pod template, events
//! (`kubectl/pkg/describe/describe.go`).

pub mod conditions;
pub mod containers;
pub mod events;
pub mod metadata;
pub mod pods;
pub mod probes;
pub mod template;
pub mod texts;
pub mod volumes;

pub use conditions::{brief_conditions, condition_table, conditions, conditions_since};
pub use events::describe_events;
pub use metadata::{annotations, controlled_by, head, identity, label_lines, labels, lines_under};
pub use template::describe_template;
pub use texts::{format_labels, go_list, joined, or, shorten, stamp};
