//! `zkCli.sh` and `zkServer.sh status` of ZooKeeper 3.4. What `log4j` prints of the Java machine is left out.

use serde::{Deserialize, Serialize};

use super::paths::check_path;
use super::server::ask;
use super::tree::{Problem, Reply, Request, Stat};
use crate::call::{Call, Stop};
use crate::http::exchange;
use crate::network::Endpoint;
use crate::programs::net::resolver;
use crate::programs::time;
use kctl_base::sim::Time;

/// The commands with their arguments.
const COMMANDS: [(&str, &str); 21] = [
    ("stat", "path [watch]"),
    ("set", "path data [version]"),
    ("ls", "path [watch]"),
    ("delquota", "[-n|-b] path"),
    ("ls2", "path [watch]"),
    ("setAcl", "path acl"),
    ("setquota", "-n|-b val path"),
    ("history", ""),
    ("redo", "cmdno"),
    ("printwatches", "on|off"),
    ("delete", "path [version]"),
    ("sync", "path"),
    ("listquota", "path"),
    ("rmr", "path"),
    ("get", "path [watch]"),
    ("create", "[-s] [-e] path data acl"),
    ("addauth", "scheme auth"),
    ("quit", ""),
    ("getAcl", "path"),
    ("close", ""),
    ("connect", "host:port"),
];

/// The end of a command.
enum End {
    /// The client goes on.
    Next,
    /// It was told to quit.
    Quit,
    /// The connection is lost, which it does not survive.
    Lost(String),
}

/// A running `zkCli.sh`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Client {
    server: String,
    /// 0 before there is one.
    session: i64,
    has_begun: bool,
    typed: Vec<u8>,
    /// What was typed before.
    history: Vec<String>,
    has_prompted: bool,
}

