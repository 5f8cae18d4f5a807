//! Names, verbs and table columns of the kinds against those that a server published.

use kctl_base::gvk::split_api_version;
use kctl_base::json::json;
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_kinds::Catalog;
use kctl_kinds::catalog::serves;

use crate::recordings::{files, json as read_json};

/// The columns of each resource, by `apps/v1/deployments`.
pub(super) const TABLE_COLUMNS: &str = "api/table-columns.json";

/// Every resource that the server lists is a kind with the same names, scope, categories, verbs and status.
pub(super) fn resources_match() {
    let catalog = Catalog::default();
    for file in files("api/discovery", ".json") {
        let document = read_json(&format!("api/discovery/{file}"));
        let (group, version) = split_api_version(document.str("/groupVersion"));
        for resource in document.list("/resources") {
            let plural = resource.str("/name");
            if let Some((parent, subresource)) = plural.split_once('/') {
                let found = catalog.iter().find(|k| k.names().plural == parent && k.names().group == group);
                let has_status = found.is_some_and(|kind| kind.has_status());
                assert!(subresource != "status" || has_status, "{plural}");
                continue;
            }
            let kind = catalog.by_gvk(group, version, resource.kind());
            let kind = kind.unwrap_or_else(|| panic!("{plural} in {group}/{version} is missing"));
            let names = kind.names();
            assert_eq!((names.plural, names.singular), (plural, resource.str("/singularName")));
            assert_eq!(json!(names.namespaced), resource["namespaced"], "{plural}");
            assert_eq!(json!(names.short), json!(resource.list("/shortNames")), "{plural}");
            assert_eq!(json!(names.categories), json!(resource.list("/categories")), "{plural}");
            assert_eq!(json!(kind.verbs()), resource["verbs"], "{plural}");
        }
    }
}

/// The tables of all kinds have the columns of the server, and rows have as many cells.
pub(super) fn table_columns_match() {
    let catalog = Catalog::default();
    let tables = read_json(TABLE_COLUMNS);
    for (resource, columns) in tables.as_object().expect("columns by resource") {
        let (group_version, plural) = resource.rsplit_once('/').expect("a group, a version and a resource");
        let (group, version) = split_api_version(group_version);
        let kind = catalog.iter().find(|kind| kind.names().plural == plural && serves(&**kind, group, version));
        let kind = kind.unwrap_or_else(|| panic!("{resource} is missing"));
        let want: Vec<(&str, bool)> =
            columns.list("").iter().map(|c| (c.str("/name"), c.int("/priority") == Some(1))).collect();
        let columns = kind.columns();
        let got: Vec<(&str, bool)> = columns.iter().map(|c| (c.name.as_str(), c.wide)).collect();
        assert_eq!(got, want, "{resource}");
        assert_eq!(kind.row(&json!({}), Time::default()).len(), got.len(), "{resource}");
    }
}
