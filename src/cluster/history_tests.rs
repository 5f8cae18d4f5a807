//! The history of a cluster: operations are recorded, and going back restores everything, so that the same commands have the
//! same results again.

use std::path::Path;

use crate::api::{PatchType, Request, User};
use crate::console::{Console, Kept};
use crate::store::disk::random::Random;
use crate::testing::{SimulatedDisk, make_slow, open_on};
use crate::{Cluster, OpenOptions, Operation, OperationKind};
use kctl_base::json::{Value, json};
use kctl_base::sim::Duration;

/// Opens the cluster for a command, as a new process does.
fn open(disk: &SimulatedDisk, command: &str) -> Cluster {
    let options = OpenOptions { command: command.into(), ..OpenOptions::memory(7) };
    let mut cluster = open_on(disk, options).expect("the cluster opens");
    cluster.record_as("admin");
    cluster
}

/// Opens the console, for a command of its own.
fn console<T>(disk: &SimulatedDisk, act: impl FnOnce(&mut Console<'_>) -> T) -> T {
    let mut cluster = open(disk, "kctl history");
    let user = User::admin();
    let mut console = cluster.console(&user).expect("the administrator may do everything");
    act(&mut console)
}

/// Everything that the cluster consists of, as bytes.
fn state(disk: &SimulatedDisk) -> Vec<u8> {
    console(disk, |console| {
        let mut bytes = Vec::new();
        console.save_snapshot("state").expect("saved");
        console.export_snapshot("state", Path::new("file"), &mut bytes).expect("exported");
        console.delete_snapshot("state").expect("deleted");
        bytes
    })
}

/// The objects in which the present differs from the snapshot `before`.
fn differences(disk: &SimulatedDisk) -> Vec<crate::ObjectChange> {
    console(disk, |console| {
        let before = console.state_of(Some("before")).expect("readable");
        before.differences(&console.state_of(None).expect("readable")).expect("compared")
    })
}

fn operations(disk: &SimulatedDisk) -> Vec<Operation> {
    console(disk, |console| console.operations().expect("readable"))
}

fn deployment(name: &str, replicas: usize) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": replicas,
        "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}})
}

fn create(disk: &SimulatedDisk, name: &str, replicas: usize) {
    let mut cluster = open(disk, &format!("kctl create {name}"));
    cluster.handle(&Request::create("deployments.apps", "default", deployment(name, replicas))).expect("created");
    cluster.commit().expect("committed");
}

fn advance(disk: &SimulatedDisk, seconds: i64) {
    let mut cluster = open(disk, "kctl clock advance");
    cluster.advance(Duration::from_secs(seconds)).expect("time passes");
    cluster.commit().expect("committed");
}

/// Runs a random command; one that the server refuses changes nothing.
fn operate(disk: &SimulatedDisk, random: &mut Random) {
    let name = format!("web{}", random.below(3));
    match random.below(5) {
        0 => advance(disk, random.below(40) as i64),
        1 => {
            let mut cluster = open(disk, "kctl delete");
            drop(cluster.handle(&Request::delete("deployments.apps", "default", &name)));
            cluster.commit().expect("committed");
        }
        2 | 3 => {
            let mut cluster = open(disk, "kctl scale");
            let patch = json!({"spec": {"replicas": random.below(6)}});
            drop(cluster.handle(&Request::patch("deployments.apps", "default", &name, PatchType::Merge, patch)));
            cluster.commit().expect("committed");
        }
        _ => {
            let mut cluster = open(disk, "kctl create");
            let new = deployment(&name, random.below(5));
            drop(cluster.handle(&Request::create("deployments.apps", "default", new)));
            cluster.commit().expect("committed");
        }
    }
}

