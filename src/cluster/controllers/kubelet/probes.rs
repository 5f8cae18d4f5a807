//! Probes: when they run, how they end, what follows.
//!
//! A probe that succeeds and will go on succeeding is not run again and again: it costs nothing until something could
//! change its result (a fault, a declared hang). A probe that fails is repeated in its period, as a kubelet does.

use super::life::Life;
use super::program::{self, Launch};
pub(super) use super::runtime::Probes;
use super::runtime::{Running, Series};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::sim::{Duration, Time};

/// What is probed.
pub(super) struct Subject<'a> {
    /// Its spec.
    pub(super) container: &'a Value,
    /// Its declared life.
    pub(super) life: &'a Life,
    /// Its present run.
    pub(super) running: &'a Running,
    /// Somebody made the pod unready.
    pub(super) unready: bool,
    /// The present.
    pub(super) now: Time,
}

/// What came of a round of probing.
#[derive(Default)]
pub(super) struct Verdict {
    /// Events: reason and text.
    pub(super) notes: Vec<(&'static str, String)>,
    /// When to probe again, and whether that would go on for ever.
    pub(super) next: Option<(Time, bool)>,
    /// The container has to be killed because of this probe.
    pub(super) kill: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Startup,
    Readiness,
    Liveness,
}

impl Which {
    fn field(self) -> &'static str {
        match self {
            Which::Startup => "/startupProbe",
            Which::Readiness => "/readinessProbe",
            Which::Liveness => "/livenessProbe",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Which::Startup => "startup",
            Which::Readiness => "readiness",
            Which::Liveness => "liveness",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Which::Startup => "Startup",
            Which::Readiness => "Readiness",
            Which::Liveness => "Liveness",
        }
    }
}

/// The probes of a run that begins.
pub(super) fn at_start(container: &Value, life: &Life, running: &Running) -> Probes {
    let first = |which: Which| {
        let probe = container.at(which.field())?;
        Some(running.since + seconds(probe, "/initialDelaySeconds", 0))
    };
    let started = container.at("/startupProbe").is_none();
    let series = |which: Which| Series { next: first(which), good: false, count: 0 };
    Probes {
        started,
        ready: started && container.at("/readinessProbe").is_none() && life.ready.is_none(),
        startup: series(Which::Startup),
        readiness: series(Which::Readiness),
        liveness: series(Which::Liveness),
    }
}

fn seconds(probe: &Value, field: &str, default: i64) -> Duration {
    Duration::from_secs(probe.int(field).unwrap_or(default))
}

/// Runs the probes that are due.
pub(super) fn run(subject: &Subject<'_>, probes: &mut Probes) -> Verdict {
    let mut verdict = Verdict::default();
    if !probes.started {
        one(subject, Which::Startup, probes, &mut verdict);
        if !probes.started {
            return verdict;
        }
    }
    if subject.container.at("/readinessProbe").is_some() {
        one(subject, Which::Readiness, probes, &mut verdict);
    } else {
        without_probe(subject, probes, &mut verdict);
    }
    if subject.container.at("/livenessProbe").is_some() && verdict.kill.is_none() {
        one(subject, Which::Liveness, probes, &mut verdict);
    }
    verdict
}

/// Without a readiness probe a container is ready when it is started, unless its life or a fault says otherwise.
fn without_probe(subject: &Subject<'_>, probes: &mut Probes, verdict: &mut Verdict) {
    let ready_at = subject.life.ready.map(|d| subject.running.since + d);
    let waits = ready_at.filter(|at| *at > subject.now);
    probes.ready = waits.is_none() && !subject.unready;
    if let Some(at) = waits {
        look_at(verdict, at, false);
    }
}

fn look_at(verdict: &mut Verdict, at: Time, recurring: bool) {
    verdict.next = Some(match verdict.next {
        Some((other, r)) if other < at || (other == at && !r) => (other, r),
        _ => (at, recurring),
    });
}

fn series(probes: &mut Probes, which: Which) -> &mut Series {
    match which {
        Which::Startup => &mut probes.startup,
        Which::Readiness => &mut probes.readiness,
        Which::Liveness => &mut probes.liveness,
    }
}

/// One probe: run it if it is due, act on a series that is long enough, say when it is due next.
fn one(subject: &Subject<'_>, which: Which, probes: &mut Probes, verdict: &mut Verdict) {
    let Some(probe) = subject.container.at(which.field()) else { return };
    let period = seconds(probe, "/periodSeconds", 10);
    let complaint = failure(subject, which, probe);
    let now = subject.now;
    let due = {
        let series = series(probes, which);
        // A steady success sleeps; it wakes in step with its period when it would fail now.
        match series.next {
            Some(at) => at <= now,
            None => complaint.is_some(),
        }
    };
    if due {
        let good = complaint.is_none();
        let series = series(probes, which);
        series.count = if series.good == good { series.count + 1 } else { 1 };
        series.good = good;
        series.next = Some(now + period);
        if let Some(text) = &complaint {
            verdict.notes.push(("Unhealthy", format!("{} probe failed: {text}", which.title())));
        }
        conclude(subject, which, probe, probes, verdict);
    }
    settle(subject, which, probe, probes);
    let recurring = which == Which::Readiness && !series(probes, which).good && series(probes, which).count > 0;
    if let Some(at) = series(probes, which).next.filter(|_| verdict.kill.is_none()) {
        look_at(verdict, at, recurring && subject.life.ready.is_none_or(|d| subject.running.since + d <= now));
    }
    if let Some(at) = subject.life.hangs.map(|d| subject.running.since + d).filter(|at| *at > now) {
        look_at(verdict, at, false);
    }
}

