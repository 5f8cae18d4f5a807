//! What nginx's directives mean.

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::syntax::{self, Directive};
use crate::errno::Errno;

/// Why a configuration cannot be used, in the words of nginx.
pub(crate) type Problem = String;

/// Reads the files of a path or pattern: their paths and texts.
pub(super) type Reader<'a> = &'a dyn Fn(&str) -> Result<Vec<(String, String)>, Errno>;

/// Directives that decide about answers and are not simulated.
const NOT_SIMULATED: [&str; 16] = [
    "auth_basic",
    "auth_request",
    "deny",
    "fastcgi_pass",
    "grpc_pass",
    "if",
    "internal",
    "js_content",
    "limit_except",
    "limit_req",
    "location",
    "mirror",
    "rewrite",
    "satisfy",
    "uwsgi_pass",
    "stub_status",
];
/// Most files that one configuration includes.
const MAX_FILES: usize = 100;

/// A configuration of `http` servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Config {
    pub(super) sites: Vec<Site>,
    /// Content types by file extension.
    pub(super) types: BTreeMap<String, String>,
    /// Servers (`HOST:PORT`) of upstream groups by name.
    pub(super) upstreams: BTreeMap<String, Vec<String>>,
    pub(super) error_log: String,
    pub(super) hides_version: bool,
}

/// A `server` block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Site {
    /// TCP ports, and whether the site is the default there.
    pub(super) ports: Vec<(u16, bool)>,
    /// Those of them on which it expects TLS.
    #[serde(default)]
    pub(super) tls_ports: Vec<u16>,
    /// Path of its certificates; empty if it has none.
    #[serde(default)]
    pub(super) certificate: String,
    pub(super) names: Vec<String>,
    pub(super) scope: Scope,
    pub(super) locations: Vec<Location>,
}

/// A `location` block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Location {
    pub(super) matcher: Matcher,
    pub(super) scope: Scope,
}

/// Which paths a location is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Matcher {
    Exact(String),
    Prefix(String),
    /// A prefix before which no regular expression goes (`^~`).
    FinalPrefix(String),
    /// A regular expression.
    Expression(String),
    /// `@name`.
    Named(String),
}

/// The settings that apply to a request; inner blocks inherit from outer ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scope {
    pub(super) root: String,
    pub(super) alias: Option<String>,
    pub(super) index: Vec<String>,
    pub(super) autoindex: bool,
    /// Status and text or URL of `return`.
    pub(super) answer: Option<(u16, String)>,
    pub(super) try_files: Vec<String>,
    pub(super) error_pages: Vec<(Vec<u16>, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) default_type: String,
    pub(super) proxy_pass: Option<String>,
    pub(super) proxy_headers: Vec<(String, String)>,
    /// File of the access log; `None` is off.
    pub(super) access_log: Option<String>,
    /// A directive that is not simulated.
    pub(super) not_simulated: Option<String>,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope {
            root: "/etc/nginx/html".into(),
            alias: None,
            index: vec!["index.html".into()],
            autoindex: false,
            answer: None,
            try_files: Vec::new(),
            error_pages: Vec::new(),
            headers: Vec::new(),
            default_type: "text/plain".into(),
            proxy_pass: None,
            proxy_headers: Vec::new(),
            access_log: Some("/var/log/nginx/access.log".into()),
            not_simulated: None,
        }
    }
}

/// Reads a configuration from its main file.
///
/// # Errors
/// The message of nginx.
pub(super) fn load(path: &str, read: Reader<'_>) -> Result<Config, Problem> {
    let mut files = 0;
    let directives = expand(&read_one(path, read)?, read, &mut files)?;
    if !directives.iter().any(|directive| directive.name == "events") {
        return Err("no \"events\" section in configuration".into());
    }
    let mut config = Config { error_log: "/var/log/nginx/error.log".into(), ..Config::default() };
    for directive in &directives {
        match directive.name.as_str() {
            "error_log" => config.error_log = directive.arg(0).to_owned(),
            "http" => config.http(directive.inner())?,
            _ => {}
        }
    }
    Ok(config)
}

fn read_one(path: &str, read: Reader<'_>) -> Result<Vec<Directive>, Problem> {
    match read(path) {
        Ok(files) => files.iter().try_fold(Vec::new(), |mut all, (file, text)| {
            all.extend(syntax::parse(text, file)?);
            Ok(all)
        }),
        Err(errno) => Err(format!("open() \"{path}\" failed ({}: {})", number(errno), errno.text())),
    }
}

