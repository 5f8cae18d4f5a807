//! Builders of flags that parse values as pflag, Go's flag library in kubectl, does.

use std::borrow::Cow;

use clap::builder::{ArgExt, OsStringValueParser, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ValueHint};

use kctl_base::field::quote;
use kctl_base::sim::Duration;

/// The default that `--help` shows after `--name=`, for example `30s` or `'yaml'`, where it is not the one of the flag's
/// type. It is documentation: the verb that reads the flag applies the default itself.
#[derive(Clone, Debug)]
struct HelpDefault(Cow<'static, str>);

impl ArgExt for HelpDefault {}

/// The things that positional arguments name, for shell completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Types and objects.
    Objects,
    /// Operations of the history, by their numbers.
    Operations,
    /// Snapshots.
    Snapshots,
    /// Branches.
    Branches,
    /// Snapshots and branches.
    States,
}

impl ArgExt for Names {}

/// Properties of arguments beyond those that clap has.
pub(crate) trait ArgProperties {
    /// Sets the default that `--help` shows; strings come with their quotes.
    fn help_default(self, default: impl Into<Cow<'static, str>>) -> Arg;
    /// The default that `--help` shows.
    fn shown_default(&self) -> &str;
    /// The things that positional arguments name; `None` for others.
    fn names(&self) -> Option<Names>;
}

impl ArgProperties for Arg {
    fn help_default(self, default: impl Into<Cow<'static, str>>) -> Arg {
        self.add(HelpDefault(default.into()))
    }

    fn shown_default(&self) -> &str {
        match self.get::<HelpDefault>() {
            Some(default) => default.0.as_ref(),
            None if matches!(self.get_action(), ArgAction::Append) => "[]",
            // Only switches and flags with a default of their own may omit the value.
            None if self.get_num_args().is_some_and(|count| count.min_values() == 0) => "false",
            None => "''",
        }
    }

    fn names(&self) -> Option<Names> {
        self.get::<Names>().copied()
    }
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help)
}

/// A boolean flag: `--all`, `--all=false`; the last one wins.
pub(crate) fn switch(name: &'static str, help: &'static str) -> Arg {
    let parser = StringValueParser::new().try_map(|text| {
        parse_bool(&text)
            .map(|value| value.to_string())
            .ok_or_else(|| format!("strconv.ParseBool: parsing {}: invalid syntax", quote(&text)))
    });
    optional(name, "true", help).value_parser(parser)
}

/// A flag with a string value.
pub(crate) fn text(name: &'static str, help: &'static str) -> Arg {
    flag(name, help).action(ArgAction::Set).allow_hyphen_values(true).num_args(1)
}

/// A flag with a path, which need not be UTF-8.
pub(crate) fn path(name: &'static str, help: &'static str) -> Arg {
    text(name, help).value_parser(OsStringValueParser::new()).value_hint(ValueHint::AnyPath)
}

/// A flag that collects paths, repeated or separated by commas; they need not be UTF-8.
pub(crate) fn paths(name: &'static str, help: &'static str) -> Arg {
    list(name, help).value_parser(OsStringValueParser::new()).value_hint(ValueHint::AnyPath)
}

/// A flag whose value is one of `values`.
pub(crate) fn choice(name: &'static str, values: &'static [&'static str], help: &'static str) -> Arg {
    text(name, help).value_parser(PossibleValuesParser::new(values))
}

/// A flag whose value may be omitted, which means `missing`: `--cascade`, `--dry-run`.
pub(crate) fn optional(name: &'static str, missing: &'static str, help: &'static str) -> Arg {
    flag(name, help).action(ArgAction::Set).num_args(0..=1).require_equals(true).default_missing_value(missing)
}

/// A flag that collects values, repeated or separated by commas (pflag's `StringSlice`).
pub(crate) fn list(name: &'static str, help: &'static str) -> Arg {
    each(name, help).value_delimiter(',')
}

/// A flag that collects `KEY=VALUE` pairs, repeated or separated by commas.
pub(crate) fn pairs(name: &'static str, help: &'static str) -> Arg {
    list(name, help).value_parser(StringValueParser::new().try_map(|text| match text.contains('=') {
        true => Ok(text),
        false => Err("malformed pair, expect string=string"),
    }))
}

/// A flag that collects values and keeps their commas (pflag's `StringArray`).
pub(crate) fn each(name: &'static str, help: &'static str) -> Arg {
    flag(name, help).action(ArgAction::Append).allow_hyphen_values(true).num_args(1)
}

/// A flag with a 64-bit integer.
pub(crate) fn number(name: &'static str, help: &'static str) -> Arg {
    let parser = StringValueParser::new().try_map(|text| {
        text.parse::<i64>().map_err(|_| format!("strconv.ParseInt: parsing {}: invalid syntax", quote(&text)))
    });
    text(name, help).value_parser(parser).help_default("0")
}

/// A flag with a 32-bit integer, read as `i64`.
pub(crate) fn number32(name: &'static str, help: &'static str) -> Arg {
    number(name, help).value_parser(StringValueParser::new().try_map(|text| {
        let invalid = |why| format!("strconv.ParseInt: parsing {}: {why}", quote(&text));
        match text.parse::<i64>() {
            Ok(number) if i32::try_from(number).is_ok() => Ok(number),
            Ok(_) => Err(invalid("value out of range")),
            Err(_) => Err(invalid("invalid syntax")),
        }
    }))
}

/// A flag with a duration in Go's syntax, for example `1h30m`.
pub(crate) fn duration(name: &'static str, help: &'static str) -> Arg {
    let parser = StringValueParser::new().try_map(|text| Duration::parse(&text).ok_or_else(|| bad_duration(&text)));
    text(name, help).value_parser(parser).help_default("0s")
}

/// Positional arguments, any number of them.
pub(crate) fn positional(name: &'static str) -> Arg {
    Arg::new(name).action(ArgAction::Append).num_args(0..).hide(true)
}

/// Positional arguments that name types and objects, which shells complete.
pub(crate) fn object_names(name: &'static str) -> Arg {
    names(name, Names::Objects)
}

/// Positional arguments that name something, which shells complete.
pub(crate) fn names(name: &'static str, names: Names) -> Arg {
    positional(name).add(names)
}

/// Parses a boolean in one of the spellings of Go's `strconv.ParseBool`.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The error message of Go's `time.ParseDuration`: a missing unit, an unknown unit or an invalid number.
fn bad_duration(text: &str) -> String {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let mut rest = text.trim_start_matches(['-', '+']);
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = &rest[..rest.len() - after.len()];
        if !number.contains(|c: char| c.is_ascii_digit()) || number.matches('.').count() > 1 {
            return invalid();
        }
        let unit = &after[..after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len())];
        match unit {
            "" => return format!("time: missing unit in duration {}", quote(text)),
            "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" => rest = &after[unit.len()..],
            _ => return format!("time: unknown unit {} in duration {}", quote(unit), quote(text)),
        }
    }
    invalid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_refused_in_go_s_words() {
        assert_eq!(bad_duration("5"), "time: missing unit in duration \"5\"");
        assert_eq!(bad_duration("1m5x"), "time: unknown unit \"x\" in duration \"1m5x\"");
        assert_eq!(bad_duration("x"), "time: invalid duration \"x\"");
        assert_eq!(bad_duration(""), "time: invalid duration \"\"");
    }
}
