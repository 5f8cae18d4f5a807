//! Events expire an hour after they were last written, and with them what the recorder remembers of them.

use super::context::Result;
use super::recorder::{self, EVENT_TTL, EXPIRY};
use super::{Action, Context, Controller, Key, Wake};
use crate::api::Server;
use crate::machinery::object::{Object, Reading};
use crate::sim::Time;
use crate::store::{Change, ChangeKind};

/// The controller; its keys are events.
pub const CONTROLLER: Controller = Controller { name: EXPIRY, wakes: &[Wake::custom("events", new_event)], reconcile };

/// Every new event has its end; the recorder moves it when it writes an event again.
fn new_event(change: &Change, _: &mut Server) -> Vec<Key> {
    (change.kind == ChangeKind::Added).then(|| Key::of(&change.object)).into_iter().collect()
}

/// When an event was last written, as far as it says so itself.
fn last_seen(event: &Object) -> Option<Time> {
    ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"]
        .iter()
        .filter_map(|pointer| event.time(pointer))
        .max()
}

fn reconcile(context: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(event) = context.get_key("events", key)? else { return Ok(Action::Done) };
    let expires = last_seen(&event).unwrap_or(context.now) + EVENT_TTL;
    if expires > context.now {
        return Ok(Action::Recurring(expires));
    }
    recorder::forget(context, &event);
    context.delete("events", &event)?;
    Ok(Action::Done)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::controllers::Context;
    use crate::controllers::shared::testing::Bench;
    use crate::machinery::object::Meta;
    use crate::sim::Duration;

    #[test]
    fn events_are_forgotten_after_an_hour() {
        let mut bench = Bench::new(&["events", "configmaps"]).expect("core kinds are served");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "told"}});
        let about = bench.create("configmaps", map);
        let row = format!("events/test-controller/{}", about.uid());
        let now = bench.cluster.now();
        Context::new(bench.cluster.server(), "test-controller", now).event(&about, "Normal", "Told", "a story");
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "by-hand"},
                           "involvedObject": {"kind": "ConfigMap", "name": "told", "namespace": "default"}});
        bench.create("events", event);
        assert!(bench.cluster.server().row(&row).unwrap().is_some());
        bench.cluster.advance(Duration::from_secs(3599)).unwrap();
        assert_eq!((bench.events("told").len(), bench.find("events", "by-hand").is_some()), (2, true));
        bench.cluster.advance(Duration::from_secs(2)).unwrap();
        assert_eq!((bench.events("told").len(), bench.find("events", "by-hand").is_some()), (0, false));
        assert_eq!(bench.cluster.server().row(&row).unwrap(), None);
    }
}
