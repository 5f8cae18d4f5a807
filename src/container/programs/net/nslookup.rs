//! `nslookup`: that of busybox in its old and new form, and that of BIND.

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use super::resolver::{self, Config, Failure};
use super::script::Script;
use crate::call::{Call, Stop};
use crate::image::Flavour;
use crate::network::{Answer, NetworkError, RecordKind};

/// Seconds for which BIND's programs wait for an answer, three times.
pub(super) const BIND_PATIENCE: Duration = Duration::from_secs(15);

/// A question: names, types and the server.
struct Question {
    name: String,
    /// The types; `None` for the usual ones.
    kind: Option<RecordKind>,
    server: Option<String>,
}

/// Runs the program.
pub(super) fn run(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let is_busybox = call.image().flavour == Flavour::Busybox && !has_bind(call);
    let mut question = Question { name: String::new(), kind: None, server: None };
    for arg in call.args() {
        match arg.strip_prefix('-') {
            Some(option) => match option.split_once('=') {
                Some(("type" | "query" | "querytype" | "q", kind)) => match RecordKind::parse(kind) {
                    Some(kind) => question.kind = Some(kind),
                    None if is_busybox => {
                        script.err(format!("nslookup: invalid query type \"{kind}\"\n"));
                        return Ok(1);
                    }
                    None => script.out(format!("unknown query type: {kind}\n")),
                },
                _ if ["debug", "d2", "novc", "vc"].contains(&option) => {}
                _ => {
                    script.err(format!("*** Invalid option: {option}\n"));
                    return Ok(1);
                }
            },
            None if question.name.is_empty() => question.name = arg,
            None => question.server = Some(arg),
        }
    }
    if question.name.is_empty() {
        script.err("Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n");
        return Ok(1);
    }
    let mut config = Config::of(call);
    if let Some(server) = &question.server {
        match resolver::address(call, server) {
            Some(address) => config.servers = vec![address],
            None if is_busybox => {
                script.err(format!("nslookup: bad address '{server}'\n"));
                return Ok(1);
            }
            None => {
                script.out(format!("nslookup: couldn't get address for '{server}': not found\n"));
                return Ok(1);
            }
        }
    }
    if !is_busybox {
        return Ok(bind(call, script, &question, &config));
    }
    if is_old(call) {
        return Ok(old_busybox(call, script, &question, &config));
    }
    Ok(busybox(call, script, &question, &config))
}

/// Reports whether an image with busybox has BIND's program beside it.
fn has_bind(call: &Call<'_>) -> bool {
    call.image().programs.contains(&"/usr/bin/nslookup")
}

/// Reports whether the image is a busybox before 1.29, whose `nslookup` asks the C library.
fn is_old(call: &Call<'_>) -> bool {
    let image = &call.container().config.image;
    if call.image().names.contains(&"radial/busyboxplus") {
        return true;
    }
    let version = if call.image().names.contains(&"busybox") { call.image().version(image) } else { "" };
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    matches!((numbers.next(), numbers.next()), (Some(1), Some(minor)) if minor < 29)
}

