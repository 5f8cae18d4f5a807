//! `du`, `df`, `mount`, `truncate` and `fallocate`.

use super::{human, join, list};
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::NodeKind;
use crate::programs::opts::{Options, Spec, is_busybox, quote};
use crate::programs::text::size;

const DU: Spec = Spec::new(
    "aHLdclsxhmkd:",
    &[("all", 'a'), ("summarize", 's'), ("human-readable", 'h'), ("total", 'c'), ("max-depth", 'd')],
    "[-aHLdclsxhmk] [FILE]...",
);
const DF: Spec = Spec::new(
    "PkmhTait:",
    &[("human-readable", 'h'), ("print-type", 'T'), ("portability", 'P'), ("all", 'a')],
    "[-PkmhTai] [-B SIZE] [FILESYSTEM]...",
);
const TRUNCATE: Spec =
    Spec::new("cs:r:o", &[("no-create", 'c'), ("size", 's'), ("reference", 'r')], "[-c] -s SIZE FILE...");
const FALLOCATE: Spec = Spec::new(
    "l:o:nx",
    &[("length", 'l'), ("offset", 'o'), ("keep-size", 'n'), ("posix", 'x')],
    "[-o OFS] -l LEN FILE",
);

/// Most bytes of a file that is made by its length alone.
const MAX_FILE: u64 = 256 << 20;

/// `du`.
pub(super) fn du(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = DU.parse(call)?;
    let operands = if options.operands.is_empty() { vec![".".to_owned()] } else { options.operands.clone() };
    let mut usage = Usage { options: &options, out: String::new(), has_failed: false, is_busybox: is_busybox(call) };
    let mut total = 0;
    for operand in &operands {
        match call.files().lstat(operand) {
            Ok(_) => total += usage.walk(call, operand, 0),
            Err(errno) => {
                let what = if usage.is_busybox { operand.clone() } else { format!("cannot access '{operand}'") };
                call.complain(&format!("{what}: {}", errno.text()));
                usage.has_failed = true;
            }
        }
    }
    if options.has('c') {
        usage.line(total, "total");
    }
    call.print(&usage.out)?;
    Ok(i32::from(usage.has_failed))
}

struct Usage<'a> {
    options: &'a Options,
    out: String,
    has_failed: bool,
    is_busybox: bool,
}

impl Usage<'_> {
    /// Returns the KiB below a path, and prints the lines that are wanted.
    fn walk(&mut self, call: &mut Call<'_>, path: &str, depth: usize) -> u64 {
        let Ok(stat) = call.files().lstat(path) else { return 0 };
        let mut blocks = list::blocks(&stat);
        if stat.node.is_directory() {
            match call.files().list(path) {
                Ok(names) => {
                    for name in names {
                        blocks += self.walk(call, &join(path, &name), depth + 1);
                    }
                }
                Err(errno) => {
                    call.complain(&format!("cannot read directory '{path}': {}", errno.text()));
                    self.has_failed = true;
                }
            }
        }
        let most = self.options.value('d').and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
        let is_shown = match depth {
            0 => true,
            _ => !self.options.has('s') && depth <= most && (stat.node.is_directory() || self.options.has('a')),
        };
        if is_shown {
            self.line(blocks, path);
        }
        blocks
    }

    fn line(&mut self, blocks: u64, name: &str) {
        let number = match self.options.last_of("hkm") {
            // busybox always shows tenths.
            Some('h') if self.is_busybox => tenths(blocks),
            Some('h') => human(blocks * 1024, true),
            Some('m') => blocks.div_ceil(1024).to_string(),
            _ => blocks.to_string(),
        };
        self.out.push_str(&format!("{number}\t{name}\n"));
    }
}

/// Formats KiB with one digit behind the point.
fn tenths(blocks: u64) -> String {
    let (mut value, mut unit) = (blocks as f64, 'K');
    for next in ['M', 'G', 'T'] {
        if value >= 1024.0 {
            (value, unit) = (value / 1024.0, next);
        }
    }
    if blocks == 0 { "0".to_owned() } else { format!("{value:.1}{unit}") }
}

/// A line of `df`.
struct Row {
    source: String,
    fs_type: String,
    total: u64,
    used: u64,
    place: String,
}

