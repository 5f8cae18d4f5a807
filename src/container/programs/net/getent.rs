//! `getent`: hosts, users and groups.

use super::resolver::{self, Failure, Host};
use super::script::Script;
use crate::call::{Call, Stop};

/// Runs the program.
pub(super) fn run(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let args = call.args();
    let Some((database, keys)) = args.split_first() else {
        script
            .err("getent: wrong number of arguments\nTry `getent --help' or `getent --usage' for more information.\n");
        return Ok(1);
    };
    match database.as_str() {
        "hosts" | "ahosts" | "ahostsv4" => Ok(hosts(call, script, keys, database != "hosts")),
        "passwd" => Ok(accounts(call, script, keys, "/etc/passwd")),
        "group" => Ok(accounts(call, script, keys, "/etc/group")),
        _ => {
            script.err(format!(
                "Unknown database: {database}\nTry `getent --help' or `getent --usage' for more information.\n"
            ));
            Ok(1)
        }
    }
}

fn hosts(call: &mut Call<'_>, script: &mut Script, keys: &[String], is_long: bool) -> i32 {
    if keys.is_empty() && !is_long {
        for (address, names) in resolver::hosts(call) {
            script.out(format!("{address:<15} {}\n", names.join(" ")));
        }
    }
    for key in keys {
        let found = match key.parse() {
            Ok(address) if !is_long => resolver::name_of(call, address)
                .map(|name| Host { name, addresses: vec![address] })
                .ok_or(Failure::Unknown),
            _ => resolver::resolve(call, key),
        };
        match found {
            Ok(host) if is_long => script.out(long(&host)),
            Ok(host) => {
                for address in &host.addresses {
                    script.out(format!("{:<15} {}\n", address.to_string(), host.name));
                }
            }
            Err(failure) => {
                if let Failure::NoServer(patience) = failure {
                    script.pause(patience);
                }
                return 2;
            }
        }
    }
    0
}

fn long(host: &Host) -> String {
    let lines = host.addresses.iter().enumerate().flat_map(|(index, address)| {
        let address = address.to_string();
        ["STREAM", "DGRAM", "RAW"].map(|kind| {
            let name = if index == 0 && kind == "STREAM" { host.name.as_str() } else { "" };
            format!("{address:<15} {kind:<6} {name}\n")
        })
    });
    lines.collect()
}

fn accounts(call: &mut Call<'_>, script: &mut Script, keys: &[String], path: &str) -> i32 {
    let text = call.files().read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    if keys.is_empty() {
        script.out(text);
        return 0;
    }
    for key in keys {
        let is_it = |line: &&str| {
            let mut fields = line.split(':');
            fields.next() == Some(key) || fields.nth(1) == Some(key)
        };
        match text.lines().find(is_it) {
            Some(line) => script.out(format!("{line}\n")),
            None => return 2,
        }
    }
    0
}
