//! The group apiregistration.k8s.io.

use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::json::json;
use kctl_base::object::{ObjectMeta, ValueRead, condition};

/// An APIService: a group and version of the API and the service that serves it, or none for the local server.
pub(crate) static API_SERVICE: TableKind = TableKind::new(
    Names::cluster_scoped(("apiregistration.k8s.io", "v1"), "APIService", "apiservices", "apiservice")
        .categories(&["api-extensions"]),
)
.status(|| json!({}))
.table(&["Name", "Service", "Available", "Age"], |api, now| {
    let service = api
        .at("/spec/service")
        .map_or_else(|| "Local".into(), |s| format!("{}/{}", s.str("/namespace"), s.str("/name")));
    let available = match condition(api, "Available") {
        None => "Unknown".into(),
        Some(c) if c.str("/status") == "True" => "True".to_string(),
        Some(c) => format!("{} ({})", c.str("/status"), c.str("/reason")),
    };
    vec![api.name().into(), service, available, age(api, now)]
});
