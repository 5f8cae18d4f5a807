//! What the creation of one object has shown about the next one: a controller creates many objects from one template, which
//! differ only in what is generated for each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Request, Result, Server, admission, managers};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::Time;
use kctl_kinds::Kind;

/// The number of managers and resources whose last new objects are remembered; one more drops them all.
const CREATED_MAX: usize = 100;

/// The last object that a controller has sent to be created under a generated name, and what was made of it.
///
/// It cannot be stale: the defaults of a built-in kind depend on nothing but the object, and its managedFields on nothing but
/// the defaulted object, the manager and the time. Nobody owns the name, in which alone the objects differ.
pub(super) struct Twin {
    sent: Object,
    manager: SharedStr,
    at: Time,
    /// The object with its defaults, without a name.
    defaulted: Object,
    managed: Option<Value>,
    admitted: Option<Admitted>,
}

/// A pod that has passed admission and validation.
///
/// It cannot be stale either: it is dropped with the first change of a resource that was read on the way. Apart from what was
/// read, pods are admitted and validated by what they contain; a generated name and uid are as valid as any other.
struct Admitted {
    /// The pod as it was stored, without its name, uid and resourceVersion.
    object: Object,
    token_volume: String,
    read: BTreeSet<SharedStr>,
    /// The revision up to which nothing that was read has changed.
    unchanged_to: u64,
}

/// The resources that the server reads for the admission of an object.
pub(super) struct Reads {
    /// The revision before the first of them.
    since: u64,
    resources: BTreeSet<SharedStr>,
    /// `true` after reading something whose changes are not known by resource.
    others: bool,
}

impl Twin {
    /// Returns whether the result would be the same for another object.
    fn is_of(&self, sent: &Object, request: &Request, now: Time) -> bool {
        self.at == now && self.manager == request.options.manager && self.sent == *sent
    }
}

/// Returns whether others like a new object may follow: a controller creates it under a generated name.
fn has_twins(kind: &dyn Kind, new: &Object, request: &Request) -> bool {
    request.is_from_control_plane()
        && !request.options.dry_run
        && kind.field_types().is_none()
        && new.name().is_empty()
        && new.uid().is_empty()
}

impl Server {
    /// Applies the defaults to a new object and generates its name. Returns its managedFields: those of server-side apply, or
    /// those of a create.
    pub(super) fn set_defaults_and_name(
        &mut self,
        kind: &dyn Kind,
        new: &mut Object,
        applied: Option<Value>,
        request: &Request,
        now: Time,
    ) -> Result<Option<Value>> {
        if applied.is_some() {
            kind.set_defaults(new);
            self.generate_name(kind, new)?;
            return Ok(applied);
        }
        let has_twins = has_twins(kind, new, request);
        if let Some(twin) = self.twin.as_ref().filter(|twin| has_twins && twin.is_of(new, request, now)) {
            *new = twin.defaulted.clone();
            let managed = twin.managed.clone();
            self.generate_name(kind, new)?;
            return Ok(managed);
        }
        let sent = has_twins.then(|| new.clone());
        kind.set_defaults(new);
        let defaulted = has_twins.then(|| new.clone());
        self.generate_name(kind, new)?;
        let managed = self.managed_fields_of_new(kind, new, request, now);
        if let Some((sent, defaulted)) = sent.zip(defaulted) {
            let manager = request.options.manager.as_str().into();
            self.twin = Some(Twin { sent, manager, at: now, defaulted, managed: managed.clone(), admitted: None });
        }
        Ok(managed)
    }

    /// Returns the managedFields of a new object, which are those of a create.
    fn managed_fields_of_new(&mut self, kind: &dyn Kind, new: &Object, request: &Request, now: Time) -> Option<Value> {
        if kind.field_types().is_some() {
            return managers::after(kind, None, new, request, now);
        }
        let place = (kind.names().resource(), SharedStr::from(&*request.options.manager));
        let known = self.created.get(&place);
        let like =
            known.and_then(|(earlier, managed)| managers::after_like(kind, (earlier, managed), new, request, now));
        let managed = like.or_else(|| managers::after(kind, None, new, request, now));
        if self.created.len() >= CREATED_MAX {
            self.created.clear();
        }
        if let Some(managed) = &managed {
            self.created.insert(place, (new.clone(), managed.clone()));
        }
        managed
    }

    /// Returns the pod as it is to be stored if one like it has been admitted and nothing that decided about that has changed.
    pub(super) fn copy_of_twin(
        &mut self,
        kind: &dyn Kind,
        sent: &Object,
        request: &Request,
        now: Time,
    ) -> Result<Option<Object>> {
        let is_twin = |twin: &Twin| has_twins(kind, sent, request) && twin.is_of(sent, request, now);
        let Some(admitted) = self.twin.as_mut().filter(|twin| is_twin(twin)).and_then(|twin| twin.admitted.take())
        else {
            return Ok(None);
        };
        let Ok(changes) = self.store.changes_since(admitted.unchanged_to) else { return Ok(None) };
        if changes.iter().any(|change| admitted.read.contains(&change.key.resource)) {
            return Ok(None);
        }
        let mut copy = admitted.object.clone();
        self.generate_name(kind, &mut copy)?;
        self.set_identity(kind, &mut copy, request, now)?;
        let name = admission::token_volume_name(self.ids, &copy);
        admission::rename_token_volume(&mut copy, &admitted.token_volume, &name);
        if let Some(twin) = &mut self.twin {
            twin.admitted = Some(Admitted { unchanged_to: self.store.revision(), ..admitted });
        }
        Ok(Some(copy))
    }

    /// Begins to note what is read for the admission of a new object.
    pub(super) fn note_reads(&mut self) {
        self.reads = Some(Reads { since: self.store.revision(), resources: BTreeSet::new(), others: false });
    }

