//! Options of the clients.

/// Options with their values, and the other arguments.
#[derive(Debug, Default)]
pub(super) struct Args {
    given: Vec<(String, String)>,
    pub(super) operands: Vec<String>,
}

/// The options of a program.
pub(super) struct Syntax<'a> {
    /// Letters of options without a value.
    pub(super) flags: &'a str,
    /// Letters of options with a value.
    pub(super) valued: &'a str,
    /// Long options with their letters, or with themselves.
    pub(super) long: &'a [(&'a str, &'a str)],
    /// Long options that have a value although their own name stands for them.
    pub(super) long_valued: &'a [&'a str],
}

/// An argument that is no option, or that lacks its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    Unknown(String),
    NoValue(String),
}

impl Syntax<'_> {
    /// Parses arguments; options may stand anywhere before `--`.
    pub(super) fn parse(&self, args: &[String]) -> Result<Args, Mistake> {
        let mut parsed = Args::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                parsed.operands.extend(rest.by_ref().cloned());
            } else if let Some(text) = arg.strip_prefix("--") {
                let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
                let found = self.long.iter().find(|(long, _)| *long == name).map(|(_, key)| *key);
                let key = found.ok_or_else(|| Mistake::Unknown(arg.clone()))?;
                let takes_value = self.long_valued.contains(&name) || key.len() == 1 && self.valued.contains(key);
                let value = match (takes_value, value) {
                    (true, Some(value)) => value.to_owned(),
                    (true, None) => rest.next().cloned().ok_or_else(|| Mistake::NoValue(arg.clone()))?,
                    (false, _) => String::new(),
                };
                parsed.given.push((key.to_owned(), value));
            } else if arg.len() > 1 && arg.starts_with('-') {
                self.letters(arg, &mut rest, &mut parsed)?;
            } else {
                parsed.operands.push(arg.clone());
            }
        }
        Ok(parsed)
    }

    fn letters<'s>(
        &self,
        arg: &str,
        rest: &mut impl Iterator<Item = &'s String>,
        parsed: &mut Args,
    ) -> Result<(), Mistake> {
        let letters = &arg[1..];
        for (at, letter) in letters.char_indices() {
            if self.valued.contains(letter) {
                let attached = &letters[at + letter.len_utf8()..];
                let value = match attached {
                    "" => rest.next().cloned().ok_or_else(|| Mistake::NoValue(format!("-{letter}")))?,
                    _ => attached.to_owned(),
                };
                parsed.given.push((letter.to_string(), value));
                return Ok(());
            }
            if !self.flags.contains(letter) {
                return Err(Mistake::Unknown(format!("-{letter}")));
            }
            parsed.given.push((letter.to_string(), String::new()));
        }
        Ok(())
    }
}

impl Args {
    pub(super) fn has(&self, key: &str) -> bool {
        self.given.iter().any(|(given, _)| given == key)
    }

    /// Returns the last value of an option.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| given == key).map(|(_, value)| value.as_str())
    }

    /// Returns all values of an option.
    pub(super) fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.given.iter().filter(move |(given, _)| given == key).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_long_options_may_be_mixed() {
        let syntax = Syntax { flags: "sS", valued: "o", long: &[("silent", "s"), ("out", "o")], long_valued: &[] };
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let args = syntax.parse(&words("-sSofile url --out=x -- -z")).expect("arguments");
        assert_eq!((args.value("o"), args.has("S"), args.operands.join(" ").as_str()), (Some("x"), true, "url -z"));
        assert_eq!(syntax.parse(&words("-sx")).err(), Some(Mistake::Unknown("-x".into())));
        assert_eq!(syntax.parse(&words("--silent -o")).err(), Some(Mistake::NoValue("-o".into())));
    }
}
