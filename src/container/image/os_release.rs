//! `/etc/os-release`: facts of the distributions.

use super::System;
use super::reference::Reference;

/// Version and code name of Debian's releases.
const DEBIAN: [(&str, &str); 5] =
    [("12", "bookworm"), ("13", "trixie"), ("11", "bullseye"), ("10", "buster"), ("9", "stretch")];
/// Version, point release and code name of Ubuntu's long-term releases.
const UBUNTU: [(&str, &str, &str); 4] = [
    ("24.04", "24.04.3 LTS", "Noble Numbat"),
    ("22.04", "22.04.5 LTS", "Jammy Jellyfish"),
    ("20.04", "20.04.6 LTS", "Focal Fossa"),
    ("18.04", "18.04.6 LTS", "Bionic Beaver"),
];
/// Newest versions of Alpine's releases.
const ALPINE: [&str; 8] = ["3.22.2", "3.21.5", "3.20.8", "3.19.9", "3.18.12", "3.17.10", "3.16.9", "3.15.11"];

/// Returns the text for a distribution; the tag of the image may name the release. `is_own` says that the image is that of
/// the distribution itself, whose tag is the release. `None` if there is no such file.
pub(super) fn of(system: System, reference: &Reference<'_>, is_own: bool) -> Option<String> {
    let version = if is_own { reference.version() } else { "" };
    match system {
        System::Busybox | System::Scratch => None,
        System::Alpine => Some(alpine(release_of_alpine(reference, version))),
        System::Debian => Some(debian(reference, version)),
        System::Ubuntu => Some(ubuntu(reference, version)),
        System::Fedora => {
            let version = if version.is_empty() { "43" } else { version };
            Some(red_hat("Fedora Linux", "fedora", version, &format!("{version} (Container Image)")))
        }
        System::EnterpriseLinux if is_own => {
            let version = if version.is_empty() { "8" } else { version };
            let major = version.split('.').next().unwrap_or(version);
            Some(red_hat("CentOS Linux", "centos", major, major))
        }
        System::EnterpriseLinux => Some(red_hat("Oracle Linux Server", "ol", "9.6", "9.6")),
    }
}

/// Returns the release behind `3.19` of `alpine:3.19` or of `nginx:1.25-alpine3.19`.
fn release_of_alpine<'a>(reference: &Reference<'a>, version: &'a str) -> &'a str {
    let tag = reference.tag.split_once("alpine").map_or("", |(_, rest)| rest);
    let wanted = if version.is_empty() { tag } else { version };
    let continues = |line: &&&str| line.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
    match wanted {
        "" => ALPINE[0],
        _ => ALPINE.iter().find(continues).copied().unwrap_or(wanted),
    }
}

fn alpine(version: &str) -> String {
    let minor = version.split('.').take(2).collect::<Vec<_>>().join(".");
    format!(
        "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID={version}\nPRETTY_NAME=\"Alpine Linux v{minor}\"\n\
         HOME_URL=\"https://alpinelinux.org/\"\nBUG_REPORT_URL=\"https://gitlab.alpinelinux.org/alpine/aports/-/issues\"\n"
    )
}

fn debian(reference: &Reference<'_>, version: &str) -> String {
    let major = version.split('.').next().unwrap_or_default();
    let is_it = |(number, name): &&(&str, &str)| *number == major || reference.tag.contains(name);
    let (number, name) = DEBIAN.iter().find(is_it).copied().unwrap_or(DEBIAN[0]);
    format!(
        "PRETTY_NAME=\"Debian GNU/Linux {number} ({name})\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"{number}\"\n\
         VERSION=\"{number} ({name})\"\nVERSION_CODENAME={name}\nID=debian\nHOME_URL=\"https://www.debian.org/\"\n\
         SUPPORT_URL=\"https://www.debian.org/support\"\nBUG_REPORT_URL=\"https://bugs.debian.org/\"\n"
    )
}

fn ubuntu(reference: &Reference<'_>, version: &str) -> String {
    let first = |name: &str| name.split(' ').next().unwrap_or_default().to_lowercase();
    let is_it = |(number, _, name): &&(&str, &str, &str)| *number == version || reference.tag.contains(&first(name));
    let (number, point, name) = UBUNTU.iter().find(is_it).copied().unwrap_or(UBUNTU[0]);
    let codename = first(name);
    format!(
        "PRETTY_NAME=\"Ubuntu {point}\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"{number}\"\nVERSION=\"{point} ({name})\"\n\
         VERSION_CODENAME={codename}\nID=ubuntu\nID_LIKE=debian\nHOME_URL=\"https://www.ubuntu.com/\"\n\
         SUPPORT_URL=\"https://help.ubuntu.com/\"\nBUG_REPORT_URL=\"https://bugs.launchpad.net/ubuntu/\"\n\
         PRIVACY_POLICY_URL=\"https://www.ubuntu.com/legal/terms-and-policies/privacy-policy\"\n\
         UBUNTU_CODENAME={codename}\nLOGO=ubuntu-logo\n"
    )
}

fn red_hat(name: &str, id: &str, version_id: &str, version: &str) -> String {
    format!(
        "NAME=\"{name}\"\nVERSION=\"{version}\"\nID=\"{id}\"\nVERSION_ID=\"{version_id}\"\nPRETTY_NAME=\"{name} {version}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_releases() {
        let cases = [
            (System::Debian, "nginx:1.25", false, "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\""),
            (System::Debian, "debian:11-slim", true, "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\""),
            (System::Debian, "python:3.12-slim-trixie", false, "VERSION_ID=\"13\""),
            (System::Alpine, "alpine:3.19", true, "VERSION_ID=3.19.9"),
            (System::Alpine, "alpine:3.18.4", true, "VERSION_ID=3.18.4"),
            (System::Alpine, "nginx:1.25-alpine3.18", false, "PRETTY_NAME=\"Alpine Linux v3.18\""),
            (System::Ubuntu, "ubuntu:22.04", true, "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\""),
            (System::Ubuntu, "ubuntu:focal", true, "VERSION_CODENAME=focal"),
            (System::EnterpriseLinux, "centos:7", true, "PRETTY_NAME=\"CentOS Linux 7\""),
        ];
        for (system, image, is_own, line) in cases {
            let text = of(system, &Reference::parse(image), is_own).expect("a text");
            assert!(text.lines().any(|l| l == line), "{image}: {text}");
        }
        assert_eq!(of(System::Busybox, &Reference::parse("busybox"), true), None);
    }
}
