//! Collects the members of archives that `tar` creates.

use super::archive::{is_excluded, place};
use super::join;
use super::ustar::{Kind, Member};
use crate::call::Call;
use crate::errno::Errno;
use crate::fs::NodeKind;
use crate::programs::opts::{Options, is_busybox};
use crate::programs::users;

/// The members so far.
pub(super) struct Packer<'a> {
    pub(super) options: &'a Options,
    pub(super) members: Vec<Member>,
    pub(super) has_failed: bool,
    /// It was said that names lose their first slash.
    pub(super) has_root: bool,
}

impl Packer<'_> {
    /// Adds a file, and what is in it.
    pub(super) fn add(&mut self, call: &mut Call<'_>, name: &str) {
        if is_excluded(self.options, name) {
            return;
        }
        let path = place(self.options, name);
        let files = call.files();
        let stat = if self.options.has('h') { files.stat(&path) } else { files.lstat(&path) };
        let stat = match stat {
            Ok(stat) => stat,
            Err(errno) => return self.fail(call, name, "Cannot stat", errno),
        };
        let kind = match &stat.node.kind {
            NodeKind::File(_) => match call.files().read(&path) {
                Ok(bytes) => Kind::File(bytes),
                Err(errno) => return self.fail(call, name, "Cannot open", errno),
            },
            NodeKind::Directory(_) => Kind::Directory,
            NodeKind::Link(target) => Kind::Link(target.clone()),
            NodeKind::Fifo => Kind::Fifo,
            NodeKind::Device(_) => return,
        };
        let attributes = stat.node.attributes;
        let member_name = self.member_name(call, name);
        self.members.push(Member {
            name: member_name,
            kind,
            mode: attributes.mode,
            uid: attributes.uid,
            gid: attributes.gid,
            user: users::name(call, attributes.uid).unwrap_or_default(),
            group: users::group_name(call, attributes.gid).unwrap_or_default(),
            modified: attributes.modified,
        });
        if stat.node.is_directory() {
            match call.files().list(&path) {
                Ok(entries) => entries.iter().for_each(|entry| self.add(call, &join(name, entry))),
                Err(errno) => self.fail(call, name, "Cannot open", errno),
            }
        }
    }

    fn member_name(&mut self, call: &mut Call<'_>, name: &str) -> String {
        let relative = name.trim_start_matches('/');
        if relative.len() < name.len() && !self.options.has('P') {
            if !std::mem::replace(&mut self.has_root, true) {
                let message = match is_busybox(call) {
                    true => "removing leading '/' from member names",
                    false => "Removing leading `/' from member names",
                };
                call.complain(message);
            }
            return if relative.is_empty() { "./".to_owned() } else { relative.to_owned() };
        }
        name.to_owned()
    }

    fn fail(&mut self, call: &mut Call<'_>, name: &str, what: &str, errno: Errno) {
        self.has_failed = true;
        let what = if is_busybox(call) { name.to_owned() } else { format!("{name}: {what}") };
        call.complain(&format!("{what}: {}", errno.text()));
    }
}
