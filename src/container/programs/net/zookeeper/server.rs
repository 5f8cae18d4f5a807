//! A server of an ensemble: it agrees with the other members, and answers clients and the four-letter words of operators.
//!
//! Every member keeps the whole state in its data directory. Whoever is asked by a client hears all members that it reaches,
//! and goes on only with a majority of them; it takes the state of their leader, carries out the request, and tells the members
//! what has become of it. That has the effects of the protocol (Zab), whose messages nobody sees: what a majority has accepted
//! is never lost, and without a majority nothing is read or written. As in reality, only the leader listens on its port for
//! followers.

use kctl_base::json;
use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use super::tree::{Problem, Reply, Request, State};
use crate::call::Call;
use crate::errno::Errno;
use crate::http::exchange;
use crate::network::{Endpoint, Listener, NetworkError, Service};
use crate::programs::net::resolver;

/// The version of the image.
const VERSION: &str = "3.4.10-39d3a4f269333c922ed3db283be479f9deacaa0f, built on 03/23/2017 10:13 GMT";

/// A server with what its configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// Its number.
    pub(super) id: u64,
    /// All members with their host names by number; empty for a server that stands alone.
    pub(super) members: Vec<(u64, String)>,
    /// Ports for clients, followers and elections.
    pub(super) ports: [u16; 3],
    /// Its data directory.
    pub(super) data: String,
}

/// What a client sends: its session, or 0 for none, and a request.
#[derive(Serialize, Deserialize)]
pub(super) struct Question(pub(super) i64, pub(super) Request);

/// What one member asks of another.
#[derive(Serialize, Deserialize)]
enum Message {
    /// Where it stands.
    Report,
    /// To take over a state, and to lead or to follow.
    Accept { state: State, leads: bool },
}

/// Where a member stands.
#[derive(Clone, Serialize, Deserialize)]
struct Report {
    id: u64,
    since: Time,
    leads: bool,
    state: State,
}

/// The members that can be reached, when they are a majority, and what they agree upon.
struct Quorum {
    reports: Vec<Report>,
    leader: u64,
    state: State,
}

impl Server {
    /// Answers bytes that arrive on a port.
    ///
    /// # Errors
    /// [`NetworkError::Closed`] for what it does not understand, or has no answer to.
    pub(crate) fn answer(&self, call: &mut Call<'_>, port: u16, bytes: &[u8]) -> Result<Vec<u8>, NetworkError> {
        let answer = if port == self.ports[2] && !self.members.is_empty() {
            self.answer_member(call, bytes)
        } else if let Some(word) = bytes.get(..4).and_then(|word| self.answer_word(call, word)) {
            Some(word.into_bytes())
        } else {
            self.answer_client(call, bytes)
        };
        answer.ok_or(NetworkError::Closed)
    }

    fn answer_member(&self, call: &mut Call<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
        match parse(bytes)? {
            Message::Report => encode(&self.report(call)),
            Message::Accept { state, leads } => {
                self.accept(call, &state, leads).ok()?;
                encode(&true)
            }
        }
    }

    fn answer_client(&self, call: &mut Call<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
        let Question(session, request) = parse(bytes)?;
        let now = call.now().micros() / 1000;
        let mut quorum = self.quorum(call)?;
        let answer = quorum.state.execute(&request, session, self.id, now);
        self.agree(call, &quorum)?;
        encode(&answer)
    }

    /// Answers a four-letter word; `None` for another one. The counts of what the server has received are not known.
    fn answer_word(&self, call: &mut Call<'_>, word: &[u8]) -> Option<String> {
        let of_state = match word {
            b"ruok" => return Some("imok".to_owned()),
            b"conf" => return Some(self.configuration(call)),
            b"srvr" | b"stat" => Quorum::statistics,
            b"mntr" => Quorum::monitor,
            b"isro" => |_: &Quorum, _: u64| "rw".to_owned(),
            _ => return None,
        };
        let quorum = self.quorum(call).filter(|quorum| self.agree(call, quorum).is_some());
        let text = quorum.map(|quorum| match (word, of_state(&quorum, self.id)) {
            (b"stat", text) => text.replacen("\nLatency", "\nClients:\n\nLatency", 1),
            (_, text) => text,
        });
        match (text, word) {
            (None, b"isro") => Some("null".to_owned()),
            (text, _) => {
                Some(text.unwrap_or_else(|| "This ZooKeeper instance is not currently serving requests\n".to_owned()))
            }
        }
    }

