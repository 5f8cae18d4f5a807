//! Bindings assign a pod to a node; they are posted, never stored.

use crate::Names;
use crate::shared::table_kind::{CREATE_ONLY, TableKind};

/// A Binding.
pub(crate) static BINDING: TableKind =
    TableKind::new(Names::namespaced(("", "v1"), "Binding", "bindings", "binding")).verbs(CREATE_ONLY);
