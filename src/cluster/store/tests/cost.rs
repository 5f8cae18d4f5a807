//! The number of rows a command reads and writes depends on its change, not on the size of the cluster.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// An engine that counts the rows it returns and stores.
struct Counting {
    engine: MemoryEngine,
    rows: Arc<AtomicUsize>,
}

impl Counting {
    fn count(&self, rows: usize) {
        self.rows.fetch_add(rows, Ordering::SeqCst);
    }
}

impl Engine for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.count(1);
        self.engine.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.engine.scan(from, to, &mut |key, value| {
            self.count(1);
            each(key, value)
        })
    }

    fn apply(&mut self, batch: Vec<Write>) -> Result<(), StoreError> {
        self.count(batch.len());
        self.engine.apply(batch)
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[test]
fn the_cost_of_a_command_is_that_of_its_change() {
    let rows = Arc::new(AtomicUsize::new(0));
    let engine = Counting { engine: MemoryEngine::new(), rows: rows.clone() };
    let mut store = Store::new(Box::new(engine), indexer).expect("a store");
    for i in 0..3_000i64 {
        let name = format!("p{i}");
        store.write(&pod(&name), on(&name, &format!("n{}", i % 500))).expect("write");
        store.schedule("kubelet", &name, Time::from_secs(i), false);
    }
    store.commit(NOW).expect("commit");
    let spent = |store: &mut Store, what: &str, most: usize, command: &dyn Fn(&mut Store)| {
        let before = rows.load(Ordering::SeqCst);
        command(store);
        let rows = rows.load(Ordering::SeqCst) - before;
        assert!(rows <= most, "{what} cost {rows} rows, not {most}");
    };
    spent(&mut store, "a write", 8, &|store| {
        store.write(&pod("p7"), on("p7", "n9")).expect("write");
        store.commit(NOW).expect("commit");
    });
    spent(&mut store, "a read of what has been read", 0, &|store| drop(store.get(&pod("p7")).expect("get")));
    spent(&mut store, "an index", 8, &|store| assert_eq!(store.by_index("node", "n9").expect("found").len(), 7));
    spent(&mut store, "a first entry", 1, &|store| drop(store.next_due().expect("next")));
    spent(&mut store, "no change", 0, &|store| assert_eq!(store.changes_since(3_002).expect("changes").len(), 0));
    spent(&mut store, "one change", 2, &|store| assert_eq!(store.changes_since(3_001).expect("changes").len(), 1));
    // Every entry is scanned once, however many have been taken before it in the same command.
    spent(&mut store, "a thousand entries", 5_100, &|store| {
        while store.take_due(Time::from_secs(999)).expect("take").is_some() {}
    });
}
