//! `ls`.

use std::cmp::Ordering;

use super::{human, join, modes};
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::{Device, NodeKind, Stat};
use crate::programs::opts::{Options, Spec, is_busybox};
use crate::programs::{time, users};
use kctl_base::order::Order as _;

const BUSYBOX: Spec = Spec::new(
    "1AaCxdLHRFplignshrSXvctukw:T:Z",
    &[("color", 'κ'), ("full-time", 'φ'), ("group-directories-first", 'γ')],
    "[-1AaCxdLHRFplinshrSXvctu] [-w WIDTH] [FILE]...",
);
const GNU: Spec = Spec::new(
    "1AaBbCcdDFfGgHhIiklLmnNopqQRrSsTtuUvw:XxZκ::φτ:γ",
    &[
        ("all", 'a'),
        ("almost-all", 'A'),
        ("classify", 'F'),
        ("color", 'κ'),
        ("directory", 'd'),
        ("full-time", 'φ'),
        ("group-directories-first", 'γ'),
        ("human-readable", 'h'),
        ("inode", 'i'),
        ("numeric-uid-gid", 'n'),
        ("recursive", 'R'),
        ("reverse", 'r'),
        ("size", 's'),
        ("time-style", 'τ'),
    ],
    "[OPTION]... [FILE]...",
)
.code(2);

/// Seconds after which `ls -l` shows the year instead of the time: half a year.
const RECENT: i64 = 31_556_952 / 2;

/// A file that is listed.
struct Entry {
    name: String,
    stat: Stat,
    /// The target of a link, if it exists.
    target: Option<Stat>,
}

/// `ls`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let spec = if is_busybox(call) { BUSYBOX } else { GNU };
    let options = spec.parse(call)?;
    let operands = if options.operands.is_empty() { vec![".".to_owned()] } else { options.operands.clone() };
    let mut listing = Listing { code: 0, out: String::new(), options, is_busybox: is_busybox(call) };
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for operand in operands {
        match listing.operand(call, &operand) {
            Ok(entry) if entry.is_directory() && !listing.options.has('d') => directories.push(entry),
            Ok(entry) => files.push(entry),
            Err(errno) => {
                let what = if listing.is_busybox { operand } else { format!("cannot access '{operand}'") };
                call.complain(&format!("{what}: {}", errno.text()));
                listing.code = if listing.is_busybox { 1 } else { 2 };
            }
        }
    }
    listing.sort(&mut files);
    listing.sort(&mut directories);
    let has_headlines = listing.options.operands.len() > 1 || listing.options.has('R');
    listing.print(call, &files);
    let mut is_first = files.is_empty();
    for directory in directories {
        listing.directory(call, &directory.name, has_headlines, is_first);
        is_first = false;
    }
    call.print(&listing.out)?;
    Ok(listing.code)
}

impl Entry {
    /// Reports whether it is a directory, or an operand that leads to one.
    fn is_directory(&self) -> bool {
        self.stat.node.is_directory()
    }
}

struct Listing {
    options: Options,
    out: String,
    code: i32,
    is_busybox: bool,
}

impl Listing {
    fn is_long(&self) -> bool {
        self.options.last_of("lnogφ").is_some()
    }

    /// Looks at an operand: links to directories are followed unless the listing is long.
    fn operand(&self, call: &mut Call<'_>, path: &str) -> Result<Entry, Errno> {
        let follows = self.options.last_of("LH").is_some();
        let link = call.files().lstat(path)?;
        let target = call.files().stat(path).ok();
        let shows_link = self.is_long() || self.options.last_of("dF").is_some();
        let stat = match &target {
            Some(target) if follows || !shows_link && target.node.is_directory() => target.clone(),
            _ => link,
        };
        Ok(Entry { name: path.to_owned(), stat, target })
    }

    fn directory(&mut self, call: &mut Call<'_>, path: &str, has_headline: bool, is_first: bool) {
        let names = match call.files().list(path) {
            Ok(names) => names,
            Err(errno) => {
                let what = if self.is_busybox {
                    format!("can't open '{path}'")
                } else {
                    format!("cannot open directory '{path}'")
                };
                call.complain(&format!("{what}: {}", errno.text()));
                self.code = if self.is_busybox { 1 } else { 2 };
                return;
            }
        };
        if has_headline {
            let space = if is_first { "" } else { "\n" };
            self.out.push_str(&format!("{space}{path}:\n"));
        }
        let mut entries = Vec::new();
        let shows_dots = self.options.last_of("aAf").is_some_and(|option| option != 'A');
        let shows_hidden = self.options.last_of("aAf").is_some();
        let dots = if shows_dots { vec![".".to_owned(), "..".to_owned()] } else { Vec::new() };
        let names = names.into_iter().filter(|name| shows_hidden || !name.starts_with('.'));
        for name in dots.into_iter().chain(names) {
            let full = join(path, &name);
            let target = call.files().stat(&full).ok();
            let stat = match &target {
                Some(target) if self.options.has('L') => Ok(target.clone()),
                _ => call.files().lstat(&full),
            };
            if let Ok(stat) = stat {
                entries.push(Entry { name, stat, target });
            }
        }
        self.sort(&mut entries);
        if self.is_long() || self.options.has('s') {
            let blocks: u64 = entries.iter().map(|entry| blocks(&entry.stat)).sum();
            let total = if self.options.has('h') { human(blocks * 1024, !self.is_busybox) } else { blocks.to_string() };
            self.out.push_str(&format!("total {total}\n"));
        }
        self.print(call, &entries);
        if self.options.has('R') {
            for entry in entries.iter().filter(|entry| entry.is_directory() && entry.name != "." && entry.name != "..")
            {
                self.directory(call, &join(path, &entry.name), true, false);
            }
        }
    }

