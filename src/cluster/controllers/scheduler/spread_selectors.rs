//! Selectors of the default topology spread constraints.

use std::collections::BTreeMap;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::SharedStr;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Selectors by namespace and uid of the controller of the pods.
#[derive(Default)]
pub(super) struct SpreadSelectors(BTreeMap<(SharedStr, SharedStr), Selector>);

impl SpreadSelectors {
    /// Drops all selectors, because those of services may have changed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the selector for a pod: that of its controller together with those of the services that select it
    /// (`helper.DefaultSelector`). It is [`Selector::Nothing`] where there are none.
    pub(super) fn get(&mut self, ctx: &mut Context<'_>, pod: &Object) -> Result<Selector> {
        let Some(owner) = pod.controller_of() else { return Ok(combine(services(ctx, pod)?)) };
        let key = (SharedStr::new(pod.namespace()), owner.uid.clone());
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let mut selectors = services(ctx, pod)?;
        selectors.extend(owner_selector(ctx, pod.namespace(), &owner.kind, &owner.name)?);
        let selector = combine(selectors);
        self.0.insert(key, selector.clone());
        Ok(selector)
    }
}

fn combine(selectors: Vec<Selector>) -> Selector {
    selectors.into_iter().reduce(Selector::and).unwrap_or(Selector::Nothing)
}

/// Returns the selectors of the services that select a pod.
fn services(ctx: &mut Context<'_>, pod: &Object) -> Result<Vec<Selector>> {
    let services = ctx.list("services", Some(pod.namespace()))?;
    let labels = services.iter().filter_map(|service| service.map("/spec/selector").filter(|m| !m.is_empty()));
    Ok(labels.map(Selector::from_map).filter(|selector| selector.matches_object(pod)).collect())
}

fn owner_selector(ctx: &mut Context<'_>, namespace: &str, kind: &str, name: &str) -> Result<Option<Selector>> {
    let resource = match kind {
        "ReplicaSet" => "replicasets.apps",
        "StatefulSet" => "statefulsets.apps",
        "ReplicationController" => "replicationcontrollers",
        _ => return Ok(None),
    };
    let Some(owner) = ctx.get(resource, namespace, name)? else { return Ok(None) };
    Ok(match kind {
        "ReplicationController" => owner.map("/spec/selector").map(Selector::from_map),
        _ => owner.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()),
    })
}
