//! The znodes of an ensemble and the requests of its clients, as `DataTree` and `PrepRequestProcessor` of ZooKeeper 3.4 have
//! them. Nodes of access control and quotas are not simulated.

use std::collections::BTreeMap;

use kctl_base::order::Order as _;
use serde::{Deserialize, Serialize};

use super::paths::{hashed, parent};

/// Most bytes of paths and data.
const CAPACITY: usize = 1 << 20;
/// How long a session outlives the connection of its client: what `zkCli.sh` asks for, in milliseconds.
const SESSION_TIMEOUT: i64 = 30_000;

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Znode {
    data: String,
    /// Transaction that created it.
    czxid: i64,
    /// Transaction that set its data last.
    mzxid: i64,
    /// Transaction that changed its children last.
    pzxid: i64,
    /// Milliseconds since the Unix epoch.
    ctime: i64,
    mtime: i64,
    /// Number of children that were ever created.
    creations: i32,
    /// Number of times that its data were set.
    version: i32,
    /// The session that it ends with; 0 for none.
    owner: i64,
}

/// What a client is told of a node beside its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stat {
    pub(super) czxid: i64,
    pub(super) ctime: i64,
    pub(super) mzxid: i64,
    pub(super) mtime: i64,
    pub(super) pzxid: i64,
    pub(super) cversion: i64,
    pub(super) version: i32,
    pub(super) owner: i64,
    pub(super) data_length: usize,
    pub(super) children: usize,
}

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    /// Opens a session, which lasts until it is closed or left.
    Connect,
    /// Closes the session.
    Close,
    /// Leaves the session open, to end by itself.
    Leave,
    Create {
        path: String,
        data: String,
        is_ephemeral: bool,
        is_sequential: bool,
    },
    Delete {
        path: String,
        version: Option<i32>,
    },
    Set {
        path: String,
        data: String,
        version: Option<i32>,
    },
    Get(String),
    Children(String),
    Stat(String),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reply {
    Done,
    /// A session was opened.
    Session(i64),
    /// The path of a new node.
    Path(String),
    Data(String, Stat),
    Children(Vec<String>, Stat),
    Stat(Stat),
}

/// Why a request is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Problem {
    NoNode,
    NodeExists,
    NotEmpty,
    BadVersion,
    NoChildrenForEphemerals,
    BadArguments,
    /// The server has closed the connection.
    ConnectionLoss,
}

/// What the members of an ensemble agree upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Number of the leader's reign; 0 before the first and in a server that stands alone.
    pub(super) epoch: u32,
    /// The last transaction.
    pub(super) zxid: i64,
    nodes: BTreeMap<String, Znode>,
    /// The sessions, and when those end that are left, in milliseconds since the Unix epoch.
    sessions: BTreeMap<i64, Option<i64>>,
}

impl Default for State {
    fn default() -> State {
        let nodes = ["/", "/zookeeper", "/zookeeper/quota"].map(|path| (path.to_owned(), Znode::default()));
        State { epoch: 0, zxid: 0, nodes: nodes.into(), sessions: BTreeMap::new() }
    }
}

impl State {
    /// Begins the reign of a leader.
    pub(super) fn begin_epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    /// Returns the last transaction as the leader tells it: its reign counts as one.
    pub(super) fn leader_zxid(&self) -> i64 {
        self.zxid.max(i64::from(self.epoch) << 32)
    }

    /// Returns the number of nodes; the server counts the root twice.
    pub(super) fn count(&self) -> usize {
        self.nodes.len() + 1
    }

    pub(super) fn ephemerals(&self) -> usize {
        self.nodes.values().filter(|node| node.owner != 0).count()
    }

    /// Returns the bytes of paths and data.
    pub(super) fn size(&self) -> usize {
        self.nodes.iter().map(|(path, node)| path.len() + node.data.len()).sum()
    }

    /// Ends the sessions whose time is up.
    pub(super) fn expire(&mut self, now: i64) {
        let is_over = |(_, end): &(&i64, &Option<i64>)| end.is_some_and(|end| end <= now);
        let over: Vec<i64> = self.sessions.iter().filter(is_over).map(|(id, _)| *id).collect();
        over.into_iter().for_each(|id| self.close(id));
    }

