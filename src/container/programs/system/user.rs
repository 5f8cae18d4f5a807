//! `id`, `whoami` and `groups`.

use crate::call::{Call, Stop};
use crate::programs::opts::{Options, Spec, is_busybox, quote};
use crate::programs::users;

const ID: Spec = Spec::new(
    "ugGnrzZa",
    &[("user", 'u'), ("group", 'g'), ("groups", 'G'), ("name", 'n'), ("real", 'r'), ("zero", 'z')],
    "[-ugGnr] [USER]",
);
const WHOAMI: Spec = Spec::new("", &[], "");
const GROUPS: Spec = Spec::new("", &[], "[USER]");

/// Who is asked about.
struct Identity {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

impl Identity {
    /// Returns the groups as lists of them have them.
    fn primary_first(&self) -> Vec<u32> {
        let others = self.groups.iter().copied().filter(|group| *group != self.gid);
        std::iter::once(self.gid).chain(others).collect()
    }
}

/// Returns the identity of the process, or that of a user by name or number.
fn identity(call: &mut Call<'_>, user: Option<&str>) -> Option<Identity> {
    let Some(name) = user else {
        let credentials = &call.process.credentials;
        let (uid, gid) = (credentials.uid, credentials.gid);
        // The kernel keeps the groups in order.
        let mut groups = credentials.groups.clone();
        if !groups.contains(&gid) {
            groups.insert(0, gid);
        }
        return Some(Identity { uid, gid, groups });
    };
    let found = users::find(call, name).or_else(|| {
        let uid = name.parse().ok()?;
        let name = users::name(call, uid)?;
        users::find(call, &name)
    })?;
    let mut groups = vec![found.gid];
    groups.extend(users::groups_of(call, &found.name).into_iter().filter(|group| *group != found.gid));
    Some(Identity { uid: found.uid, gid: found.gid, groups })
}

/// `id`.
pub(super) fn id(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = ID.parse(call)?;
    let user = options.operands.first().cloned();
    let Some(identity) = identity(call, user.as_deref()) else {
        let name = user.unwrap_or_default();
        let message = match is_busybox(call) {
            true => format!("unknown user {name}"),
            false => format!("{}: no such user", quote(call, &name)),
        };
        call.complain(&message);
        return Ok(1);
    };
    let Some(kind) = options.last_of("ugG") else {
        if options.last_of("nr").is_some() {
            if is_busybox(call) {
                return Err(ID.usage(call, ""));
            }
            call.complain("cannot print only names or real IDs in default format");
            return Ok(1);
        }
        let text = describe(call, &identity);
        call.print(text)?;
        return Ok(0);
    };
    print_one(call, &options, kind, &identity)
}

fn print_one(call: &mut Call<'_>, options: &Options, kind: char, identity: &Identity) -> Result<i32, Stop> {
    let ids = match kind {
        'u' => vec![identity.uid],
        'g' => vec![identity.gid],
        _ => identity.primary_first(),
    };
    let mut code = 0;
    let mut words = Vec::new();
    for id in ids {
        let name = if kind == 'u' { users::name(call, id) } else { users::group_name(call, id) };
        if options.has('n') && name.is_none() {
            let what = if kind == 'u' { "user" } else { "group" };
            let message = match is_busybox(call) {
                true => format!("unknown ID {id}"),
                false => format!("cannot find name for {what} ID {id}"),
            };
            call.complain(&message);
            code = 1;
        }
        words.push(name.filter(|_| options.has('n')).unwrap_or_else(|| id.to_string()));
    }
    call.print(words.join(" ") + "\n")?;
    Ok(code)
}

fn describe(call: &mut Call<'_>, identity: &Identity) -> String {
    let named = |id: u32, name: Option<String>| name.map_or(id.to_string(), |name| format!("{id}({name})"));
    let user = users::name(call, identity.uid);
    let user = named(identity.uid, user);
    let group = users::group_name(call, identity.gid);
    let group = named(identity.gid, group);
    let mut groups = Vec::new();
    for id in &identity.groups {
        let name = users::group_name(call, *id);
        groups.push(named(*id, name));
    }
    let groups = if groups.is_empty() { String::new() } else { format!(" groups={}", groups.join(",")) };
    format!("uid={user} gid={group}{groups}\n")
}

/// `whoami`.
pub(super) fn whoami(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = WHOAMI.parse(call)?;
    if let Some(extra) = options.operands.first() {
        let message = format!("extra operand {}", quote(call, extra));
        return Err(WHOAMI.misuse(call, &message));
    }
    let uid = call.process.credentials.uid;
    match users::name(call, uid) {
        Some(name) => {
            call.print(name + "\n")?;
            Ok(0)
        }
        None => {
            let message = match is_busybox(call) {
                true => format!("unknown uid {uid}"),
                false => format!("cannot find name for user ID {uid}"),
            };
            call.complain(&message);
            Ok(1)
        }
    }
}

/// `groups`.
pub(super) fn groups(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = GROUPS.parse(call)?;
    let user = options.operands.first().cloned();
    let Some(identity) = identity(call, user.as_deref()) else {
        let name = user.unwrap_or_default();
        let message = format!("{}: no such user", quote(call, &name));
        call.complain(&message);
        return Ok(1);
    };
    let mut names = Vec::new();
    for id in identity.primary_first() {
        names.push(users::group_name(call, id).unwrap_or_else(|| id.to_string()));
    }
    let prefix = user.filter(|_| !is_busybox(call)).map(|user| format!("{user} : ")).unwrap_or_default();
    call.print(format!("{prefix}{}\n", names.join(" ")))?;
    Ok(0)
}