    fn sort(&self, entries: &mut [Entry]) {
        let options = &self.options;
        if options.last_of("Uf").is_some() && !self.is_busybox {
            return;
        }
        let modified = |entry: &Entry| entry.stat.node.attributes.modified;
        let by_name = |a: &Entry, b: &Entry| a.name.cmp(&b.name);
        let extension = |entry: &Entry| entry.name.rsplit_once('.').map(|(_, extension)| extension.to_owned());
        let key = options.last_of("tScuvX");
        let compare = |a: &Entry, b: &Entry| -> Ordering {
            match key {
                Some('t' | 'c' | 'u') => modified(b).cmp(&modified(a)).then_with(|| by_name(a, b)),
                Some('S') => b.stat.node.size().cmp(&a.stat.node.size()).then_with(|| by_name(a, b)),
                Some('X') => extension(a).cmp(&extension(b)).then_with(|| by_name(a, b)),
                _ => by_name(a, b),
            }
        };
        entries.order_by(|a, b| if options.has('r') { compare(b, a) } else { compare(a, b) });
        if options.has('γ') {
            entries.order_by_key(|entry| !entry.is_directory());
        }
    }

    fn print(&mut self, call: &mut Call<'_>, entries: &[Entry]) {
        if self.is_long() {
            let rows: Vec<Row> = entries.iter().map(|entry| self.row(call, entry)).collect();
            self.print_rows(&rows);
            return;
        }
        let inodes = self.options.has('i');
        let width = |number: fn(&Entry) -> u64| entries.iter().map(|e| number(e).to_string().len()).max().unwrap_or(0);
        let (inode_width, block_width) = (width(|e| e.stat.id), width(|e| blocks(&e.stat)));
        let cells: Vec<String> = entries
            .iter()
            .map(|entry| {
                let mut cell = String::new();
                if inodes {
                    cell.push_str(&format!("{:inode_width$} ", entry.stat.id));
                }
                if self.options.has('s') {
                    cell.push_str(&format!("{:block_width$} ", blocks(&entry.stat)));
                }
                cell + &entry.name + self.mark(entry, false)
            })
            .collect();
        let in_columns = match self.options.last_of("1Cxm") {
            Some('1') => false,
            Some(_) => true,
            None => call.is_tty(1),
        };
        if in_columns {
            self.out.push_str(&columns(&cells, usize::from(call.terminal_size().map_or(80, |(_, columns)| columns))));
        } else {
            self.out.extend(cells.iter().flat_map(|cell| [cell, "\n"]));
        }
    }

