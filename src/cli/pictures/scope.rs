//! What a picture shows: the pods, workloads and marks that a command line selects.

use std::collections::HashSet;

use kctl_base::labels::Selector;
use kctl_base::sim::Time;
use kctl_cluster::chronicle::{Chronicle, Mark, MarkKind, ObjectRef, PodLife, Workload};

/// The part of a chronicle that a picture shows.
pub(crate) struct Scope {
    /// The namespace; `None` for all.
    pub(crate) namespace: Option<String>,
    /// The objects whose pods are shown; empty for all pods.
    pub(crate) objects: Vec<Named>,
    /// The labels of the pods.
    pub(crate) labels: Option<Selector>,
}

/// An object by its name, or all objects of a kind.
pub(crate) struct Named {
    /// The kind, such as `Deployment`.
    pub(crate) kind: String,
    /// The name; `None` for all.
    pub(crate) name: Option<String>,
}

impl Named {
    fn matches(&self, kind: &str, name: &str) -> bool {
        self.kind == kind && self.name.as_deref().is_none_or(|own| own == name)
    }
}

/// What a scope selects.
pub(super) struct Selected<'a> {
    pub(super) pods: Vec<&'a PodLife>,
    pub(super) workloads: Vec<&'a Workload>,
    pub(super) marks: Vec<&'a Mark>,
}

impl Scope {
    /// Returns what the picture is about: `deployment/web in namespace default`.
    pub(super) fn title(&self) -> String {
        let name = |named: &Named| match &named.name {
            Some(name) => format!("{}/{name}", named.kind.to_lowercase()),
            None => format!("every {}", named.kind.to_lowercase()),
        };
        let what = match self.objects.is_empty() {
            true => "pods".to_string(),
            false => self.objects.iter().map(name).collect::<Vec<_>>().join(", "),
        };
        let labels = self.labels.as_ref().map_or_else(String::new, |labels| format!(" with labels {labels}"));
        match &self.namespace {
            Some(namespace) => format!("{what}{labels} in namespace {namespace}"),
            None => format!("{what}{labels} in all namespaces"),
        }
    }

    /// Returns whether a namespace is shown.
    fn has_namespace(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|own| own == namespace)
    }

    /// Returns the object among the owners of a pod that the command line names.
    pub(super) fn named_owner<'a>(&self, owners: &'a [ObjectRef]) -> Option<&'a ObjectRef> {
        owners.iter().find(|owner| self.objects.iter().any(|named| named.matches(&owner.kind, &owner.name)))
    }

    /// Returns the first object that is named and of which a chronicle knows neither pods nor replicas.
    pub(crate) fn missing(&self, chronicle: &Chronicle) -> Option<&Named> {
        let is_known = |named: &Named| {
            let is_it = |object: &ObjectRef| named.matches(&object.kind, &object.name);
            let pods = chronicle.pods.iter().filter(|pod| self.has_namespace(&pod.namespace));
            let mut workloads = chronicle.workloads.iter().filter(|w| self.has_namespace(&w.object.namespace));
            workloads.any(|w| is_it(&w.object))
                || pods.into_iter().any(|pod| named.matches("Pod", &pod.name) || pod.owners.iter().any(is_it))
        };
        self.objects.iter().filter(|named| named.name.is_some()).find(|named| !is_known(named))
    }

    fn has_pod(&self, pod: &PodLife) -> bool {
        let labels = self.labels.as_ref();
        self.has_namespace(&pod.namespace)
            && labels.is_none_or(|l| l.matches_with(|key| pod.labels.get(key).map(String::as_str)))
            && (self.objects.is_empty()
                || self.objects.iter().any(|named| named.matches("Pod", &pod.name))
                || self.named_owner(&pod.owners).is_some())
    }

    /// Returns whether a workload is shown even without pods.
    fn has_workload(&self, workload: &Workload) -> bool {
        let own = std::slice::from_ref(&workload.object);
        self.labels.is_none()
            && self.has_namespace(&workload.object.namespace)
            && match self.objects.is_empty() {
                true => workload.owners.is_empty(),
                false => self.named_owner(own).is_some(),
            }
    }

    /// Selects from a chronicle.
    pub(super) fn select<'a>(&self, chronicle: &'a Chronicle) -> Selected<'a> {
        let pods: Vec<&PodLife> = chronicle.pods.iter().filter(|pod| self.has_pod(pod)).collect();
        let owners: HashSet<&str> = pods.iter().flat_map(|pod| &pod.owners).map(|owner| owner.uid.as_str()).collect();
        let concerns = |w: &&Workload| self.has_workload(w) || owners.contains(w.object.uid.as_str());
        let workloads: Vec<&Workload> = chronicle.workloads.iter().filter(concerns).collect();
        let shown = Shown::of(&pods, &workloads);
        let is_whole = self.objects.is_empty() && self.labels.is_none();
        let marks = chronicle.marks.iter().filter(|mark| {
            let is_near = is_whole && mark.kind == MarkKind::Command && self.has_namespace(&mark.object.namespace);
            shown.has(&mark.object) || (is_near && !mark.object.namespace.is_empty())
        });
        let marks = marks.collect();
        Selected { pods, workloads, marks }
    }
}

/// The objects that a picture shows, to find the marks that belong to them.
struct Shown<'a> {
    /// Kind, namespace and name.
    objects: HashSet<(&'a str, &'a str, &'a str)>,
}

impl<'a> Shown<'a> {
    /// The pods with their owners and nodes, and the workloads.
    fn of(pods: &[&'a PodLife], workloads: &[&'a Workload]) -> Shown<'a> {
        let mut objects = HashSet::new();
        let key = |object: &'a ObjectRef| (object.kind.as_str(), object.namespace.as_str(), object.name.as_str());
        for pod in pods {
            objects.insert(("Pod", pod.namespace.as_str(), pod.name.as_str()));
            objects.extend(pod.owners.iter().map(key));
            objects.extend(pod.node.iter().map(|node| ("Node", "", node.as_str())));
        }
        objects.extend(workloads.iter().map(|workload| key(&workload.object)));
        Shown { objects }
    }

    fn has(&self, object: &ObjectRef) -> bool {
        // Events about nodes are in the namespace default and name none.
        let namespace = if object.kind == "Node" { "" } else { object.namespace.as_str() };
        self.objects.contains(&(object.kind.as_str(), namespace, object.name.as_str()))
    }
}

impl<'a> Selected<'a> {
    /// The first time at which anything is known; `None` if nothing is selected.
    pub(super) fn earliest(&self) -> Option<Time> {
        let pods = self.pods.iter().map(|pod| pod.from());
        pods.chain(self.workloads.iter().filter_map(|w| w.replicas.first()).map(|replicas| replicas.at)).min()
    }

    /// Returns what there was after a time.
    pub(super) fn since(self, from: Time) -> Selected<'a> {
        let lasts = |gone: Option<Time>| gone.is_none_or(|gone| gone > from);
        Selected {
            pods: self.pods.into_iter().filter(|pod| lasts(pod.gone)).collect(),
            workloads: self.workloads.into_iter().filter(|workload| lasts(workload.gone)).collect(),
            marks: self.marks.into_iter().filter(|mark| mark.at >= from).collect(),
        }
    }
}
