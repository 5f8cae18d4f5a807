//! The errors about invalid manifests against those in a transcript.

use super::parity;
use crate::Catalog;
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueWrite};

/// A manifest in the transcript of `kubectl create -f - <<< MANIFEST`, and the errors that the server returned.
struct Refused {
    manifest: String,
    errors: Vec<String>,
}

fn refused_manifests(transcript: &str) -> Vec<Refused> {
    let mut found: Vec<Refused> = Vec::new();
    for line in transcript.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let manifest = command.strip_prefix("kubectl create -f - <<< ").unwrap_or_default();
            found.push(Refused { manifest: manifest.trim_matches(['\'', '"']).to_owned(), errors: Vec::new() });
        } else if let (Some(printed), Some(last)) = (line.strip_prefix("! "), found.last_mut()) {
            let only = printed.split_once(" is invalid: ").map(|(_, error)| error);
            last.errors.extend(printed.strip_prefix("* ").or(only).map(str::to_owned));
        }
    }
    found
}

#[test]
fn invalid_workloads_get_all_errors_of_the_server() {
    let workloads = ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"];
    let mut compared = 0;
    for Refused { manifest, errors } in refused_manifests(&parity("41-validation-errors.parity")) {
        let Ok(mut object) = serde_yaml::from_str::<Value>(&manifest) else { continue };
        if errors.is_empty() || !workloads.contains(&object.kind()) {
            continue;
        }
        let (group, version) = split_api_version(object.api_version());
        let kind = Catalog::default().by_gvk(group, version, object.kind()).expect("a built-in kind");
        object.put_default("/metadata/namespace", "default");
        object.put("/metadata/uid", "u");
        kind.set_defaults(&mut object);
        kind.prepare_create(&mut object);
        let got: Vec<String> = kind.validate(&object).iter().map(ToString::to_string).collect();
        let want: Vec<String> = errors.into_iter().filter(|error| !error.starts_with("metadata.")).collect();
        assert_eq!(got, want, "{manifest}");
        compared += 1;
    }
    assert!(compared > 10, "only {compared} manifests");
}
