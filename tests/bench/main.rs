//! Benchmarks, run by hand: `cargo bench`, or `cargo bench -- NAME...` for the rows whose names contain one of the words.
//!
//! A row measures one command that users wait for, run by the binary in a process of its own as from a shell: wall time (the
//! median of several runs), peak memory, the size of the store, and instructions if valgrind is installed. The cost of a
//! process that only opens the engine is given separately. Rows with a target report if it is met.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program for people at a terminal"
)]

mod load;
mod measure;
mod scenes;

use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};

use measure::Row;

fn main() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|arg| arg == measure::OPEN_ENGINE) {
        let store = args.next().expect("a store");
        measure::only_open_engine(Path::new(&store));
    }
    let names: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|w| name.contains(w.as_str()));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["what", "wall ms", "engine ms", "M instr", "engine M instr", "peak MiB", "store MiB", "target"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for scene in scenes::SCENES.iter().filter(|s| s.rows.iter().any(|r| chosen(r))) {
        eprintln!("{}: {}", scene.rows.join(", "), scene.about);
        for row in (scene.run)().into_iter().filter(|r| chosen(&r.what)) {
            table.add_row(cells(&row));
        }
    }
    println!("{table}");
}

/// The cells of a row.
fn cells(row: &Row) -> [String; 8] {
    let mib =
        |bytes: Option<u64>| bytes.map_or_else(|| "-".into(), |b| format!("{:.1}", b as f64 / f64::from(1 << 20)));
    let ms = |time: std::time::Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    let millions = |count: Option<u64>| count.map_or_else(|| "-".into(), |n| format!("{:.1}", n as f64 / 1e6));
    [
        row.what.clone(),
        ms(row.wall),
        ms(row.engine.wall),
        millions(row.instructions),
        millions(row.engine.instructions),
        mib(row.memory),
        mib(row.disk),
        row.verdict(),
    ]
}
