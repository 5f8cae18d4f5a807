//! `--until`: when a trial ends.

use std::ffi::OsString;

use crate::{CliError, CliResult};
use kctl_base::sim::Duration;

/// The end of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Nothing is left to do.
    Calm,
    /// A time after its beginning.
    Time(Duration),
    /// An object meets a condition.
    Condition(Condition),
}

/// A condition as `wait --for` has it, and an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    condition: String,
    object: String,
}

impl Until {
    /// Parses `30s` or `condition=Available deployment/web`.
    ///
    /// # Errors
    /// A value that is neither.
    pub(super) fn parse(value: &str) -> CliResult<Until> {
        let invalid = || {
            CliError::new(format!(
                "invalid --until \"{value}\": use a time such as 30s, or a condition and an object such as 'condition=Available deployment/web'"
            ))
        };
        match value.trim().rsplit_once(' ') {
            None => {
                let time = Duration::parse(value.trim()).filter(|time| *time > Duration::ZERO);
                time.map(Until::Time).ok_or_else(invalid)
            }
            Some((condition, object)) if object.contains('/') => {
                Ok(Until::Condition(Condition { condition: condition.trim().into(), object: object.into() }))
            }
            Some(_) => Err(invalid()),
        }
    }
}

impl Condition {
    /// The words of the command that waits for the condition for at most `timeout`.
    pub(super) fn words(&self, timeout: Duration) -> Vec<OsString> {
        ["wait".into(), self.object.clone(), format!("--for={}", self.condition), format!("--timeout={timeout}")]
            .map(OsString::from)
            .into()
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.condition, self.object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_or_a_condition_of_an_object() {
        assert_eq!(Until::parse("1m30s").ok(), Some(Until::Time(Duration::from_secs(90))));
        let until = Until::parse("jsonpath={.metadata.labels.a b}=c pod/web-0").expect("a condition");
        let Until::Condition(condition) = until else { panic!("{until:?}") };
        let words: Vec<OsString> =
            ["wait", "pod/web-0", "--for=jsonpath={.metadata.labels.a b}=c", "--timeout=1m0s"].map(Into::into).into();
        assert_eq!(condition.words(Duration::from_secs(60)), words);
        for wrong in ["", "0s", "-5s", "Ready", "condition=Ready web"] {
            assert!(Until::parse(wrong).is_err(), "{wrong}");
        }
    }
}
