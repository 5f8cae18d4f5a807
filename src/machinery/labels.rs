//! labels (placeholder until the patches branch lands)

/// A label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector;