/// Returns the number of an error that opening a file has.
pub(super) fn number(errno: Errno) -> u32 {
    match errno {
        Errno::ENOENT => 2,
        Errno::EACCES => 13,
        Errno::ENOTDIR => 20,
        Errno::EISDIR => 21,
        Errno::ELOOP => 40,
        Errno::ENAMETOOLONG => 36,
        _ => 22,
    }
}

/// Replaces `include` by what it includes.
fn expand(directives: &[Directive], read: Reader<'_>, files: &mut usize) -> Result<Vec<Directive>, Problem> {
    let mut all = Vec::new();
    for directive in directives {
        if directive.name == "include" {
            *files += 1;
            if *files > MAX_FILES {
                return Err(format!("too many included files in {}", directive.place));
            }
            let path = match directive.arg(0) {
                path if path.starts_with('/') => path.to_owned(),
                path => format!("/etc/nginx/{path}"),
            };
            let included = read_one(&path, read).map_err(|problem| match problem.starts_with("open()") {
                true => format!("{problem} in {}", directive.place),
                false => problem,
            })?;
            all.extend(expand(&included, read, files)?);
            continue;
        }
        let block = directive.block.as_ref().map(|inner| expand(inner, read, files)).transpose()?;
        all.push(Directive { block, ..directive.clone() });
    }
    Ok(all)
}

impl Config {
    fn http(&mut self, directives: &[Directive]) -> Result<(), Problem> {
        let mut scope = Scope::default();
        for directive in directives {
            match directive.name.as_str() {
                "types" => {
                    for entry in directive.inner() {
                        self.types.extend(entry.args.iter().map(|extension| (extension.clone(), entry.name.clone())));
                    }
                }
                "upstream" => {
                    let servers = directive.inner().iter().filter(|inner| inner.name == "server");
                    self.upstreams.insert(directive.arg(0).into(), servers.map(|s| s.arg(0).to_owned()).collect());
                }
                "server_tokens" => self.hides_version = directive.arg(0) == "off",
                "server" => {}
                _ => scope.apply(directive)?,
            }
        }
        for server in directives.iter().filter(|directive| directive.name == "server") {
            self.sites.push(site(server, &scope)?);
        }
        Ok(())
    }

    /// Returns all ports on which sites listen.
    pub(super) fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self.sites.iter().flat_map(|site| site.ports.iter().map(|(port, _)| *port)).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Reports whether a site expects TLS on a port.
    pub(super) fn expects_tls(&self, port: u16) -> bool {
        self.sites.iter().any(|site| site.tls_ports.contains(&port))
    }

    /// Returns the path of the certificates of a port; `None` where no site expects TLS.
    pub(super) fn certificate(&self, port: u16) -> Option<&str> {
        let site = self.sites.iter().find(|site| site.tls_ports.contains(&port))?;
        Some(&site.certificate)
    }
}

fn site(server: &Directive, outer: &Scope) -> Result<Site, Problem> {
    let mut site = Site {
        ports: Vec::new(),
        tls_ports: Vec::new(),
        certificate: String::new(),
        names: Vec::new(),
        scope: outer.clone(),
        locations: Vec::new(),
    };
    for directive in server.inner() {
        match directive.name.as_str() {
            "listen" => {
                let found = listen(directive)?;
                let is_tls = directive.args.iter().any(|arg| arg == "ssl");
                site.tls_ports.extend(found.filter(|_| is_tls).map(|(port, _)| port));
                site.ports.extend(found);
            }
            "ssl_certificate" => directive.arg(0).clone_into(&mut site.certificate),
            "server_name" => site.names.extend(directive.args.iter().cloned()),
            "location" => {}
            _ => site.scope.apply(directive)?,
        }
    }
    if site.ports.is_empty() {
        site.ports.push((80, false));
    }
    for directive in server.inner().iter().filter(|directive| directive.name == "location") {
        site.locations.push(location(directive, &site.scope)?);
    }
    Ok(site)
}

/// Returns the port of a `listen` directive; `None` for a socket.
fn listen(directive: &Directive) -> Result<Option<(u16, bool)>, Problem> {
    let address = directive.arg(0);
    if address.starts_with("unix:") {
        return Ok(None);
    }
    let port = match address.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port,
        _ if address.bytes().all(|byte| byte.is_ascii_digit()) => address,
        _ => "80",
    };
    let port: u16 =
        port.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
            format!("invalid port in \"{address}\" of the \"listen\" directive in {}", directive.place)
        })?;
    Ok(Some((port, directive.args.iter().any(|arg| arg == "default_server"))))
}

