//! Random scripts: no panic, no endless work, bounded memory.

use kctl_base::sim::Duration;
use proptest::prelude::*;

use super::{Nowhere, start, world};

const TOKENS: &[&str] = &[
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "while",
    "until",
    "do",
    "done",
    "for",
    "in",
    "case",
    "esac",
    "{",
    "}",
    "(",
    ")",
    "((",
    "))",
    "[[",
    "]]",
    "!",
    ";",
    ";;",
    "&",
    "&&",
    "||",
    "|",
    "\n",
    "<",
    ">",
    ">>",
    "<<E\n",
    "E\n",
    "<<<",
    ">&2",
    "2>&1",
    "<&-",
    "$x",
    "${x",
    "${x:-a}",
    "${x#*",
    "}",
    "${#x}",
    "${x/a/b}",
    "${x:1:2}",
    "$((",
    "$(",
    "`",
    "\"",
    "'",
    "\\",
    "x=1",
    "x+=2",
    "a=(1",
    "a[1]=2",
    "$((x++))",
    "$((1/0))",
    "$@",
    "\"$@\"",
    "$*",
    "$!",
    "$$",
    "echo",
    "echo a",
    "true",
    "false",
    "cd /tmp",
    "read x",
    "eval",
    "exit 3",
    "return",
    "break",
    "continue 2",
    "shift",
    "set -e",
    "set -x",
    "set -u",
    "trap 'echo t' EXIT",
    "export",
    "local y=1",
    "unset x",
    "test -f /etc/passwd",
    "[",
    "]",
    "wait",
    "kill $$",
    "sleep 1",
    "exec",
    ". /etc/passwd",
    "f()",
    "f",
    "*",
    "?",
    "[a-z]*",
    "~",
    "{1..3}",
    "{a,b}",
    "printf '%s\\n'",
    "%d",
    "-",
    "=",
    "==",
    "a*",
    "$'\\x41'",
    "é",
    "getopts ab: o",
    "function g",
    "select",
    "time",
    "coproc",
    "<(",
    ">(",
    "declare -A m",
    "m[k]=v",
    "${m[@]}",
    "${!x}",
];

fn script() -> impl Strategy<Value = String> {
    prop::collection::vec((prop::sample::select(TOKENS), prop::bool::weighted(0.8)), 1..40).prop_map(|words| {
        words
            .into_iter()
            .map(|(word, is_spaced)| if is_spaced { format!("{word} ") } else { word.to_owned() })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_script_ends_or_waits(script in script()) {
        for (image, shell) in [("busybox", "sh"), ("debian", "sh"), ("debian", "bash")] {
            let mut world = world(image, &[shell, "-c", &script]);
            world.run(&mut Nowhere(1), start() + Duration::from_secs(10), 2_000);
            let log = &world.containers["main"].log;
            prop_assert!(log.lines().map(|line| line.text.len()).sum::<usize>() < 20_000_000);
        }
    }

    #[test]
    fn any_text_can_be_a_script(script in "\\PC{0,60}") {
        for (image, shell) in [("busybox", "sh"), ("debian", "bash")] {
            let mut world = world(image, &[shell, "-c", &script]);
            world.run(&mut Nowhere(1), start() + Duration::from_secs(10), 1_000);
        }
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in
        [("(", ")"), ("$(", ")"), ("{ ", "; }"), ("${x:-", "}"), ("$((1+", "))"), ("`", "`"), ("if ", "")]
    {
        let script = format!("echo {}a{}", open.repeat(5_000), close.repeat(5_000));
        for (image, shell) in [("busybox", "sh"), ("debian", "sh"), ("debian", "bash")] {
            let mut world = world(image, &[shell, "-c", &script]);
            world.run(&mut Nowhere(1), start() + Duration::from_secs(10), 2_000);
        }
    }
    for script in ["f() { f; }; f", "f() { eval f; }; f", "echo $((((((((1))))))))"] {
        let mut world = world("debian", &["bash", "-c", script]);
        world.run(&mut Nowhere(1), start() + Duration::from_secs(10), 20_000);
        assert!(world.containers["main"].exit.is_some(), "{script}");
    }
}
