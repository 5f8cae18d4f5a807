//! Reading the values of flags.

use std::any::Any;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use kctl_base::sim::Duration;

/// Typed access to the flags of a command line.
///
/// On [`ArgMatches`] a name that the verb does not declare panics in debug builds, as clap's own accessors do, so that a
/// misspelt name cannot pass for a flag that was not given.
pub(crate) trait Matches {
    /// The value of a flag, or `None` when it was not given.
    fn one<T: Any + Clone + Send + Sync + 'static>(&self, name: &str) -> Option<&T>;

    /// The values of a flag that collects them or of the positional arguments.
    fn values(&self, name: &str) -> Vec<String>;

    /// The values of a flag that collects paths.
    fn paths(&self, name: &str) -> Vec<OsString>;

    /// True when the flag was given on the command line, even with its default value.
    fn is_set(&self, name: &str) -> bool;

    /// The value of a boolean flag, `false` by default.
    fn flag(&self, name: &str) -> bool {
        self.flag_or(name, false)
    }

    /// The value of a boolean flag with another default than `false`.
    fn flag_or(&self, name: &str, default: bool) -> bool {
        self.value_of(name).map_or(default, |value| value == "true")
    }

    /// The value of a string flag, empty when it was not given.
    fn string(&self, name: &str) -> &str {
        self.value_of(name).unwrap_or("")
    }

    /// The value of a string flag, `None` when it was not given.
    fn value_of(&self, name: &str) -> Option<&str> {
        self.one::<String>(name).map(String::as_str)
    }

    /// The value of a path flag, `None` when it was not given or is empty.
    fn path(&self, name: &str) -> Option<PathBuf> {
        self.one::<OsString>(name).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// The value of an integer flag.
    fn int(&self, name: &str) -> Option<i64> {
        self.one::<i64>(name).copied()
    }

    /// The value of a duration flag.
    fn duration(&self, name: &str) -> Option<Duration> {
        self.one::<Duration>(name).copied()
    }
}

impl Matches for ArgMatches {
    fn one<T: Any + Clone + Send + Sync + 'static>(&self, name: &str) -> Option<&T> {
        self.get_one::<T>(name)
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.get_many::<String>(name).into_iter().flatten().cloned().collect()
    }

    fn paths(&self, name: &str) -> Vec<OsString> {
        self.get_many::<OsString>(name).into_iter().flatten().cloned().collect()
    }

    fn is_set(&self, name: &str) -> bool {
        self.value_source(name) == Some(ValueSource::CommandLine)
    }
}

/// Flags read by code that several verbs share, of which a verb may declare only some: the others read as not given.
pub(crate) struct SharedFlags<'a>(pub(crate) &'a ArgMatches);

impl Matches for SharedFlags<'_> {
    fn one<T: Any + Clone + Send + Sync + 'static>(&self, name: &str) -> Option<&T> {
        self.0.try_get_one::<T>(name).ok().flatten()
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.0.try_get_many::<String>(name).ok().flatten().into_iter().flatten().cloned().collect()
    }

    fn paths(&self, name: &str) -> Vec<OsString> {
        self.0.try_get_many::<OsString>(name).ok().flatten().into_iter().flatten().cloned().collect()
    }

    fn is_set(&self, name: &str) -> bool {
        self.0.try_contains_id(name).is_ok() && self.0.value_source(name) == Some(ValueSource::CommandLine)
    }
}
