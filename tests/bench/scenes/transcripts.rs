//! Golden transcripts, and their futures.

use super::Scene;
use crate::bench::{Bench, Task};
use crate::row::{Goal, Row};

pub(super) const SCENES: &[Scene] = &[
    Scene {
        about: "transcripts of five small commands each",
        rows: &["transcripts"],
        sizes: &[100, 500],
        unnamed_max: usize::MAX,
        run: transcripts,
    },
    Scene {
        about: "a rollout of ten steps with an invariant, in many futures",
        rows: &["futures"],
        sizes: &[100, 1_000],
        unnamed_max: usize::MAX,
        run: futures,
    },
];

/// A transcript, as cram has it.
const TRANSCRIPT: &str = "  $ kubectl create deployment web --image=nginx --replicas=2
  deployment.apps/web created
  $ kubectl get deployments -o name
  deployment.apps/web
  $ kubectl scale deployment/web --replicas=3
  deployment.apps/web scaled
  $ kubectl label deployment/web tier=front
  deployment.apps/web labeled
  $ kubectl get pods --no-headers | wc -l
  3
";

fn transcripts(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    for number in 0..count {
        bench.write(&format!("{number}.t"), TRANSCRIPT);
    }
    let row = bench.measure(&Task::new("transcripts", "test .").reads(count));
    vec![if count == 500 { row.goal(Goal::ms(5_000)) } else { row }]
}

/// A rollout that keeps two pods ready, whatever the seed.
const ROLLOUT: &str =
    "# kctl-invariant: cluster.objects('configmaps', 'app=web').size() == 0 || cluster.readyPods('app=web').size() >= 2

  $ kubectl create deployment web --image=nginx:1.25 --replicas=3
  deployment.apps/web created
  $ kubectl rollout status deployment/web
  ...
  $ kubectl create configmap begun
  configmap/begun created
  $ kubectl label configmap begun app=web
  configmap/begun labeled
  $ kubectl set image deployment/web nginx=nginx:1.26
  deployment.apps/web image updated
  $ kubectl rollout status deployment/web
  ...
  $ kubectl get pods
  ...
  $ kubectl rollout undo deployment/web
  deployment.apps/web rolled back
  $ kubectl rollout status deployment/web
  ...
  $ kubectl rollout history deployment/web
  ...
";

fn futures(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    bench.write("rollout.t", ROLLOUT);
    let row = bench.measure(&Task::new("futures", &format!("test --seed 1..{count} rollout.t")).reads(count));
    vec![if count == 1_000 { row.goal(Goal::ms(20_000)) } else { row }]
}
