//! The group node.k8s.io. The kind Node is in [`crate::core::node`].

use crate::shared::formats::dns_label_problems;
use crate::shared::rules::{check, immutable_at};
use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::field::Path;
use kctl_base::object::{ObjectMeta, ValueRead};

/// A RuntimeClass: a container runtime configuration that pods can select.
pub(crate) static RUNTIME_CLASS: TableKind =
    TableKind::new(Names::cluster_scoped(("node.k8s.io", "v1"), "RuntimeClass", "runtimeclasses", "runtimeclass"))
        .validate(|class| check(dns_label_problems, class.str("/handler"), &Path::new("handler")))
        .validate_update(|new, old| immutable_at(new, old, "/handler", &Path::new("handler")))
        .table(&["Name", "Handler", "Age"], |class, now| {
            vec![class.name().into(), class.str("/handler").into(), age(class, now)]
        });
