//! Flags with pflag's rules, and the groups of flags that several verbs share.

pub mod global;
pub mod groups;

use clap::builder::{PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches};

/// A boolean flag: `--all`, `--all=false`; the last one wins.
pub fn switch(name: &'static str, help: &'static str) -> Arg {
    optional(name, "true", help).value_parser(StringValueParser::new().try_map(|text| {
        parse_bool(&text)
            .map(|b| b.to_string())
            .ok_or_else(|| format!("strconv.ParseBool: parsing {}: invalid syntax", kctl_base::field::quote(&text)))
    }))
}

/// A flag with a value.
pub fn text(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::Set).allow_hyphen_values(true).num_args(1)
}

/// A flag with a value that is one of a few.
pub fn choice(name: &'static str, values: &'static [&'static str], help: &'static str) -> Arg {
    text(name, help).value_parser(PossibleValuesParser::new(values))
}

/// A flag that may stand without a value, which then is `missing`: `--cascade`, `--dry-run`.
pub fn optional(name: &'static str, missing: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value(missing)
}

/// A flag that collects values: repeated or with commas.
pub fn list(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .action(ArgAction::Append)
        .value_delimiter(',')
        .allow_hyphen_values(true)
        .num_args(1)
}

/// A flag that collects `KEY=VALUE` pairs: repeated or with commas.
pub fn pairs(name: &'static str, help: &'static str) -> Arg {
    list(name, help).value_parser(StringValueParser::new().try_map(|text| match text.contains('=') {
        true => Ok(text),
        false => Err("malformed pair, expect string=string"),
    }))
}

/// A flag that collects values, each as it is: commas are part of the value.
pub fn each(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::Append).allow_hyphen_values(true).num_args(1)
}

/// A flag with a whole number.
pub fn number(name: &'static str, help: &'static str) -> Arg {
    text(name, help).value_parser(StringValueParser::new().try_map(|text| {
        text.parse::<i64>()
            .map_err(|_| format!("strconv.ParseInt: parsing {}: invalid syntax", kctl_base::field::quote(&text)))
    }))
}

/// A flag with a whole number of 32 bits.
pub fn number32(name: &'static str, help: &'static str) -> Arg {
    number(name, help).value_parser(StringValueParser::new().try_map(|text| {
        let wrong = |why| format!("strconv.ParseInt: parsing {}: {why}", kctl_base::field::quote(&text));
        match text.parse::<i64>() {
            Ok(number) if i32::try_from(number).is_ok() => Ok(number),
            Ok(_) => Err(wrong("value out of range")),
            Err(_) => Err(wrong("invalid syntax")),
        }
    }))
}

/// A flag with a duration in Go's syntax.
pub fn duration(name: &'static str, help: &'static str) -> Arg {
    text(name, help).value_parser(
        StringValueParser::new()
            .try_map(|text| kctl_base::sim::Duration::parse(&text).ok_or_else(|| bad_duration(&text))),
    )
}

/// Go's complaint about a duration: a number without a unit, a unit that it does not know, or no number at all.
fn bad_duration(text: &str) -> String {
    let quote = kctl_base::field::quote;
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

/// The words that are no flags.
pub fn words(name: &'static str) -> Arg {
    Arg::new(name).action(ArgAction::Append).num_args(0..).hide(true)
}

/// Go's spellings of booleans.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Reading matches with the defaults that flags have.
pub trait Matches {
    /// Whether a switch is on.
    fn on(&self, name: &str) -> bool;
    /// Whether a switch is on, with another default than off.
    fn on_or(&self, name: &str, default: bool) -> bool;
    /// The value of a flag, or the empty string.
    fn value(&self, name: &str) -> &str;
    /// The value of a flag, if it was given.
    fn given(&self, name: &str) -> Option<&str>;
    /// The values of a collecting flag or of the words.
    fn values(&self, name: &str) -> Vec<String>;
    /// The value of a number flag.
    fn int(&self, name: &str) -> Option<i64>;
    /// The value of a duration flag.
    fn span(&self, name: &str) -> Option<kctl_base::sim::Duration>;
    /// Whether a flag was typed.
    fn typed(&self, name: &str) -> bool;
}

impl Matches for ArgMatches {
    fn on(&self, name: &str) -> bool {
        self.on_or(name, false)
    }

    fn on_or(&self, name: &str, default: bool) -> bool {
        self.given(name).map_or(default, |v| v == "true")
    }

    fn value(&self, name: &str) -> &str {
        self.given(name).unwrap_or("")
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.try_get_one::<String>(name).ok().flatten().map(String::as_str)
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.try_get_many::<String>(name).ok().flatten().into_iter().flatten().cloned().collect()
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.try_get_one::<i64>(name).ok().flatten().copied()
    }

    fn span(&self, name: &str) -> Option<kctl_base::sim::Duration> {
        self.try_get_one::<kctl_base::sim::Duration>(name).ok().flatten().copied()
    }

    fn typed(&self, name: &str) -> bool {
        matches!(self.try_contains_id(name), Ok(true))
            && self.value_source(name) == Some(clap::parser::ValueSource::CommandLine)
    }
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
