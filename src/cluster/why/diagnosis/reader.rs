//! The reader of diagnoses: the objects that the user may read, events, logs, and the agenda of the controllers.

use std::sync::Arc;

use super::super::ObjectName;
use super::Finding;
use crate::api::{Attributes, LogQuery, Result, Server, User};
use crate::controllers::kubelet;
use kctl_base::gvk::GroupResource;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_base::status::Reason;

/// The number of objects to which one finding leads that are examined.
const FOLLOWED_MAX: usize = 30;
/// The number of objects in a row that lead from one to the next.
const DEPTH_MAX: usize = 6;
/// The number of lines of a log that are shown.
const LOG_LINES: usize = 5;

/// Reads for the diagnoses of one command.
pub(super) struct Reader<'a> {
    server: &'a mut Server,
    user: &'a User,
    /// The current time.
    pub(super) now: Time,
    /// The examination of an object of a resource.
    diagnose: Examination,
    /// The objects that are being examined, each because of the one before.
    path: Vec<ObjectName>,
}

/// Finds what is wrong with an object of a resource.
type Examination = fn(&mut Reader<'_>, &str, &Object) -> Result<Vec<Finding>>;

impl<'a> Reader<'a> {
    /// Reads as a user. `diagnose` examines the objects to which findings lead.
    pub(super) fn new(server: &'a mut Server, user: &'a User, now: Time, diagnose: Examination) -> Reader<'a> {
        Reader { server, user, now, diagnose, path: Vec::new() }
    }

    /// Returns the API server, for what is no object. The caller has read the object concerned as the user.
    pub(super) fn server(&mut self) -> &mut Server {
        self.server
    }

    fn authorize(&mut self, verb: &str, resource: &str, subresource: &str, namespace: &str, name: &str) -> Result<()> {
        let names = GroupResource::parse(resource);
        let attributes = Attributes {
            verb: verb.into(),
            group: names.group.to_string(),
            resource: names.resource.to_string(),
            subresource: subresource.into(),
            name: name.into(),
            namespace: namespace.into(),
            ..Attributes::default()
        };
        self.server.authorize_user(self.user, &attributes)
    }

    /// Returns whether the user may read an object.
    pub(super) fn may_get(&mut self, resource: &str, namespace: &str, name: &str) -> Result<bool> {
        allowed(self.authorize("get", resource, "", namespace, name))
    }

    /// Reads an object; `None` when it does not exist.
    pub(super) fn get(&mut self, resource: &str, namespace: &str, name: &str) -> Result<Option<Arc<Object>>> {
        self.authorize("get", resource, "", namespace, name)?;
        self.server.read(resource, namespace, name)
    }

    /// Lists the objects of a resource in a namespace; an empty one stands for all.
    pub(super) fn list(&mut self, resource: &str, namespace: &str) -> Result<Vec<Arc<Object>>> {
        self.authorize("list", resource, "", namespace, "")?;
        self.server.read_all(resource, Some(namespace).filter(|namespace| !namespace.is_empty()))
    }

    /// Lists the objects of a resource that an object controls.
    pub(super) fn owned(&mut self, resource: &str, owner: &Object) -> Result<Vec<Arc<Object>>> {
        self.authorize("list", resource, "", owner.namespace(), "")?;
        let mut owned = self.server.read_index_of("owner", owner.uid(), resource, None)?;
        owned.retain(|object| object.is_controlled_by(owner.uid()));
        Ok(owned)
    }

    /// Lists the objects that name an object as an owner, its controller or not, each with its resource.
    pub(super) fn dependents(&mut self, owner: &Object) -> Result<Vec<(String, Arc<Object>)>> {
        let mut found = Vec::new();
        for dependent in self.server.read_index("owner", owner.uid())? {
            let kind = self.server.kind_of(dependent.api_version(), dependent.kind());
            let Some(resource) = kind.map(|kind| kind.names().resource().to_string()) else { continue };
            self.authorize("list", &resource, "", dependent.namespace(), "")?;
            found.push((resource, dependent));
        }
        Ok(found)
    }

    /// Lists the pods of a namespace that a selector matches.
    pub(super) fn pods_matching(&mut self, namespace: &str, selector: &Selector) -> Result<Vec<Arc<Object>>> {
        let mut pods = self.list("pods", namespace)?;
        pods.retain(|pod| selector.matches_object(pod));
        Ok(pods)
    }

    /// Lists the pods that use a claim.
    pub(super) fn pods_using(&mut self, claim: &Object) -> Result<Vec<Arc<Object>>> {
        let (namespace, name) = (claim.namespace(), claim.name());
        self.authorize("list", "pods", "", namespace, "")?;
        self.server.read_index_of("claim", &format!("{namespace}/{name}"), "pods", Some(namespace))
    }

    /// Returns the newest event about an object with one of the reasons, if the user may read events.
    pub(super) fn last_event(&mut self, about: &Object, reasons: &[&str]) -> Result<Option<Arc<Object>>> {
        if !allowed(self.authorize("list", "events", "", about.namespace(), ""))? {
            return Ok(None);
        }
        let mut events = self.server.read_index_of(kctl_kinds::core::event::ABOUT, about.uid(), "events", None)?;
        events.retain(|event| reasons.contains(&event.str("/reason")));
        events.order_by_key(|event| event_time(event));
        Ok(events.pop())
    }

    /// Returns when a controller will look at an object again without any change; `None` when it waits for one.
    pub(super) fn next_try(&mut self, controller: &str, object: &Object) -> Result<Option<Time>> {
        let key = format!("{}/{}", object.namespace(), object.name());
        let due = self.server.store().scheduled(controller, &key)?;
        Ok(due.map(|due| due.at).filter(|at| *at > self.now))
    }

    /// Returns the last lines that a container has printed in its present run, or else in the one before; `None` if the user
    /// may not read the log.
    pub(super) fn last_lines(&mut self, pod: &Object, container: &str) -> Result<Option<Vec<String>>> {
        if !allowed(self.authorize("get", "pods", "log", pod.namespace(), pod.name()))? {
            return Ok(None);
        }
        let mut lines = Vec::new();
        for previous in [false, true] {
            if lines.is_empty() {
                lines = {
                    let query = LogQuery { container, previous, lines: LOG_LINES as u64 };
                    kubelet::container_log(self.server, pod, &query, self.now)?
                };
            }
        }
        let skipped = lines.len().saturating_sub(LOG_LINES);
        Ok(Some(lines.into_iter().skip(skipped).map(|(_, line)| line).collect()))
    }

    /// Examines an object, unless it is being examined already.
    pub(super) fn examine(&mut self, resource: &str, object: &Object) -> Result<Vec<Finding>> {
        let reference = ObjectName::of(resource, object);
        if self.path.contains(&reference) || self.path.len() >= DEPTH_MAX {
            return Ok(Vec::new());
        }
        self.path.push(reference.clone());
        let findings = (self.diagnose)(self, resource, object);
        self.path.pop();
        let mut findings = match findings {
            // What the user may not read is missing in the answer, but does not keep the rest from them.
            Err(status) if status.reason == Reason::Forbidden => {
                vec![Finding::unknown(format!("cannot be examined further: {}", status.message))]
            }
            other => other?,
        };
        for finding in findings.iter_mut().filter(|finding| finding.object.name.is_empty()) {
            finding.object = reference.clone();
        }
        Ok(findings)
    }

    /// Examines the objects to which a finding leads, of many only the first. The same finding about several objects is
    /// returned once.
    pub(super) fn follow<'o>(
        &mut self,
        resource: &str,
        objects: impl IntoIterator<Item = &'o Arc<Object>>,
    ) -> Result<Vec<Finding>> {
        let mut found: Vec<Finding> = Vec::new();
        let mut objects = objects.into_iter();
        for object in objects.by_ref().take(FOLLOWED_MAX) {
            for finding in self.examine(resource, object)? {
                match found.iter_mut().find(|known| known.is_like(&finding)) {
                    Some(known) => known.others += 1,
                    None => found.push(finding),
                }
            }
        }
        let left = objects.count();
        if left > 0 {
            let mut finding = Finding::remark(format!("{left} more have not been examined"));
            finding.object = self.path.last().cloned().unwrap_or_default();
            found.push(finding);
        }
        Ok(found)
    }

    /// Examines the object of a name; a finding that it does not exist if there is none.
    pub(super) fn follow_name(&mut self, resource: &str, namespace: &str, name: &str) -> Result<Vec<Finding>> {
        match self.get(resource, namespace, name)? {
            Some(object) => self.follow(resource, [&object]),
            None => Ok(Vec::new()),
        }
    }
}

/// Returns whether a request is allowed, by the result of its authorization.
fn allowed(authorized: Result<()>) -> Result<bool> {
    match authorized {
        Err(status) if status.reason == Reason::Forbidden => Ok(false),
        other => other.map(|()| true),
    }
}

/// Returns the time of an event.
fn event_time(event: &Object) -> Option<Time> {
    let fields = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"];
    fields.iter().find_map(|field| event.time(field)).or(event.creation_time())
}
