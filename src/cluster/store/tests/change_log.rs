//! The changes that the log returns, and its retention.

use super::*;
use kctl_base::sim::Duration;

/// Summarizes changes (`3 modified a was 2`) and checks their versions.
fn summary(changes: &[Change]) -> Vec<String> {
    let summarize = |change: &Change| {
        let old = change.old.as_ref().map_or("-", |o| o.resource_version());
        let kind = format!("{:?}", change.kind).to_lowercase();
        assert_eq!(change.watch_object().resource_version(), change.revision.to_string());
        format!("{} {kind} {} was {old}", change.revision, change.key.name)
    };
    changes.iter().map(summarize).collect()
}

fn since(store: &mut Store, revision: u64) -> Vec<Change> {
    store.changes_since(revision).expect("changes")
}

#[test]
fn changes_are_the_same_before_and_after_the_commit() {
    let mut store = store();
    store.write(&pod("a"), on("a", "")).expect("write");
    store.write(&pod("b"), on("b", "n1")).expect("write");
    store.commit(NOW).expect("commit");
    store.write(&pod("a"), on("a", "n1")).expect("write");
    store.write(&pod("a"), on("a", "n2")).expect("write");
    store.remove(&pod("a")).expect("remove");
    store.write(&pod("a"), on("a", "n3")).expect("write");
    let staged = since(&mut store, 1);
    assert_eq!(store.log_start(), 1);
    let want = [
        "2 added a was -",
        "3 added b was -",
        "4 modified a was 2",
        "5 modified a was 4",
        "6 deleted a was 5",
        "7 added a was -",
    ];
    assert_eq!(summary(&staged), want);
    store.commit(NOW).expect("commit");
    let committed = since(&mut store, 1);
    assert_eq!(summary(&committed), want);
    for (left, right) in staged.iter().zip(&committed) {
        assert_eq!((&left.object, &left.old), (&right.object, &right.old), "revision {}", left.revision);
    }
    assert_eq!(summary(&since(&mut store, 5)), want[4..]);
    assert_eq!(since(&mut store, 7).len() + since(&mut store, u64::MAX).len(), 0);
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn the_changes_of_one_resource_are_those_among_all_changes() {
    let mut store = store();
    store.set_log_limits(LogLimits { recent: 1, ..LogLimits::default() });
    let map = ObjectKey::new("configmaps", "default", "pods");
    for round in 0..3 {
        store.write(&pod("a"), on("a", &round.to_string())).expect("write");
        store.write(&map, json!({"data": {"resource": "pods", "round": round}})).expect("write");
        store.remove(&pod("a")).expect("remove");
        match round {
            0 => store.commit(NOW).expect("commit"),
            _ => store.mark_observed(store.revision(), NOW),
        }
    }
    store.write(&map, json!({})).expect("write");
    let all = since(&mut store, 1);
    for (resource, count) in [("pods", 6), ("configmaps", 4), ("secrets", 0)] {
        let changes = store.changes_of(resource, 1).expect("changes");
        let wanted: Vec<&Change> = all.iter().filter(|change| change.key.resource == resource).collect();
        assert_eq!(changes.len(), count);
        for (change, want) in changes.iter().zip(wanted) {
            assert_eq!((change.revision, &change.key, &change.old), (want.revision, &want.key, &want.old));
            assert_eq!((change.kind, &change.object), (want.kind, &want.object));
        }
    }
}

#[test]
fn observed_changes_read_as_before() {
    let mut store = store();
    store.set_log_limits(LogLimits { recent: 1, ..LogLimits::default() });
    store.write(&pod("a"), on("a", "n1")).expect("write");
    store.commit(NOW).expect("commit");
    store.write(&pod("b"), on("b", "n1")).expect("write");
    store.write(&pod("a"), on("a", "n2")).expect("write");
    store.remove(&pod("a")).expect("remove");
    store.write(&pod("a"), on("a", "n3")).expect("write");
    let fresh = since(&mut store, 1);
    store.mark_observed(4, NOW);
    for revision in [1, 2, 3, 4, 5, 6] {
        let observed = since(&mut store, revision);
        assert_eq!(summary(&observed), summary(&fresh)[revision as usize - 1..]);
        for (left, right) in observed.iter().zip(&fresh[revision as usize - 1..]) {
            assert_eq!((&left.object, &left.old), (&right.object, &right.old), "revision {}", left.revision);
        }
    }
    store.mark_observed(6, NOW);
    store.commit(NOW).expect("commit");
    assert_eq!(summary(&since(&mut store, 1)), summary(&fresh));
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn a_command_drops_changes_that_exceed_the_count() {
    let mut store = store();
    store.set_log_limits(LogLimits { count: 5, age: Duration::from_secs(60), floor: 3, recent: 0 });
    store.write(&pod("a"), on("a", "first")).expect("write");
    store.commit(NOW).expect("commit");
    for i in 0..100 {
        store.write(&pod("a"), on("a", &format!("n{i}"))).expect("write");
        store.mark_observed(store.revision(), NOW);
    }
    assert_eq!((store.log_start(), since(&mut store, 52).len()), (52, 50));
    assert_eq!(store.changes_since(51).expect_err("dropped").to_string(), "too old resource version: 51 (52)");
    store.commit(NOW).expect("commit");
    assert_eq!((store.log_start(), since(&mut store, 97).len()), (97, 5));
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn a_command_drops_changes_that_exceed_the_age() {
    let mut store = store();
    store.set_log_limits(LogLimits { count: 100, age: Duration::from_secs(60), floor: 3, recent: 10 });
    let write = |store: &mut Store, second: i64| {
        store.write(&pod("a"), on("a", &format!("n{second}"))).expect("write");
        store.mark_observed(store.revision(), NOW + Duration::from_secs(second));
    };
    (0..40).for_each(|second| write(&mut store, second));
    assert_eq!(since(&mut store, 1).len(), 40, "encoded changes are kept until they exceed the age");
    (40..100).for_each(|second| write(&mut store, second));
    assert_eq!((store.log_start(), since(&mut store, 40).len()), (40, 61));
    assert_eq!(store.changes_since(39).expect_err("dropped").to_string(), "too old resource version: 39 (40)");
    write(&mut store, 10_000);
    assert_eq!(since(&mut store, 92).len(), 10, "decoded changes are kept however old they are");
    store.commit(NOW + Duration::from_secs(10_000)).expect("commit");
    assert_eq!(summary(&since(&mut store, 100)).len(), 2);
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn the_log_is_trimmed_by_count_and_by_age() {
    let mut store = store();
    store.set_log_limits(LogLimits { count: 10, age: Duration::from_secs(60), floor: 3, recent: 0 });
    for i in 0..25 {
        store.write(&pod("a"), on("a", &format!("n{i}"))).expect("write");
        store.commit(NOW + Duration::from_secs(i)).expect("commit");
    }
    assert_eq!(store.revision(), 26);
    assert_eq!(
        summary(&since(&mut store, 16))[0],
        "17 modified a was 16",
        "its previous version is not in the log but known"
    );
    let gone = store.changes_since(15).expect_err("trimmed");
    assert_eq!(gone.to_string(), "too old resource version: 15 (16)");
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
    store.write(&pod("a"), on("a", "later")).expect("write");
    store.commit(NOW + Duration::from_secs(3600)).expect("commit");
    assert_eq!(summary(&since(&mut store, 24)).len(), 3, "never fewer than the floor");
    assert!(store.changes_since(23).is_err());
    for i in 0..30 {
        store.write(&pod("b"), on("b", &format!("n{i}"))).expect("write");
    }
    store.commit(NOW + Duration::from_secs(3601)).expect("commit");
    assert_eq!(since(&mut store, 47).len(), 10, "one command with more changes than the log retains");
    assert!(store.changes_since(46).is_err());
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn a_log_row_is_small() {
    let mut store = store();
    let long = "x".repeat(5_000);
    store.write(&pod("a"), json!({"metadata": {"name": "a", "namespace": "default"}, "data": long})).expect("write");
    let mut object = Object::clone(&store.get(&pod("a")).expect("get").expect("a pod"));
    object["status"] = json!({"phase": "Running"});
    store.write(&pod("a"), object).expect("write");
    store.commit(NOW).expect("commit");
    let row = store.batch.engine().get(&keys::Key::Change(3).encode()).expect("get").expect("a row");
    assert!(row.len() < 200, "{} bytes", row.len());
}

#[test]
fn a_thousand_pods_with_eight_versions_are_staged_and_committed_without_scanning() {
    let mut store = store();
    for version in 0..8 {
        for i in 0..1_000 {
            let name = format!("p{i}");
            store.write(&pod(&name), on(&name, &format!("n{}", version % 3))).expect("write");
        }
    }
    store.commit(NOW).expect("commit");
    assert_eq!(store.by_index("node", "n1").expect("by index").len(), 1_000);
    assert_eq!(since(&mut store, 1).len(), 8_000);
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn a_change_keeps_its_time_and_its_cause() {
    let mut store = store();
    let after = |seconds| NOW + Duration::from_secs(seconds);
    let causes = [
        Cause::request(after(0)),
        Cause::controller(after(3), "kubelet", Some(Trigger::Timer(2))),
        Cause::controller(after(4), "scheduler", None),
    ];
    for cause in &causes {
        store.set_cause(cause.clone());
        store.write(&pod("a"), on("a", "n1")).expect("write");
    }
    let kept = |store: &mut Store| since(store, 1).into_iter().map(|change| change.cause).collect::<Vec<_>>();
    assert_eq!(kept(&mut store), causes);
    store.commit(after(60)).expect("commit");
    assert_eq!(kept(&mut store), causes);
}

#[test]
fn a_row_without_a_time_of_its_own_has_that_of_its_commit() {
    let json = br#"{"kind":"A","resource":"pods","namespace":"default","name":"a"}"#;
    let row = [&NOW.micros().to_be_bytes(), json.as_slice()].concat();
    let (at, _) = super::super::change_log::LogRow::decode(2, &row).expect("a row");
    assert_eq!(at, NOW);
}

#[test]
fn an_entry_of_the_timeline_keeps_the_change_that_it_follows_from() {
    let mut store = store();
    store.set_cause(Cause::controller(NOW, "kubelet", Some(Trigger::Change(7))));
    store.schedule("kubelet", "a", NOW, false);
    store.set_cause(Cause::request(NOW));
    store.schedule("kubelet", "b", NOW, false);
    let due = store.due(2).expect("entries");
    assert_eq!(due.iter().map(|due| due.cause).collect::<Vec<_>>(), [Some(7), None]);
}
