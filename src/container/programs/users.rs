//! Names of users and groups, from `/etc/passwd` and `/etc/group`.

use crate::call::Call;

/// A line of `/etc/passwd`.
pub(crate) struct User {
    /// Name.
    pub(crate) name: String,
    /// User id.
    pub(crate) uid: u32,
    /// Id of the group that the user belongs to.
    pub(crate) gid: u32,
}

/// Returns the fields of the lines of a file; nothing if it cannot be read.
fn lines(call: &mut Call<'_>, path: &str) -> Vec<Vec<String>> {
    let text = call.files().read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().map(|line| line.split(':').map(String::from).collect()).collect()
}

fn users(call: &mut Call<'_>) -> Vec<User> {
    let parse = |fields: Vec<String>| {
        Some(User { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()?, name: fields[0].clone() })
    };
    lines(call, "/etc/passwd").into_iter().filter_map(parse).collect()
}

fn groups(call: &mut Call<'_>) -> Vec<(String, u32)> {
    let parse = |fields: Vec<String>| Some((fields[0].clone(), fields.get(2)?.parse().ok()?));
    lines(call, "/etc/group").into_iter().filter_map(parse).collect()
}

/// Returns the user of a name.
pub(crate) fn find(call: &mut Call<'_>, name: &str) -> Option<User> {
    users(call).into_iter().find(|user| user.name == name)
}

/// Returns the id of a group.
pub(crate) fn group_id(call: &mut Call<'_>, name: &str) -> Option<u32> {
    groups(call).into_iter().find(|(group, _)| group == name).map(|(_, gid)| gid)
}

/// Returns the name of a user; `None` if it has none.
pub(crate) fn name(call: &mut Call<'_>, uid: u32) -> Option<String> {
    users(call).into_iter().find(|user| user.uid == uid).map(|user| user.name)
}

/// Returns the name of a group; `None` if it has none.
pub(crate) fn group_name(call: &mut Call<'_>, gid: u32) -> Option<String> {
    groups(call).into_iter().find(|(_, id)| *id == gid).map(|(group, _)| group)
}

/// Returns the groups of which a user is a member.
pub(crate) fn groups_of(call: &mut Call<'_>, user: &str) -> Vec<u32> {
    let is_member = |fields: &Vec<String>| fields.get(3).is_some_and(|members| members.split(',').any(|m| m == user));
    let lines = lines(call, "/etc/group").into_iter().filter(is_member);
    lines.filter_map(|fields| fields.get(2)?.parse().ok()).collect()
}
