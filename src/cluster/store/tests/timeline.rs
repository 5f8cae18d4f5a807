//! The order in which entries are due, and the replacement of entries.

use super::*;

fn at(seconds: i64) -> Time {
    Time::from_secs(seconds)
}

/// Takes every entry that is due by a time: `10 kubelet a`.
fn take(store: &mut Store, until: i64) -> Vec<String> {
    let mut taken = Vec::new();
    while let Some(due) = store.take_due(at(until)).expect("take") {
        taken.push(format!("{} {} {}", due.at.secs(), due.controller, due.key));
    }
    taken
}

#[test]
fn entries_are_due_by_time_then_by_insertion_order() {
    let mut store = store();
    store.schedule("kubelet", "b", at(10), false);
    store.schedule("kubelet", "a", at(10), false);
    store.schedule("cron", "c", at(5), true);
    store.schedule("cron", "past", at(-5), false);
    store.commit(NOW).expect("commit");
    store.schedule("job", "d", at(10), false);
    store.schedule("kubelet", "e", at(20), false);
    let due = store.due(3).expect("due");
    assert_eq!(
        due.iter().map(|d| (d.key.as_str(), d.recurring)).collect::<Vec<_>>(),
        [("past", false), ("c", true), ("b", false)]
    );
    assert_eq!(take(&mut store, 10), ["-5 cron past", "5 cron c", "10 kubelet b", "10 kubelet a", "10 job d"]);
    assert_eq!(store.next_due().expect("next").expect("an entry").key, "e");
    store.discard();
    assert_eq!(store.next_due().expect("next").expect("an entry").key, "past");
    assert_eq!(store.due(9).expect("due").len(), 4);
}

#[test]
fn a_new_entry_replaces_the_old_one() {
    let mut store = store();
    store.schedule("job", "a", at(10), false);
    store.commit(NOW).expect("commit");
    store.schedule("job", "a", at(10), false);
    assert!(!store.is_dirty(), "the entry has not changed");
    store.schedule("job", "a", at(20), false);
    store.schedule("job", "a", at(15), false);
    store.schedule("job", "b", at(15), false);
    store.schedule("job", "b", at(12), true);
    assert_eq!(store.scheduled("job", "b").expect("entry").expect("an entry").at, at(12));
    assert_eq!(take(&mut store, 14), ["12 job b"]);
    store.schedule("job", "c", at(3), false);
    store.unschedule("job", "never");
    assert_eq!(
        take(&mut store, 100),
        ["3 job c", "15 job a"],
        "an entry that was added later but is due earlier comes first"
    );
    assert_eq!(store.next_due().expect("next"), None);
    store.schedule("job", "a", at(1), false);
    store.unschedule("job", "a");
    assert_eq!(store.next_due().expect("next"), None);
    store.commit(NOW).expect("commit");
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}