/// `df`.
pub(super) fn df(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = DF.parse(call)?;
    let mut rows = Vec::new();
    let mut code = 0;
    let places: Vec<String> = match options.operands.is_empty() {
        true => call.container().config.mounts.0.iter().map(|mount| mount.path.clone() + "/").collect(),
        false => options.operands.clone(),
    };
    for place in places {
        match row(call, &place) {
            Ok(row) => rows.push(row),
            Err(errno) => {
                let what = if is_busybox(call) { format!("{place}: can't find mount point") } else { place };
                call.complain(&format!("{what}: {}", errno.text()));
                code = 1;
            }
        }
    }
    if !rows.is_empty() {
        let text = if is_busybox(call) { busybox_table(&rows, &options) } else { gnu_table(&rows, &options) };
        call.print(text)?;
    }
    Ok(code)
}

fn row(call: &mut Call<'_>, path: &str) -> Result<Row, Errno> {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let files = call.files();
    let at = files.resolve(if path.is_empty() { "/" } else { path })?;
    let mount = files.mount_of(&at).ok_or(Errno::ENOENT)?;
    let tree = files.tree(&at)?;
    let place = if mount.path.is_empty() { "/".to_owned() } else { mount.path.clone() };
    let (source, fs_type) = (mount.source.clone(), mount.fs_type.clone());
    Ok(Row { source, fs_type, total: tree.capacity(), used: tree.used(), place })
}

/// Returns total, used and free space as they are shown, and the part that is used.
fn cells(row: &Row, options: &Options, rounds_up: bool) -> [String; 4] {
    let used = row.used.div_ceil(4096) * 4096;
    let free = row.total.saturating_sub(used);
    let show = |bytes: u64| match options.last_of("hmk") {
        Some('h') if rounds_up => human(bytes, true),
        Some('h') => tenths(bytes / 1024),
        Some('m') => bytes.div_ceil(1 << 20).to_string(),
        _ => (bytes / 1024).to_string(),
    };
    let percent = if row.total == 0 { "-".to_owned() } else { format!("{}%", (used * 100).div_ceil(row.total)) };
    [show(row.total), show(used), show(free), percent]
}

fn busybox_table(rows: &[Row], options: &Options) -> String {
    let unit = match options.last_of("hmk") {
        Some('h') => "Size",
        Some('m') => "1M-blocks",
        _ => "1K-blocks",
    };
    let kind = |text: &str| if options.has('T') { format!("{text:<11}") } else { String::new() };
    let mut out = match options.has('h') {
        true => format!("Filesystem           {}     Size      Used Available Use% Mounted on\n", kind("Type")),
        false => format!("Filesystem           {}{unit:>9}      Used Available Use% Mounted on\n", kind("Type")),
    };
    for row in rows {
        let [total, used, free, percent] = cells(row, options, false);
        // A long name has a line of its own.
        let source = match row.source.len() > 20 {
            true => format!("{}\n{}", row.source, " ".repeat(20)),
            false => format!("{:<20}", row.source),
        };
        let kind = kind(&row.fs_type);
        out.push_str(&format!("{source} {kind}{total:>9} {used:>9} {free:>9} {percent:>4} {}\n", row.place));
    }
    out
}

fn gnu_table(rows: &[Row], options: &Options) -> String {
    let is_human = options.last_of("hmk") == Some('h');
    let unit = match options.last_of("hmk") {
        Some('h') => "Size",
        Some('m') => "1M-blocks",
        _ => "1K-blocks",
    };
    let free = if is_human { "Avail" } else { "Available" };
    let mut table = vec![vec![
        "Filesystem".to_owned(),
        "Type".to_owned(),
        unit.to_owned(),
        "Used".to_owned(),
        free.to_owned(),
        "Use%".to_owned(),
        "Mounted on".to_owned(),
    ]];
    for row in rows {
        let [total, used, free, percent] = cells(row, options, true);
        table.push(vec![row.source.clone(), row.fs_type.clone(), total, used, free, percent, row.place.clone()]);
    }
    if !options.has('T') {
        for line in &mut table {
            line.remove(1);
        }
    }
    let least = |at: usize| {
        if at == 0 {
            14
        } else if is_human {
            5
        } else {
            0
        }
    };
    let is_left = |at: usize| at == 0 || options.has('T') && at == 1;
    let columns = table[0].len();
    let width = |at: usize| {
        table.iter().map(|line| line[at].len()).max().unwrap_or(0).max(if is_left(at) && at > 0 || at + 2 >= columns {
            0
        } else {
            least(at)
        })
    };
    let mut out = String::new();
    for line in &table {
        let cells = line.iter().enumerate().map(|(at, cell)| match at {
            last if last + 1 == columns => cell.clone(),
            at if is_left(at) => format!("{cell:<0$}", width(at)),
            at => format!("{cell:>0$}", width(at)),
        });
        out.push_str(&(cells.collect::<Vec<_>>().join(" ") + "\n"));
    }
    out
}

