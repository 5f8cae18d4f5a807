//! Capabilities of containers (`capabilities(7)`): those that the container runtime gives, and what the security context changes.

use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The names by bit, without `CAP_`.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];
/// All of them.
const ALL: u64 = (1 << NAMES.len()) - 1;
/// What containerd gives (`defaultUnixCaps` in `pkg/oci/spec.go`).
const DEFAULT: u64 = 0xA804_25FB;

/// Returns the capabilities of root in a container, as a set of bits (`WithCapabilities` of containerd's CRI plugin).
pub(super) fn of(container: &Value) -> u64 {
    if container.flag("/securityContext/privileged") {
        return ALL;
    }
    let list = |field: &str| container.list(&format!("/securityContext/capabilities/{field}")).iter();
    let names = |field: &str| list(field).filter_map(Value::as_str).collect::<Vec<_>>();
    let (add, drop) = (names("add"), names("drop"));
    let mut set = if add.contains(&"ALL") { ALL } else { DEFAULT };
    if drop.contains(&"ALL") {
        set = 0;
    }
    set |= add.iter().copied().map(bit).fold(0, |bits, bit| bits | bit);
    set & !drop.iter().copied().map(bit).fold(0, |bits, bit| bits | bit)
}

/// Returns the bit of a name; 0 for one that is not known.
fn bit(name: &str) -> u64 {
    let name = name.strip_prefix("CAP_").unwrap_or(name);
    NAMES.iter().position(|known| *known == name).map_or(0, |at| 1 << at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn the_security_context_changes_what_the_runtime_gives() {
        let cases = [
            (json!({}), 0xA804_25FB),
            (json!({"capabilities": {"add": ["NET_ADMIN", "SYS_TIME"]}}), 0xAA04_35FB),
            (json!({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}), 0x400),
            (json!({"capabilities": {"drop": ["CAP_CHOWN", "KILL"]}}), 0xA804_25DA),
            (json!({"privileged": true}), 0x1FF_FFFF_FFFF),
        ];
        for (context, expected) in cases {
            assert_eq!(of(&json!({"securityContext": context})), expected, "{context}");
        }
    }
}