    /// Carries out a request of a session at an instant. What may change a node is a transaction, also if it fails.
    ///
    /// # Errors
    /// Why it is not carried out.
    pub(super) fn execute(&mut self, request: &Request, session: i64, server: u64, now: i64) -> Result<Reply, Problem> {
        match request {
            Request::Connect => Ok(Reply::Session(self.open(server, now))),
            Request::Close => {
                self.close(session);
                Ok(Reply::Done)
            }
            Request::Leave => {
                self.sessions.insert(session, Some(now + SESSION_TIMEOUT));
                Ok(Reply::Done)
            }
            Request::Create { path, data, is_ephemeral, is_sequential } => {
                self.next_transaction();
                let owner = if *is_ephemeral { session } else { 0 };
                self.create(path, data, owner, *is_sequential, now).map(Reply::Path)
            }
            Request::Delete { path, version } => {
                self.next_transaction();
                self.delete(path, *version).map(|()| Reply::Done)
            }
            Request::Set { path, data, version } => {
                self.next_transaction();
                self.set(path, data, *version, now)?;
                self.stat(path).map(Reply::Stat)
            }
            Request::Get(path) => {
                let stat = self.stat(path)?;
                Ok(Reply::Data(self.nodes[path].data.clone(), stat))
            }
            Request::Children(path) => {
                let stat = self.stat(path)?;
                Ok(Reply::Children(hashed(&self.children(path)), stat))
            }
            Request::Stat(path) => self.stat(path).map(Reply::Stat),
        }
    }

    fn next_transaction(&mut self) {
        self.zxid = self.leader_zxid() + 1;
    }

    /// Opens a session; its number has the server in its highest byte, and then the time.
    fn open(&mut self, server: u64, now: i64) -> i64 {
        self.next_transaction();
        let first = ((now << 24) as u64 >> 8 | server << 56) as i64;
        let id = (first..).find(|id| !self.sessions.contains_key(id)).unwrap_or(first);
        self.sessions.insert(id, None);
        id
    }

    fn close(&mut self, session: i64) {
        if self.sessions.remove(&session).is_none() {
            return;
        }
        self.next_transaction();
        let owned = self.nodes.iter().filter(|(_, node)| node.owner == session).map(|(path, _)| path.clone());
        for path in owned.collect::<Vec<_>>() {
            self.remove(&path);
        }
    }

    fn create(&mut self, path: &str, data: &str, owner: i64, is_sequential: bool, now: i64) -> Result<String, Problem> {
        let parent = self.nodes.get(parent(path)).ok_or(Problem::NoNode)?;
        let path = if is_sequential { format!("{path}{:010}", parent.creations) } else { path.to_owned() };
        if self.nodes.contains_key(&path) {
            return Err(Problem::NodeExists);
        }
        if parent.owner != 0 {
            return Err(Problem::NoChildrenForEphemerals);
        }
        self.reserve(path.len() + data.len())?;
        let zxid = self.zxid;
        if let Some(parent) = self.nodes.get_mut(self::parent(&path)) {
            parent.creations = parent.creations.wrapping_add(1);
            parent.pzxid = zxid;
        }
        let [czxid, mzxid, pzxid] = [zxid; 3];
        let data = data.to_owned();
        let node = Znode { data, czxid, mzxid, pzxid, ctime: now, mtime: now, creations: 0, version: 0, owner };
        self.nodes.insert(path.clone(), node);
        Ok(path)
    }

    fn delete(&mut self, path: &str, version: Option<i32>) -> Result<(), Problem> {
        if path == "/" || path.starts_with("/zookeeper") && self.nodes.get(path).is_some_and(|node| node.czxid == 0) {
            return Err(Problem::BadArguments);
        }
        self.check_version(path, version)?;
        if !self.children(path).is_empty() {
            return Err(Problem::NotEmpty);
        }
        self.remove(path);
        Ok(())
    }

    fn remove(&mut self, path: &str) {
        self.nodes.remove(path);
        let zxid = self.zxid;
        if let Some(parent) = self.nodes.get_mut(parent(path)) {
            parent.pzxid = zxid;
        }
    }

    fn set(&mut self, path: &str, data: &str, version: Option<i32>, now: i64) -> Result<(), Problem> {
        self.check_version(path, version)?;
        self.reserve(data.len())?;
        let zxid = self.zxid;
        let node = self.nodes.get_mut(path).ok_or(Problem::NoNode)?;
        data.clone_into(&mut node.data);
        (node.mzxid, node.mtime, node.version) = (zxid, now, node.version.wrapping_add(1));
        Ok(())
    }

    /// Compares the version of a node with the one that a client expects; any, if that is below 0.
    fn check_version(&self, path: &str, expected: Option<i32>) -> Result<(), Problem> {
        let node = self.nodes.get(path).ok_or(Problem::NoNode)?;
        let is_it = expected.is_none_or(|expected| expected < 0 || expected == node.version);
        is_it.then_some(()).ok_or(Problem::BadVersion)
    }

