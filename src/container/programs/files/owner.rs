//! `chown` and `chgrp`.

use super::join;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::programs::opts::{Options, Spec, is_busybox, quote};
use crate::programs::users;

const CHOWN: Spec = Spec::new(
    "RhLHPcvfλ:",
    &[("recursive", 'R'), ("no-dereference", 'h'), ("verbose", 'v'), ("quiet", 'f'), ("reference", 'λ')],
    "[-RhLHPcvf]... USER[:[GRP]] FILE...",
);

/// The owner and group that files get.
#[derive(Clone, Copy, Default)]
struct Owner {
    uid: Option<u32>,
    gid: Option<u32>,
}

/// `chown` and `chgrp`.
pub(super) fn chown(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = CHOWN.parse(call)?;
    let (owner, paths) = match options.operands.as_slice() {
        [] => return Err(CHOWN.misuse(call, "missing operand")),
        [one] => {
            let message = format!("missing operand after {}", quote(call, one));
            return Err(CHOWN.misuse(call, &message));
        }
        [owner, paths @ ..] => (owner.clone(), paths.to_vec()),
    };
    let owner = if call.name() == "chgrp" { group(call, &owner)? } else { user(call, &owner)? };
    let mut code = 0;
    for path in paths {
        code |= i32::from(!change(call, &options, owner, &path, true));
    }
    Ok(code)
}

fn group(call: &mut Call<'_>, name: &str) -> Result<Owner, Stop> {
    let gid = users::group_id(call, name).or_else(|| name.parse().ok());
    if gid.is_none() && !name.is_empty() {
        let message = match is_busybox(call) {
            true => format!("unknown group {name}"),
            false => format!("invalid group: {}", quote(call, name)),
        };
        call.complain(&message);
        return Err(Stop::Exit(1));
    }
    Ok(Owner { uid: None, gid })
}

/// Parses `USER`, `USER:GROUP`, `USER:` (the user's own group) or `:GROUP`.
fn user(call: &mut Call<'_>, text: &str) -> Result<Owner, Stop> {
    let (name, group_name) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    let found = users::find(call, name);
    let uid = found.as_ref().map(|user| user.uid).or_else(|| name.parse().ok());
    let invalid = |call: &mut Call<'_>, busybox: &str, gnu: &str| {
        let message = if is_busybox(call) { busybox.to_owned() } else { format!("{gnu}: {}", quote(call, text)) };
        call.complain(&message);
        Stop::Exit(1)
    };
    if uid.is_none() && !name.is_empty() {
        return Err(invalid(call, &format!("unknown user {name}"), "invalid user"));
    }
    let gid = match group_name {
        None => None,
        Some("") => found.map(|user| user.gid),
        Some(group_name) => match users::group_id(call, group_name).or_else(|| group_name.parse().ok()) {
            Some(gid) => Some(gid),
            None => return Err(invalid(call, &format!("unknown group {group_name}"), "invalid group")),
        },
    };
    Ok(Owner { uid, gid })
}

fn change(call: &mut Call<'_>, options: &Options, owner: Owner, path: &str, is_operand: bool) -> bool {
    let stat = call.files().lstat(path);
    let is_directory = stat.as_ref().is_ok_and(|stat| stat.node.is_directory());
    let is_link = stat.as_ref().is_ok_and(|stat| matches!(stat.node.kind, crate::fs::NodeKind::Link(_)));
    if let Err(errno) = stat {
        let what = if is_busybox(call) { path.to_owned() } else { format!("cannot access '{path}'") };
        call.complain(&format!("{what}: {}", errno.text()));
        return false;
    }
    let mut is_done = true;
    if options.has('R') && is_directory {
        for name in call.files().list(path).unwrap_or_default() {
            is_done &= change(call, options, owner, &join(path, &name), false);
        }
    }
    // What a link leads to keeps its owner in a walk through a directory.
    if is_link && (options.has('h') || !is_operand) {
        return is_done;
    }
    if let Err(errno) = set(call, owner, path) {
        let what = match (is_busybox(call), owner.uid) {
            (true, _) => path.to_owned(),
            (false, Some(_)) => format!("changing ownership of '{path}'"),
            (false, None) => format!("changing group of '{path}'"),
        };
        call.complain(&format!("{what}: {}", errno.text()));
        return false;
    }
    is_done
}

fn set(call: &mut Call<'_>, owner: Owner, path: &str) -> Result<(), Errno> {
    let credentials = call.process.credentials.clone();
    let old = call.files().stat(path)?.node.attributes;
    let changes_user = owner.uid.is_some_and(|uid| uid != old.uid);
    let is_member = owner.gid.is_none_or(|gid| credentials.gid == gid || credentials.groups.contains(&gid));
    // Only root gives a file away; others may choose among their own groups.
    if credentials.uid != 0 && (changes_user || !is_member) {
        return Err(Errno::EPERM);
    }
    call.files().set_attributes(path, |attributes| {
        attributes.uid = owner.uid.unwrap_or(attributes.uid);
        attributes.gid = owner.gid.unwrap_or(attributes.gid);
    })
}
