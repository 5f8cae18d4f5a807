//! New events of the control plane, which are more numerous than all other writes.

use std::sync::Arc;

use super::{Request, Result, Server, admission, meta};
use crate::store::ObjectKey;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The resource of events.
const EVENTS: &str = "events";

impl Server {
    /// Creates an event that a component of the control plane has recorded, with all its fields and a uid. Has the effect of
    /// a create request, but leaves out the stages that do nothing about such an event.
    ///
    /// # Errors
    /// As a create request: an event that is invalid or exists, or a namespace that is missing or terminating.
    pub(crate) fn record_event(&mut self, mut event: Object, manager: &str, now: Time) -> Result<Arc<Object>> {
        let namespace = event.namespace().to_string();
        if event.uid().is_empty() || admission::has_policies(self)? {
            let request = Request::create(EVENTS, &namespace, event).manager(manager).by_control_plane();
            return Ok(self.handle(request, now)?.into_object());
        }
        let kind = self.catalog.by_resource(EVENTS).ok_or_else(Status::no_resource)?;
        admission::admit_to_namespace(self, kind.names(), &namespace, event.name())?;
        check(&*kind, &event)?;
        let key = ObjectKey::new(EVENTS, namespace, event.name());
        event.put("/metadata/creationTimestamp", now.rfc3339());
        let created = self.store.create(&key, event)?;
        created.ok_or_else(|| Status::already_exists("", EVENTS, &key.name))
    }
}

/// Validates an event.
fn check(kind: &dyn Kind, event: &Object) -> Result<()> {
    let mut errors = meta::validate_create(kind, event);
    errors.extend(kind.validate(event));
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Status::invalid("", kind.names().kind, event.name(), &errors)),
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};
    use kctl_base::object::{Object, ObjectMeta, ValueWrite};

    use crate::api::Request;
    use crate::{Cluster, OpenOptions};

    fn event(name: &str, namespace: &str) -> Object {
        json!({"apiVersion": "v1", "eventTime": null, "firstTimestamp": "2026-01-01T00:00:00Z",
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": namespace, "uid": "u"},
            "kind": "Event", "lastTimestamp": "2026-01-01T00:00:00Z", "message": "m", "count": 1,
            "metadata": {"name": name, "namespace": namespace, "uid": "e"}, "reason": "Told",
            "reportingComponent": "kubelet", "reportingInstance": "n", "source": {"component": "kubelet"},
            "type": "Normal"})
    }

    /// Returns the outcome of both ways to create an event: the object without its resourceVersion, or the message.
    fn outcomes(cluster: &mut Cluster, event: &Object) -> [Result<Value, String>; 2] {
        let now = cluster.now();
        let server = cluster.server();
        let seen = |mut stored: Value| {
            stored.remove_at("/metadata/resourceVersion");
            stored
        };
        let recorded = server.record_event(event.clone(), "kubelet", now);
        let recorded = recorded.map(|event| seen((*event).clone())).map_err(|status| status.to_string());
        if recorded.is_ok() {
            server.expire("events", "default", "p.1").expect("the event exists");
        }
        let request = Request::create("events", event.namespace(), event.clone()).manager("kubelet");
        let created = server.handle(request.by_control_plane(), now);
        [recorded, created.map(|r| seen((*r.into_object()).clone())).map_err(|status| status.to_string())]
    }

    #[test]
    fn a_recorded_event_is_like_a_created_one() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let mut foreign = event("p.2", "default");
        foreign.put("/involvedObject/namespace", "kube-system");
        for (event, is_valid) in [
            (event("p.1", "default"), true),
            (event("p.1", "default"), false),
            (event("P:3", "default"), false),
            (event("p.4", "nowhere"), false),
            (foreign, false),
        ] {
            let [recorded, created] = outcomes(&mut cluster, &event);
            assert_eq!(recorded, created);
            assert_eq!(recorded.is_ok(), is_valid, "{recorded:?}");
        }
    }

    #[test]
    fn policies_see_recorded_events() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let group = "admissionregistration.k8s.io";
        let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["events"]});
        let policy = json!({"apiVersion": format!("{group}/v1"), "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "silence"}, "spec": {"matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": "false", "message": "silence"}]}});
        let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "silence"}, "spec": {"policyName": "silence", "validationActions": ["Deny"]}});
        for (plural, object) in
            [("validatingadmissionpolicies", policy), ("validatingadmissionpolicybindings", binding)]
        {
            let request = Request::create(&format!("{plural}.{group}"), "", object);
            cluster.handle(&request).expect("a valid policy");
        }
        let [recorded, created] = outcomes(&mut cluster, &event("p.1", "default"));
        assert_eq!(recorded, created);
        assert!(recorded.expect_err("it is denied").contains("silence"));
    }
}
