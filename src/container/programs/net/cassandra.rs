//! Cassandra: the nodes of a ring, and `nodetool`. Queries are not simulated.
//!
//! A node keeps its number and tokens in its data directory, with what it has heard of the others. It hears of them when it
//! starts, from its seeds, and whenever it is asked for the state of the ring: then it talks to all that it knows of.

use std::net::Ipv4Addr;

use kctl_base::json;
use serde::{Deserialize, Serialize};

use super::resolver;
use super::services::{Started, listen, option};
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::http::exchange;
use crate::network::{Endpoint, NetworkError, Service};
use kctl_base::order::Order as _;

/// The ports among nodes and for `nodetool`.
const STORAGE: u16 = 7000;
const MANAGEMENT: u16 = 7199;
const QUERIES: u16 = 9042;
/// Number of copies of `system_traces`, the keyspace that ownership is told for as long as there is no other.
const COPIES: usize = 2;

/// What a node was configured with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node {
    directory: String,
    cluster: String,
    seeds: Vec<String>,
}

/// What a node tells of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Info {
    /// Its number: a UUID.
    host: String,
    address: Ipv4Addr,
    datacenter: String,
    rack: String,
    tokens: Vec<i64>,
    /// Bytes of its data.
    load: usize,
}

/// What a node has written down: of itself, and of the others that it has heard of.
#[derive(Clone, Serialize, Deserialize)]
struct Saved {
    own: Info,
    others: Vec<Info>,
}

/// What a node or `nodetool` asks of a node.
#[derive(Serialize, Deserialize)]
enum Message {
    /// One of the cluster tells of itself, and asks whom this one knows.
    Gossip(String, Info),
    Status,
    Drain,
}

/// `cassandra`, or the start script of the documentation's image.
pub(super) fn start(call: &mut Call<'_>) -> Started {
    let variable = |name: &str, default: &str| call.process.variable(name).unwrap_or(default).to_owned();
    let is_sample = call.image().names.contains(&"google-samples/cassandra");
    let own = call.container().config.address.parse().unwrap_or(Ipv4Addr::LOCALHOST);
    let directory = if is_sample { "/cassandra_data/data" } else { "/var/lib/cassandra/data" };
    let seeds = variable("CASSANDRA_SEEDS", &own.to_string());
    let node = Node {
        directory: directory.to_owned(),
        cluster: variable("CASSANDRA_CLUSTER_NAME", "Test Cluster"),
        seeds: seeds.split(',').map(|seed| seed.trim().to_owned()).collect(),
    };
    let count = if is_sample { "32" } else { "16" };
    let count = variable("CASSANDRA_NUM_TOKENS", count).parse().unwrap_or(16_usize).clamp(1, 1024);
    let (datacenter, rack) = (variable("CASSANDRA_DC", "datacenter1"), variable("CASSANDRA_RACK", "rack1"));
    let saved = node.load(call);
    let is_new = saved.is_none();
    let mut saved = match saved {
        Some(saved) => saved,
        None => {
            let tokens = (0..count).map(|_| call.surroundings.random() as i64).collect();
            let host = uuid(call.surroundings.random(), call.surroundings.random());
            Saved { own: Info { host, address: own, datacenter, rack, tokens, load: 0 }, others: Vec::new() }
        }
    };
    saved.own.address = own;
    let seeds: Vec<Ipv4Addr> = node.seeds.iter().filter_map(|seed| resolver::address(call, seed)).collect();
    let has_met = node.meet(call, &mut saved, seeds.clone());
    if is_new && !seeds.contains(&own) && has_met.is_empty() {
        call.warn(
            "Exception (java.lang.RuntimeException) encountered during startup: Unable to gossip with any seeds\n",
        );
        return Ok(3);
    }
    if let Err(errno) = node.save(call, &mut saved) {
        call.complain(errno.text());
        return Ok(3);
    }
    let port = option(&call.args(), "--port").and_then(|port| port.parse().ok()).unwrap_or(QUERIES);
    // The other ports are those of queries, which are not answered.
    let silent: Vec<u16> =
        call.image().ports.iter().copied().filter(|port| ![STORAGE, MANAGEMENT].contains(port)).collect();
    let silent = silent.into_iter().map(|known| if known == QUERIES { port } else { known }).collect::<Vec<_>>();
    if let Ok(code) = listen(call, &silent, Service::Silent) {
        return Ok(code);
    }
    listen(call, &[STORAGE, MANAGEMENT], Service::Cassandra(Box::new(node)))
}

/// The probe script of the documentation's image: whether the node is up.
pub(super) fn ready(call: &mut Call<'_>) -> Result<i32, Stop> {
    let to = Endpoint { address: Ipv4Addr::LOCALHOST, port: QUERIES };
    Ok(i32::from(crate::http::connect(call, to).is_err()))
}