/// What a series of equal results means once it is long enough.
fn conclude(_subject: &Subject<'_>, which: Which, probe: &Value, probes: &mut Probes, verdict: &mut Verdict) {
    let (good, count) = {
        let s = series(probes, which);
        (s.good, s.count)
    };
    let enough =
        if good { probe.int("/successThreshold").unwrap_or(1) } else { probe.int("/failureThreshold").unwrap_or(3) };
    if count < enough {
        return;
    }
    match (which, good) {
        (Which::Startup, true) => probes.started = true,
        (Which::Readiness, good) => probes.ready = good,
        (Which::Startup | Which::Liveness, false) => verdict.kill = Some(which.word()),
        (Which::Liveness, true) => {}
    }
}

/// A success that is long enough and cannot change by itself needs no further probing.
fn settle(subject: &Subject<'_>, which: Which, probe: &Value, probes: &mut Probes) {
    let enough = probe.int("/successThreshold").unwrap_or(1);
    let steady = failure(subject, which, probe).is_none();
    let s = series(probes, which);
    if s.good && s.count >= enough && steady {
        s.next = None;
    }
}

/// Why a probe would fail now; `None` when it would succeed.
fn failure(subject: &Subject<'_>, which: Which, probe: &Value) -> Option<String> {
    let age = subject.now - subject.running.since;
    let hangs = subject.life.hangs.is_some_and(|after| age >= after);
    let not_yet = which != Which::Liveness && subject.life.ready.is_some_and(|after| age < after);
    let faulty = which == Which::Readiness && subject.unready;
    let words: Vec<String> = probe.list("/exec/command").iter().filter_map(Value::as_str).map(String::from).collect();
    if hangs || not_yet || faulty {
        return Some(complaint(probe));
    }
    if words.is_empty() {
        return None;
    }
    let launch = Launch { image: "", words: &words, restarts_always: false, start: subject.now };
    let program = program::guess(&launch);
    (program.exit_code != 0)
        .then(|| program.output.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n"))
}

/// What a failing probe of this kind says.
fn complaint(probe: &Value) -> String {
    if probe.at("/httpGet").is_some() {
        return "HTTP probe failed with statuscode: 503".into();
    }
    if let Some(port) = probe.at("/tcpSocket/port") {
        return format!(
            "dial tcp :{}: connect: connection refused",
            port.as_i64().map_or_else(|| port.as_str().unwrap_or("").to_string(), |p| p.to_string())
        );
    }
    if probe.at("/grpc").is_some() {
        return "service unhealthy (responded with \"NOT_SERVING\")".into();
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::kubelet::program::Program;
    use kctl_base::json::json;

    const T0: Time = Time::from_secs(1000);

    fn probe_at(container: &Value, life: &Life, probes: &mut Probes, at: i64, unready: bool) -> Verdict {
        let running = Running { since: T0, program: Program::service() };
        let subject = Subject { container, life, running: &running, unready, now: T0 + Duration::from_secs(at) };
        run(&subject, probes)
    }

    fn start(container: &Value, life: &Life) -> Probes {
        at_start(container, life, &Running { since: T0, program: Program::service() })
    }

    #[test]
    fn readiness_waits_for_its_delay_then_sleeps() {
        let container =
            json!({"readinessProbe": {"httpGet": {"port": 80}, "initialDelaySeconds": 5, "periodSeconds": 10}});
        let life = Life::default();
        let mut probes = start(&container, &life);
        let verdict = probe_at(&container, &life, &mut probes, 0, false);
        assert_eq!((probes.ready, verdict.next), (false, Some((T0 + Duration::from_secs(5), false))));
        let verdict = probe_at(&container, &life, &mut probes, 5, false);
        assert_eq!((probes.ready, verdict.next), (true, None));
    }

    #[test]
    fn a_fault_makes_it_unready_after_three_failures() {
        let container = json!({"readinessProbe": {"httpGet": {"port": 80}, "failureThreshold": 3}});
        let life = Life::default();
        let mut probes = start(&container, &life);
        probe_at(&container, &life, &mut probes, 0, false);
        for at in [100, 110] {
            probe_at(&container, &life, &mut probes, at, true);
            assert!(probes.ready, "at {at}");
        }
        let verdict = probe_at(&container, &life, &mut probes, 120, true);
        assert!(!probes.ready && verdict.notes[0].1.starts_with("Readiness probe failed: HTTP"));
        probe_at(&container, &life, &mut probes, 130, false);
        assert!(probes.ready);
    }

    #[test]
    fn a_hanging_container_is_killed() {
        let container =
            json!({"livenessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 5, "failureThreshold": 2}});
        let life = Life { hangs: Some(Duration::from_secs(7)), ..Life::default() };
        let mut probes = start(&container, &life);
        let first = probe_at(&container, &life, &mut probes, 0, false);
        assert_eq!(first.next, Some((T0 + Duration::from_secs(7), false)));
        assert_eq!(probe_at(&container, &life, &mut probes, 7, false).kill, None);
        assert_eq!(probe_at(&container, &life, &mut probes, 12, false).kill, Some("liveness"));
    }

    #[test]
    fn startup_holds_the_others_back() {
        let container = json!({"startupProbe": {"exec": {"command": ["cat", "/x"]}, "initialDelaySeconds": 3}});
        let life = Life::default();
        let mut probes = start(&container, &life);
        probe_at(&container, &life, &mut probes, 0, false);
        assert!(!probes.started && !probes.ready);
        probe_at(&container, &life, &mut probes, 3, false);
        assert!(probes.started && probes.ready);
    }
}
