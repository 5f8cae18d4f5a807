//! The command line as `--record` stores it.
//!
//! Upstream: `RecordFlags` in `cli-runtime/pkg/genericclioptions/record_flags.go` and `parseCommandArguments` in
//! `kubectl/pkg/cmd/util/helpers.go`.

use clap::{ArgAction, Command};

/// The arguments in the order typed, then the flags in theirs, each with its long name and its value:
/// `kubectl create --filename=a.yaml --record=true`. `root` is the command tree with the flags of the verb.
pub(super) fn command_line(argv: &[String], root: &Command, program: &str) -> String {
    let known = all_args(root);
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
            let name = long_name(&known, letter).unwrap_or(short);
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
    command.get_arguments().chain(command.get_subcommands().flat_map(all_args)).collect()
}

fn takes_value(args: &[&clap::Arg], is: impl Fn(&clap::Arg) -> bool) -> bool {
    args.iter().find(|arg| is(arg)).is_some_and(|arg| {
        let optional = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
        matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && !optional
    })
}

fn long_name<'a>(args: &[&'a clap::Arg], letter: Option<char>) -> Option<&'a str> {
    args.iter().find(|arg| letter.is_some() && arg.get_short() == letter)?.get_long()
}

#[cfg(test)]
mod tests {
    use super::super::tree::{self, Scope};
    use super::*;
    use crate::verbs;

    #[test]
    fn flags_come_after_the_words_in_full() {
        let create = verbs::find("create").expect("a verb");
        let line = |text: &str| {
            let argv: Vec<String> = text.split(' ').map(String::from).collect();
            command_line(&argv, &tree::command("kubectl", Scope::Only(create)), "kubectl")
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
