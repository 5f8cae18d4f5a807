//! `dig` and `host`, of BIND.

use std::net::Ipv4Addr;

use super::nslookup::BIND_PATIENCE;
use super::resolver::{self, Config};
use super::script::Script;
use crate::call::{Call, Stop};
use crate::network::{Answer, Record, RecordKind};

/// Version that the programs print.
const VERSION: &str = "9.18.33-1~deb12u2-Debian";
/// Time to live of the cluster's records in seconds.
const TTL: u32 = 30;
const ZONE: &str = "cluster.local";

/// A question, and the parts of the answer that are shown.
struct Query {
    name: String,
    kind: RecordKind,
    server: Option<String>,
    is_short: bool,
    searches: bool,
    shows_all: bool,
    shows_answer: bool,
}

/// Runs `dig`.
pub(super) fn run(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let args = call.args();
    let mut query = Query {
        name: String::new(),
        kind: RecordKind::A,
        server: None,
        is_short: false,
        searches: false,
        shows_all: true,
        shows_answer: true,
    };
    if let Err(message) = query.parse(&args) {
        script.err(message);
        return Ok(1);
    }
    let mut config = Config::of(call);
    if let Some(server) = &query.server {
        match resolver::address(call, server) {
            Some(address) => config.servers = vec![address],
            None => {
                script.out(format!("dig: couldn't get address for '{server}': not found\n"));
                return Ok(10);
            }
        }
    }
    let names = match query.searches {
        true => config.candidates(&query.name),
        false => vec![query.name.trim_end_matches('.').to_owned()],
    };
    let mut found = None;
    for name in names {
        let Ok(answer) = config.query(call, &name, query.kind) else {
            script.pause(BIND_PATIENCE);
            if !query.is_short {
                script.out(format!("\n; <<>> DiG {VERSION} <<>> {}\n;; global options: +cmd\n", args.join(" ")));
            }
            script.out(";; no servers could be reached\n");
            return Ok(9);
        };
        let exists = answer.exists;
        found = Some((name, answer));
        if exists {
            break;
        }
    }
    let Some((name, answer)) = found else { return Ok(10) };
    query.show(call, script, &name, &answer, config.servers[0], &args);
    Ok(0)
}

