//! Deletes events an hour after their last occurrence, and the recorder's state about them (`--event-ttl` of kube-apiserver).
//!
//! The events about one object share a key, and so one entry of the timeline, because they are recorded in bursts.

use rustc_hash::FxHashMap;

use super::runtime::Result;
use super::runtime::recorder::{self, EVENT_TTL};
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_kinds::core::event::{ABOUT, about};

/// The controller; its keys are the objects that events are about, in the namespace of the events.
pub(super) const CONTROLLER: Controller =
    Controller { name: NAME, watches: &[Watch::mapped("events", first_event)], reconcile };

const NAME: &str = "event-ttl";

/// What is known of keys, so that neither the timeline nor any event is read for most of the events about a new object.
#[derive(Default)]
struct Known(FxHashMap<Key, Expiry>);

/// When the first event of a key expires.
enum Expiry {
    /// The key is on the timeline.
    Scheduled,
    /// The key is queued, and has no other events than those added since its last reconciliation.
    At(Time),
}

/// Maps a new event to its key unless that is on the timeline already: later events cannot expire before the first one.
fn first_event(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.kind != ChangeKind::Added {
        return Ok(Vec::new());
    }
    let key = Key::new(change.object.namespace(), &about(&change.object));
    let expires = expiry(&change.object, ctx.now);
    match ctx.cache::<Known>().0.get_mut(&key) {
        Some(Expiry::Scheduled) => return Ok(Vec::new()),
        Some(Expiry::At(first)) => {
            *first = expires.min(*first);
            return Ok(Vec::new());
        }
        None => {}
    }
    let is_scheduled = ctx.is_scheduled(&key)?;
    let expiry = if is_scheduled { Expiry::Scheduled } else { Expiry::At(expires) };
    ctx.cache::<Known>().0.insert(key.clone(), expiry);
    Ok(if is_scheduled { Vec::new() } else { vec![key] })
}

/// Returns the instant at which an event expires.
fn expiry(event: &Object, now: Time) -> Time {
    last_seen(event).unwrap_or(now) + EVENT_TTL
}

/// Returns the instant of the last occurrence of an event; `None` when it has no time at all.
fn last_seen(event: &Object) -> Option<Time> {
    let time = |fields: &Value, field: &str| Time::parse(fields.get(field)?.as_str()?);
    let series = event.get("series").and_then(|series| time(series, "lastObservedTime"));
    let own = ["lastTimestamp", "eventTime"].into_iter().filter_map(|field| time(event, field)).max();
    series.max(own).max(time(&event["metadata"], "creationTimestamp"))
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let known = ctx.cache::<Known>().0.remove(key);
    let next = match known {
        Some(Expiry::At(first)) if first > ctx.now => Action::ResyncAt(first),
        _ => expire(ctx, key)?,
    };
    if next != Action::AwaitChange {
        ctx.cache::<Known>().0.insert(key.clone(), Expiry::Scheduled);
    }
    Ok(next)
}

/// Removes the events of a key that have expired.
fn expire(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let mut next = Action::AwaitChange;
    let mut events = ctx.indexed("events", ABOUT, &key.name)?;
    events.retain(|event| event.namespace() == key.namespace);
    events.retain(|event| {
        let expires = expiry(event, ctx.now);
        if expires > ctx.now {
            next = next.earliest(Action::ResyncAt(expires));
        }
        expires <= ctx.now
    });
    recorder::forget(ctx, &events)?;
    for event in events {
        ctx.server().expire("events", event.namespace(), event.name())?;
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use crate::controllers::Context;
    use crate::controllers::runtime::cache::Cache;
    use crate::controllers::shared::testing::Bench;
    use kctl_base::object::ObjectMeta;

    #[test]
    fn events_expire_after_an_hour() {
        let mut bench = Bench::open();
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "told"}});
        let about = bench.create("configmaps", map);
        let row = format!("events/test-controller/{}", about.uid());
        let now = bench.cluster.now();
        let mut cache = Cache::default();
        let mut ctx = Context::new(bench.cluster.server(), &mut cache, "test-controller", now);
        ctx.event(&about, "Normal", "Told", "a story");
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "by-hand"},
                           "involvedObject": {"kind": "ConfigMap", "name": "told", "namespace": "default"}});
        bench.create("events", event);
        assert!(bench.cluster.server().row(&row).unwrap().is_some());
        bench.advance(3599);
        assert_eq!((bench.events("told").len(), bench.find("events", "by-hand").is_some()), (2, true));
        bench.advance(2);
        assert_eq!((bench.events("told").len(), bench.find("events", "by-hand").is_some()), (0, false));
        assert_eq!(bench.cluster.server().row(&row).unwrap(), None);
    }
}
