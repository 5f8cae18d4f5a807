//! Hints about claims that get no volume, for those who are new to storage: which cluster has storage, and how to get it.

use crate::api::{Payload, Request, Requester, Response, Result, Server, Verb};
use crate::controllers::persistent_volume::class_of;
use crate::default_class;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const CLAIMS: &str = "persistentvolumeclaims";
const CLASSES: &str = "storageclasses.storage.k8s.io";

/// Returns whether hints concern a request: a user creates, changes or reads claims.
pub(crate) fn concern(request: &Request) -> bool {
    let is_by_user = matches!(request.requester, Requester::User(_));
    let is_about_claims = matches!(request.verb, Verb::Create | Verb::Get | Verb::List | Verb::Patch | Verb::Update);
    request.resource == CLAIMS && is_by_user && is_about_claims && !request.options.dry_run
}

/// Adds a hint to the response to a request that [`concern`] is about, if a claim waits for a storage class. The controllers
/// have reacted to the request.
///
/// # Errors
/// A store that cannot be read.
pub(crate) fn at_storage(server: &mut Server, response: &mut Response) -> Result<()> {
    let name_of = |claim: &Object| (claim.namespace().to_string(), claim.name().to_string());
    let claims = match &response.payload {
        Payload::Object(claim) => vec![name_of(claim)],
        Payload::List(list) => list.items.iter().map(|claim| name_of(claim)).collect(),
        _ => Vec::new(),
    };
    for (namespace, name) in claims {
        let claim = server.read(CLAIMS, &namespace, &name)?;
        let Some(claim) = claim.filter(|claim| claim.str("/status/phase") == "Pending") else { continue };
        if let Some(problem) = missing_class(server, &claim)? {
            response.hints.push(format!(
                "hint: {problem}, so that claim \"{name}\" gets a volume only if you create one; \
                 \"kctl store reset --profile=kind\" deletes this cluster and makes one that has storage"
            ));
            return Ok(());
        }
    }
    Ok(())
}

/// Returns what a claim lacks: its storage class, or any. A claim that wants none (`storageClassName: ""`) lacks nothing.
fn missing_class(server: &mut Server, claim: &Object) -> Result<Option<String>> {
    let name = class_of(claim);
    if !name.is_empty() {
        let is_missing = server.read(CLASSES, "", name)?.is_none();
        return Ok(is_missing.then(|| format!("there is no StorageClass \"{name}\"")));
    }
    let classes = server.read_all(CLASSES, None)?;
    let is_missing =
        claim.at("/spec/storageClassName").is_none() && default_class::pick(classes, default_class::STORAGE).is_none();
    Ok(is_missing.then(|| "there is no default StorageClass".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::User;
    use crate::client::Transport;
    use crate::profile::{ClusterPlan, Profile};
    use crate::{Cluster, OpenOptions};
    use kctl_base::json::{Value, json};

    fn hints(profile: Profile, spec: Value) -> (Vec<String>, Vec<String>) {
        let plan = ClusterPlan { profile, ..ClusterPlan::default() };
        let mut cluster = Cluster::open(OpenOptions { plan, ..OpenOptions::memory(1) }).expect("a cluster");
        let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
        for (field, value) in spec.as_object().into_iter().flat_map(|spec| spec.iter()) {
            claim["spec"][field.as_str()] = value.clone();
        }
        let mut send = |request: Request| {
            let request = Request { requester: Requester::User(User::admin()), ..request };
            cluster.send(request).expect("accepted").hints
        };
        (send(Request::create(CLAIMS, "default", claim)), send(Request::list(CLAIMS, "default")))
    }

    #[test]
    fn a_claim_without_a_class_tells_which_cluster_has_one() {
        let (created, listed) = hints(Profile::Bare, json!({}));
        let hint = "hint: there is no default StorageClass, so that claim \"data\" gets a volume only if you create one; \
                    \"kctl store reset --profile=kind\" deletes this cluster and makes one that has storage";
        assert_eq!((created, listed), (vec![hint.to_string()], vec![hint.to_string()]));
        let (created, _) = hints(Profile::Bare, json!({"storageClassName": "fast"}));
        assert!(created[0].starts_with("hint: there is no StorageClass \"fast\", so that claim"), "{created:?}");
    }

    #[test]
    fn claims_that_are_served_or_want_no_class_need_no_hint() {
        for (profile, spec) in [
            (Profile::Bare, json!({"storageClassName": ""})),
            (Profile::Kind, json!({})),
            (Profile::Minikube, json!({})),
        ] {
            assert_eq!(hints(profile, spec), (Vec::new(), Vec::new()), "{profile:?}");
        }
    }
}
