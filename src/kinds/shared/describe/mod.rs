//! Parts of descriptions that several kinds show: labels, conditions, containers, volumes, templates, events.

pub mod containers;
pub mod events;
pub mod metadata;
pub mod pods;
pub mod probes;
pub mod template;
pub mod volumes;

pub use events::describe_events;
pub use metadata::{annotations, controlled_by, head, labels, map_lines};
pub use template::describe_template;