#[test]
fn a_command_is_recorded_with_what_it_did() {
    let disk = SimulatedDisk::default();
    create(&disk, "web", 2);
    advance(&disk, 60);
    // A command that changes nothing is no operation.
    open(&disk, "kctl get pods").commit().expect("committed");
    let operations = operations(&disk);
    let kinds: Vec<OperationKind> = operations.iter().map(|operation| operation.kind).collect();
    assert_eq!(kinds, [OperationKind::Creation, OperationKind::Command, OperationKind::Command]);
    let [creation, created, advanced] = &operations[..] else { panic!("{operations:?}") };
    assert_eq!((creation.number, created.number, advanced.number), (1, 2, 3));
    assert_eq!((created.command.as_str(), created.user.as_str()), ("kctl create web", "admin"));
    assert!(created.objects.created >= 4 && created.objects.changed == 0, "{created:?}");
    assert!(advanced.objects.changed >= 4 && advanced.objects.deleted == 0, "{advanced:?}");
    assert_eq!(advanced.ended - advanced.began, Duration::from_secs(60));
    assert_eq!((creation.revision, created.revision), (created.revision_before, advanced.revision_before));
    assert_eq!((creation.after, created.after), (created.before, advanced.before));
    assert_eq!((created.parent, advanced.parent, advanced.state), (1, 2, 3));
}

#[test]
fn the_objects_that_an_operation_changed_are_shown() {
    let disk = SimulatedDisk::default();
    create(&disk, "web", 2);
    advance(&disk, 60);
    let mut cluster = open(&disk, "kctl delete");
    cluster.handle(&Request::delete("deployments.apps", "default", "web")).expect("deleted");
    cluster.commit().expect("committed");
    for number in 2..=4 {
        let (operation, changes) = console(&disk, |console| console.operation(number).expect("kept"));
        let count = |is: fn(&crate::ObjectChange) -> bool| changes.iter().filter(|c| is(c)).count() as u64;
        assert_eq!(count(|c| c.old.is_none()), operation.objects.created, "{number}");
        assert_eq!(count(|c| c.new.is_none()), operation.objects.deleted, "{number}");
        assert_eq!(count(|c| c.old.is_some() && c.new.is_some()), operation.objects.changed, "{number}");
    }
}

#[test]
fn the_commits_of_a_long_command_are_one_operation() {
    let disk = SimulatedDisk::default();
    create(&disk, "web", 3);
    let mut cluster = open(&disk, "kctl clock advance 1h");
    make_slow(&mut cluster);
    cluster.advance(Duration::from_secs(3600)).expect("time passes");
    cluster.commit().expect("committed");
    let operations = operations(&disk);
    let last = operations.last().expect("an operation");
    assert!(operations.len() == 3 && last.after > last.before + 1, "{last:?}");
    console(&disk, |console| console.undo(None).expect("undone"));
    assert_eq!(open(&disk, "").now(), last.began);
}

#[test]
fn time_between_commands_is_one_operation_which_undo_takes_along() {
    let disk = SimulatedDisk::default();
    create(&disk, "web", 1);
    let before = state(&disk);
    create(&disk, "other", 1);
    for _ in 0..3 {
        let mut cluster = open(&disk, "kctl get pods");
        cluster.catch_up(cluster.now() + Duration::from_secs(5)).expect("time passes");
        cluster.commit().expect("committed");
    }
    let all = operations(&disk);
    assert_eq!((all.len(), all[3].kind, all[3].command.as_str()), (4, OperationKind::Time, ""));
    assert_eq!((all[3].state, all[3].ended - all[3].began >= Duration::from_secs(5)), (3, true));
    let undone = console(&disk, |console| console.undo(None).expect("undone"));
    assert_eq!(undone.iter().map(|operation| operation.number).collect::<Vec<_>>(), [3]);
    assert!(state(&disk) == before);
}

#[test]
fn the_same_commands_have_the_same_results_after_an_undo() {
    let disk = SimulatedDisk::default();
    create(&disk, "web", 3);
    let before = state(&disk);
    let run = || {
        create(&disk, "other", 2);
        advance(&disk, 30);
        state(&disk)
    };
    let first = run();
    let undone = console(&disk, |console| console.undo(Some(3)).expect("undone"));
    assert_eq!(undone.iter().map(|operation| operation.number).collect::<Vec<_>>(), [4, 3]);
    assert!(state(&disk) == before);
    assert!(run() == first);
}

