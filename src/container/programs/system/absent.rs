//! Programs that cannot do their work in a container without a network or a password.

use crate::call::{Call, Stop};

/// `apk`: without a network there is no index.
pub(super) fn apk(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let words: Vec<&str> = args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).collect();
    let repositories =
        ["https://dl-cdn.alpinelinux.org/alpine/v3.22/main", "https://dl-cdn.alpinelinux.org/alpine/v3.22/community"];
    match words.as_slice() {
        ["add" | "update" | "upgrade", packages @ ..] => {
            let mut text = String::new();
            for repository in repositories {
                call.print(format!("fetch {repository}/x86_64/APKINDEX.tar.gz\n"))?;
                text.push_str(&format!("WARNING: fetching {repository}: temporary error (try again later)\n"));
            }
            if words[0] == "add" {
                text.push_str("ERROR: unable to select packages:\n");
                text.extend(packages.iter().flat_map(|name| {
                    [format!("  {name} (no such package):\n"), format!("    required by: world[{name}]\n")]
                }));
            }
            call.warn(&text);
            Ok(if words[0] == "add" { packages.len().min(99) as i32 } else { 2 })
        }
        _ => {
            call.complain("packages are not simulated");
            Ok(1)
        }
    }
}

/// `apt-get` and `apt`: without a network the lists stay empty.
pub(super) fn apt(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let words: Vec<&str> = args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).collect();
    match words.as_slice() {
        ["update", ..] => update(call),
        ["install", packages @ ..] => {
            call.print(
                "Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n",
            )?;
            let text: String = packages.iter().map(|name| format!("E: Unable to locate package {name}\n")).collect();
            call.warn(&text);
            Ok(if packages.is_empty() { 0 } else { 100 })
        }
        _ => {
            call.warn(b"E: packages are not simulated\n");
            Ok(100)
        }
    }
}

fn update(call: &mut Call<'_>) -> Result<i32, Stop> {
    let release = call.files().read("/etc/os-release").unwrap_or_default();
    let release = String::from_utf8_lossy(&release).into_owned();
    let value =
        |name: &str| release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(String::from);
    let code = value("VERSION_CODENAME").unwrap_or_else(|| "bookworm".to_owned());
    let sources = match value("ID").as_deref() {
        Some("ubuntu") => [
            ("archive.ubuntu.com", "ubuntu", ""),
            ("archive.ubuntu.com", "ubuntu", "-updates"),
            ("archive.ubuntu.com", "ubuntu", "-backports"),
            ("security.ubuntu.com", "ubuntu", "-security"),
        ]
        .as_slice(),
        _ => &[
            ("deb.debian.org", "debian", ""),
            ("deb.debian.org", "debian", "-updates"),
            ("deb.debian.org", "debian-security", "-security"),
        ],
    };
    let mut errors = String::new();
    for (at, (host, directory, part)) in sources.iter().enumerate() {
        call.print(format!("Ign:{} http://{host}/{directory} {code}{part} InRelease\n", at + 1))?;
        errors.push_str(&format!(
            "W: Failed to fetch http://{host}/{directory}/dists/{code}{part}/InRelease  Temporary failure resolving '{host}'\n"
        ));
    }
    call.print("Reading package lists... Done\n")?;
    errors.push_str("W: Some index files failed to download. They have been ignored, or old ones used instead.\n");
    call.warn(&errors);
    Ok(0)
}

/// `su`, which asks for a password unless root calls it; another user is not simulated.
pub(super) fn su(call: &mut Call<'_>) -> Result<i32, Stop> {
    let is_root = call.process.credentials.uid == 0;
    call.complain(if is_root { "changing the user is not simulated" } else { "Authentication failure" });
    Ok(1)
}

/// `zsh`, whose language is another than that of the other shells.
pub(super) fn zsh(call: &mut Call<'_>) -> Result<i32, Stop> {
    call.complain("this shell is not simulated: use bash or sh");
    Ok(127)
}
