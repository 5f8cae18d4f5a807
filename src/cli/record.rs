//! `--record`: the command line as kubectl writes it into the annotation `kubernetes.io/change-cause`.

use clap::{ArgAction, ArgMatches, Command};

use super::args::Matches;
use super::{Ctx, parse};
use kctl_base::json::Value;
use kctl_base::object::ObjectMeta;

/// The annotation that holds the reason of a revision.
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// The reason of a change, when the command is to be recorded. Says that the flag is deprecated.
pub fn change_cause(ctx: &mut Ctx, matches: &ArgMatches) -> Option<String> {
    if !matches.typed("record") {
        return None;
    }
    ctx.complain("Flag --record has been deprecated, --record will be removed in the future");
    matches.on("record").then(|| command_line(&ctx.argv, &ctx.program))
}

/// Notes the reason on an object.
pub fn note(object: &mut Value, cause: Option<&str>) {
    if let Some(cause) = cause {
        object.set_annotation(CHANGE_CAUSE, cause);
    }
}

/// The words in the order typed, then the flags in theirs, each with its long name and value.
fn command_line(argv: &[String], program: &str) -> String {
    let known = parse::whole_command(program, argv);
    let (mut words, mut flags) = (vec![program.to_string()], Vec::new());
    let mut rest = argv.iter().skip(1);
    while let Some(word) = rest.next() {
        if word == "--" {
            words.extend(rest.by_ref().cloned());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v.to_string())));
            let value =
                value.or_else(|| takes_value(&known, |a| a.get_long() == Some(name)).then(|| rest.next().cloned())?);
            flags.push(format!("--{name}={}", value.unwrap_or_else(|| "true".into())));
        } else if let Some(short) = word.strip_prefix('-').filter(|s| !s.is_empty()) {
            let letter = short.chars().next();
            let name = long_name(&known, letter).unwrap_or_else(|| short.to_string());
            let inline = &short[letter.map_or(0, char::len_utf8)..];
            let value = match inline.strip_prefix('=').unwrap_or(inline) {
                "" if takes_value(&known, |a| a.get_short() == letter) => rest.next().cloned(),
                "" => None,
                value => Some(value.to_string()),
            };
            flags.push(format!("--{name}={}", value.unwrap_or_else(|| "true".into())));
        } else {
            words.push(word.clone());
        }
    }
    words.extend(flags);
    words.join(" ")
}

fn all_args(command: &Command) -> Vec<&clap::Arg> {
    let mut args: Vec<&clap::Arg> = command.get_arguments().collect();
    for member in command.get_subcommands() {
        args.extend(all_args(member));
    }
    args
}

fn takes_value(command: &Command, is: impl Fn(&clap::Arg) -> bool) -> bool {
    all_args(command).into_iter().find(|a| is(a)).is_some_and(|a| {
        let optional = a.get_num_args().is_some_and(|n| n.min_values() == 0);
        matches!(a.get_action(), ArgAction::Set | ArgAction::Append) && !optional
    })
}

fn long_name(command: &Command, letter: Option<char>) -> Option<String> {
    let arg = all_args(command).into_iter().find(|a| a.get_short() == letter && letter.is_some())?;
    arg.get_long().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_after_the_words_in_full() {
        let line = |text: &str| {
            let argv: Vec<String> = text.split(' ').map(String::from).collect();
            command_line(&argv, "kubectl")
        };
        let cases = [
            ("kubectl create -f a.yaml --record", "kubectl create --filename=a.yaml --record=true"),
            (
                "kubectl create -fa.yaml --record=true -n kube-system",
                "kubectl create --filename=a.yaml --record=true --namespace=kube-system",
            ),
            ("kubectl --record x create --filename y", "kubectl x create --record=true --filename=y"),
        ];
        for (typed, expected) in cases {
            assert_eq!(line(typed), expected);
        }
    }
}
