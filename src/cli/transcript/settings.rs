//! The settings of a transcript, in comments before its first command: `kctl: seed=7 clock=real nodes=5`, and expressions that
//! must hold after every change, `kctl-invariant: EXPRESSION`.

use std::collections::BTreeMap;

use kctl_base::field::quote;
use kctl_cluster::Invariant;

use crate::context::is_valid_setting;

/// The keys of settings, and the environment variables that carry them to the commands.
const KEYS: &[(&str, &str)] = &[
    ("chance", CHANCE),
    ("clock", "KCTL_CLOCK"),
    ("epoch", "KCTL_EPOCH"),
    ("latency", "KCTL_LATENCY"),
    ("nodes", "KCTL_NODES"),
    ("profile", "KCTL_PROFILE"),
    ("seed", SEED),
];

/// The variable of the seed.
const SEED: &str = "KCTL_SEED";

/// The variable of chance.
const CHANCE: &str = "KCTL_CHANCE";

/// The variable of invariants.
const INVARIANTS: &str = "KCTL_INVARIANTS";

/// What precedes settings in a comment.
const SETTINGS: &str = "kctl:";

/// What precedes an invariant in a comment.
const INVARIANT: &str = "kctl-invariant:";

/// The settings of a transcript as environment variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Settings(BTreeMap<&'static str, String>);

impl Default for Settings {
    fn default() -> Settings {
        Settings(BTreeMap::from([("KCTL_CLOCK", "virtual".into()), (SEED, "1".into())]))
    }
}

impl Settings {
    /// Reads a comment; returns false for one that says something else.
    ///
    /// # Errors
    /// As [`Settings::read`] and [`Settings::add_invariant`].
    pub(super) fn read_comment(&mut self, comment: &str) -> Result<bool, String> {
        if let Some(words) = comment.strip_prefix(SETTINGS) {
            self.read(words)?;
        } else if let Some(expression) = comment.strip_prefix(INVARIANT) {
            self.add_invariant(expression.trim())?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Adds an expression that must hold after every change.
    ///
    /// # Errors
    /// An expression that cannot be used, in a sentence without a full stop.
    pub(crate) fn add_invariant(&mut self, expression: &str) -> Result<(), String> {
        Invariant::parse(expression).map_err(|reason| format!("invalid invariant {}: {reason}", quote(expression)))?;
        let invariants = self.0.entry(INVARIANTS).or_default();
        // The variable has one on each line.
        invariants.push_str(&expression.replace('\n', " "));
        invariants.push('\n');
        Ok(())
    }

    /// Leaves durations and orders to chance, by a seed.
    pub(crate) fn set_chance(&mut self, seed: u64) {
        self.0.insert(CHANCE, seed.to_string());
    }

    /// The settings that decide about a new store.
    pub(super) fn of_new_store(&self) -> Settings {
        let mut settings = self.clone();
        settings.0.retain(|name, _| ![CHANCE, INVARIANTS].contains(name));
        settings
    }

    /// Reads the words behind `kctl:`.
    ///
    /// # Errors
    /// A word that is not `KEY=VALUE`, an unknown key or a value that it does not take, in a sentence without a full stop.
    fn read(&mut self, text: &str) -> Result<(), String> {
        for word in text.split_whitespace() {
            let (key, value) =
                word.split_once('=').ok_or_else(|| format!("setting {} is not KEY=VALUE", quote(word)))?;
            let names = || KEYS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let found = KEYS.iter().find(|(name, _)| *name == key);
            let (_, variable) =
                found.ok_or_else(|| format!("unknown setting {}; there are {}", quote(key), names()))?;
            if !is_valid_setting(variable, value) {
                return Err(format!("invalid value {} of {key}", quote(value)));
            }
            self.0.insert(variable, value.into());
        }
        Ok(())
    }

    /// Replaces the seed.
    pub(crate) fn set_seed(&mut self, seed: u64) {
        self.0.insert(SEED, seed.to_string());
    }

    /// The names and values of the variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns whether a store that was made before can serve the transcript: one whose clock stands still.
    pub(super) fn are_virtual(&self) -> bool {
        self.0.get("KCTL_CLOCK").is_some_and(|clock| clock == "virtual")
    }

    /// Returns whether a text names a variable that decides about a new store.
    pub(super) fn are_named_in(text: &str) -> bool {
        KEYS.iter().any(|(_, variable)| text.contains(variable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_variables() {
        let mut settings = Settings::default();
        settings.read(" seed=7 clock=real  nodes=5 latency=0 epoch=2030-01-01T00:00:00Z").expect("valid settings");
        let variables: Vec<String> = settings.variables().map(|(name, value)| format!("{name}={value}")).collect();
        let expected =
            ["KCTL_CLOCK=real", "KCTL_EPOCH=2030-01-01T00:00:00Z", "KCTL_LATENCY=0", "KCTL_NODES=5", "KCTL_SEED=7"];
        assert_eq!(variables, expected);
        assert!(!settings.are_virtual() && Settings::default().are_virtual());
    }

    #[test]
    fn invariants_are_checked_when_they_are_read() {
        let mut settings = Settings::default();
        for name in ["pods", "services"] {
            let comment = format!("kctl-invariant: cluster.objects('{name}').size() < 3");
            assert_eq!(settings.read_comment(&comment), Ok(true));
        }
        assert_eq!(settings.read_comment("kctl is a program"), Ok(false));
        assert!(settings.read_comment("kctl-invariant: 1 +").is_err());
        let invariants = "cluster.objects('pods').size() < 3\ncluster.objects('services').size() < 3\n";
        assert!(settings.variables().any(|variable| variable == ("KCTL_INVARIANTS", invariants)));
        assert_eq!(settings.of_new_store(), Settings::default());
    }

    #[test]
    fn unknown_keys_and_values_are_refused() {
        for (text, error) in [
            ("seed", "setting \"seed\" is not KEY=VALUE"),
            ("speed=1", "unknown setting \"speed\"; there are chance, clock, epoch, latency, nodes, profile, seed"),
            ("seed=x", "invalid value \"x\" of seed"),
            ("seed=", "invalid value \"\" of seed"),
            ("clock=sundial", "invalid value \"sundial\" of clock"),
            ("profile=k3s", "invalid value \"k3s\" of profile"),
            ("nodes=0", "invalid value \"0\" of nodes"),
            ("latency=-1s", "invalid value \"-1s\" of latency"),
        ] {
            assert_eq!(Settings::default().read(text), Err(error.to_string()), "{text}");
        }
    }
}