impl Client {
    /// Goes on until it waits or ends.
    pub(in crate::programs::net) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let mut args = call.args();
        "localhost:2181".clone_into(&mut self.server);
        while args.first().is_some_and(|arg| arg.starts_with('-')) {
            let option = args.remove(0);
            if matches!(option.as_str(), "-server" | "-timeout") && !args.is_empty() {
                let value = args.remove(0);
                self.server = if option == "-server" { value } else { std::mem::take(&mut self.server) };
            }
        }
        if !self.has_begun {
            self.has_begun = true;
            call.print(format!("Connecting to {}\n", self.server))?;
            if args.is_empty() {
                call.print("Welcome to ZooKeeper!\nJLine support is enabled\n")?;
            }
            self.connect(call)?;
        }
        match args.is_empty() {
            true => self.prompt(call),
            false => match self.run(call, &args)? {
                End::Next => {
                    self.request(call, &Request::Leave).ok();
                    Ok(0)
                }
                End::Quit => Ok(0),
                End::Lost(path) => lost(call, &path),
            },
        }
    }

    /// Opens a session, which the watcher tells.
    fn connect(&mut self, call: &mut Call<'_>) -> Result<(), Stop> {
        self.session = 0;
        if let Ok(Reply::Session(id)) = self.request(call, &Request::Connect) {
            self.session = id;
            call.print("\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null\n")?;
        }
        Ok(())
    }

    /// Carries out the commands that are typed.
    fn prompt(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        loop {
            if !self.has_prompted {
                let state = if self.session == 0 { "CONNECTING" } else { "CONNECTED" };
                call.print(format!("[zk: {}({state}) {}] ", self.server, self.history.len()))?;
                self.has_prompted = true;
            }
            let Some(end) = self.typed.iter().position(|byte| *byte == b'\n') else {
                let bytes = call.read(0, 4096)?.unwrap_or_default();
                if bytes.is_empty() {
                    self.request(call, &Request::Leave).ok();
                    return Ok(0);
                }
                self.typed.extend(bytes);
                continue;
            };
            let line: Vec<u8> = self.typed.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            self.has_prompted = false;
            let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(String::from).collect();
            if words.is_empty() {
                continue;
            }
            self.history.push(line);
            match self.run(call, &words)? {
                End::Next => {}
                End::Quit => return Ok(0),
                End::Lost(path) => return lost(call, &path),
            }
        }
    }

    fn request(&self, call: &mut Call<'_>, request: &Request) -> Result<Reply, Problem> {
        // A list of servers stands for the first that answers.
        let mut last = Problem::ConnectionLoss;
        for server in self.server.split(',') {
            let (host, port) = server.rsplit_once(':').unwrap_or((server, "2181"));
            let Some(address) = resolver::address(call, host) else { continue };
            let to = Endpoint { address, port: port.parse().unwrap_or(2181) };
            match ask(call, to, self.session, request) {
                Err(Problem::ConnectionLoss) => {}
                Err(problem) => last = problem,
                reply => return reply,
            }
            if last != Problem::ConnectionLoss {
                break;
            }
        }
        Err(last)
    }

    /// Carries out a command, and prints what comes of it.
    fn run(&mut self, call: &mut Call<'_>, words: &[String]) -> Result<End, Stop> {
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        if !COMMANDS.iter().any(|(name, _)| *name == word(0)) {
            usage(call);
            return Ok(End::Next);
        }
        match word(0) {
            "quit" => {
                call.print("Quitting...\n")?;
                self.request(call, &Request::Close).ok();
                return Ok(End::Quit);
            }
            "history" => {
                let first = self.history.len().saturating_sub(11);
                let lines = self.history.iter().enumerate().skip(first);
                let text: String = lines.map(|(number, line)| format!("{number} - {line}\n")).collect();
                call.print(text)?;
                return Ok(End::Next);
            }
            "addauth" | "setAcl" | "setquota" | "listquota" | "delquota" | "redo" | "printwatches" | "connect"
            | "close" => {
                call.warn(format!("zkCli.sh: {}: not simulated\n", word(0)));
                return Ok(End::Next);
            }
            _ => {}
        }
        let path = path_of(words);
        if let Err(problem) = path.map_or(Ok(()), check_path) {
            call.warn(format!("Command failed: java.lang.IllegalArgumentException: {problem}\n"));
            return Ok(End::Next);
        }
        let path = path.unwrap_or_default().to_owned();
        match self.carry_out(call, words) {
            Ok(shown) => shown.print(call)?,
            Err(Problem::ConnectionLoss) => return Ok(End::Lost(path)),
            Err(problem) => call.warn(format!("{}{path}\n", message(problem))),
        }
        Ok(End::Next)
    }

    fn carry_out(&self, call: &mut Call<'_>, words: &[String]) -> Result<Shown, Problem> {
        let word = |at: usize| words.get(at).cloned().unwrap_or_default();
        let version = |at: usize| words.get(at).and_then(|text| text.parse().ok());
        let path = path_of(words).unwrap_or_default().to_owned();
        let request = match (word(0).as_str(), words.len()) {
            ("create", 3..) => create(words),
            ("delete", 2..) => Request::Delete { path, version: version(2) },
            ("set", 3..) => Request::Set { path, data: word(2), version: version(3) },
            ("get", 2..) => Request::Get(path),
            ("ls" | "ls2", 2..) => Request::Children(path),
            ("stat" | "getAcl" | "sync", 2..) => Request::Stat(path),
            ("rmr", 2..) => return self.remove(call, &path),
            // With too few arguments nothing happens, and nothing is said.
            _ => return Ok(Shown::default()),
        };
        let shows_stat = word(0) == "ls2";
        let reply = self.request(call, &request)?;
        Ok(match (word(0).as_str(), reply) {
            ("getAcl", _) => Shown::out("'world,'anyone\n: cdrwa\n"),
            ("sync", _) => Shown::out("Sync returned 0\n"),
            (_, Reply::Path(path)) => Shown::err(format!("Created {path}\n")),
            (_, Reply::Data(data, stat)) => Shown { out: format!("{data}\n"), err: text(&stat) },
            (_, Reply::Children(names, stat)) => {
                let err = if shows_stat { text(&stat) } else { String::new() };
                Shown { out: format!("[{}]\n", names.join(", ")), err }
            }
            (_, Reply::Stat(stat)) => Shown::err(text(&stat)),
            (_, Reply::Done | Reply::Session(_)) => Shown::default(),
        })
    }

    /// Deletes a node with all that is below it.
    fn remove(&self, call: &mut Call<'_>, path: &str) -> Result<Shown, Problem> {
        let mut found = vec![path.to_owned()];
        let mut at = 0;
        while let Some(parent) = found.get(at).cloned() {
            if let Reply::Children(names, _) = self.request(call, &Request::Children(parent.clone()))? {
                found.extend(names.iter().map(|name| format!("{}/{name}", parent.trim_end_matches('/'))));
            }
            at += 1;
        }
        for path in found.into_iter().rev() {
            self.request(call, &Request::Delete { path, version: None })?;
        }
        Ok(Shown::default())
    }
}

