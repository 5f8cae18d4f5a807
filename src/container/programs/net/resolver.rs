//! The resolver of the C library: `/etc/hosts`, then DNS with the search list of `/etc/resolv.conf`.

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;

use crate::call::Call;
use crate::network::{Answer, NetworkError, RecordKind};

/// Aliases that one name may lead through.
const MAX_ALIASES: usize = 8;

/// The settings of `/etc/resolv.conf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Addresses of the name servers.
    pub(crate) servers: Vec<Ipv4Addr>,
    /// Domains that are tried behind a name.
    pub(crate) search: Vec<String>,
    /// Names with fewer dots are tried with the domains first.
    ndots: usize,
    /// Seconds for which an answer is awaited.
    timeout: i64,
    attempts: i64,
}

impl Config {
    /// Reads the file of a container; without it the server is the host itself.
    pub(crate) fn of(call: &mut Call<'_>) -> Config {
        let text = call.files().read("/etc/resolv.conf").unwrap_or_default();
        Config::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Config {
        let mut config = Config { servers: Vec::new(), search: Vec::new(), ndots: 1, timeout: 5, attempts: 2 };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    config.servers.extend(words.next().and_then(|word| word.parse::<Ipv4Addr>().ok()))
                }
                Some("search" | "domain") => config.search = words.map(String::from).collect(),
                Some("options") => words.for_each(|word| config.option(word)),
                _ => {}
            }
        }
        // The library uses three servers.
        config.servers.truncate(3);
        if config.servers.is_empty() {
            config.servers.push(Ipv4Addr::LOCALHOST);
        }
        config
    }

    fn option(&mut self, word: &str) {
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        let Ok(value) = value.parse::<i64>() else { return };
        match name {
            "ndots" => self.ndots = value.clamp(0, 15) as usize,
            "timeout" => self.timeout = value.clamp(1, 30),
            "attempts" => self.attempts = value.clamp(1, 5),
            _ => {}
        }
    }

    /// Returns the full names that are tried for a name, in order.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(full) = name.strip_suffix('.') {
            return vec![full.to_owned()];
        }
        let mut all: Vec<String> =
            self.search.iter().map(|domain| format!("{name}.{}", domain.trim_end_matches('.'))).collect();
        let at = if name.matches('.').count() >= self.ndots { 0 } else { all.len() };
        all.insert(at, name.to_owned());
        all
    }

    /// Returns how long the library waits for servers that do not answer.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout * self.attempts * self.servers.len() as i64)
    }

    /// Asks the servers in order for one full name; one that does not answer leads to the next.
    ///
    /// # Errors
    /// [`NetworkError::TimedOut`] when none answers.
    pub(crate) fn query(&self, call: &mut Call<'_>, name: &str, kind: RecordKind) -> Result<Answer, NetworkError> {
        for server in &self.servers {
            if let Ok(answer) = call.surroundings.query(*server, name, kind) {
                return Ok(answer);
            }
        }
        Err(NetworkError::TimedOut)
    }
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It does not exist, or has no address.
    Unknown,
    /// No server has answered for this long.
    NoServer(Duration),
}

/// Addresses of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// The full name that was found.
    pub(crate) name: String,
    /// The addresses; there is at least one.
    pub(crate) addresses: Vec<Ipv4Addr>,
}

/// Returns the first address of a name, without regard to the time that it takes.
pub(crate) fn address(call: &mut Call<'_>, name: &str) -> Option<Ipv4Addr> {
    resolve(call, name).ok().map(|host| host.addresses[0])
}

/// Resolves a name or an address in dotted notation.
///
/// # Errors
/// Why there is no address.
pub(crate) fn resolve(call: &mut Call<'_>, name: &str) -> Result<Host, Failure> {
    if let Ok(address) = name.parse() {
        return Ok(Host { name: name.to_owned(), addresses: vec![address] });
    }
    if let Some(host) = from_hosts(call, name) {
        return Ok(host);
    }
    let config = Config::of(call);
    for candidate in config.candidates(name) {
        let Ok((full, addresses)) = lookup(call, &config, &candidate) else {
            return Err(Failure::NoServer(config.patience()));
        };
        if !addresses.is_empty() {
            return Ok(Host { name: full, addresses });
        }
    }
    Err(Failure::Unknown)
}

/// Asks for the addresses of one full name, through its aliases; returns the canonical name with them.
fn lookup(call: &mut Call<'_>, config: &Config, name: &str) -> Result<(String, Vec<Ipv4Addr>), NetworkError> {
    let mut name = name.to_owned();
    for _ in 0..MAX_ALIASES {
        let answer = config.query(call, &name, RecordKind::A)?;
        let addresses: Vec<Ipv4Addr> =
            answer.records.iter().filter(|r| r.kind == "A").filter_map(|r| r.data.parse().ok()).collect();
        let alias = answer.records.iter().find(|record| record.kind == "CNAME");
        match alias {
            Some(alias) if addresses.is_empty() => name = alias.data.trim_end_matches('.').to_owned(),
            _ => return Ok((name, addresses)),
        }
    }
    Ok((name, Vec::new()))
}

/// Returns what `/etc/hosts` says about a name; its first name is the canonical one.
fn from_hosts(call: &mut Call<'_>, name: &str) -> Option<Host> {
    let mut found: Option<Host> = None;
    for (address, names) in hosts(call) {
        if names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            let host = found.get_or_insert_with(|| Host { name: names[0].clone(), addresses: Vec::new() });
            host.addresses.push(address);
        }
    }
    found
}

/// Returns the lines of `/etc/hosts` with IPv4 addresses: each with its names.
pub(crate) fn hosts(call: &mut Call<'_>) -> Vec<(Ipv4Addr, Vec<String>)> {
    let text = call.files().read("/etc/hosts").unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let parse = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        let names: Vec<String> = words.map(String::from).collect();
        (!names.is_empty()).then_some((address, names))
    };
    text.lines().filter_map(parse).collect()
}

/// Returns the name of an address: from `/etc/hosts`, else from DNS; `None` if it has none.
pub(crate) fn name_of(call: &mut Call<'_>, address: Ipv4Addr) -> Option<String> {
    let known = hosts(call).into_iter().find(|(own, _)| *own == address).map(|(_, names)| names[0].clone());
    known.or_else(|| {
        let config = Config::of(call);
        let answer = config.query(call, &reverse(address), RecordKind::Ptr).ok()?;
        let record = answer.records.into_iter().find(|record| record.kind == "PTR")?;
        Some(record.data.trim_end_matches('.').to_owned())
    })
}

/// Returns the name under which an address is looked up: `1.0.96.10.in-addr.arpa`.
pub(crate) fn reverse(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tried_in_the_order_of_the_library() {
        let config =
            Config::parse("search a.svc svc\nnameserver 10.96.0.10\noptions ndots:2 timeout:1 attempts:3 edns0\n");
        assert_eq!(config.candidates("web"), ["web.a.svc", "web.svc", "web"]);
        assert_eq!(config.candidates("web.b.c"), ["web.b.c", "web.b.c.a.svc", "web.b.c.svc"]);
        assert_eq!(config.candidates("web."), ["web"]);
        assert_eq!(config.patience(), Duration::from_secs(3));
        assert_eq!(Config::parse("").servers, [Ipv4Addr::LOCALHOST]);
    }
}
