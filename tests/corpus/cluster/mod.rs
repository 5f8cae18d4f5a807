//! The cases of `kctl-cluster`: the objects of a new cluster.

use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::ObjectMeta as _;
use kctl_cluster::transport::Request;
use kctl_cluster::{Cluster, OpenOptions};
use kctl_kinds::Catalog;

use crate::recordings::{Case, text, yaml_objects};

const BOOTSTRAP: &str = "api/bootstrap-objects.yaml";

/// The cases of this crate.
pub(crate) const CASES: &[Case] = &[Case {
    name: "cluster::a_new_cluster_has_the_objects_of_the_api_server",
    reads: &[BOOTSTRAP],
    check: a_new_cluster_has_the_objects_of_the_api_server,
}];

/// The recording has neither status nor generated data nor most metadata.
fn a_new_cluster_has_the_objects_of_the_api_server() {
    let mut cluster = Cluster::open(OpenOptions::memory(1)).expect("a cluster");
    let catalog = Catalog::default();
    let mut differences = Vec::new();
    let recorded = yaml_objects(&text(BOOTSTRAP));
    for want in &recorded {
        let (group, version) = split_api_version(want.api_version());
        let kind = catalog.by_gvk(group, version, want.kind()).expect("a served kind");
        let request = Request::get(&kind.names().resource(), want.namespace(), want.name());
        let found = cluster.handle(&request).map(|response| response.into_object());
        let wanted_metadata = |field: &str| want.pointer(&format!("/metadata/{field}")).cloned();
        match found {
            Err(status) => differences.push(format!("{} {}: {}", want.kind(), want.name(), status.message)),
            Ok(found) => {
                let metadata = |field: &str| found.pointer(&format!("/metadata/{field}")).cloned();
                let rest = ["aggregationRule", "rules", "roleRef", "subjects", "spec", "value", "description"];
                let same = rest.iter().all(|field| found.get(field) == want.get(field))
                    && ["labels", "annotations"].iter().all(|field| metadata(field) == wanted_metadata(field))
                    && keys(&found) == keys(want);
                if !same {
                    differences.push(format!("{found}\n  recorded {want}"));
                }
            }
        }
    }
    assert!(recorded.len() > 150 && differences.is_empty(), "{}", differences.join("\n"));
}

/// The keys of the data of an object.
fn keys(object: &Value) -> Vec<String> {
    let data = object.get("data").and_then(Value::as_object);
    data.map(|data| data.keys().map(ToString::to_string).collect()).unwrap_or_default()
}
