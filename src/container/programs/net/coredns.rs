//! CoreDNS as far as its log goes: what it prints when it starts (`coremain/run.go`, `plugin/reload`, `core/dnsserver`). Names are
//! looked up in the DNS of the cluster, whatever its configuration says.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha512};

use super::services::{Started, listen, option};
use crate::call::Call;
use crate::errno::Errno;
use crate::network::Service;

/// Releases with the version of Go and the commit that they were built from.
const RELEASES: [(&str, &str, &str); 3] =
    [("1.13.1", "go1.25.2", "1db4568"), ("1.14.2", "go1.26.1", "dd1df4f"), ("1.14.6", "go1.26.5", "424d125")];
/// The configuration without one that is named.
const DEFAULT_FILE: &str = "Corefile";
/// The port of a server that names none.
const PORT: &str = "53";

/// Starts the server: prints its processors, the zones, the digest of the configuration and the version. Releases that are not
/// known print nothing.
pub(super) fn start(call: &mut Call<'_>) -> Started {
    let image = call.container().config.image.clone();
    let version = call.image().version(&image).trim_start_matches('v').to_owned();
    let release = RELEASES.iter().find(|(known, ..)| *known == version);
    if let Some((_, go, commit)) = release {
        call.print(processors(call) + "\n")?;
        let named = option(&call.args(), "-conf");
        let path = named.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        let text = match call.files().read(&path) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(Errno::ENOENT) if named.is_none() => String::new(),
            Err(errno) => {
                let why = errno.text().to_lowercase();
                call.warn(format!("loading Caddyfile via flag: open {path}: {why}\n"));
                return Ok(1);
            }
        };
        let blocks = Block::read_all(&text);
        let zones: String = blocks.iter().flat_map(|block| &block.keys).map(|key| zone(key) + "\n").collect();
        call.print(if zones.is_empty() { format!(".:{PORT}\n") } else { zones })?;
        if blocks.iter().any(|block| block.tokens.contains_key("reload")) {
            call.print(format!("[INFO] plugin/reload: Running configuration SHA512 = {}\n", digest(&blocks)))?;
        }
        call.print(format!("CoreDNS-{version}\nlinux/amd64, {go}, {commit}\n"))?;
    }
    let ports = call.image().ports.to_vec();
    listen(call, &ports, Service::Silent)
}

/// The line about the number of processors (`go.uber.org/automaxprocs/maxprocs`).
fn processors(call: &Call<'_>) -> String {
    let config = &call.container().config;
    match config.cpu_limit {
        None => format!("maxprocs: Leaving GOMAXPROCS={}: CPU quota undefined", config.processors.max(1)),
        Some(..1000) => "maxprocs: Updating GOMAXPROCS=1: using minimum allowed GOMAXPROCS".into(),
        Some(limit) => format!("maxprocs: Updating GOMAXPROCS={}: determined from CPU quota", limit / 1000),
    }
}

/// Returns how a server announces the zone of a key of the configuration: `.:53`, `example.org.:53`, `tls://.:853`.
fn zone(key: &str) -> String {
    let (protocol, rest) = key.split_once("://").map_or(("", key), |(protocol, rest)| (protocol, rest));
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let (host, port) = rest.rsplit_once(':').filter(|(_, port)| is_port(port)).unwrap_or((rest, PORT));
    let protocol = if protocol.is_empty() || protocol == "dns" { String::new() } else { format!("{protocol}://") };
    format!("{protocol}{}.:{port}", host.trim_end_matches('.'))
}

/// A server block of the configuration as Caddy reads it, in the shape of its JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Block {
    keys: Vec<String>,
    /// The words of each directive.
    tokens: BTreeMap<String, Vec<Token>>,
}

/// A word of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Token {
    /// The file that was imported.
    file: &'static str,
    line: usize,
    text: String,
}

impl Block {
    /// Reads the blocks of a configuration. Imports and variables are left as they are.
    fn read_all(text: &str) -> Vec<Block> {
        let mut tokens = tokens(text).into_iter().peekable();
        let mut blocks = Vec::new();
        while tokens.peek().is_some() {
            let keys = tokens.by_ref().take_while(|token| token.text != "{");
            let keys = keys.map(|token| token.text.trim_end_matches(',').to_owned()).collect();
            let mut block = Block { keys, tokens: BTreeMap::new() };
            while let Some(directive) = tokens.next_if(|token| token.text != "}") {
                let (mut line, mut depth) = (directive.line, 0_usize);
                let words = block.tokens.entry(directive.text.clone()).or_default();
                words.push(directive);
                while let Some(word) = tokens.next_if(|word| depth > 0 || word.line == line && word.text != "}") {
                    match word.text.as_str() {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        _ => {}
                    }
                    line = word.line;
                    words.push(word);
                }
            }
            tokens.next();
            blocks.push(block);
        }
        blocks
    }
}

/// Returns the words of a configuration with their lines, without comments.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
        tokens.extend(words.map(|word| Token { file: "", line: number + 1, text: word.trim_matches('"').to_owned() }));
    }
    tokens
}

/// Returns the digest of a configuration that the plugin `reload` compares.
fn digest(blocks: &[Block]) -> String {
    // Strings and numbers can always be written.
    let text = serde_json::to_vec(blocks).unwrap_or_default();
    Sha512::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That of kubeadm.
    const COREFILE: &str = ".:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
";

    #[test]
    fn the_digest_is_that_of_real_servers() {
        let first = |text: &str| digest(&Block::read_all(text))[..16].to_owned();
        assert_eq!(first(COREFILE), "1b226df79860026c");
        let cache = " {\n       disable success cluster.local\n       disable denial cluster.local\n    }";
        assert_eq!(first(&COREFILE.replace(cache, "")), "591cf328cccc12bc");
    }

    #[test]
    fn zones_are_announced_with_their_ports() {
        let blocks = Block::read_all("example.org, example.net:1053 {\n  whoami # who\n}\ntls://.:853 {\n  log\n}\n");
        let zones: Vec<String> = blocks.iter().flat_map(|block| &block.keys).map(|key| zone(key)).collect();
        assert_eq!(zones, ["example.org.:53", "example.net.:1053", "tls://.:853"]);
        assert_eq!(blocks[0].tokens["whoami"].len(), 1);
        assert!(blocks[1].tokens.contains_key("log"));
    }
}