impl Node {
    /// Answers bytes that arrive on a port.
    ///
    /// # Errors
    /// [`NetworkError::Closed`] for what it does not understand.
    pub(crate) fn answer(&self, call: &mut Call<'_>, port: u16, bytes: &[u8]) -> Result<Vec<u8>, NetworkError> {
        let message = json::from_slice(bytes).map_err(|_| NetworkError::Closed)?;
        let mut saved = self.load(call).ok_or(NetworkError::Closed)?;
        let answer = match (port, message) {
            (STORAGE, Message::Gossip(cluster, info)) if cluster == self.cluster => {
                learn(&mut saved, info);
                self.save(call, &mut saved).ok().and_then(|()| serde_json::to_vec(&saved).ok())
            }
            (MANAGEMENT, Message::Status) => {
                let seeds: Vec<Ipv4Addr> = self.seeds.iter().filter_map(|seed| resolver::address(call, seed)).collect();
                let up = self.meet(call, &mut saved, seeds);
                self.save(call, &mut saved).ok().and_then(|()| serde_json::to_vec(&(&saved, up)).ok())
            }
            (MANAGEMENT, Message::Drain) => {
                call.process.listeners.retain(|listener| listener.port == MANAGEMENT);
                serde_json::to_vec(&true).ok()
            }
            _ => None,
        };
        answer.ok_or(NetworkError::Closed)
    }

    /// Talks to those that it knows of and to others; learns of those that they know of. Returns the numbers of those that
    /// answer.
    fn meet(&self, call: &mut Call<'_>, saved: &mut Saved, others: Vec<Ipv4Addr>) -> Vec<String> {
        let mut asked = vec![saved.own.address];
        let mut up = Vec::new();
        let mut next = others;
        loop {
            next.extend(saved.others.iter().map(|info| info.address));
            let Some(address) = next.iter().copied().find(|address| !asked.contains(address)) else { return up };
            asked.push(address);
            let message = Message::Gossip(self.cluster.clone(), saved.own.clone());
            let bytes = serde_json::to_vec(&message).unwrap_or_default();
            let answer = exchange(call, Endpoint { address, port: STORAGE }, &bytes).unwrap_or_default();
            let Ok(Saved { own, others }) = json::from_slice(&answer) else { continue };
            up.push(own.host.clone());
            others.into_iter().filter(|info| !up.contains(&info.host)).for_each(|info| learn(saved, info));
            learn(saved, own);
        }
    }

    fn file(&self) -> String {
        format!("{}/system.json", self.directory)
    }

    fn load(&self, call: &mut Call<'_>) -> Option<Saved> {
        json::from_slice(&call.files().read(&self.file()).ok()?).ok()
    }

