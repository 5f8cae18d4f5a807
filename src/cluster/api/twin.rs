//! What the creation of one object has shown about the next one: a controller creates many objects from one template, which
//! differ only in what is generated for each of them, and many owners have the same template.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Request, Result, Server, admission, managers, meta};
use kctl_base::json::{SharedStr, Value};
use kctl_base::labels::is_dns_subdomain;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_kinds::Kind;

/// The number of managers and resources whose last new objects are remembered; one more drops them all.
const CREATED_MAX: usize = 100;

/// The metadata in which new pods of one template may differ: neither defaults nor admission look at it.
const OWN_METADATA: [&str; 3] = ["generateName", "labels", "ownerReferences"];

/// The node affinity that ties each pod of a DaemonSet to its node: neither defaults nor admission look at it, and its manager
/// owns it as a whole.
const TIE: &str = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";

/// The last object that a controller has sent to be created under a generated name, and what was made of it.
///
/// It cannot be stale: the defaults of a built-in kind depend on nothing but the object, and its managedFields on nothing but
/// the defaulted object, the manager and the time. Nobody owns the name, in which objects of one owner differ alone.
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
    /// The pod as it was stored, without its name, uid and resourceVersion, and with an earlier time and managedFields.
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
    /// Returns whether the result would be the same for another object, but for its [`OWN_METADATA`] and [`TIE`].
    fn is_of(&self, kind: &dyn Kind, sent: &Object, request: &Request) -> bool {
        self.manager == request.options.manager
            && (self.sent == *sent || kind.names().kind == "Pod" && differ_in_own_parts(&self.sent, sent))
    }

    /// Returns whether the result would be the same for another object.
    fn is_same(&self, sent: &Object, now: Time) -> bool {
        self.at == now && self.sent == *sent
    }

    /// Returns whether the managedFields would be the same for another object.
    fn is_managed_alike(&self, sent: &Object, now: Time) -> bool {
        self.at == now && self.sent["metadata"] == sent["metadata"]
    }

    /// Takes over the [`OWN_METADATA`] and the [`TIE`] of another object, which may be invalid, and leaves the managedFields as
    /// they were.
    fn adapt(&mut self, kind: &dyn Kind, sent: &Object, now: Time) {
        take_own_parts(&mut self.defaulted, sent);
        self.admitted.iter_mut().for_each(|admitted| take_own_parts(&mut admitted.object, sent));
        let is_valid = meta::validate_prefix(kind, sent).is_empty()
            && meta::validate_common(kind, sent).is_empty()
            && tied_node(sent).is_none_or(is_dns_subdomain);
        if !is_valid {
            self.admitted = None;
        }
        (self.sent, self.at) = (sent.clone(), now);
    }
}

/// Returns whether two pods differ in nothing but [`OWN_METADATA`] and the nodes that they are tied to.
fn differ_in_own_parts(one: &Object, other: &Object) -> bool {
    let is_same_but = |pointer: &str, own: &[&str]| {
        let fields = |object: &'_ Object| object.map(pointer).cloned().unwrap_or_default();
        let (before, after) = (fields(one), fields(other));
        let is_other = |(field, _): &(&SharedStr, &Value)| !own.contains(&field.as_str());
        before.iter().filter(is_other).eq(after.iter().filter(is_other))
    };
    let steps = || TIE.match_indices('/').skip(1).map(|(at, _)| TIE.split_at(at));
    let differ_in_tie = || {
        tied_node(one).is_some()
            && tied_node(other).is_some()
            && steps().all(|(parent, rest)| is_same_but(parent, &[rest[1..].split('/').next().unwrap_or_default()]))
    };
    is_same_but("", &["metadata", "spec"])
        && is_same_but("/metadata", &OWN_METADATA)
        && (one["spec"] == other["spec"] || differ_in_tie())
}

/// Returns the node that a pod is tied to, if its [`TIE`] has the form of those of DaemonSets.
fn tied_node(pod: &Object) -> Option<&str> {
    let only = |value: &'_ Value, field: &str| -> bool {
        value.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key(field))
    };
    let tie = pod.at(TIE).filter(|tie| only(tie, "nodeSelectorTerms"))?;
    let [term] = tie.list("/nodeSelectorTerms") else { return None };
    let [field] = term.list("/matchFields") else { return None };
    let [node] = field.list("/values") else { return None };
    let is_name = field.str("/key") == "metadata.name" && field.str("/operator") == "In";
    let is_plain = only(term, "matchFields") && field.as_object().is_some_and(|fields| fields.len() == 3);
    node.as_str().filter(|_| is_name && is_plain)
}

/// Replaces the [`OWN_METADATA`] and the [`TIE`] of a copy by those of the object that was sent.
fn take_own_parts(copy: &mut Object, sent: &Object) {
    let metadata = copy.map_mut("/metadata");
    for field in OWN_METADATA {
        match sent["metadata"].get(field) {
            Some(value) if metadata.get(field) == Some(value) => {}
            Some(value) => drop(metadata.insert(field, value.clone())),
            None => drop(metadata.remove(field)),
        }
    }
    if let Some(tie) = sent.at(TIE).filter(|tie| copy.at(TIE) != Some(tie)) {
        copy.put(TIE, tie.clone());
    }
}

/// Returns whether others like a new object may follow: a controller creates it under a generated name.
pub(super) fn has_twins(kind: &dyn Kind, new: &Object, request: &Request) -> bool {
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
        let twin = self.twin.as_ref().filter(|_| has_twins);
        if let Some(twin) = twin.filter(|twin| twin.is_of(kind, new, request) && twin.is_same(new, now)) {
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
        let is_twin = |twin: &mut Twin| has_twins(kind, sent, request) && twin.is_of(kind, sent, request);
        let Some(mut twin) = self.twin.take_if(is_twin) else { return Ok(None) };
        if !twin.is_same(sent, now) {
            let is_managed_alike = twin.is_managed_alike(sent, now);
            twin.adapt(kind, sent, now);
            if !is_managed_alike {
                twin.managed = self.managed_fields_of_new(kind, &twin.defaulted, request, now);
            }
        }
        let usable = |admitted: &Admitted| self.store.is_unchanged_since(admitted.unchanged_to, &admitted.read);
        let Some(admitted) = twin.admitted.take().filter(usable) else {
            self.twin = Some(twin);
            return Ok(None);
        };
        let mut copy = admitted.object.clone();
        self.generate_name(kind, &mut copy)?;
        self.set_identity(kind, &mut copy, request, now)?;
        managers::put(&mut copy, twin.managed.clone());
        let name = admission::token_volume_name(self.ids, &copy);
        admission::rename_token_volume(&mut copy, &admitted.token_volume, &name);
        twin.admitted = Some(Admitted { unchanged_to: self.store.revision(), ..admitted });
        self.twin = Some(twin);
        Ok(Some(copy))
    }

    /// Begins to note what is read for the admission of a new object, if it may have twins.
    pub(super) fn note_reads(&mut self, may_have_twins: bool) {
        let since = self.store.revision();
        self.reads = may_have_twins.then(|| Reads { since, resources: BTreeSet::new(), others: false });
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

    /// Remembers a pod that may have twins and has been admitted without a warning, as it was stored.
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
mod tests;
