//! Container scripts: an annotation that declares what containers do, where the behaviour derived from the command is not what
//! a test needs.
//!
//! `kctl.dev/life: "pull=3s start=2s ready=10s run=30s exit=1 times=3"` applies to every container of the pod,
//! `kctl.dev/life.NAME` only to the container NAME. Every setting is optional. Settings that are not understood are reported
//! by an event.

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// Annotation of the pod; followed by `.NAME` that of a container.
pub(super) const ANNOTATION: &str = "kctl.dev/life";

/// Declared behaviour of a container. Settings that are `None` are derived from the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContainerScript {
    /// `pull`: duration of an image pull, on a node without the image.
    pub(super) pull: Option<Duration>,
    /// `pull=fail`: the image cannot be pulled.
    pub(super) pull_fails: bool,
    /// `start`: duration of the start.
    pub(super) start: Option<Duration>,
    /// `ready`: time from the start until the container is ready; by default its probes decide.
    pub(super) ready: Option<Duration>,
    /// `hang`: time from the start until liveness probes fail.
    pub(super) hangs: Option<Duration>,
    /// `run`: duration of a run.
    pub(super) run: Option<Duration>,
    /// `exit`: exit code of a run.
    pub(super) exit: Option<i64>,
    /// `times`: number of runs that end as declared. After them the container runs forever, and an init container succeeds.
    pub(super) times: Option<i64>,
}

impl ContainerScript {
    /// Parses the script of a container; also returns the settings that are not understood.
    pub(super) fn of(pod: &Object, container: &Value) -> (ContainerScript, Vec<String>) {
        let own = [ANNOTATION, ".", container.str("/name")].concat();
        let text = pod.annotation(&own).or_else(|| pod.annotation(ANNOTATION)).unwrap_or("");
        let mut script = ContainerScript::default();
        let settings = text.split([' ', ',']).filter(|setting| !setting.is_empty());
        let invalid = settings.filter(|setting| script.set(setting).is_none()).map(String::from).collect();
        (script, invalid)
    }

    /// Parses one setting; `None` if it is not understood.
    fn set(&mut self, setting: &str) -> Option<()> {
        let (key, value) = setting.split_once('=')?;
        let duration = || Duration::parse(value).filter(|d| *d >= Duration::ZERO);
        match key {
            "pull" if value == "fail" => self.pull_fails = true,
            "pull" => self.pull = Some(duration()?),
            "start" => self.start = Some(duration()?),
            "ready" => self.ready = Some(duration()?),
            "hang" => self.hangs = Some(duration()?),
            "run" => self.run = Some(duration()?),
            // The exit code of a process is a byte.
            "exit" => self.exit = Some(value.parse::<u8>().ok()?.into()),
            "times" => self.times = Some(value.parse::<u32>().ok()?.into()),
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn the_script_of_a_container_replaces_that_of_the_pod() {
        let pod = json!({"metadata": {"annotations": {"kctl.dev/life": "run=30s exit=1 times=2", "kctl.dev/life.b": "pull=fail, bad"}}});
        let (a, _) = ContainerScript::of(&pod, &json!({"name": "a"}));
        assert_eq!((a.run, a.exit, a.times), (Some(Duration::from_secs(30)), Some(1), Some(2)));
        let (b, invalid) = ContainerScript::of(&pod, &json!({"name": "b"}));
        assert!(b.pull_fails && b.run.is_none());
        assert_eq!(invalid, ["bad"]);
    }

    #[test]
    fn senseless_settings_are_not_understood() {
        let text = "x=y run=-5s run= exit=256 exit=-1 times=-1 times=x start=5 pull=none ready";
        let pod = json!({"metadata": {"annotations": {"kctl.dev/life": text}}});
        let (script, invalid) = ContainerScript::of(&pod, &json!({"name": "a"}));
        assert_eq!((script, invalid.join(" ")), (ContainerScript::default(), text.to_owned()));
    }
}