impl Query {
    fn parse(&mut self, args: &[String]) -> Result<(), String> {
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let next = |rest: &mut std::slice::Iter<'_, String>| rest.next().cloned().unwrap_or_default();
            if let Some(server) = arg.strip_prefix('@') {
                self.server = Some(server.to_owned());
            } else if let Some(option) = arg.strip_prefix('+') {
                match option {
                    "short" => self.is_short = true,
                    "search" => self.searches = true,
                    "nosearch" => self.searches = false,
                    "noall" => (self.shows_all, self.shows_answer) = (false, false),
                    "answer" => self.shows_answer = true,
                    _ => {}
                }
            } else if arg == "-x" {
                let address = next(&mut rest);
                let parsed = address.parse::<Ipv4Addr>().map_err(|_| format!("dig: Invalid IP address {address}\n"))?;
                (self.name, self.kind) = (resolver::reverse(parsed), RecordKind::Ptr);
            } else if arg == "-t" {
                self.kind = RecordKind::parse(&next(&mut rest)).ok_or("dig: this type is not simulated\n")?;
            } else if arg.starts_with('-') {
                return Err(format!(
                    "Invalid option: {arg}\nUsage:  dig [@global-server] [domain] [q-type] [q-class] {{q-opt}}\n"
                ));
            } else if let Some(kind) = RecordKind::parse(arg) {
                self.kind = kind;
            } else if !arg.eq_ignore_ascii_case("in") {
                self.name.clone_from(arg);
            }
        }
        Ok(())
    }

    fn show(
        &self,
        call: &mut Call<'_>,
        script: &mut Script,
        name: &str,
        answer: &Answer,
        server: Ipv4Addr,
        args: &[String],
    ) {
        if self.is_short {
            answer.records.iter().for_each(|record| script.out(format!("{}\n", record.data)));
            return;
        }
        let rows: String = answer.records.iter().map(row).collect();
        if !self.shows_all {
            script.out(if self.shows_answer { rows } else { String::new() });
            return;
        }
        let is_own = name == ZONE || name.ends_with(&format!(".{ZONE}")) || name.ends_with(".in-addr.arpa");
        let status = if answer.exists { "NOERROR" } else { "NXDOMAIN" };
        let authority = if answer.records.is_empty() && is_own { soa(call) } else { String::new() };
        let flags = if is_own { "qr aa rd" } else { "qr rd ra" };
        let mut text =
            format!("\n; <<>> DiG {VERSION} <<>> {}\n;; global options: +cmd\n;; Got answer:\n", args.join(" "),);
        if name.ends_with(".local") {
            text.push_str(
                ";; WARNING: .local is reserved for Multicast DNS\n\
                 ;; You are currently testing what happens when an mDNS query is leaked to DNS\n",
            );
        }
        text.push_str(&format!(
            ";; ->>HEADER<<- opcode: QUERY, status: {status}, id: {}\n\
             ;; flags: {flags}; QUERY: 1, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: 1\n",
            call.surroundings.random() % 65_536,
            answer.records.len(),
            u8::from(!authority.is_empty()),
        ));
        if is_own {
            text.push_str(";; WARNING: recursion requested but not available\n");
        }
        let question = columns(&format!(";{name}."), &["", "IN", self.kind.mnemonic()]);
        text.push_str(&format!(
            "\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION SECTION:\n{question}\n"
        ));
        for (title, rows) in [("ANSWER", rows), ("AUTHORITY", authority)] {
            if !rows.is_empty() {
                text.push_str(&format!("\n;; {title} SECTION:\n{rows}"));
            }
        }
        let when = call.now().to_chrono().format("%a %b %d %H:%M:%S UTC %Y");
        text.push_str(&format!("\n;; Query time: 0 msec\n;; SERVER: {server}#53({server}) (UDP)\n;; WHEN: {when}\n"));
        let size = message_size(name, answer, is_own);
        text.push_str(&format!(";; MSG SIZE  rcvd: {size}\n\n"));
        script.out(text);
    }
}

fn row(record: &Record) -> String {
    let ttl = TTL.to_string();
    columns(&record.name, &[&ttl, "IN", record.kind, &record.data]) + "\n"
}

/// Lays fields out at the columns of BIND's master file style: 24, 32, 40 and 48, or behind one blank, which a tab stands for
/// where it leads to a tab stop (`indent` in `lib/dns/masterdump.c`).
fn columns(name: &str, fields: &[&str]) -> String {
    const TAB: usize = 8;
    let mut text = name.to_owned();
    let mut at = text.len();
    for (field, column) in fields.iter().zip([24, 32, 40, 48]) {
        if field.is_empty() {
            continue;
        }
        let to = column.max(at + 1);
        let tabs = to / TAB - at / TAB;
        let blanks = if tabs > 0 { to % TAB } else { to - at };
        text.push_str(&"\t".repeat(tabs));
        text.push_str(&" ".repeat(blanks));
        text.push_str(field);
        at = to + field.len();
    }
    text
}

fn soa(call: &Call<'_>) -> String {
    // The serial number of CoreDNS is the time at which it has read its data.
    let serial = call.container().started.secs();
    let data = format!("ns.dns.{ZONE}. hostmaster.{ZONE}. {serial} 7200 1800 86400 {TTL}");
    row(&Record { name: format!("{ZONE}."), kind: "SOA", data })
}

