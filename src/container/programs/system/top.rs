//! `top`.

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use super::host;
use super::ps::{Row, processes, tenth};
use crate::call::{Call, Stop};
use crate::process::Wait;
use crate::programs::opts::{Spec, is_busybox};
use crate::world::memory::{NodeMemory, PROCESS_MEMORY};

/// `top`: how many tables it has printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Top {
    count: u64,
    next: Option<Time>,
}

impl Top {
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        const TOP: Spec = Spec::new("bn:d:Hmp:u:co:w::i", &[], "[-bmH] [-n COUNT] [-d SECONDS]");
        let options = TOP.parse(call)?;
        if !options.has('b') && !call.is_tty(1) && !is_busybox(call) {
            call.complain("failed tty get");
            return Ok(1);
        }
        if let Some(next) = self.next.filter(|next| *next > call.now()) {
            return Err(Stop::Wait(Wait::Until(next)));
        }
        let most = options.value('n').and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
        let text = if is_busybox(call) { busybox_table(call) } else { gnu_table(call) };
        call.print(text)?;
        self.count += 1;
        if self.count >= most {
            return Ok(0);
        }
        let seconds: f64 = options.value('d').and_then(|text| text.parse().ok()).unwrap_or(5.0);
        let next = call.now() + Duration::from_micros(((seconds * 1e6) as i64).max(100_000));
        self.next = Some(next);
        Err(Stop::Wait(Wait::Until(next)))
    }
}

fn busybox_table(call: &mut Call<'_>) -> String {
    let rows = processes(call);
    let memory = NodeMemory::of(call);
    let (used, free, files) = (memory.used() >> 10, memory.free() >> 10, memory.files >> 10);
    let mut out = format!("Mem: {used}K used, {free}K free, {files}K shrd, 0K buff, {files}K cached\n");
    out.push_str("CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq\n");
    let running = rows.iter().filter(|row| row.state == 'R').count();
    let last = rows.last().map_or(0, |row| row.pid);
    out.push_str(&format!("Load average: 0.00 0.00 0.00 {running}/{} {last}\n", rows.len()));
    out.push_str("  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n");
    for row in rows {
        let (size, part) = (PROCESS_MEMORY >> 10, memory.permille(PROCESS_MEMORY) / 10);
        let command = row.command();
        let Row { pid, parent, user, state, .. } = row;
        out.push_str(&format!("{pid:5} {parent:5} {user:<8.8} {state}    {size:5} {part:3}%   0   0% {command}\n"));
    }
    out
}

fn gnu_table(call: &mut Call<'_>) -> String {
    let rows = processes(call);
    let memory = NodeMemory::of(call);
    let [total, used, free, files] =
        [memory.total, memory.used(), memory.free(), memory.files].map(|bytes| bytes as f64 / f64::from(1 << 20));
    let count = |state: char| rows.iter().filter(|row| row.state == state).count();
    let (running, sleeping, zombies) = (count('R'), count('S'), count('Z'));
    let mut out = format!("top -{}\n", host::uptime_line(call));
    out.push_str(&format!(
        "Tasks: {:3} total, {running:3} running, {sleeping:3} sleeping,   0 stopped, {zombies:3} zombie\n",
        rows.len()
    ));
    out.push_str("%Cpu(s):  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st \n");
    out.push_str(&format!(
        "MiB Mem : {total:8.1} total, {free:8.1} free, {used:8.1} used, {files:8.1} buff/cache     \n"
    ));
    out.push_str(&format!("MiB Swap:      0.0 total,      0.0 free,      0.0 used. {free:8.1} avail Mem \n\n"));
    out.push_str("    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n");
    for row in rows {
        let (size, name) = (PROCESS_MEMORY >> 10, row.name());
        let Row { pid, user, state, .. } = row;
        let part = tenth(memory.permille(PROCESS_MEMORY));
        out.push_str(&format!(
            "{pid:7} {user:<8.8}  20   0 {size:7} {size:6} {size:6} {state}   0.0 {part:>5}   0:00.00 {name}\n"
        ));
    }
    out
}