    fn reserve(&self, bytes: usize) -> Result<(), Problem> {
        (self.size() + bytes <= CAPACITY).then_some(()).ok_or(Problem::ConnectionLoss)
    }

    /// Returns the names of the children of a node, in the order in which they were created.
    fn children(&self, path: &str) -> Vec<&str> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let below = self.nodes.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let names = below.filter_map(|(path, node)| Some((path.strip_prefix(&prefix)?, node.czxid)));
        let mut names: Vec<(&str, i64)> = names.filter(|(name, _)| !name.is_empty() && !name.contains('/')).collect();
        names.order_by_key(|(_, czxid)| *czxid);
        names.into_iter().map(|(name, _)| name).collect()
    }

    fn stat(&self, path: &str) -> Result<Stat, Problem> {
        let node = self.nodes.get(path).ok_or(Problem::NoNode)?;
        let children = self.children(path).len();
        Ok(Stat {
            czxid: node.czxid,
            ctime: node.ctime,
            mzxid: node.mzxid,
            mtime: node.mtime,
            pzxid: node.pzxid,
            // Each child counts once for its creation and once for its end.
            cversion: i64::from(node.creations) * 2 - children as i64,
            version: node.version,
            owner: node.owner,
            data_length: node.data.len(),
            children,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs requests of one session, and returns its last answer.
    fn run(state: &mut State, requests: &[Request]) -> Result<Reply, Problem> {
        let session = match state.execute(&Request::Connect, 0, 1, 1000) {
            Ok(Reply::Session(id)) => id,
            other => panic!("{other:?}"),
        };
        let mut last = Ok(Reply::Done);
        for request in requests {
            last = state.execute(request, session, 1, 1000);
        }
        let _ = state.execute(&Request::Leave, session, 1, 1000);
        last
    }

    fn create(path: &str, data: &str) -> Request {
        Request::Create { path: path.into(), data: data.into(), is_ephemeral: false, is_sequential: false }
    }

    #[test]
    fn nodes_are_created_changed_and_deleted() {
        let mut state = State::default();
        state.begin_epoch(1);
        assert_eq!((state.count(), state.size(), state.leader_zxid()), (4, 27, 0x1_0000_0000));
        assert_eq!(run(&mut state, &[create("/hello", "world")]), Ok(Reply::Path("/hello".into())));
        let Ok(Reply::Data(data, stat)) = run(&mut state, &[Request::Get("/hello".into())]) else {
            panic!("there is data")
        };
        // The session of the writer was the first transaction.
        assert_eq!((data.as_str(), stat.czxid, stat.version, stat.children), ("world", 0x1_0000_0002, 0, 0));
        let set = |version| Request::Set { path: "/hello".into(), data: "x".into(), version };
        assert!(matches!(run(&mut state, &[set(Some(0))]), Ok(Reply::Stat(stat)) if stat.version == 1));
        assert_eq!(run(&mut state, &[set(Some(0))]), Err(Problem::BadVersion));
        assert_eq!(run(&mut state, &[create("/hello", "")]), Err(Problem::NodeExists));
        assert_eq!(run(&mut state, &[create("/a/b", "")]), Err(Problem::NoNode));
        assert_eq!(run(&mut state, &[create("/hello/a", "")]), Ok(Reply::Path("/hello/a".into())));
        let delete = |path: &str| Request::Delete { path: path.into(), version: None };
        assert_eq!(run(&mut state, &[delete("/hello")]), Err(Problem::NotEmpty));
        assert_eq!(run(&mut state, &[delete("/")]), Err(Problem::BadArguments));
        assert_eq!(run(&mut state, &[delete("/hello/a"), delete("/hello")]), Ok(Reply::Done));
        let Ok(Reply::Stat(root)) = run(&mut state, &[Request::Stat("/".into())]) else { panic!("there is a root") };
        assert_eq!((root.cversion, root.children), (1, 1));
    }

    #[test]
    fn ephemeral_nodes_end_with_their_sessions() {
        let mut state = State::default();
        let ephemeral =
            Request::Create { path: "/e-".into(), data: String::new(), is_ephemeral: true, is_sequential: true };
        assert_eq!(run(&mut state, &[ephemeral]), Ok(Reply::Path("/e-0000000000".into())));
        assert_eq!(run(&mut state, &[create("/e-0000000000/x", "")]), Err(Problem::NoChildrenForEphemerals));
        state.expire(1000 + SESSION_TIMEOUT - 1);
        assert_eq!(state.ephemerals(), 1);
        state.expire(1000 + SESSION_TIMEOUT);
        assert_eq!((state.ephemerals(), state.sessions.len()), (0, 0));
    }
}
