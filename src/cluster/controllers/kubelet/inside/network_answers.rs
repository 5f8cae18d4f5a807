//! The answers that a pod has had from the network.
//!
//! A world is brought up to the present at once, but what it asks on the way has to be answered as it was then. Every change of
//! the network makes the kubelet look at the pods that have asked something, so that up to that instant the answers are those
//! of the last time.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use kctl_base::sim::Duration;
use kctl_container::{Answer, Endpoint, NetworkError, Record, RecordKind, Request, Response, Surroundings};
use serde::{Deserialize, Serialize};

/// Most answers that are remembered.
const MAX: usize = 1000;
/// The types of records by their names.
const KINDS: [&str; 5] = ["A", "AAAA", "CNAME", "SRV", "PTR"];

/// An answer of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Reply {
    /// Whether a name exists, and its records: owner, type, data.
    Name(bool, Vec<(String, String, String)>),
    /// Why there is no connection or answer.
    Refused,
    TimedOut,
    Unreachable,
    Closed,
    /// There is one.
    Connected,
    Http(Response),
    /// Where a connection goes.
    Endpoint(Ipv4Addr, u16),
}

/// The last answers by question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct NetworkAnswers(BTreeMap<String, Reply>);

impl NetworkAnswers {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over what another has asked.
    pub(super) fn learn(&mut self, other: NetworkAnswers) {
        other.0.into_iter().for_each(|(question, reply)| self.keep(question, reply));
    }

    fn keep(&mut self, question: String, reply: Reply) {
        if self.0.len() < MAX || self.0.contains_key(&question) {
            self.0.insert(question, reply);
        }
    }
}

/// Surroundings that remember.
pub(super) struct Remembering<'a> {
    pub(super) surroundings: &'a mut dyn Surroundings,
    pub(super) answers: &'a mut NetworkAnswers,
    /// What is asked now lies in the past: it is answered as before, if it was asked before.
    pub(super) is_past: bool,
    /// What the servers do for the pod.
    pub(super) demand: &'a mut Demand,
    /// What happens is a forecast that ends where something is asked that changes a server.
    pub(super) ends_at_exchange: bool,
    /// It has ended.
    pub(super) is_over: bool,
}

/// The processor time that servers spend on the requests of a pod, by the address that these were sent to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Demand {
    /// Where the last connection was to go.
    last: Option<Endpoint>,
    spent: BTreeMap<(Ipv4Addr, u16), Duration>,
}

impl Demand {
    fn note(&mut self, to: Endpoint, took: Duration) {
        if took > Duration::ZERO {
            let Endpoint { address, port } = self.last.unwrap_or(to);
            let spent = self.spent.entry((address, port)).or_default();
            *spent = *spent + took;
        }
    }

    /// Returns the load that this is within a time, in thousandths of a processor.
    pub(super) fn load(&self, within: Duration) -> BTreeMap<String, i64> {
        let millicores = |spent: &Duration| spent.micros().saturating_mul(1000) / within.micros().max(1);
        let load = |((address, port), spent): (&(Ipv4Addr, u16), _)| (format!("{address}:{port}"), millicores(spent));
        self.spent.iter().map(load).filter(|(_, millicores)| *millicores > 0).collect()
    }
}

impl Remembering<'_> {
    fn ask(&mut self, question: String, ask: impl FnOnce(&mut dyn Surroundings) -> Reply) -> Reply {
        if let Some(reply) = self.answers.0.get(&question).filter(|_| self.is_past) {
            return reply.clone();
        }
        let reply = ask(self.surroundings);
        self.answers.keep(question, reply.clone());
        reply
    }
}