#[test]
fn undo_and_redo_go_back_and_forth() {
    let disk = SimulatedDisk::default();
    let mut states = vec![];
    for name in ["a", "b", "c"] {
        create(&disk, name, 1);
        states.push(state(&disk));
    }
    let undo = |expected: u64| {
        let undone = console(&disk, |console| console.undo(None).expect("undone"));
        assert_eq!(undone[0].number, expected);
    };
    let redo = |expected: u64| assert_eq!(console(&disk, |console| console.redo().expect("redone")).number, expected);
    undo(4);
    undo(3);
    assert!(state(&disk) == states[0]);
    redo(3);
    assert!(state(&disk) == states[1]);
    undo(3);
    redo(3);
    redo(4);
    assert!(state(&disk) == states[2]);
    let refused = |act: fn(&mut Console<'_>) -> Option<crate::ClusterError>| {
        console(&disk, |console| act(console).expect("refused").to_string())
    };
    assert_eq!(refused(|console| console.redo().err()), "nothing to redo");
    undo(4);
    create(&disk, "d", 1);
    assert_eq!(refused(|console| console.redo().err()), "nothing to redo", "a command forgets what was undone");
    let restored = console(&disk, |console| console.restore(4).expect("restored"));
    assert!(restored.number == 4 && state(&disk) == states[2]);
    // Going to a state is an operation that can be taken back.
    console(&disk, |console| console.undo(None).expect("undone"));
    let last = operations(&disk).last().expect("an operation").clone();
    console(&disk, |console| console.undo(Some(2)).expect("undone"));
    let nothing =
        "nothing to undo: operation 1 is the creation of the cluster (to delete the cluster: kctl store reset)";
    assert_eq!(refused(|console| console.undo(None).err()), nothing);
    assert_eq!(
        refused(|console| console.undo(Some(99)).err()),
        format!("there is no operation 99 (the newest is {})", last.number + 1)
    );
    assert!(refused(|console| console.undo(Some(4)).err()).starts_with("nothing to undo"));
}

#[test]
fn operations_that_are_no_longer_kept_are_named() {
    let disk = SimulatedDisk::default();
    (0..8).for_each(|i| create(&disk, &format!("web{i}"), 1));
    console(&disk, |console| console.keep(Kept { operations: 4, bytes: 1 << 30 }).expect("kept"));
    assert_eq!(operations(&disk).iter().map(|operation| operation.number).collect::<Vec<_>>(), [6, 7, 8, 9]);
    let error = console(&disk, |console| console.restore(3).expect_err("gone").to_string());
    assert_eq!(error, "operation 3 is no longer kept (the oldest is 6)");
    console(&disk, |console| console.undo(Some(6)).expect("undone"));
    let error = console(&disk, |console| console.undo(None).expect_err("gone").to_string());
    assert_eq!(error, "operation 5 is no longer kept (the oldest is 7)");
}

#[test]
fn a_cluster_in_memory_has_no_history() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let user = User::admin();
    let mut console = cluster.console(&user).expect("the console");
    assert_eq!(console.undo(None).expect_err("nothing").to_string(), "nothing to undo");
    let error = console.save_snapshot("a").expect_err("no file").to_string();
    assert_eq!(error, "a cluster in memory keeps no history");
}

#[test]
fn snapshots_are_saved_restored_compared_and_deleted() {
    let disk = SimulatedDisk::default();
    create(&disk, "web", 2);
    let before = state(&disk);
    console(&disk, |console| console.save_snapshot("before").expect("saved"));
    console(&disk, |console| console.keep(Kept { operations: 2, bytes: 0 }).expect("kept"));
    for i in 0..30 {
        create(&disk, &format!("x{i}"), 1);
    }
    let changes = differences(&disk);
    assert!(changes.iter().filter(|c| c.old.is_none() && &*c.key.resource == "deployments.apps").count() == 30);
    console(&disk, |console| console.restore_snapshot("before").expect("restored"));
    assert!(state(&disk) == before, "pinned, whatever the limits are");
    assert!(differences(&disk).is_empty());
    let error = |act: fn(&mut Console<'_>) -> Option<crate::ClusterError>| {
        console(&disk, |console| act(console).expect("refused").to_string())
    };
    let taken = "there is a snapshot \"before\" already (to replace it: kctl snapshot delete before)";
    assert_eq!(error(|console| console.save_snapshot("before").err()), taken);
    console(&disk, |console| console.delete_snapshot("before").expect("deleted"));
    let none = "there is no snapshot \"before\" (to see them: kctl snapshot list)";
    assert_eq!(error(|console| console.restore_snapshot("before").err()), none);
    assert_eq!(error(|console| console.delete_snapshot("before").err()), none);
}