/// `mount`, which lists the mounts; to mount needs more rights than a container has.
pub(super) fn mount(call: &mut Call<'_>) -> Result<i32, Stop> {
    let operands: Vec<String> = call.args().into_iter().filter(|arg| !arg.starts_with('-')).collect();
    if !operands.is_empty() {
        let message = match is_busybox(call) {
            true => "permission denied (are you root?)".to_owned(),
            false => format!("{}: permission denied.", operands.last().map_or("", String::as_str)),
        };
        call.complain(&message);
        return Ok(if is_busybox(call) { 1 } else { 32 });
    }
    let lines: String = call
        .container()
        .config
        .mounts
        .0
        .iter()
        .map(|mount| {
            let place = if mount.path.is_empty() { "/" } else { &mount.path };
            let access = if mount.is_read_only { "ro" } else { "rw" };
            format!("{} on {place} type {} ({access},relatime)\n", mount.source, mount.fs_type)
        })
        .collect();
    call.print(lines)?;
    Ok(0)
}

/// `truncate`.
pub(super) fn truncate(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = TRUNCATE.parse(call)?;
    let Some(text) = options.value('s') else {
        let (size, reference) = (quote(call, "--size"), quote(call, "--reference"));
        return Err(TRUNCATE.misuse(call, &format!("you must specify either {size} or {reference}")));
    };
    if options.operands.is_empty() {
        return Err(TRUNCATE.misuse(call, "missing file operand"));
    }
    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-'));
    let Some(number) = size(text.trim_start_matches(['+', '-'])) else {
        let message = match is_busybox(call) {
            true => format!("invalid number '{text}'"),
            false => format!("Invalid number: {}", quote(call, text)),
        };
        call.complain(&message);
        return Ok(1);
    };
    let mut code = 0;
    for path in &options.operands {
        if options.has('c') && call.files().stat(path).is_err() {
            continue;
        }
        let old = call.files().stat(path).map_or(0, |stat| stat.node.size());
        let length = match sign {
            Some('+') => old.saturating_add(number as u64),
            Some(_) => old.saturating_sub(number as u64),
            None => number as u64,
        };
        if let Err(errno) = set_length(call, path, length) {
            let what = if is_busybox(call) { path.clone() } else { format!("cannot open '{path}' for writing") };
            call.complain(&format!("{what}: {}", errno.text()));
            code = 1;
        }
    }
    Ok(code)
}

fn set_length(call: &mut Call<'_>, path: &str, length: u64) -> Result<(), Errno> {
    if length > MAX_FILE {
        return Err(Errno::EFBIG);
    }
    let at = call.files().open_for_writing(path, 0o666, false)?;
    if !matches!(call.files().node(&at)?.kind, NodeKind::File(_)) {
        return Err(Errno::EINVAL);
    }
    let now = call.now();
    call.world.trees.get_mut(&at.tree).ok_or(Errno::ENOENT)?.truncate(at.node, length, now)
}

/// `fallocate`.
pub(super) fn fallocate(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = FALLOCATE.parse(call)?;
    let Some(text) = options.value('l') else {
        if is_busybox(call) {
            return Err(FALLOCATE.usage(call, ""));
        }
        call.complain("no length argument specified");
        return Ok(1);
    };
    let Some(path) = options.operands.first() else {
        return Err(FALLOCATE.misuse(call, "no filename specified"));
    };
    let Some(length) = size(text).filter(|length| *length > 0) else {
        let message = if is_busybox(call) {
            format!("invalid number '{text}'")
        } else {
            "invalid length value specified".to_owned()
        };
        call.complain(&message);
        return Ok(1);
    };
    let old = call.files().stat(path).map_or(0, |stat| stat.node.size());
    if let Err(errno) = set_length(call, path, old.max(length as u64)) {
        let what = match (is_busybox(call), errno) {
            (true, _) => format!("fallocate '{path}'"),
            (false, Errno::ENOSPC | Errno::EFBIG) => "fallocate failed".to_owned(),
            (false, _) => format!("cannot open {path}"),
        };
        call.complain(&format!("{what}: {}", errno.text()));
        return Ok(1);
    }
    Ok(0)
}