/// Returns the bytes of the answer: header, question, records without compression, and the EDNS record.
fn message_size(name: &str, answer: &Answer, has_authority: bool) -> usize {
    let encoded = |name: &str| name.trim_end_matches('.').len() + 2;
    let data = |record: &Record| match record.kind {
        "A" => 4,
        "SRV" => 6 + encoded(record.data.rsplit(' ').next().unwrap_or_default()),
        _ => encoded(&record.data),
    };
    let records: usize = answer.records.iter().map(|record| encoded(&record.name) + 10 + data(record)).sum();
    // The start of authority: owner, server, mailbox and five numbers.
    let authority = if answer.records.is_empty() && has_authority {
        encoded(ZONE) + 10 + encoded(&format!("ns.dns.{ZONE}")) + encoded(&format!("hostmaster.{ZONE}")) + 20
    } else {
        0
    };
    12 + encoded(name) + 4 + records + authority + 11
}

/// Runs `host`.
pub(super) fn host(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let mut args = call.args().into_iter();
    let (mut name, mut wanted, mut server) = (None, None, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-t" => wanted = args.next().as_deref().and_then(RecordKind::parse),
            _ if arg.starts_with('-') => {}
            _ if name.is_none() => name = Some(arg),
            _ => server = Some(arg),
        }
    }
    let Some(name) = name else {
        script.err("Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]\n            [-R number] [-m flag] [-p port] hostname [server]\n");
        return Ok(1);
    };
    let mut config = Config::of(call);
    config.servers = match server {
        Some(server) => resolver::address(call, &server).into_iter().collect(),
        None => config.servers,
    };
    let address = name.parse::<Ipv4Addr>().ok();
    let (kind, names) = match address {
        Some(address) => (RecordKind::Ptr, vec![resolver::reverse(address)]),
        None => (wanted.unwrap_or(RecordKind::A), config.candidates(&name)),
    };
    let mut found = None;
    for candidate in names {
        let Ok(answer) = config.query(call, &candidate, kind) else {
            script.pause(BIND_PATIENCE);
            script.out(";; connection timed out; no servers could be reached\n");
            return Ok(1);
        };
        if answer.exists {
            found = Some((candidate, answer));
            break;
        }
    }
    let Some((candidate, answer)) = found else {
        let shown = address.map_or(name, |address| format!("{}.", resolver::reverse(address)));
        script.out(format!("Host {shown} not found: 3(NXDOMAIN)\n"));
        return Ok(1);
    };
    if answer.records.is_empty() && wanted.is_some() {
        script.out(format!("{candidate} has no {} record\n", kind.mnemonic()));
    }
    for record in &answer.records {
        let (owner, data) = (record.name.trim_end_matches('.'), &record.data);
        script.out(match record.kind {
            "A" => format!("{owner} has address {data}\n"),
            "CNAME" => format!("{owner} is an alias for {data}\n"),
            "SRV" => format!("{owner} has SRV record {data}\n"),
            _ => format!("{owner} domain name pointer {data}\n"),
        });
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_columns_of_bind() {
        let record = |name: &str, data: &str| Record { name: name.into(), kind: "A", data: data.into() };
        assert_eq!(row(&record("nope.cluster.local.", "1.2.3.4")), "nope.cluster.local.\t30\tIN\tA\t1.2.3.4\n");
        assert_eq!(
            row(&record("peers.default.svc.cluster.local.", "10.244.1.2")),
            "peers.default.svc.cluster.local. 30 IN\tA\t10.244.1.2\n"
        );
        assert_eq!(
            row(&record("kubernetes.default.svc.cluster.local.", "10.96.0.1")),
            "kubernetes.default.svc.cluster.local. 30 IN A\t10.96.0.1\n"
        );
        assert_eq!(columns(";nope.cluster.local.", &["", "IN", "A"]), ";nope.cluster.local.\t\tIN\tA");
        assert_eq!(
            columns(";kubernetes.default.svc.cluster.local.", &["", "IN", "A"]),
            ";kubernetes.default.svc.cluster.local. IN A"
        );
    }

    #[test]
    fn sizes_are_those_of_recorded_answers() {
        let name = "kubernetes.default.svc.cluster.local";
        let record = Record { name: format!("{name}."), kind: "A", data: "10.96.0.1".into() };
        assert_eq!(message_size(name, &Answer { exists: true, records: vec![record] }, true), 117);
    }
}
