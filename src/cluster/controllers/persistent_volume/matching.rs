//! Matching of claims and volumes (`pkg/controller/volume/persistentvolume/index.go`,
//! `component-helpers/storage/volume/pv_helpers.go`).

use std::sync::Arc;

use super::{class_of, is_reserved_for};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;

/// Returns the storage that a claim requests.
pub(super) fn requested(claim: &Object) -> Quantity {
    amount(claim, "/spec/resources/requests/storage")
}

/// Returns the storage capacity of a volume.
pub(super) fn capacity(volume: &Object) -> Quantity {
    amount(volume, "/spec/capacity/storage")
}

fn amount(object: &Object, pointer: &str) -> Quantity {
    object.at(pointer).and_then(|v| Quantity::from_value(v).ok()).unwrap_or(Quantity::ZERO)
}

fn volume_mode(object: &Object) -> &str {
    match object.str("/spec/volumeMode") {
        "" => "Filesystem",
        mode => mode,
    }
}

fn has_modes(volume: &Object, claim: &Object) -> bool {
    let modes = volume.list("/spec/accessModes");
    claim.list("/spec/accessModes").iter().all(|m| modes.contains(m))
}

/// Returns why a claim cannot be bound to the volume that it names (`checkVolumeSatisfyClaim`).
pub(super) fn mismatch(volume: &Object, claim: &Object) -> Option<&'static str> {
    if capacity(volume) < requested(claim) {
        return Some("requested PV is too small");
    }
    if class_of(volume) != class_of(claim) {
        return Some("storageClassName does not match");
    }
    if volume_mode(volume) != volume_mode(claim) {
        return Some("incompatible volumeMode");
    }
    (!has_modes(volume, claim)).then_some("incompatible accessMode")
}

/// Reports whether an available volume satisfies a claim.
pub(super) fn satisfies(volume: &Object, claim: &Object) -> bool {
    let selected = claim
        .at("/spec/selector")
        .is_none_or(|s| Selector::from_object(s).is_ok_and(|selector| selector.matches_object(volume)));
    selected
        && !volume.is_deleting()
        && mismatch(volume, claim).is_none()
        && volume.str("/spec/volumeAttributesClassName") == claim.str("/spec/volumeAttributesClassName")
}

/// Returns why a volume is not bound to a claim, in words; `None` for one that would be.
pub(crate) fn refusal(volume: &Object, claim: &Object) -> Option<String> {
    if !is_reserved_for(volume, claim) && !is_available(volume) {
        let (namespace, name) = (volume.str("/spec/claimRef/namespace"), volume.str("/spec/claimRef/name"));
        return Some(match name {
            "" => format!("it is {}", volume.str("/status/phase").to_lowercase()),
            _ => format!("it is kept for the claim {namespace}/{name}"),
        });
    }
    let differ = |of: fn(&Object) -> String| format!("{} instead of {}", of(volume), of(claim));
    let modes = |object: &Object| {
        object.list("/spec/accessModes").iter().filter_map(|m| m.as_str()).collect::<Vec<_>>().join(", ")
    };
    match mismatch(volume, claim) {
        Some("requested PV is too small") => {
            Some(format!("it has {}, and {} are asked for", capacity(volume).canonical(), requested(claim).canonical()))
        }
        Some("storageClassName does not match") => {
            Some(format!("its storage class is {}", differ(|object| format!("\"{}\"", class_of(object)))))
        }
        Some("incompatible volumeMode") => Some(format!("its mode is {}", differ(|object| volume_mode(object).into()))),
        Some(_) => Some(format!("it allows {}, and {} is asked for", modes(volume), modes(claim))),
        None if satisfies(volume, claim) => None,
        None if volume.is_deleting() => Some("it is being deleted".into()),
        None => Some("its labels do not match the selector of the claim".into()),
    }
}

/// Returns the best volume for a claim (`FindMatchingVolume`): one that is reserved for it, or else, unless `only_reserved` is
/// set, the available one with the fewest access modes and of those the smallest.
pub(super) fn find_best(claim: &Object, candidates: &[Arc<Object>], only_reserved: bool) -> Option<Arc<Object>> {
    let large_enough = |v: &Object| !v.is_deleting() && capacity(v) >= requested(claim);
    let reserved = candidates.iter().find(|v| {
        is_reserved_for(v, claim) && large_enough(v) && volume_mode(v) == volume_mode(claim) && has_modes(v, claim)
    });
    if reserved.is_some() || only_reserved {
        return reserved.cloned();
    }
    let available = candidates.iter().filter(|v| is_available(v) && satisfies(v, claim));
    available
        .min_by(|a, b| {
            let modes = |v: &Object| v.list("/spec/accessModes").len();
            let order = modes(a).cmp(&modes(b)).then_with(|| capacity(a).cmp(&capacity(b)));
            order.then_with(|| a.name().cmp(b.name()))
        })
        .cloned()
}