    fn save(&self, call: &mut Call<'_>, saved: &mut Saved) -> Result<(), Errno> {
        let parent = self.directory.rsplit_once('/').map_or("/", |(parent, _)| parent);
        for path in [parent, &self.directory] {
            match call.files().make_directory(path, 0o755) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
        let mut files = call.files();
        let old = files.read(&self.file()).unwrap_or_default();
        let bytes = serde_json::to_vec(&saved).map_err(|_| Errno::EINVAL)?;
        if bytes == old {
            return Ok(());
        }
        saved.own.load = bytes.len();
        files.write(&self.file(), &serde_json::to_vec(&saved).map_err(|_| Errno::EINVAL)?)
    }
}

/// Takes what is told of a node for what was known of it.
fn learn(saved: &mut Saved, info: Info) {
    if info.host == saved.own.host {
        return;
    }
    // The address of one that is gone may belong to another now.
    saved.others.retain(|known| known.host == info.host || known.address != info.address);
    match saved.others.iter_mut().find(|known| known.host == info.host) {
        Some(known) => *known = info,
        None => saved.others.push(info),
    }
}

/// Formats a random UUID.
fn uuid(high: u64, low: u64) -> String {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}

/// `nodetool`.
pub(super) fn nodetool(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let message = match args.first().map(String::as_str) {
        Some("status") => Message::Status,
        Some("drain") => Message::Drain,
        _ => {
            call.warn("nodetool: only status and drain are simulated\n");
            return Ok(1);
        }
    };
    let to = Endpoint { address: Ipv4Addr::LOCALHOST, port: MANAGEMENT };
    let Ok(answer) = exchange(call, to, &serde_json::to_vec(&message).unwrap_or_default()) else {
        let why = "ConnectException: 'Connection refused (Connection refused)'";
        call.warn(format!("nodetool: Failed to connect to '127.0.0.1:{MANAGEMENT}' - {why}.\n"));
        return Ok(1);
    };
    if let Ok((saved, up)) = json::from_slice::<(Saved, Vec<String>)>(&answer) {
        let up = [up, vec![saved.own.host.clone()]].concat();
        let nodes: Vec<Info> = std::iter::once(saved.own).chain(saved.others).collect();
        let is_wide =
            call.image().versions.latest.is_empty() || call.image().version(&call.container().config.image) < "4";
        call.print(status(&nodes, &up, is_wide))?;
    }
    Ok(0)
}

/// Formats the state of a ring. `is_wide` is the table of versions before 4, whose columns have fixed widths.
fn status(nodes: &[Info], up: &[String], is_wide: bool) -> String {
    let mut nodes: Vec<&Info> = nodes.iter().collect();
    let count = nodes.len();
    nodes.order_by_key(|info| bucket(info.address, count));
    let mut datacenters: Vec<&str> = nodes.iter().map(|info| info.datacenter.as_str()).collect();
    datacenters.order();
    datacenters.dedup();
    let mut out = String::new();
    for datacenter in datacenters {
        let title = format!("Datacenter: {datacenter}");
        out +=
            &format!("{title}\n{}\nStatus=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n", "=".repeat(title.len()));
        let head = ["--", "Address", "Load", "Tokens", "Owns (effective)", "Host ID", "Rack"].map(String::from);
        let members = nodes.iter().filter(|info| info.datacenter == datacenter);
        let rows: Vec<[String; 7]> = std::iter::once(head)
            .chain(members.map(|info| {
                let state = if up.contains(&info.host) { "UN" } else { "DN" };
                let owns = format!("{:.1}%", owned(&nodes, &info.host) * 100.0);
                let (address, tokens) = (info.address.to_string(), info.tokens.len().to_string());
                [state.to_owned(), address, size(info.load), tokens, owns, info.host.clone(), info.rack.clone()]
            }))
            .collect();
        let longest = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
        let widths = match is_wide {
            true => [2, longest(1), 9, 11, 16, 36, 0],
            false => std::array::from_fn(longest),
        };
        for row in &rows {
            let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            out += &(cells.join("  ") + "\n");
        }
    }
    out + "\n"
}

/// Returns the part of the ring that a node has copies of: of each range, the owner of the token at its end and the next.
fn owned(nodes: &[&Info], host: &str) -> f64 {
    let mut ring: Vec<(i64, &str)> =
        nodes.iter().flat_map(|info| info.tokens.iter().map(|token| (*token, info.host.as_str()))).collect();
    ring.sort_unstable();
    let mut part = 0.0;
    for (at, (token, _)) in ring.iter().enumerate() {
        let before = ring[(at + ring.len() - 1) % ring.len()].0;
        let width = if ring.len() == 1 { u64::MAX } else { token.wrapping_sub(before) as u64 };
        let mut owners: Vec<&str> = Vec::new();
        for (_, owner) in ring[at..].iter().chain(&ring[..at]) {
            if owners.len() < COPIES && !owners.contains(owner) {
                owners.push(owner);
            }
        }
        if owners.contains(&host) {
            part += width as f64 / 18_446_744_073_709_551_616.0;
        }
    }
    part
}

/// Returns the place of an address in a `HashMap`.
fn bucket(address: Ipv4Addr, count: usize) -> usize {
    let mut buckets = 16;
    while count * 4 > buckets * 3 {
        buckets *= 2;
    }
    let hash = u32::from(address);
    (hash ^ hash >> 16) as usize & (buckets - 1)
}

/// Formats a size as `FileUtils.stringifyFileSize`.
fn size(bytes: usize) -> String {
    match bytes {
        ..1024 => format!("{bytes} bytes"),
        _ => {
            let text = format!("{:.2}", bytes as f64 / 1024.0);
            format!("{} KiB", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_ring_is_shown_as_the_tool_does() {
        let node = |number: u8, tokens: &[i64]| Info {
            host: uuid(u64::from(number) << 32, 0),
            address: Ipv4Addr::new(172, 17, 0, number),
            datacenter: "DC1-K8Demo".into(),
            rack: "Rack1-K8Demo".into(),
            tokens: tokens.to_vec(),
            load: usize::from(number) * 500,
        };
        let quarter = 1_i64 << 62;
        let nodes = [node(4, &[-quarter]), node(5, &[0]), node(6, &[quarter])];
        let up = [nodes[0].host.clone(), nodes[1].host.clone()];
        let expected = "Datacenter: DC1-K8Demo\n======================\nStatus=Up/Down\n\
            |/ State=Normal/Leaving/Joining/Moving\n\
            --  Address     Load       Tokens       Owns (effective)  Host ID                               Rack\n\
            UN  172.17.0.5  2.44 KiB   1            75.0%             00000005-0000-4000-8000-000000000000  Rack1-K8Demo\n\
            UN  172.17.0.4  1.95 KiB   1            75.0%             00000004-0000-4000-8000-000000000000  Rack1-K8Demo\n\
            DN  172.17.0.6  2.93 KiB   1            50.0%             00000006-0000-4000-8000-000000000000  Rack1-K8Demo\n\n";
        assert_eq!(status(&nodes, &up, true), expected);
    }
}
