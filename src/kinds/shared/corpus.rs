//! Manifests and what a real API server made of them: defaults, preparation, refusals and warnings of the workloads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Catalog;
use crate::catalog::KindRef;
use crate::shared::formats::dns_subdomain_problems;
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;

const KINDS: &[&str] = &[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "PodTemplate",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// Manifests that are not made as the real server makes them, and why. May only get shorter.
const GAPS: &[(&str, &str)] = &[];

fn corpus() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    dir.is_dir().then_some(dir)
}

/// The objects of a file of any number of documents, lists taken apart.
fn load(path: &Path) -> Vec<Object> {
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    let documents = serde_yaml::Deserializer::from_str(&text).map(Value::deserialize);
    let mut objects = Vec::new();
    // What follows a broken document cannot be read: the reader would find the same fault again and again.
    for document in documents.map_while(Result::ok) {
        match document.get("items") {
            Some(Value::Array(items)) => objects.extend(items.iter().cloned()),
            _ => objects.push(document),
        }
    }
    objects
}

fn kind_of(object: &Object) -> Option<KindRef> {
    let (group, version) = split_api_version(object.api_version());
    KINDS.contains(&object.kind()).then(|| Catalog::default().by_gvk(group, version, object.kind()))?
}

fn inputs(dir: &Path) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("the corpus can be listed").filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some((stem, _)) = name.split_once(".in.") {
            files.insert(stem.to_owned(), entry.path());
        }
    }
    files
}

/// What the server does with an object before it validates it.
fn create(kind: &KindRef, mut object: Object, uid: &str) -> Object {
    object.put_default("/metadata/namespace", "default");
    object.put("/metadata/uid", uid);
    kind.set_defaults(&mut object);
    kind.prepare_create(&mut object);
    object
}