    fn configuration(&self, call: &mut Call<'_>) -> String {
        let text = call.files().read(&format!("{}/myid", self.data)).unwrap_or_default();
        let id = String::from_utf8_lossy(&text).trim().to_owned();
        let [client, server, election] = self.ports;
        let alone = format!("clientPort={client}\ndataDir={}/version-2\nserverId={}\n", self.data, self.id);
        match self.members.is_empty() {
            true => alone,
            false => format!("{alone}electionAlg=3\nelectionPort={election}\nquorumPort={server}\npeerType=0\n")
                .replacen(&format!("serverId={}", self.id), &format!("serverId={id}"), 1),
        }
    }

    /// Hears the members and settles on a leader; `None` without a majority, which a leader does not outlive.
    fn quorum(&self, call: &mut Call<'_>) -> Option<Quorum> {
        let now = call.now().micros() / 1000;
        let mut reports = vec![self.report(call)];
        for (id, host) in self.members.iter().filter(|(id, _)| *id != self.id) {
            let heard = self.send(call, host, &Message::Report).and_then(|bytes| parse::<Report>(&bytes));
            reports.extend(heard.filter(|report| report.id == *id));
        }
        if self.members.is_empty() {
            let mut state = reports[0].state.clone();
            state.expire(now);
            return Some(Quorum { reports, leader: self.id, state });
        }
        let majority = self.members.len() / 2 + 1;
        if reports.len() < majority {
            self.lead(call, false);
            return None;
        }
        let (leader, mut state) = elect(&mut reports, majority)?;
        state.expire(now);
        Some(Quorum { reports, leader, state })
    }

    /// Tells the members what has been agreed upon; `None` if it is not written down by this one.
    fn agree(&self, call: &mut Call<'_>, quorum: &Quorum) -> Option<()> {
        for report in &quorum.reports {
            let leads = report.id == quorum.leader && !self.members.is_empty();
            if report.state == quorum.state && report.leads == leads {
                continue;
            }
            if report.id == self.id {
                self.accept(call, &quorum.state, leads).ok()?;
            } else if let Some((_, host)) = self.members.iter().find(|(id, _)| *id == report.id) {
                // Who misses it is told the next time.
                let _ = self.send(call, host, &Message::Accept { state: quorum.state.clone(), leads });
            }
        }
        Some(())
    }

    fn send(&self, call: &mut Call<'_>, host: &str, message: &Message) -> Option<Vec<u8>> {
        let address = resolver::address(call, host)?;
        exchange(call, Endpoint { address, port: self.ports[2] }, &encode(message)?).ok()
    }

    fn report(&self, call: &mut Call<'_>) -> Report {
        let bytes = call.files().read(&self.file()).unwrap_or_default();
        let state = parse(&bytes).unwrap_or_default();
        Report { id: self.id, since: call.process.started, leads: self.leads(call), state }
    }

    fn accept(&self, call: &mut Call<'_>, state: &State, leads: bool) -> Result<(), Errno> {
        let mut files = call.files();
        match files.make_directory(&format!("{}/version-2", self.data), 0o755) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        files.write(&self.file(), &encode(state).ok_or(Errno::EINVAL)?)?;
        if !self.members.is_empty() {
            for name in ["acceptedEpoch", "currentEpoch"] {
                files.write(&format!("{}/version-2/{name}", self.data), state.epoch.to_string().as_bytes())?;
            }
        }
        self.lead(call, leads);
        Ok(())
    }

    /// Returns the path of the file that holds the state.
    fn file(&self) -> String {
        format!("{}/version-2/snapshot.json", self.data)
    }

    fn leads(&self, call: &Call<'_>) -> bool {
        call.process.listeners.iter().any(|listener| listener.port == self.ports[1])
    }

    /// Opens the port for followers, or closes it.
    fn lead(&self, call: &mut Call<'_>, leads: bool) {
        let port = self.ports[1];
        match (leads, self.leads(call)) {
            (true, false) => call.listen(Listener { port, service: Service::Silent }),
            (false, true) => call.process.listeners.retain(|listener| listener.port != port),
            _ => {}
        }
    }
}