/// The program of busybox since 1.29: every name that the search list makes is asked for all types, and every answer is shown.
fn busybox(call: &mut Call<'_>, script: &mut Script, question: &Question, config: &Config) -> i32 {
    let server = config.servers[0];
    let mut names = vec![question.name.trim_end_matches('.').to_owned()];
    let mut kinds = question.kind.map_or(vec![RecordKind::A, RecordKind::Aaaa], |kind| vec![kind]);
    if let Ok(address) = question.name.parse::<Ipv4Addr>() {
        names = vec![resolver::reverse(address)];
        kinds = vec![RecordKind::Ptr];
    } else if !question.name.contains('.') && !config.search.is_empty() {
        names = config.search.iter().map(|domain| format!("{}.{domain}", question.name)).collect();
    }
    let mut answers = Vec::new();
    for kind in kinds {
        for name in &names {
            match config.query(call, name, kind) {
                Ok(answer) => answers.push((name.clone(), answer)),
                Err(error) => return busybox_silence(script, server, error),
            }
        }
    }
    script.out(format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n"));
    let mut code = 0;
    for (name, answer) in answers {
        if !answer.exists {
            script.out(format!("** server can't find {name}: NXDOMAIN\n"));
            code = 1;
        }
        for record in &answer.records {
            let data = record.data.trim_end_matches('.');
            let owner = record.name.trim_end_matches('.');
            script.out(match record.kind {
                "A" => format!("Name:\t{owner}\nAddress: {data}\n"),
                "CNAME" => format!("{owner}\tcanonical name = {data}\n"),
                "SRV" => format!("{owner}\tservice = {data}\n"),
                _ => format!("{owner}\tname = {data}\n"),
            });
        }
        script.out("\n");
    }
    code
}

fn busybox_silence(script: &mut Script, server: Ipv4Addr, error: NetworkError) -> i32 {
    if error == NetworkError::Refused {
        script.err(format!("nslookup: write to '{server}': Connection refused\n"));
    }
    // Three attempts within five seconds.
    script.pause(Duration::from_secs(5));
    script.err(";; connection timed out; no servers could be reached\n\n");
    1
}

/// The program of busybox before 1.29: the addresses of the C library with their names.
fn old_busybox(call: &mut Call<'_>, script: &mut Script, question: &Question, config: &Config) -> i32 {
    let line = |call: &mut Call<'_>, index: usize, address: Ipv4Addr| {
        let name = resolver::name_of(call, address).map(|name| format!(" {name}")).unwrap_or_default();
        format!("Address {index}: {address}{name}\n")
    };
    let server = config.servers[0];
    let first = line(call, 1, server);
    script.out(format!("Server:    {server}\n{first}\n"));
    match resolver::resolve(call, &question.name) {
        Ok(host) => {
            script.out(format!("Name:      {}\n", question.name));
            for (index, address) in (1..).zip(host.addresses) {
                let text = line(call, index, address);
                script.out(text);
            }
            0
        }
        Err(failure) => {
            if let Failure::NoServer(patience) = failure {
                script.pause(patience);
            }
            script.err(format!("nslookup: can't resolve '{}'\n", question.name));
            1
        }
    }
}

/// The program of BIND.
fn bind(call: &mut Call<'_>, script: &mut Script, question: &Question, config: &Config) -> i32 {
    let server = config.servers[0];
    let head = format!("Server:\t\t{server}\nAddress:\t{server}#53\n\n");
    let (kind, names) = match question.name.parse::<Ipv4Addr>() {
        Ok(address) => (RecordKind::Ptr, vec![resolver::reverse(address)]),
        Err(_) => (question.kind.unwrap_or(RecordKind::A), config.candidates(&question.name)),
    };
    let mut found: Option<(String, Answer)> = None;
    for name in names {
        let Ok(answer) = config.query(call, &name, kind) else {
            script.pause(BIND_PATIENCE);
            script.out(";; connection timed out; no servers could be reached\n\n");
            return 1;
        };
        let exists = answer.exists;
        found = Some((name, answer));
        if exists {
            break;
        }
    }
    let Some((name, answer)) = found else { return 1 };
    if kind != RecordKind::Ptr || question.kind.is_some() {
        script.out(head);
    }
    if !answer.exists {
        let shown = if kind == RecordKind::Ptr { &name } else { &question.name };
        script.out(format!("** server can't find {shown}: NXDOMAIN\n\n"));
        return 1;
    }
    if answer.records.is_empty() {
        script.out(format!("*** Can't find {name}: No answer\n\n"));
        return 1;
    }
    show_records(call, script, config, &answer, kind)
}

/// Shows records, and the addresses behind an alias; returns the exit code.
fn show_records(call: &mut Call<'_>, script: &mut Script, config: &Config, answer: &Answer, kind: RecordKind) -> i32 {
    let mut code = 0;
    for record in &answer.records {
        let (owner, data) = (record.name.trim_end_matches('.'), &record.data);
        script.out(match record.kind {
            "A" => format!("Name:\t{owner}\nAddress: {data}\n"),
            "CNAME" => format!("{owner}\tcanonical name = {data}\n"),
            "SRV" => format!("{owner}\tservice = {data}\n"),
            _ => format!("{owner}\tname = {data}\n"),
        });
        if record.kind == "CNAME" && kind == RecordKind::A {
            let target = data.trim_end_matches('.');
            let answer = config.query(call, target, kind).unwrap_or_default();
            match answer.exists {
                true => {
                    answer.records.iter().for_each(|r| script.out(format!("Name:\t{target}\nAddress: {}\n", r.data)))
                }
                false => {
                    script.out(format!("** server can't find {target}: NXDOMAIN\n"));
                    code = 1;
                }
            }
        }
    }
    script.out("\n");
    code
}
