//! Options as `getopt_long` parses them, with the errors of busybox and GNU.

use crate::call::{Call, Stop};
use crate::image::Flavour;

/// The options that a program has.
#[derive(Clone, Copy)]
pub(crate) struct Spec {
    /// The short options as `getopt` takes them: a colon follows one with an argument, two colons one whose argument is
    /// optional. With a plus sign in front the first operand ends the options. Long options without a short one have a Greek
    /// letter here.
    short: &'static str,
    /// Long options with the letter that they stand for.
    long: &'static [(&'static str, char)],
    /// The arguments as the usage message names them.
    synopsis: &'static str,
    /// Exit code after a usage error.
    code: i32,
    /// The prefix of GNU's hint at `--help`.
    gnu_prefix: &'static str,
}

impl Spec {
    /// Creates the options of a program that exits with 1 after a usage error.
    pub(crate) const fn new(
        short: &'static str,
        long: &'static [(&'static str, char)],
        synopsis: &'static str,
    ) -> Spec {
        Spec { short, long, synopsis, code: 1, gnu_prefix: "" }
    }

    /// Sets the exit code after a usage error.
    pub(crate) const fn code(self, code: i32) -> Spec {
        Spec { code, ..self }
    }

    /// Sets what GNU prints before the hint at `--help`.
    pub(crate) const fn gnu_prefix(self, gnu_prefix: &'static str) -> Spec {
        Spec { gnu_prefix, ..self }
    }

    /// Returns whether an option takes an argument: `Some(true)` if it must have one, `None` for an unknown option.
    fn argument(&self, option: char) -> Option<Argument> {
        let rest = &self.short[self.short.find(option).filter(|_| !":+".contains(option))? + option.len_utf8()..];
        Some(match (rest.starts_with("::"), rest.starts_with(':')) {
            (true, _) => Argument::Optional,
            (_, true) => Argument::Required,
            _ => Argument::None,
        })
    }

    /// Parses the arguments of the program.
    ///
    /// # Errors
    /// [`Stop::Exit`] after a usage error, or after `--help`.
    pub(crate) fn parse(&self, call: &mut Call<'_>) -> Result<Options, Stop> {
        let args = call.args();
        self.parse_args(call, args)
    }

    /// Parses other arguments than those of the process.
    ///
    /// # Errors
    /// As [`Spec::parse`].
    pub(crate) fn parse_args(&self, call: &mut Call<'_>, args: Vec<String>) -> Result<Options, Stop> {
        match self.split(args) {
            Ok(options) => Ok(options),
            Err(Problem::Help) => Err(self.help(call)),
            Err(Problem::Error(message)) => Err(self.usage(call, &message)),
        }
    }

    fn split(&self, args: Vec<String>) -> Result<Options, Problem> {
        let mut options = Options::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                options.operands.extend(args);
                break;
            }
            if let Some(long) = arg.strip_prefix("--") {
                self.long(long, &mut args, &mut options)?;
            } else if arg.len() > 1 && arg.starts_with('-') {
                self.cluster(&arg[1..], &mut args, &mut options)?;
            } else {
                options.operands.push(arg);
                if self.short.starts_with('+') {
                    options.operands.extend(args);
                    break;
                }
            }
        }
        Ok(options)
    }

    fn cluster(
        &self,
        letters: &str,
        args: &mut impl Iterator<Item = String>,
        options: &mut Options,
    ) -> Result<(), Problem> {
        for (at, letter) in letters.char_indices() {
            let rest = &letters[at + letter.len_utf8()..];
            let known = self.argument(letter).filter(|_| letter.is_ascii());
            let value = match known {
                None => return Err(Problem::Error(format!("invalid option -- '{letter}'"))),
                Some(Argument::None) => {
                    options.given.push((letter, None));
                    continue;
                }
                Some(Argument::Optional) => (!rest.is_empty()).then(|| rest.to_owned()),
                Some(Argument::Required) if rest.is_empty() => {
                    let missing = || Problem::Error(format!("option requires an argument -- '{letter}'"));
                    Some(args.next().ok_or_else(missing)?)
                }
                Some(Argument::Required) => Some(rest.to_owned()),
            };
            options.given.push((letter, value));
            break;
        }
        Ok(())
    }

    fn long(&self, text: &str, args: &mut impl Iterator<Item = String>, options: &mut Options) -> Result<(), Problem> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
        let (name, letter) = self.find_long(name)?;
        let value = match (self.argument(letter), value) {
            (Some(Argument::Required), None) => {
                let missing = || Problem::Error(format!("option '--{name}' requires an argument"));
                Some(args.next().ok_or_else(missing)?)
            }
            (None | Some(Argument::None), Some(_)) => {
                return Err(Problem::Error(format!("option '--{name}' doesn't allow an argument")));
            }
            (_, value) => value,
        };
        options.given.push((letter, value));
        Ok(())
    }

    /// Finds a long option by its name, or by a beginning that only one option has.
    fn find_long(&self, name: &str) -> Result<(&'static str, char), Problem> {
        if let Some(found) = self.long.iter().find(|(long, _)| *long == name) {
            return Ok(*found);
        }
        let found: Vec<_> = self.long.iter().filter(|(long, _)| long.starts_with(name)).collect();
        match found.as_slice() {
            [] if name == "help" => Err(Problem::Help),
            [] => Err(Problem::Error(format!("unrecognized option '--{name}'"))),
            [first, rest @ ..] if rest.iter().all(|(_, letter)| *letter == first.1) => Ok(**first),
            several => {
                let names: String = several.iter().map(|(long, _)| format!(" '--{long}'")).collect();
                Err(Problem::Error(format!("option '--{name}' is ambiguous; possibilities:{names}")))
            }
        }
    }

    /// Reports a usage error: the message (unless it is empty) and how the program is used.
    pub(crate) fn usage(&self, call: &mut Call<'_>, message: &str) -> Stop {
        let is_busybox = call.image().flavour == Flavour::Busybox;
        if !message.is_empty() {
            call.complain(message);
        }
        let name = call.name().to_owned();
        let text = if is_busybox {
            self.busybox_usage(&name)
        } else {
            format!("{}Try '{name} --help' for more information.\n", self.gnu_prefix)
        };
        call.warn(&text);
        Stop::Exit(self.code)
    }

    /// Reports a mistake as busybox does, by its usage alone, and as GNU does, by a message.
    pub(crate) fn misuse(&self, call: &mut Call<'_>, gnu_message: &str) -> Stop {
        let message = if call.image().flavour == Flavour::Busybox { "" } else { gnu_message };
        self.usage(call, message)
    }

    fn help(&self, call: &mut Call<'_>) -> Stop {
        let name = call.name().to_owned();
        let printed = match call.image().flavour {
            // As there, to standard error.
            Flavour::Busybox => call.write(2, self.busybox_usage(&name).as_bytes()),
            _ => call.write(1, format!("Usage: {name} {}\n", self.synopsis).as_bytes()),
        };
        Stop::Exit(i32::from(printed.is_err()))
    }

    fn busybox_usage(&self, name: &str) -> String {
        let space = if self.synopsis.is_empty() { "" } else { " " };
        format!("{BUSYBOX_VERSION} multi-call binary.\n\nUsage: {name}{space}{}\n", self.synopsis)
    }
}

