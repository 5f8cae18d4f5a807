//! `free`.

use crate::call::{Call, Stop};
use crate::programs::opts::{Spec, is_busybox};
use crate::world::memory::NodeMemory;

const FREE: Spec = Spec::new(
    "bkmgths:c:lw",
    &[("bytes", 'b'), ("kibi", 'k'), ("mebi", 'm'), ("gibi", 'g'), ("human", 'h'), ("total", 't'), ("wide", 'w')],
    "[-bkmgh]",
);

/// `free`: files in memory count as cached, with GNU also as used.
pub(super) fn free(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = FREE.parse(call)?;
    let memory = NodeMemory::of(call);
    let is_busybox = is_busybox(call);
    let show = |bytes: u64| match options.last_of("bkmgh") {
        Some('b') => bytes.to_string(),
        Some('m') => (bytes >> 20).to_string(),
        Some('g') => (bytes >> 30).to_string(),
        Some('h') => human(bytes, is_busybox),
        _ => (bytes >> 10).to_string(),
    };
    let head = ["total", "used", "free", "shared", "buff/cache", "available"];
    let row = |name: &str, cells: &[String]| {
        let (first, width) = if is_busybox { (7, 12) } else { (8, 11) };
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>width$}")).collect();
        format!("{name:<first$}{}\n", cells.join(if is_busybox { "" } else { " " }))
    };
    let mut text = row("", &head.map(String::from));
    let used = if is_busybox { memory.processes } else { memory.used() };
    let cells = [memory.total, used, memory.free(), memory.files, memory.files, memory.free()];
    text.push_str(&row("Mem:", &cells.map(show)));
    text.push_str(&row("Swap:", &[show(0), show(0), show(0)]));
    call.print(text)?;
    Ok(0)
}

fn human(bytes: u64, is_busybox: bool) -> String {
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit < 4 {
        value /= 1024.0;
        unit += 1;
    }
    let suffix = if is_busybox { ["", "K", "M", "G", "T"][unit] } else { ["B", "Ki", "Mi", "Gi", "Ti"][unit] };
    if value < 10.0 && unit > 0 { format!("{value:.1}{suffix}") } else { format!("{value:.0}{suffix}") }
}