/// Returns the leader of the members and its state. If the newest reign has none, those that made up a majority first elect the
/// one with the last transaction, or else the highest number.
fn elect(reports: &mut [Report], majority: usize) -> Option<(u64, State)> {
    let newest = reports.iter().map(|report| report.state.epoch).max()?;
    if let Some(leader) = reports.iter().find(|report| report.leads && report.state.epoch == newest) {
        return Some((leader.id, leader.state.clone()));
    }
    let mut starts: Vec<Time> = reports.iter().map(|report| report.since).collect();
    starts.sort_unstable();
    let complete = *starts.get(majority - 1)?;
    let candidates = reports.iter().filter(|report| report.since <= complete);
    let elected = candidates.max_by_key(|report| (report.state.epoch, report.state.zxid, report.id))?;
    let mut state = elected.state.clone();
    state.begin_epoch(newest + 1);
    Some((elected.id, state))
}

impl Quorum {
    fn mode(&self, id: u64) -> &'static str {
        match self.reports.len() {
            1 => "standalone",
            _ if id == self.leader => "leader",
            _ => "follower",
        }
    }

    /// `srvr`.
    fn statistics(&self, id: u64) -> String {
        let zxid = if id == self.leader { self.state.leader_zxid() } else { self.state.zxid };
        format!(
            "Zookeeper version: {VERSION}\nLatency min/avg/max: 0/0/0\nConnections: 1\nOutstanding: 0\nZxid: 0x{zxid:x}\n\
             Mode: {}\nNode count: {}\n",
            self.mode(id),
            self.state.count(),
        )
    }

    /// `mntr`.
    fn monitor(&self, id: u64) -> String {
        let mode = self.mode(id);
        let followers = self.reports.len() - 1;
        let mut text = format!(
            "zk_version\t{VERSION}\nzk_avg_latency\t0\nzk_max_latency\t0\nzk_min_latency\t0\nzk_num_alive_connections\t1\n\
             zk_outstanding_requests\t0\nzk_server_state\t{mode}\nzk_znode_count\t{}\nzk_watch_count\t0\n\
             zk_ephemerals_count\t{}\nzk_approximate_data_size\t{}\n",
            self.state.count(),
            self.state.ephemerals(),
            self.state.size(),
        );
        if mode == "leader" {
            text += &format!("zk_followers\t{followers}\nzk_synced_followers\t{followers}\nzk_pending_syncs\t0\n");
        }
        text
    }
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    json::from_slice(bytes).ok()
}

/// Writes JSON; `None` cannot be, since all keys are strings.
fn encode<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}

/// Sends a request to the server at an address.
///
/// # Errors
/// The problem of the server; [`Problem::ConnectionLoss`] when it cannot be reached, or has no majority.
pub(super) fn ask(call: &mut Call<'_>, to: Endpoint, session: i64, request: &Request) -> Result<Reply, Problem> {
    let bytes = encode(&Question(session, request.clone())).ok_or(Problem::ConnectionLoss)?;
    let answer = exchange(call, to, &bytes).map_err(|_| Problem::ConnectionLoss)?;
    parse::<Result<Reply, Problem>>(&answer).unwrap_or(Err(Problem::ConnectionLoss))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(id: u64, since: i64, leads: bool, (epoch, zxid): (u32, i64)) -> Report {
        let mut state = State::default();
        (state.epoch, state.zxid) = (epoch, zxid);
        Report { id, since: Time::from_secs(since), leads, state }
    }

    #[test]
    fn the_first_majority_elects_its_leader() {
        let elected = |mut reports: Vec<Report>| elect(&mut reports, 2).map(|(id, state)| (id, state.epoch));
        let fresh = |id: u64, since: i64| report(id, since, false, (0, 0));
        assert_eq!(elected(vec![fresh(1, 0), fresh(2, 20), fresh(3, 40)]), Some((2, 1)));
        assert_eq!(elected(vec![fresh(1, 0), fresh(3, 0), fresh(2, 0)]), Some((3, 1)));
        // A leader stays while it runs.
        assert_eq!(elected(vec![fresh(3, 0), report(2, 20, true, (1, 7))]), Some((2, 1)));
        // After that, who has more leads, and one that thinks that it leads gives way.
        let newer = report(1, 0, false, (1, 9));
        assert_eq!(elected(vec![newer, report(3, 0, false, (1, 8))]), Some((1, 2)));
        assert_eq!(elected(vec![report(1, 0, true, (1, 9)), report(2, 0, true, (2, 12))]), Some((2, 2)));
    }
}
