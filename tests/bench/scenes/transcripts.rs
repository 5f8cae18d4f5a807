//! Golden transcripts.

use super::Scene;
use crate::bench::{Bench, Task};
use crate::row::{Goal, Row};

pub(super) const SCENES: &[Scene] = &[Scene {
    about: "transcripts of five small commands each",
    rows: &["transcripts"],
    sizes: &[100, 500],
    unnamed_max: usize::MAX,
    run: transcripts,
}];

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