/// Does to a pod what admission does to it, and takes away what carries a random name.
fn admit(pod: &mut Object) {
    let spec = &mut pod["spec"];
    for (field, value) in [
        ("/serviceAccount", json!("default")),
        ("/serviceAccountName", json!("default")),
        ("/priority", json!(0)),
        ("/preemptionPolicy", json!("PreemptLowerPriority")),
    ] {
        spec.put_default(field, value);
    }
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let list = spec.list_mut("/tolerations");
        let tolerated =
            |t: &Value| t.str("/key") == key || (t.str("/key").is_empty() && t.str("/operator") == "Exists");
        if !list.iter().any(tolerated) {
            list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    drop_token(spec, "/volumes", "/name");
    for list in ["/containers", "/initContainers"] {
        spec.items_mut(list).for_each(|container| drop_token(container, "/volumeMounts", "/name"));
    }
}

fn drop_token(object: &mut Value, list: &str, field: &str) {
    if object.at(list).is_some() {
        let items = object.list_mut(list);
        items.retain(|item| !item.str(field).starts_with("kube-api-access-"));
        if items.is_empty() {
            object.remove_at(list);
        }
    }
}

#[test]
fn defaults_are_those_of_the_api_server() {
    let Some(dir) = corpus() else { return };
    let (mut compared, mut wrong) = (0, Vec::new());
    for (stem, path) in inputs(&dir) {
        let results = load(&dir.join(format!("{stem}.out.yaml")));
        for object in load(&path) {
            let Some(kind) = kind_of(&object) else { continue };
            let same = |o: &&Object| o.kind() == object.kind() && o.name() == object.name();
            let Some(want) = results.iter().find(same) else { continue };
            let (mut got, mut want) = (create(&kind, object.clone(), want.uid()), want.clone());
            if object.kind() == "Pod" {
                admit(&mut got);
                admit(&mut want);
            }
            // The client writes this one, of manifests that bring it.
            for object in [&mut got, &mut want] {
                object.remove_at("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
            }
            compared += 1;
            for part in
                ["/spec", "/template", "/status", "/metadata/labels", "/metadata/annotations", "/metadata/generation"]
            {
                if got.at(part) != want.at(part) {
                    wrong.push((stem.clone(), format!("{} {part}\n{}", object.name(), difference(&want, &got, part))));
                }
            }
        }
    }
    assert!(compared > 100 || compared == 0, "{compared} objects");
    let known = |stem: &str| GAPS.iter().any(|(gap, _)| *gap == stem);
    let unknown: Vec<_> = wrong.iter().filter(|(stem, _)| !known(stem)).collect();
    assert!(unknown.is_empty(), "{} differ: {}", unknown.len(), list(&unknown));
    let healed: Vec<_> = GAPS.iter().filter(|(gap, _)| !wrong.iter().any(|(stem, _)| stem == gap)).collect();
    assert!(healed.is_empty(), "these are right now: {healed:?}");
}

fn list(wrong: &[&(String, String)]) -> String {
    wrong.iter().map(|(stem, text)| format!("\n== {stem} {text}")).collect()
}

fn difference(want: &Object, got: &Object, part: &str) -> String {
    let [want, got] = [want, got].map(|o| format!("{:#}", o.pointer(part).unwrap_or(&Value::Null)));
    similar::TextDiff::from_lines(&want, &got).unified_diff().context_radius(2).to_string()
}

#[test]
fn refusals_and_warnings_are_those_of_the_api_server() {
    let Some(dir) = corpus() else { return };
    for (stem, path) in inputs(&dir) {
        let said = fs::read_to_string(dir.join(format!("{stem}.err"))).unwrap_or_default();
        let (mut warnings, mut refusals) = (Vec::new(), Vec::new());
        for object in load(&path) {
            let Some(kind) = kind_of(&object) else { continue };
            // Names are checked with the rest of the metadata, elsewhere.
            if !dns_subdomain_problems(object.name()).is_empty() {
                continue;
            }
            let object = create(&kind, object, "u");
            let errors = kind.validate(&object);
            if errors.is_empty() {
                warnings.extend(kind.warnings(&object, None));
            } else {
                refusals.push(Status::invalid(kind.names().group, kind.names().kind, object.name(), &errors));
            }
        }
        let mut said_warnings = said.lines().filter_map(|l| l.strip_prefix("Warning: "));
        for warning in &warnings {
            assert!(said_warnings.any(|w| w == warning), "{stem}: {warning}");
        }
        let of_ours = |w: &&str| w.starts_with("spec.template") || w.starts_with("metadata.name");
        assert_eq!(said_warnings.find(of_ours), None, "{stem}: not warned of");
        for refusal in &refusals {
            // The metadata of objects is checked elsewhere; here only what the kinds say.
            for cause in &refusal.causes {
                let line = format!("{}: {}", cause.field, cause.message);
                assert!(said.contains(&line), "{stem}: {line}\nbut it says\n{said}");
            }
        }
        let spec_lines = said.matches(": Invalid value").count() + said.matches(": Required value").count();
        let mine: usize = refusals.iter().map(|r| r.causes.len()).sum();
        if said.contains("is invalid") && !refusals.is_empty() {
            assert!(mine >= spec_lines.min(1), "{stem}: {said}");
        }
    }
}

/// The manifests in transcripts of `kubectl create -f - <<<`, each with the complaints about it.
fn refused_manifests(transcript: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in transcript.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let manifest = command.strip_prefix("kubectl create -f - <<< ").unwrap_or_default();
            found.push((manifest.trim_matches(['\'', '"']).to_owned(), Vec::new()));
        } else if let (Some(said), Some(last)) = (line.strip_prefix("! "), found.last_mut()) {
            let one = said.split_once(" is invalid: ").map(|(_, what)| what);
            last.1.extend(said.strip_prefix("* ").or(one).map(str::to_owned));
        }
    }
    found
}

#[test]
fn wrong_manifests_get_the_whole_message() {
    let transcript = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/parity/41-validation-errors.parity");
    let Ok(transcript) = fs::read_to_string(transcript) else { return };
    let mut compared = 0;
    for (manifest, complaints) in refused_manifests(&transcript) {
        let Ok(object) = serde_yaml::from_str::<Value>(&manifest) else { continue };
        let Some(kind) = kind_of(&object).filter(|_| !complaints.is_empty()) else { continue };
        let object = create(&kind, object, "u");
        let errors = kind.validate(&object);
        let got: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let want: Vec<String> = complaints.into_iter().filter(|c| !c.starts_with("metadata.")).collect();
        assert_eq!(got, want, "{manifest}");
        compared += 1;
    }
    assert!(compared > 10, "{compared}");
}