#[test]
fn a_snapshot_moves_to_another_cluster_with_its_seed() {
    let (here, there) = (SimulatedDisk::default(), SimulatedDisk::default());
    create(&here, "web", 2);
    let file = state(&here);
    let options = OpenOptions::memory(99);
    drop(open_on(&there, options).expect("another cluster"));
    let import = |name: &str, bytes: &[u8]| {
        console(&there, |console| console.import_snapshot(name, Path::new("file"), bytes).map_err(|e| e.to_string()))
    };
    import("web", &file).expect("imported");
    assert_eq!(console(&there, |console| console.snapshots().expect("readable")).len(), 1);
    console(&there, |console| console.restore_snapshot("web").expect("restored"));
    assert!(state(&there) == file);
    for disk in [&here, &there] {
        create(disk, "more", 2);
        advance(disk, 60);
    }
    assert!(state(&there) == state(&here), "the same cluster from then on");
    console(&there, |console| console.undo(Some(2)).expect("undone"));
    assert_eq!(open(&there, "").ids().seed(), 99);
    let refused = |bytes: &[u8]| {
        import("bad", bytes).expect_err("refused").replace("file is not a snapshot that can be imported: ", "")
    };
    assert_eq!(refused(b"{}"), "it does not begin like one");
    assert_eq!(
        refused(&[b"kctl snapshot 2", &file[15..]].concat()),
        "its format is 2, and this program supports 1: update kctl"
    );
    assert_eq!(refused(&[&file[..], b"x"].concat()), "it goes on after its end");
    for len in (0..file.len()).step_by(file.len() / 60) {
        import("bad", &file[..len]).expect_err("cut off");
        let mut flipped = file.clone();
        flipped[len] ^= 1 << (len % 8);
        import("bad", &flipped).expect_err("damaged");
    }
    assert_eq!(console(&there, |console| console.snapshots().expect("readable")).len(), 1);
}

#[test]
fn undo_of_everything_gives_the_start_and_redo_the_end() {
    for seed in 0..Random::rounds(2) {
        let (disk, mut random) = (SimulatedDisk::default(), Random::new(seed as u64));
        create(&disk, "web0", 2);
        let start = state(&disk);
        (0..12).for_each(|_| operate(&disk, &mut random));
        let end = state(&disk);
        let mut undone = 0;
        while operations(&disk).last().is_some_and(|last| last.state > 2) {
            console(&disk, |console| console.undo(None).expect("undone"));
            undone += 1;
        }
        assert!(undone > 3 && state(&disk) == start, "seed {seed}, {undone} undone");
        (0..undone).for_each(|_| drop(console(&disk, |console| console.redo().expect("redone"))));
        assert!(state(&disk) == end, "seed {seed}");
        let problems = open(&disk, "").server().store().check().expect("a check");
        assert_eq!(problems, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn a_power_failure_during_an_undo_leaves_the_old_or_the_new_state() {
    let disk = SimulatedDisk::default();
    create(&disk, "web", 3);
    let old = state(&disk);
    create(&disk, "other", 3);
    advance(&disk, 30);
    let new = state(&disk);
    let started = disk.events();
    console(&disk, |console| console.undo(Some(3)).expect("undone"));
    let mut random = Random::new(5);
    let (mut olds, mut news) = (0, 0);
    for cut in started..=disk.events() {
        let likely = random.below(101);
        let left = disk.after_power_failure(cut, &mut || random.below(100) < likely);
        let found = state(&left);
        assert!(found == old || found == new, "cut {cut}");
        (olds, news) = (olds + usize::from(found == old), news + usize::from(found == new));
    }
    assert!(olds > 0 && news > 0, "{olds}, {news}");
}