fn is_available(volume: &Object) -> bool {
    volume.at("/spec/claimRef").is_none() && matches!(volume.str("/status/phase"), "" | "Pending" | "Available")
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;

    fn volume(name: &str, size: &str, modes: &[&str]) -> Arc<Object> {
        Arc::new(json!({"metadata": {"name": name, "labels": {"disk": name}},
            "spec": {"capacity": {"storage": size}, "accessModes": modes}, "status": {"phase": "Available"}}))
    }

    fn claim(size: &str, mode: &str, more: Value) -> Object {
        let mut spec = json!({"accessModes": [mode], "resources": {"requests": {"storage": size}}});
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key.as_str()] = value.clone();
        }
        json!({"metadata": {"name": "c", "namespace": "d", "uid": "u"}, "spec": spec})
    }

    #[test]
    fn the_smallest_volume_with_the_fewest_modes_wins() {
        let mut reserved = (*volume("mine", "50Gi", &["ReadWriteOnce"])).clone();
        reserved["spec"]["claimRef"] = json!({"namespace": "d", "name": "c"});
        let mut used = (*volume("used", "1Gi", &["ReadWriteOnce"])).clone();
        used["spec"]["claimRef"] = json!({"namespace": "d", "name": "other", "uid": "o"});
        let mut fast = (*volume("fast", "3Gi", &["ReadWriteOnce"])).clone();
        fast["spec"]["storageClassName"] = "fast".into();
        let all = vec![
            volume("small", "1Gi", &["ReadWriteOnce"]),
            volume("medium", "5Gi", &["ReadWriteOnce", "ReadOnlyMany"]),
            volume("plain", "8Gi", &["ReadWriteOnce"]),
            volume("shared", "20Gi", &["ReadWriteMany"]),
            Arc::new(fast),
            Arc::new(used),
        ];
        let with_reserved = [all.clone(), vec![Arc::new(reserved)]].concat();
        let cases = [
            (claim("3Gi", "ReadWriteOnce", json!({})), &all, Some("plain")),
            (claim("1Gi", "ReadWriteOnce", json!({})), &all, Some("small")),
            (claim("1Gi", "ReadOnlyMany", json!({})), &all, Some("medium")),
            (claim("1Gi", "ReadWriteMany", json!({})), &all, Some("shared")),
            (claim("100Gi", "ReadWriteOnce", json!({})), &all, None),
            (claim("1Gi", "ReadWriteOnce", json!({"storageClassName": "fast"})), &all, Some("fast")),
            (claim("1Gi", "ReadWriteOnce", json!({"volumeMode": "Block"})), &all, None),
            (
                claim("1Gi", "ReadWriteOnce", json!({"selector": {"matchLabels": {"disk": "medium"}}})),
                &all,
                Some("medium"),
            ),
            (claim("1Gi", "ReadWriteOnce", json!({})), &with_reserved, Some("mine")),
        ];
        for (claim, candidates, want) in cases {
            let found = find_best(&claim, candidates, false);
            assert_eq!(found.as_ref().map(|v| v.name()), want, "{claim}");
        }
        let any = claim("1Gi", "ReadWriteOnce", json!({}));
        assert!(find_best(&any, &all, true).is_none());
    }

    #[test]
    fn a_named_volume_has_to_satisfy_the_claim() {
        let volume = volume("v", "1Gi", &["ReadWriteOnce"]);
        let cases = [
            (claim("2Gi", "ReadWriteOnce", json!({})), Some("requested PV is too small")),
            (claim("1Gi", "ReadWriteOnce", json!({"storageClassName": "x"})), Some("storageClassName does not match")),
            (claim("1Gi", "ReadWriteOnce", json!({"volumeMode": "Block"})), Some("incompatible volumeMode")),
            (claim("1Gi", "ReadWriteMany", json!({})), Some("incompatible accessMode")),
            (claim("1Gi", "ReadWriteOnce", json!({})), None),
        ];
        for (claim, want) in cases {
            assert_eq!(mismatch(&volume, &claim), want, "{claim}");
        }
    }
}