fn location(directive: &Directive, outer: &Scope) -> Result<Location, Problem> {
    let matcher = match directive.args.as_slice() {
        [modifier, path] if modifier == "=" => Matcher::Exact(path.clone()),
        [modifier, path] if modifier == "^~" => Matcher::FinalPrefix(path.clone()),
        [modifier, expression] if modifier == "~" || modifier == "~*" => {
            let expression = if modifier == "~" { expression.clone() } else { format!("(?i){expression}") };
            if Regex::new(&expression).is_err() {
                return Err(format!("the regular expression \"{expression}\" is not simulated in {}", directive.place));
            }
            Matcher::Expression(expression)
        }
        [name] if name.starts_with('@') => Matcher::Named(name.clone()),
        [path] => Matcher::Prefix(path.clone()),
        _ => return Err(format!("invalid number of arguments in \"location\" directive in {}", directive.place)),
    };
    let mut scope = Scope { answer: None, try_files: Vec::new(), proxy_pass: None, alias: None, ..outer.clone() };
    // What a server returns, it returns before it looks for a location.
    scope.answer.clone_from(&outer.answer);
    for inner in directive.inner() {
        scope.apply(inner)?;
    }
    Ok(Location { matcher, scope })
}

impl Scope {
    fn apply(&mut self, directive: &Directive) -> Result<(), Problem> {
        let (first, second) = (directive.arg(0).to_owned(), directive.arg(1).to_owned());
        if directive.args.is_empty()
            && directive.block.is_none()
            && directive.name != "ip_hash"
            && directive.name != "internal"
        {
            return Err(format!(
                "invalid number of arguments in \"{}\" directive in {}",
                directive.name, directive.place
            ));
        }
        match directive.name.as_str() {
            "root" => self.root = first,
            "alias" => self.alias = Some(first),
            "index" => self.index.clone_from(&directive.args),
            "autoindex" => self.autoindex = first == "on",
            "default_type" => self.default_type = first,
            "try_files" => self.try_files.clone_from(&directive.args),
            "proxy_pass" => self.proxy_pass = Some(first),
            "proxy_set_header" => self.proxy_headers.push((first, second)),
            "add_header" => self.headers.push((first, second)),
            "access_log" => self.access_log = (first != "off").then_some(first),
            "error_page" => {
                let codes = directive.args.iter().filter_map(|arg| arg.parse().ok()).collect();
                self.error_pages.push((codes, directive.args.last().cloned().unwrap_or_default()));
            }
            "return" if self.answer.is_none() => {
                self.answer = Some(match first.parse() {
                    Ok(status) => (status, second),
                    Err(_) => (302, first),
                });
            }
            name if NOT_SIMULATED.contains(&name) && first != "off" => self.not_simulated = Some(name.to_owned()),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Result<Vec<(String, String)>, Errno> + 'a {
        move |path| {
            let prefix = path.strip_suffix("*.conf");
            let matches = |file: &str| prefix.map_or(file == path, |prefix| file.starts_with(prefix));
            let found: Vec<_> = files.iter().filter(|(file, _)| matches(file)).collect();
            let texts = found.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect::<Vec<_>>();
            if texts.is_empty() && prefix.is_none() { Err(Errno::ENOENT) } else { Ok(texts) }
        }
    }

    #[test]
    fn blocks_inherit_and_override() {
        let main = "events {}\nhttp { types { text/html html htm; } root /a; add_header X 1; include /d/*.conf; }";
        let site = "server { listen [::]:8080 default_server; listen 8080; server_name a b;\n\
                    location /x { root /b; } location = /y { return 404; } location /z { rewrite a b; } }";
        let config = load("/m", &read(&[("/m", main), ("/d/1.conf", site)])).expect("a configuration");
        let site = &config.sites[0];
        assert_eq!((config.ports(), site.names.join(" ").as_str()), (vec![8080], "a b"));
        assert_eq!((site.scope.root.as_str(), site.locations[0].scope.root.as_str()), ("/a", "/b"));
        assert_eq!(site.locations[1].scope.answer, Some((404, String::new())));
        assert_eq!(site.locations[2].scope.not_simulated.as_deref(), Some("rewrite"));
        assert_eq!(config.types["htm"], "text/html");
    }

    #[test]
    fn missing_files_and_blocks_are_reported() {
        let cases = [
            ("http {}", "no \"events\" section in configuration"),
            ("events {}\ninclude x;", "open() \"/etc/nginx/x\" failed (2: No such file or directory) in /m:2"),
            (
                "events {} http { server { listen x:0; } }",
                "invalid port in \"x:0\" of the \"listen\" directive in /m:1",
            ),
            ("events {} http { root; }", "invalid number of arguments in \"root\" directive in /m:1"),
        ];
        for (text, message) in cases {
            assert_eq!(load("/m", &read(&[("/m", text)])), Err(message.to_owned()), "{text}");
        }
    }
}
