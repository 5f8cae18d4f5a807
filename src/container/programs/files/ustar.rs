//! The format of `tar` archives: ustar, with the long names of GNU and pax when an archive is read.

use kctl_base::sim::Time;

/// Bytes of a block.
const BLOCK: usize = 512;
/// Blocks of a record, to which GNU fills archives up.
const RECORD: usize = 20 * BLOCK;

/// The kind of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File(Vec<u8>),
    Directory,
    Link(String),
    /// Another name of an earlier member.
    HardLink(String),
    Fifo,
}

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) user: String,
    pub(super) group: String,
    pub(super) modified: Time,
}

/// Adds a member to an archive.
pub(super) fn write(member: &Member, out: &mut Vec<u8>) {
    let name = match member.kind {
        Kind::Directory => format!("{}/", member.name.trim_end_matches('/')),
        _ => member.name.clone(),
    };
    if name.len() > 100 {
        let bytes = [name.as_bytes(), b"\0"].concat();
        header(&Member { name: "././@LongLink".to_owned(), ..member.clone() }, "././@LongLink", b'L', bytes.len(), out);
        content(&bytes, out);
    }
    let (flag, size) = match &member.kind {
        Kind::File(bytes) => (b'0', bytes.len()),
        Kind::HardLink(_) => (b'1', 0),
        Kind::Link(_) => (b'2', 0),
        Kind::Directory => (b'5', 0),
        Kind::Fifo => (b'6', 0),
    };
    header(member, &name, flag, size, out);
    if let Kind::File(bytes) = &member.kind {
        content(bytes, out);
    }
}

/// Ends an archive. `fills_record` fills it up as GNU does.
pub(super) fn finish(out: &mut Vec<u8>, fills_record: bool) {
    out.resize(out.len() + 2 * BLOCK, 0);
    if fills_record {
        out.resize(out.len().div_ceil(RECORD) * RECORD, 0);
    }
}

fn content(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    out.resize(out.len().div_ceil(BLOCK) * BLOCK, 0);
}

fn header(member: &Member, name: &str, flag: u8, size: usize, out: &mut Vec<u8>) {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, length: usize, text: &str| {
        let bytes = &text.as_bytes()[..text.len().min(length)];
        block[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, 100, name);
    put(100, 7, &format!("{:07o}", member.mode & 0o7777));
    put(108, 7, &format!("{:07o}", member.uid));
    put(116, 7, &format!("{:07o}", member.gid));
    put(124, 11, &format!("{size:011o}"));
    put(136, 11, &format!("{:011o}", member.modified.secs().max(0)));
    put(148, 8, "        ");
    put(156, 1, &char::from(flag).to_string());
    if let Kind::Link(target) | Kind::HardLink(target) = &member.kind {
        put(157, 100, target);
    }
    put(257, 8, "ustar  ");
    put(265, 31, &member.user);
    put(297, 31, &member.group);
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend_from_slice(&block);
}

/// Why an archive cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// It is none.
    NoArchive,
    /// It ends in a member.
    Short,
}

/// Reads the members of an archive; those of kinds that are unknown are left out.
///
/// # Errors
/// A message about the archive.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Member>, Damage> {
    let mut members = Vec::new();
    let mut rest = bytes;
    let mut long_name = None;
    let mut long_link = None;
    while !rest.is_empty() {
        let Some((block, after)) = rest.split_at_checked(BLOCK) else {
            return Err(if members.is_empty() { Damage::NoArchive } else { Damage::Short });
        };
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        check_sum(block)?;
        let size = octal(&block[124..136]) as usize;
        let padded = size.div_ceil(BLOCK).saturating_mul(BLOCK);
        let content = after.get(..size).ok_or(Damage::Short)?;
        rest = after.get(padded..).unwrap_or_default();
        match block[156] {
            b'L' => long_name = Some(text(content)),
            b'K' => long_link = Some(text(content)),
            b'x' => {
                for (key, value) in pax(content) {
                    match key.as_str() {
                        "path" => long_name = Some(value),
                        "linkpath" => long_link = Some(value),
                        _ => {}
                    }
                }
            }
            b'g' => {}
            flag => members.extend(member(block, flag, content, long_name.take(), long_link.take())),
        }
    }
    Ok(members)
}

fn member(block: &[u8], flag: u8, content: &[u8], name: Option<String>, link: Option<String>) -> Option<Member> {
    let prefix = text(&block[345..500]);
    let is_ustar = &block[257..262] == b"ustar" && block[262] == 0;
    let short = text(&block[..100]);
    let short = if is_ustar && !prefix.is_empty() { format!("{prefix}/{short}") } else { short };
    let name = name.unwrap_or(short);
    let target = link.unwrap_or_else(|| text(&block[157..257]));
    let kind = match flag {
        b'5' => Kind::Directory,
        0 | b'0' | b'7' if name.ends_with('/') => Kind::Directory,
        0 | b'0' | b'7' => Kind::File(content.to_vec()),
        b'1' => Kind::HardLink(target),
        b'2' => Kind::Link(target),
        b'6' => Kind::Fifo,
        _ => return None,
    };
    Some(Member {
        name,
        kind,
        mode: (octal(&block[100..108]) & 0o7777) as u32,
        uid: octal(&block[108..116]) as u32,
        gid: octal(&block[116..124]) as u32,
        user: text(&block[265..297]),
        group: text(&block[297..329]),
        modified: Time::from_secs(octal(&block[136..148]).cast_signed()),
    })
}

fn check_sum(block: &[u8]) -> Result<(), Damage> {
    let sum: u64 = block[..148].iter().chain(&block[156..]).map(|byte| u64::from(*byte)).sum();
    if octal(&block[148..156]) == sum + 8 * 32 { Ok(()) } else { Err(Damage::NoArchive) }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn octal(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().skip_while(|byte| **byte == b' ').take_while(|byte| (b'0'..=b'7').contains(byte));
    digits.fold(0, |value, digit| value << 3 | u64::from(digit - b'0'))
}

/// Returns the records of an extended header: `LENGTH KEY=VALUE` and a line end each.
fn pax(content: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(content);
    let records = text.lines().filter_map(|line| line.split_once(' ')?.1.split_once('='));
    records.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