impl Surroundings for Remembering<'_> {
    fn query(&mut self, server: Ipv4Addr, name: &str, kind: RecordKind) -> Result<Answer, NetworkError> {
        let reply = self.ask(format!("name {server} {name} {kind:?}"), |surroundings| {
            let answer = match surroundings.query(server, name, kind) {
                Ok(answer) => answer,
                Err(error) => return failed(error),
            };
            let records = answer.records.into_iter().map(|record| (record.name, record.kind.to_owned(), record.data));
            Reply::Name(answer.exists, records.collect())
        });
        let (exists, records) = match reply {
            Reply::Name(exists, records) => (exists, records),
            other => return other.result().map(|_| Answer::default()),
        };
        let record = |(name, kind, data): (String, String, String)| {
            let kind = KINDS.iter().find(|known| **known == kind)?;
            Some(Record { name, kind, data })
        };
        Ok(Answer { exists, records: records.into_iter().filter_map(record).collect() })
    }

    fn translate(&mut self, to: Endpoint) -> Result<Endpoint, NetworkError> {
        self.demand.last = Some(to);
        let reply = self.ask(format!("translate {to:?}"), |surroundings| match surroundings.translate(to) {
            Ok(Endpoint { address, port }) => Reply::Endpoint(address, port),
            Err(error) => failed(error),
        });
        match reply {
            Reply::Endpoint(address, port) => Ok(Endpoint { address, port }),
            other => other.result().map(|_| to),
        }
    }

    fn exchange(&mut self, to: Endpoint, bytes: &[u8]) -> Result<Vec<u8>, NetworkError> {
        // The same words may have another answer the next time: an element is taken from a list only once.
        if self.ends_at_exchange {
            self.is_over = true;
            return Err(NetworkError::Closed);
        }
        self.surroundings.exchange(to, bytes)
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn connect(&mut self, to: Endpoint) -> Result<(), NetworkError> {
        self.ask(format!("connect {to:?}"), |surroundings| connected(surroundings.connect(to))).result().map(drop)
    }

    fn http(&mut self, to: Endpoint, is_tls: bool, request: &Request) -> Result<Response, NetworkError> {
        let question = format!("http {to:?} {is_tls} {request:?}");
        let reply = self.ask(question, |surroundings| match surroundings.http(to, is_tls, request) {
            Ok(response) => Reply::Http(response),
            Err(error) => failed(error),
        });
        let response = reply.result()?.ok_or(NetworkError::Closed)?;
        self.demand.note(to, response.took);
        Ok(response)
    }

    fn ping(&mut self, to: Ipv4Addr) -> Result<(), NetworkError> {
        self.ask(format!("ping {to}"), |surroundings| connected(surroundings.ping(to))).result().map(drop)
    }

    fn random(&mut self) -> u64 {
        self.surroundings.random()
    }
}

fn connected(result: Result<(), NetworkError>) -> Reply {
    result.map_or_else(failed, |()| Reply::Connected)
}

fn failed(error: NetworkError) -> Reply {
    match error {
        NetworkError::Refused => Reply::Refused,
        NetworkError::TimedOut => Reply::TimedOut,
        NetworkError::Unreachable => Reply::Unreachable,
        NetworkError::Closed => Reply::Closed,
    }
}

impl Reply {
    fn result(self) -> Result<Option<Response>, NetworkError> {
        match self {
            Reply::Connected | Reply::Name(..) | Reply::Endpoint(..) => Ok(None),
            Reply::Http(response) => Ok(Some(response)),
            Reply::Refused => Err(NetworkError::Refused),
            Reply::TimedOut => Err(NetworkError::TimedOut),
            Reply::Unreachable => Err(NetworkError::Unreachable),
            Reply::Closed => Err(NetworkError::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network in which names exist or not.
    struct Names(bool);

    impl Surroundings for Names {
        fn query(&mut self, _: Ipv4Addr, name: &str, _: RecordKind) -> Result<Answer, NetworkError> {
            let record = Record { name: format!("{name}."), kind: "A", data: "10.0.0.1".into() };
            Ok(Answer { exists: self.0, records: self.0.then_some(record).into_iter().collect() })
        }

        fn translate(&mut self, to: Endpoint) -> Result<Endpoint, NetworkError> {
            Ok(to)
        }

        fn exchange(&mut self, _: Endpoint, _: &[u8]) -> Result<Vec<u8>, NetworkError> {
            Err(NetworkError::Closed)
        }

        fn connect(&mut self, _: Endpoint) -> Result<(), NetworkError> {
            Err(NetworkError::Refused)
        }

        fn http(&mut self, _: Endpoint, _: bool, _: &Request) -> Result<Response, NetworkError> {
            Err(NetworkError::TimedOut)
        }

        fn ping(&mut self, _: Ipv4Addr) -> Result<(), NetworkError> {
            Ok(())
        }

        fn random(&mut self) -> u64 {
            4
        }
    }

    fn query(answers: &mut NetworkAnswers, exists: bool, is_past: bool) -> Answer {
        let mut names = Names(exists);
        let demand = &mut Demand::default();
        let mut remembering =
            Remembering { surroundings: &mut names, answers, is_past, demand, ends_at_exchange: false, is_over: false };
        remembering.query(Ipv4Addr::LOCALHOST, "web", RecordKind::A).expect("an answer")
    }

    #[test]
    fn the_past_is_answered_as_it_was() {
        let mut answers = NetworkAnswers::default();
        assert!(!query(&mut answers, false, false).exists);
        assert!(!query(&mut answers, true, true).exists);
        let found = query(&mut answers, true, false);
        assert_eq!((found.exists, found.records[0].kind), (true, "A"));
        assert!(query(&mut answers, false, true).exists);
    }
}