/// What a command prints.
#[derive(Default)]
struct Shown {
    out: String,
    err: String,
}

impl Shown {
    fn out(text: impl Into<String>) -> Shown {
        Shown { out: text.into(), err: String::new() }
    }

    fn err(text: impl Into<String>) -> Shown {
        Shown { out: String::new(), err: text.into() }
    }

    fn print(self, call: &mut Call<'_>) -> Result<(), Stop> {
        call.print(self.out)?;
        call.warn(self.err);
        Ok(())
    }
}

/// Returns the path that a command is about.
fn path_of(words: &[String]) -> Option<&str> {
    let is_flag = |word: &&String| words[0] == "create" && matches!(word.as_str(), "-s" | "-e");
    words.iter().skip(1).find(|word| !is_flag(word)).map(String::as_str)
}

fn create(words: &[String]) -> Request {
    let flags: Vec<&str> = words.iter().skip(1).take_while(|word| word.starts_with('-')).map(String::as_str).collect();
    let word = |at: usize| words.get(flags.len() + at).cloned().unwrap_or_default();
    Request::Create {
        path: word(1),
        data: word(2),
        is_ephemeral: flags.contains(&"-e"),
        is_sequential: flags.contains(&"-s"),
    }
}

fn usage(call: &mut Call<'_>) {
    let lines: String = COMMANDS.iter().map(|(name, args)| format!("\t{name} {args}\n")).collect();
    call.warn(format!("ZooKeeper -server host:port cmd args\n{lines}"));
}

/// Ends the client as an exception does that nobody catches.
fn lost(call: &mut Call<'_>, path: &str) -> Result<i32, Stop> {
    let exception = "org.apache.zookeeper.KeeperException$ConnectionLossException";
    call.warn(format!("Exception in thread \"main\" {exception}: KeeperErrorCode = ConnectionLoss for {path}\n"));
    Ok(1)
}

fn message(problem: Problem) -> &'static str {
    match problem {
        Problem::NoNode => "Node does not exist: ",
        Problem::NodeExists => "Node already exists: ",
        Problem::NotEmpty => "Node not empty: ",
        Problem::BadVersion => "version No is not valid : ",
        Problem::NoChildrenForEphemerals => "Ephemerals cannot have children: ",
        Problem::BadArguments => "Arguments are not valid : ",
        Problem::ConnectionLoss => "KeeperErrorCode = ConnectionLoss for ",
    }
}

/// Formats what is known of a node.
fn text(stat: &Stat) -> String {
    let date = |millis: i64| time::format(Time::from_micros(millis * 1000), "%a %b %d %H:%M:%S UTC %Y");
    format!(
        "cZxid = 0x{:x}\nctime = {}\nmZxid = 0x{:x}\nmtime = {}\npZxid = 0x{:x}\ncversion = {}\ndataVersion = {}\n\
         aclVersion = 0\nephemeralOwner = 0x{:x}\ndataLength = {}\nnumChildren = {}\n",
        stat.czxid,
        date(stat.ctime),
        stat.mzxid,
        date(stat.mtime),
        stat.pzxid,
        stat.cversion,
        stat.version,
        stat.owner,
        stat.data_length,
        stat.children,
    )
}

/// `zkServer.sh status`; its other commands are not simulated.
pub(in crate::programs::net) fn status(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    if args.first().is_none_or(|arg| arg != "status") {
        call.warn("zkServer.sh: only status is simulated\n");
        return Ok(1);
    }
    const CONFIGURATION: &str = "/usr/bin/../etc/zookeeper/zoo.cfg";
    call.warn(format!("ZooKeeper JMX enabled by default\nUsing config: {CONFIGURATION}\n"));
    let text = call.files().read(CONFIGURATION).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let port = text.lines().find_map(|line| line.strip_prefix("clientPort=")).and_then(|port| port.parse().ok());
    let to = Endpoint { address: std::net::Ipv4Addr::LOCALHOST, port: port.unwrap_or(2181) };
    let answer = exchange(call, to, b"srvr").unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    match answer.lines().find(|line| line.starts_with("Mode")) {
        Some(mode) => {
            call.print(format!("{mode}\n"))?;
            Ok(0)
        }
        None => {
            call.print("Error contacting service. It is probably not running.\n")?;
            Ok(1)
        }
    }
}
