//! Long times.

use super::Scene;
use crate::bench::{Bench, Task};
use crate::manifests::{self, list};
use crate::row::{Goal, Row};

pub(super) const SCENES: &[Scene] = &[
    Scene {
        about: "CronJobs that fire at once",
        rows: &["cronjobs-fire"],
        sizes: &[100, 1_000, 4_000],
        unnamed_max: usize::MAX,
        run: cron_jobs,
    },
    Scene {
        about: "an hourly CronJob for a year",
        rows: &["cronjob-year"],
        sizes: &[1],
        unnamed_max: usize::MAX,
        run: |_| year(),
    },
    Scene {
        about: "days of a cluster with all kinds of workload",
        rows: &["mixed-days"],
        sizes: &[100, 1_000, 10_000],
        unnamed_max: 1_000,
        run: mixed_days,
    },
];

fn cron_jobs(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    bench.write("nodes.json", list((0..count.div_ceil(100)).map(manifests::node)));
    bench.write("cronjobs.json", list((0..count).map(|index| manifests::cron_job(&format!("tick{index}"), "@hourly"))));
    bench.run("create -f nodes.json; create -f cronjobs.json; clock advance 30m");
    let row = bench.measure(&Task::bulk("cronjobs-fire", count, "clock advance 45m"));
    bench.expect_lines("get jobs --no-headers --field-selector=status.successful=1", count);
    vec![row]
}

/// Creates and finishes 8,760 Jobs and deletes all but the last few.
fn year() -> Vec<Row> {
    let bench = Bench::alone();
    bench.write("cronjob.json", manifests::cron_job("tick", "@hourly"));
    bench.run("create -f cronjob.json; clock advance 30m");
    let row = bench.measure(&Task::bulk("cronjob-year", 1, "clock advance 8760h"));
    bench.expect_lines("get jobs --no-headers", 3);
    vec![row.goal(Goal::ms(2_000))]
}

/// Lets days pass. The store must not grow beyond half as much again as what it takes after the first hundred days.
fn mixed_days(days: usize) -> Vec<Row> {
    let bench = Bench::alone();
    bench.write("mixed.json", manifests::mixed());
    bench.run("create -f mixed.json; clock advance 2401h");
    let disk = kctl_cluster::maintenance::bytes_on_disk(&bench.store()).expect("a store");
    let row = bench.measure(&Task::bulk("mixed-days", days, &format!("clock advance {}h", days * 24)));
    bench.expect_lines("get jobs --no-headers", 3);
    vec![row.goal(Goal { disk: Some(disk * 3 / 2), ..Goal::default() })]
}
