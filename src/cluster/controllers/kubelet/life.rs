//! A declared life: an annotation on the pod that says what its containers do, where the guess from the command is not
//! what a test needs.
//!
//! `kctl.dev/life: "pull=3s start=2s ready=10s run=30s exit=1 times=3"` speaks of every container of the pod;
//! `kctl.dev/life.NAME` of the container NAME alone. Every word is optional; words that are not understood make an event.

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// The annotation of a whole pod; with `.NAME` behind it that of one container.
pub const ANNOTATION: &str = "kctl.dev/life";

/// What a declared life says of a container; what is missing is left to the guess.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// How long the image takes to be pulled where the node has not got it.
    pub pull: Option<Duration>,
    /// The image can not be pulled.
    pub pull_fails: bool,
    /// How long the container takes to start.
    pub start: Option<Duration>,
    /// How long after its start the container is ready; without it as soon as its probe allows.
    pub ready: Option<Duration>,
    /// How long after its start the container stops answering liveness probes.
    pub hangs: Option<Duration>,
    /// How long a run lasts.
    pub run: Option<Duration>,
    /// How a run ends.
    pub exit: Option<i64>,
    /// How many runs end like that; after them the container runs for ever, an init container ends well.
    pub times: Option<i64>,
}

/// The declared life of a container of a pod, and the words in it that make no sense.
pub fn declared(pod: &Object, container: &Value) -> (Life, Vec<String>) {
    let own = format!("{ANNOTATION}.{}", container.str("/name"));
    let text = pod.annotation(&own).or_else(|| pod.annotation(ANNOTATION)).unwrap_or("");
    parse(text)
}

fn parse(text: &str) -> (Life, Vec<String>) {
    let mut life = Life::default();
    let mut wrong = Vec::new();
    for word in text.split([' ', ',']).filter(|w| !w.is_empty()) {
        if read_word(&mut life, word).is_none() {
            wrong.push(word.to_string());
        }
    }
    (life, wrong)
}

fn read_word(life: &mut Life, word: &str) -> Option<()> {
    let (key, value) = word.split_once('=')?;
    let span = || Duration::parse(value).filter(|d| *d >= Duration::ZERO);
    match key {
        "pull" if value == "fail" => life.pull_fails = true,
        "pull" => life.pull = Some(span()?),
        "start" => life.start = Some(span()?),
        "ready" => life.ready = Some(span()?),
        "hang" => life.hangs = Some(span()?),
        "run" => life.run = Some(span()?),
        "exit" => life.exit = Some(value.parse().ok()?),
        "times" => life.times = Some(value.parse().ok()?),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn the_container_s_own_life_wins() {
        let pod = json!({"metadata": {"annotations": {"kctl.dev/life": "run=30s exit=1 times=2", "kctl.dev/life.b": "pull=fail, bad"}}});
        let (a, _) = declared(&pod, &json!({"name": "a"}));
        assert_eq!((a.run, a.exit, a.times), (Some(Duration::from_secs(30)), Some(1), Some(2)));
        let (b, wrong) = declared(&pod, &json!({"name": "b"}));
        assert!(b.pull_fails && b.run.is_none());
        assert_eq!(wrong, ["bad"]);
    }
}
