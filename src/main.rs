//! kctl: kubectl and the Kubernetes v1.36 control plane behind it, in one process.
//!
//! # The life of one command
//!
//! `kctl set image deployment/web nginx=nginx:1.27`, from the arguments to the last byte of output:
//!
//! 1. `cli::dispatch` parses the arguments, finds the verb and reads the global flags. A verb is one file below
//!    `src/cli/verbs`.
//! 2. The verb connects its client: `cluster::open` takes the lock of the store, opens the engine, and **catches up**: in
//!    real time everything that became due since the last command runs now, each entry at its own instant.
//! 3. `cli::resolve` turns `deployment/web` into an object path; the verb reads the object, changes its copy and sends the
//!    difference as a patch, all through `cluster::Client`.
//! 4. `api::Server::handle` takes the request through its stages: authorize, decode, patch, default, admit, validate, record
//!    field ownership, and stage the new version in the store.
//! 5. The controllers read the changes and reconcile until nothing is left to do at this instant; what they write takes the
//!    same way through the server. The Deployment controller creates a ReplicaSet, that one pods, the scheduler binds them,
//!    the kubelet puts the start of their containers on the timeline.
//! 6. Before anything is printed, `Store::commit` makes all of it durable in one atomic batch: objects, indexes, the change
//!    log, the timeline and the clock. Other processes are notified.
//! 7. The output that was held back is printed, and the process ends without unwinding the engine.
//!
//! A verb that waits (`rollout status`, `wait`, `get -w`) repeats steps 5 to 7: virtual time jumps to the next entry of the
//! timeline; in real time the process gives the lock back and sleeps until another process commits or the entry is due.
//!
//! # The crates
//!
//! Each uses only those above it; cargo sees to that.
//!
//! | crate | what it is |
//! |---|---|
//! | `src/zones` | time zones by name, in the place of the crate `chrono-tz` |
//! | `src/base` | rules that know no kind: JSON values, formats, patches, schema, expressions, simulated time |
//! | `src/kinds` | the kinds: names, defaults, validation, table columns, descriptions; one file or folder each |
//! | `src/container` | what a container sees and runs: files, processes, shells, programs, servers; it knows no Kubernetes |
//! | `src/cluster` | the control plane: store, API server, controllers, clock, and the typed client |
//! | `src/kustomize` | kustomizations, as the kustomize inside kubectl builds them |
//! | `src/cli` | kubectl's command line as a client; one file a verb |
//! | `src/main.rs` | arguments in, exit code out |

fn main() {
    // Leaves without unwinding the store: what was committed is durable, and dropping the engine only costs time.
    std::process::exit(kctl_cli::run(std::env::args_os().collect()));
}