    /// Notes that a resource is read, or (`None`) something else.
    pub(super) fn note_read(&mut self, resource: Option<&str>) {
        match (&mut self.reads, resource) {
            (None, _) => {}
            (Some(reads), None) => reads.others = true,
            (Some(reads), Some(resource)) if reads.resources.contains(resource) => {}
            (Some(reads), Some(resource)) => drop(reads.resources.insert(resource.into())),
        }
    }

    /// Remembers a pod that has been admitted without a warning, as it was stored, if it is like the last one sent.
    pub(super) fn remember_admitted(
        &mut self,
        kind: &dyn Kind,
        stored: &Arc<Object>,
        has_warnings: bool,
    ) -> Result<()> {
        let Some(reads) = self.reads.take().filter(|reads| !reads.others && !has_warnings && self.hints.is_empty())
        else {
            return Ok(());
        };
        if kind.names().kind != "Pod" || admission::has_policies(self)? {
            return Ok(());
        }
        let token_volume = admission::token_volume_name(self.ids, stored);
        let Some(twin) = self.twin.as_mut().filter(|twin| !admission::has_volume(&twin.sent, &token_volume)) else {
            return Ok(());
        };
        let mut object = Object::clone(stored);
        for field in ["name", "uid", "resourceVersion"] {
            object.map_mut("/metadata").remove(field);
        }
        // A quota that is charged for the pod counts as changed, so that it is charged for the next one too.
        twin.admitted = Some(Admitted { object, token_volume, read: reads.resources, unchanged_to: reads.since });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use kctl_base::json::{Value, json};
    use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
    use kctl_base::sim::Duration;

    use crate::api::Request;
    use crate::{Cluster, OpenOptions};

    fn template(image: &str) -> Object {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-", "labels": {"app": "web"}},
               "spec": {"containers": [{"name": "c", "image": image}]}})
    }

    /// Creates a pod after others, and returns it without what differs from pod to pod.
    fn last_of(sent: &[(&Object, &str, i64)]) -> Value {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let mut last = Value::Null;
        for (pod, manager, seconds) in sent {
            let now = cluster.now() + Duration::from_secs(*seconds);
            let request = Request::create("pods", "default", (*pod).clone()).manager(manager).by_control_plane();
            last = (*cluster.server().handle(request, now).expect("valid").into_object()).clone();
        }
        assert!(last.name().starts_with("web-") && last.name().len() == 9, "{}", last.name());
        for field in ["name", "uid", "resourceVersion"] {
            last.remove_at(&format!("/metadata/{field}"));
        }
        last.remove_at("/spec/volumes");
        last["spec"]["containers"][0].remove_at("/volumeMounts");
        last
    }

    #[test]
    fn a_twin_equals_the_first_of_its_kind() {
        let (web, other) = (template("nginx:1"), template("nginx:2"));
        for last in [(&web, "a", 5), (&other, "a", 5), (&web, "b", 5), (&web, "a", 6)] {
            let alone = last_of(&[last]);
            assert_eq!(last_of(&[(&web, "a", 5), last]), alone);
            assert_eq!(last_of(&[(&web, "a", 5), (&web, "a", 5), last]), alone);
            assert_eq!(alone.str("/metadata/managedFields/0/manager"), last.1);
            assert_eq!(alone.str("/spec/dnsPolicy"), "ClusterFirst");
        }
    }

    fn create(cluster: &mut Cluster, resource: &str, object: Object) -> Arc<Object> {
        let mut request = Request::create(resource, "default", object);
        if resource == "pods" {
            request = request.manager("a").by_control_plane();
        }
        let now = cluster.now();
        cluster.server().handle(request, now).expect("valid").into_object()
    }

    #[test]
    fn twins_have_identities_and_token_volumes_of_their_own() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let pods = [(); 3].map(|()| create(&mut cluster, "pods", template("nginx")));
        let mut seen = BTreeSet::new();
        for pod in &pods {
            let volume = pod.str("/spec/volumes/0/name");
            assert_eq!(pod.str("/spec/containers/0/volumeMounts/0/name"), volume);
            assert!([pod.name(), pod.uid(), volume].iter().all(|own| !own.is_empty() && seen.insert(own.to_string())));
        }
        assert!(cluster.server().twin.as_ref().is_some_and(|twin| twin.admitted.is_some()));
    }

    #[test]
    fn what_admission_reads_counts_for_the_next_twin() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let request = |pod: &Object| pod.str("/spec/containers/0/resources/requests/cpu").to_string();
        create(&mut cluster, "pods", template("nginx"));
        let range = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"},
            "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "50m"}}]}});
        assert_eq!(request(&create(&mut cluster, "pods", template("nginx"))), "");
        create(&mut cluster, "limitranges", range);
        assert_eq!(request(&create(&mut cluster, "pods", template("nginx"))), "50m");
        let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
            "spec": {"hard": {"pods": "5"}}});
        create(&mut cluster, "resourcequotas", quota);
        cluster.run().expect("the quota is calculated");
        let used = |cluster: &mut Cluster| {
            let quota = cluster.server().read("resourcequotas", "default", "q").unwrap().unwrap();
            quota.str("/status/used/pods").to_string()
        };
        let mut counts = vec![used(&mut cluster)];
        for _ in 0..2 {
            create(&mut cluster, "pods", template("nginx"));
            counts.push(used(&mut cluster));
        }
        assert_eq!(counts, ["3", "4", "5"], "each pod is charged");
    }

    #[test]
    fn a_discarded_change_leaves_no_twin() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        create(&mut cluster, "pods", template("nginx"));
        cluster.discard();
        assert!(cluster.server().twin.is_none());
    }
}
