//! The identity of a StatefulSet's pod: its name, labels, host name and claims
//! (`pkg/controller/statefulset/stateful_set_utils.go`).

use crate::controllers::history::HASH_LABEL;
use crate::controllers::shared::template::pod_from_template;
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The label with the pod's name, by which a Service can select a single pod.
const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
/// The label with the pod's ordinal.
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// Splits the name of a pod into those of its set and its ordinal: `web-3` is pod 3 of `web` (`getParentNameAndOrdinal`).
pub(super) fn split_name(pod: &str) -> Option<(&str, i64)> {
    let (set, digits) = pod.rsplit_once('-')?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((set, i64::from(digits.parse::<i32>().ok()?)))
}

/// Returns the ordinal in a pod's name; `None` when there is none.
pub(super) fn ordinal(pod: &Object) -> Option<i64> {
    split_name(pod.name()).map(|(_, ordinal)| ordinal)
}

/// Returns `true` when a pod has the name of a pod of the set (`isMemberOf`).
pub(super) fn is_member(set: &Object, pod: &Object) -> bool {
    split_name(pod.name()).is_some_and(|(owner, _)| owner == set.name())
}

/// Returns the pod with an ordinal from the template of a revision (`newVersionedStatefulSetPod`).
pub(super) fn make_pod(set: &Object, template: &Value, revision: &str, ordinal: i64) -> Object {
    let mut pod = pod_from_template(set, template);
    let name = format!("{}-{ordinal}", set.name());
    pod.put("/metadata/name", name.as_str());
    set_labels(&mut pod, ordinal);
    pod.set_label(HASH_LABEL, revision);
    pod.put("/spec/hostname", name);
    if !set.str("/spec/serviceName").is_empty() {
        pod.put("/spec/subdomain", set.str("/spec/serviceName"));
    }
    set_volumes(set, &mut pod, ordinal);
    pod
}

fn set_labels(pod: &mut Object, ordinal: i64) {
    let name = pod.name().to_string();
    pod.set_label(NAME_LABEL, &name);
    pod.set_label(INDEX_LABEL, &ordinal.to_string());
}

/// Inserts the volumes of the pod's claims before its other volumes, and removes volumes that have the name of a claim template
/// (`updateStorage`).
fn set_volumes(set: &Object, pod: &mut Object, ordinal: i64) {
    let templates = set.list("/spec/volumeClaimTemplates");
    if templates.is_empty() {
        return;
    }
    let volumes = pod.list_mut("/spec/volumes");
    volumes.retain(|v| templates.iter().all(|t| t.name() != v.str("/name")));
    let claims = templates.iter().map(|template| {
        json!({"name": template.name(), "persistentVolumeClaim": {"claimName": claim_name(set, template, ordinal)}})
    });
    volumes.splice(0..0, claims);
}

/// Returns a copy of the pod with its proper labels and volumes; `None` when it has them already (`updateIdentity`,
/// `updateStorage`).
pub(super) fn with_identity(set: &Object, pod: &Object) -> Option<Object> {
    let ordinal = ordinal(pod)?;
    let mut wanted = pod.clone();
    set_labels(&mut wanted, ordinal);
    if !has_volumes(set, pod, ordinal) {
        set_volumes(set, &mut wanted, ordinal);
    }
    (wanted != *pod).then_some(wanted)
}

fn has_volumes(set: &Object, pod: &Object, ordinal: i64) -> bool {
    set.list("/spec/volumeClaimTemplates").iter().all(|template| {
        let volume = pod.list("/spec/volumes").iter().find(|v| v.str("/name") == template.name());
        volume.is_some_and(|v| v.str("/persistentVolumeClaim/claimName") == claim_name(set, template, ordinal))
    })
}

/// Returns the name `TEMPLATE-SET-ORDINAL` of a claim (`getPersistentVolumeClaimName`).
fn claim_name(set: &Object, template: &Value, ordinal: i64) -> String {
    format!("{}-{}-{ordinal}", template.name(), set.name())
}

/// Returns the claims of the pod with an ordinal: one for each template, with the labels of the set's selector.
pub(super) fn claims(set: &Object, ordinal: i64) -> Vec<Object> {
    let selected = set.map("/spec/selector/matchLabels").cloned().unwrap_or_default();
    let claim = |template: &Value| {
        let mut labels: Map = template.map("/metadata/labels").cloned().unwrap_or_default();
        labels.extend(selected.clone());
        let mut claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim_name(set, template, ordinal), "namespace": set.namespace(), "labels": labels},
            "spec": template.at("/spec").cloned().unwrap_or_else(|| json!({})),
        });
        if let Some(annotations) = template.at("/metadata/annotations") {
            claim.put("/metadata/annotations", annotations.clone());
        }
        claim
    };
    set.list("/spec/volumeClaimTemplates").iter().map(claim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Object {
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": "n", "uid": "u"},
            "spec": {
                "serviceName": "nginx", "selector": {"matchLabels": {"app": "a"}},
                "volumeClaimTemplates": [{"metadata": {"name": "data", "labels": {"x": "y"}}, "spec": {"k": "v"}}],
            },
        })
    }

    #[test]
    fn names_are_split_into_set_and_ordinal() {
        let cases = [
            ("web-3", Some(("web", 3))),
            ("my-web-12", Some(("my-web", 12))),
            ("web", None),
            ("web-", None),
            ("web-x1", None),
            ("web-99999999999", None),
        ];
        for (name, want) in cases {
            assert_eq!(split_name(name), want, "{name}");
        }
    }

    #[test]
    fn pods_have_names_hosts_and_claims() {
        let template = json!({"metadata": {"labels": {"app": "a"}},
                              "spec": {"volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]}});
        let pod = make_pod(&set(), &template, "web-5", 2);
        assert_eq!(pod.name(), "web-2");
        assert_eq!(
            pod["metadata"]["labels"],
            json!({"app": "a", NAME_LABEL: "web-2", INDEX_LABEL: "2", HASH_LABEL: "web-5"})
        );
        assert_eq!(
            pod["spec"],
            json!({"hostname": "web-2", "subdomain": "nginx", "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-2"}},
                {"name": "tmp", "emptyDir": {}}]})
        );
        assert_eq!(with_identity(&set(), &pod), None);
        let mut stripped = pod.clone();
        stripped.remove_at("/metadata/labels/apps.kubernetes.io~1pod-index");
        assert_eq!(with_identity(&set(), &stripped), Some(pod));
    }

    #[test]
    fn claims_have_the_labels_of_the_selector() {
        let claims = claims(&set(), 0);
        assert_eq!(claims[0].name(), "data-web-0");
        assert_eq!(claims[0]["metadata"]["labels"], json!({"app": "a", "x": "y"}));
        assert_eq!(claims[0]["spec"], json!({"k": "v"}));
    }
}