/// The first words of every usage message of busybox.
pub(crate) const BUSYBOX_VERSION: &str = "BusyBox v1.37.0 (2024-09-26 21:31:42 UTC)";

/// The need of an option for an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    None,
    Optional,
    Required,
}

/// Why arguments cannot be parsed.
enum Problem {
    Error(String),
    Help,
}

/// The arguments of a program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    given: Vec<(char, Option<String>)>,
    /// The arguments that are no options.
    pub(crate) operands: Vec<String>,
}

impl Options {
    /// Reports whether an option was given.
    pub(crate) fn has(&self, option: char) -> bool {
        self.given.iter().any(|(given, _)| *given == option)
    }

    /// Returns how often an option was given.
    pub(crate) fn count(&self, option: char) -> usize {
        self.given.iter().filter(|(given, _)| *given == option).count()
    }

    /// Returns the argument of an option; of several it is the last.
    pub(crate) fn value(&self, option: char) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| *given == option).and_then(|(_, value)| value.as_deref())
    }

    /// Returns all options with their arguments in order.
    pub(crate) fn given(&self) -> impl Iterator<Item = (char, &str)> {
        self.given.iter().map(|(option, value)| (*option, value.as_deref().unwrap_or_default()))
    }

    /// Returns the last of some options that was given.
    pub(crate) fn last_of(&self, options: &str) -> Option<char> {
        self.given.iter().rev().map(|(given, _)| *given).find(|given| options.contains(*given))
    }
}

/// Quotes a word of an error message as the GNU programs do: with typographic quotes where the locale has them.
pub(crate) fn quote(call: &Call<'_>, word: &str) -> String {
    if is_utf8(call) && call.image().flavour == Flavour::Gnu { format!("‘{word}’") } else { format!("'{word}'") }
}

/// Reports whether the locale of the process has UTF-8: musl's always has, that of glibc if the variables say so.
pub(crate) fn is_utf8(call: &Call<'_>) -> bool {
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = variables.iter().find_map(|name| call.process.variable(name).filter(|value| !value.is_empty()));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.ends_with(".utf-8") || locale.ends_with(".utf8")
}

/// Reports whether the image has the programs of busybox.
pub(crate) fn is_busybox(call: &Call<'_>) -> bool {
    call.image().flavour == Flavour::Busybox
}
