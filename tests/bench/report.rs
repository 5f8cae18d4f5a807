//! The printed report.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use crate::row::{Row, ms, short};

/// The columns of the table.
const COLUMNS: [&str; 11] = [
    "what",
    "wall ms",
    "M instr",
    "peak MiB",
    "store MiB",
    "engine ms",
    "engine M instr",
    "x engine",
    "kubectl ms",
    "kubectl / kctl",
    "goal",
];
/// A cost for each object that is so many times that of a smaller size is a bend.
const BEND: f64 = 1.5;
/// The smallest size whose cost for each object is compared: the start of a process weighs on smaller ones.
const BEND_FROM: usize = 1_000;
/// The width of the longest bar of the plot.
const BAR: f64 = 40.0;

/// Prints the table of all rows, and the plot of those that were measured at several sizes.
pub(crate) fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(COLUMNS);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for row in rows {
        table.add_row(cells(row));
    }
    println!("{table}");
    let mut names: Vec<&str> = rows.iter().map(|r| r.what.as_str()).collect();
    names.dedup();
    for name in names {
        let sizes: Vec<&Row> = rows.iter().filter(|r| r.what == name).collect();
        if sizes.len() > 1 {
            println!("\n{}", plot(name, &sizes));
        }
    }
}

/// The cells of a row.
fn cells(row: &Row) -> [String; COLUMNS.len()] {
    let wall = |time: Option<Duration>| text(time, |t| format!("{:.1}", ms(t)));
    let mib = |bytes: Option<u64>| text(bytes, |b| format!("{:.1}", b as f64 / f64::from(1 << 20)));
    let millions = |count: Option<u64>| text(count, |n| format!("{:.2}", n as f64 / 1e6));
    let ratio = |of: Option<f64>| text(of, |r| format!("{r:.1}"));
    let seconds = row.cost.wall.as_secs_f64();
    [
        row.label(),
        wall(Some(row.cost.wall)),
        millions(row.cost.instructions),
        mib(row.cost.memory),
        mib(row.disk),
        wall(row.engine.map(|e| e.wall)),
        millions(row.engine.and_then(|e| e.instructions)),
        ratio(row.engine.map(|e| seconds / e.wall.as_secs_f64())),
        wall(row.kubectl),
        ratio(row.kubectl.map(|k| k.as_secs_f64() / seconds)),
        row.verdict(),
    ]
}

/// A value as text, or a dash.
fn text<T>(value: Option<T>, format: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "-".into(), format)
}

/// Bars of the cost for each object at several sizes, in ascending order.
fn plot(name: &str, rows: &[&Row]) -> String {
    let highest = rows.iter().map(|r| r.each().as_secs_f64()).fold(f64::MIN_POSITIVE, f64::max);
    let mut lines = vec![format!("{name}: wall time and instructions for each object")];
    for row in rows {
        let each = row.each().as_secs_f64();
        let bar = "#".repeat((each / highest * BAR).ceil() as usize);
        let thousands = text(row.cost.instructions, |n| format!("{:.0}", n as f64 / row.size as f64 / 1e3));
        lines.push(format!("{:>6} {:>10.1} us {thousands:>8} k  {bar}", short(row.size), each * 1e6));
    }
    let compared = rows.iter().find(|r| r.size >= BEND_FROM).zip(rows.last());
    if let Some((from, to)) = compared.filter(|(from, to)| from.size < to.size) {
        let bend = to.each().as_secs_f64() / from.each().as_secs_f64();
        let verdict = if bend > BEND { "BENDS" } else { "straight" };
        lines.push(format!("{:>6} {bend:>10.2} x from {} to {}", verdict, short(from.size), short(to.size)));
    }
    lines.join("\n")
}