    /// Returns the character behind a name that tells its kind.
    fn mark(&self, entry: &Entry, is_target: bool) -> &'static str {
        let stat = if is_target { entry.target.as_ref() } else { Some(&entry.stat) };
        let classifies = self.options.has('F');
        match stat.map(|stat| (&stat.node.kind, stat.node.attributes.mode)) {
            Some((NodeKind::Directory(_), _)) if classifies || self.options.has('p') => "/",
            Some((NodeKind::Link(_), _)) if classifies => "@",
            Some((NodeKind::Fifo, _)) if classifies => "|",
            Some((NodeKind::File(_), mode)) if classifies && mode & 0o111 != 0 => "*",
            _ => "",
        }
    }

    fn row(&self, call: &mut Call<'_>, entry: &Entry) -> Row {
        let node = &entry.stat.node;
        let attributes = node.attributes;
        let is_numeric = self.options.has('n');
        let owner = if is_numeric { None } else { users::name(call, attributes.uid) };
        let group = if is_numeric { None } else { users::group_name(call, attributes.gid) };
        let size = match &node.kind {
            NodeKind::Device(device) => device_number(*device),
            _ if self.options.has('h') => human(node.size(), !self.is_busybox),
            _ => node.size().to_string(),
        };
        let name = match &node.kind {
            NodeKind::Link(target) => format!("{} -> {target}{}", entry.name, self.mark(entry, true)),
            _ => format!("{}{}", entry.name, self.mark(entry, false)),
        };
        Row {
            inode: entry.stat.id,
            blocks: blocks(&entry.stat),
            mode: modes::show(node),
            links: links(call, entry),
            owner: owner.unwrap_or_else(|| attributes.uid.to_string()),
            group: group.unwrap_or_else(|| attributes.gid.to_string()),
            size,
            date: self.date(call, attributes.modified),
            name,
        }
    }

    fn date(&self, call: &Call<'_>, modified: kctl_base::sim::Time) -> String {
        let age = call.now().secs() - modified.secs();
        let style = self.options.value('τ').unwrap_or_default();
        let format = match (self.options.has('φ'), style.strip_prefix('+')) {
            (_, Some(format)) => format,
            (true, _) if self.is_busybox => "%Y-%m-%d %H:%M:%S %z",
            _ if style == "long-iso" => "%Y-%m-%d %H:%M",
            _ if self.options.has('φ') || style == "full-iso" => "%Y-%m-%d %H:%M:%S.%N %z",
            _ if (0..RECENT).contains(&age) => "%b %e %H:%M",
            _ => "%b %e  %Y",
        };
        time::format(modified, format)
    }

    fn print_rows(&mut self, rows: &[Row]) {
        let width = |text: fn(&Row) -> usize| rows.iter().map(text).max().unwrap_or(0);
        let links = width(|row| row.links.to_string().len());
        let (owner, group) = (width(|row| row.owner.len()), width(|row| row.group.len()));
        let size = width(|row| row.size.len());
        let (inode, blocks) = (width(|row| row.inode.to_string().len()), width(|row| row.blocks.to_string().len()));
        for row in rows {
            if self.options.has('i') {
                self.out.push_str(&format!("{:inode$} ", row.inode));
            }
            if self.options.has('s') {
                self.out.push_str(&format!("{:blocks$} ", row.blocks));
            }
            let line = if self.is_busybox {
                // A long name pushes the rest to the right.
                let Row { mode, links, owner, group, size, date, name, .. } = row;
                let width = if self.options.has('h') { 7 } else { 9 };
                let owner = if self.options.has('g') { String::new() } else { format!(" {owner:<8.8}") };
                format!("{mode} {links:4}{owner} {group:<8.8} {size:>width$} {date} {name}\n")
            } else {
                let owner = if self.options.has('g') { String::new() } else { format!(" {:<owner$}", row.owner) };
                let group = if self.options.last_of("oG").is_some() {
                    String::new()
                } else {
                    format!(" {:<group$}", row.group)
                };
                let Row { mode, date, name, .. } = row;
                format!("{mode} {:links$}{owner}{group} {:>size$} {date} {name}\n", row.links, row.size)
            };
            self.out.push_str(&line);
        }
    }
}

/// A line of a long listing.
struct Row {
    inode: u64,
    blocks: u64,
    mode: String,
    links: u64,
    owner: String,
    group: String,
    size: String,
    date: String,
    name: String,
}

/// Returns the KiB that a file takes, in blocks of 4 KiB.
pub(super) fn blocks(stat: &Stat) -> u64 {
    match stat.node.kind {
        NodeKind::File(_) => stat.node.size().div_ceil(4096) * 4,
        NodeKind::Directory(_) => 4,
        _ => 0,
    }
}

/// Returns the number of links: a directory has two, and one more for every directory in it.
fn links(call: &Call<'_>, entry: &Entry) -> u64 {
    directory_links(call, &entry.stat)
}

pub(super) fn directory_links(call: &Call<'_>, stat: &Stat) -> u64 {
    let NodeKind::Directory(children) = &stat.node.kind else { return u64::from(stat.node.links) };
    let tree = call.world.trees.get(&stat.tree);
    let is_directory = |id: &u64| tree.is_some_and(|tree| tree.node(*id).is_ok_and(crate::fs::Node::is_directory));
    2 + children.values().filter(|id| is_directory(id)).count() as u64
}

fn device_number(device: Device) -> String {
    let (major, minor) = match device {
        Device::Null => (1, 3),
        Device::Zero => (1, 5),
        Device::Full => (1, 7),
        Device::Random => (1, 9),
        Device::Tty => (5, 0),
        Device::Descriptor(descriptor) => (136, descriptor),
    };
    format!("{major}, {minor}")
}

/// Arranges cells in columns, downwards, on lines of a width.
fn columns(cells: &[String], width: usize) -> String {
    let mut out = String::new();
    let widths = |rows: usize| -> Vec<usize> {
        cells.chunks(rows).map(|column| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0) + 2).collect()
    };
    let fits = |rows: &usize| widths(*rows).iter().sum::<usize>() <= width + 1;
    let rows = (1..=cells.len()).find(fits).unwrap_or(cells.len().max(1));
    let widths = widths(rows);
    for row in 0..rows.min(cells.len()) {
        let line: Vec<&String> = cells.iter().skip(row).step_by(rows).collect();
        for (at, cell) in line.iter().enumerate() {
            let width = if at + 1 == line.len() { 0 } else { widths[at] };
            out.push_str(&format!("{cell:width$}"));
        }
        out.push('\n');
    }
    out
}
