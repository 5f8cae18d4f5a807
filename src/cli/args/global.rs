//! The flags that every verb takes. Those that speak of a server, its certificates or a user mean nothing here: they are
//! accepted, so that scripts run unchanged, and have no effect.

use clap::Arg;

use super::{switch, text};

/// Accepted without effect: with a value.
const IGNORED: &[(&str, &str)] = &[
    ("as-uid", "accepted; see --as"),
    ("as-user-extra", "accepted; see --as"),
    ("cache-dir", "accepted; there is no discovery cache"),
    ("certificate-authority", "accepted; there is no connection"),
    ("client-certificate", "accepted; there is no connection"),
    ("client-key", "accepted; there is no connection"),
    ("cluster", "accepted; a store is one cluster"),
    ("kuberc", "accepted; no preferences are read"),
    ("log-flush-frequency", "accepted; nothing is logged"),
    ("password", "accepted; there is no login"),
    ("profile", "accepted; nothing is profiled"),
    ("profile-output", "accepted; nothing is profiled"),
    ("tls-server-name", "accepted; there is no connection"),
    ("token", "accepted; there is no login"),
    ("user", "accepted; there is one user"),
    ("username", "accepted; there is no login"),
    ("vmodule", "accepted; nothing is logged"),
];

/// Accepted without effect: switches.
const IGNORED_SWITCHES: &[(&str, &str)] = &[
    ("disable-compression", "accepted; there is no connection"),
    ("insecure-skip-tls-verify", "accepted; there is no connection"),
    ("match-server-version", "accepted; client and server are one"),
    ("warnings-as-errors", "exit with 1 when the server sent a warning"),
];

/// The global flags that mean something, and the short forms.
pub fn args() -> Vec<Arg> {
    let mut args = vec![
        text("namespace", "the namespace to work in").short('n'),
        text("as", "act as this user, with what roles and bindings allow; the user of the store may do everything"),
        super::each("as-group", "a group of the user of --as"),
        text("store", "the directory of the store (else $KCTL_HOME, else the data directory of the user)"),
        text("kubeconfig", "file with contexts, of which the current one's namespace is used"),
        text("context", "context of the kubeconfig file to use"),
        text(
            "request-timeout",
            "how long to wait for another process that holds the store, 30s by default; 0 is for ever",
        ),
        text("server", "accepted; there is no server to connect to").short('s'),
        text("v", "accepted; nothing is logged").short('v'),
    ];
    args.extend(IGNORED.iter().map(|(name, help)| text(name, help)));
    args.extend(IGNORED_SWITCHES.iter().map(|(name, help)| switch(name, help)));
    args.into_iter().map(|a| a.global(true).hide(true)).collect()
}

/// Whether a word is a global flag, and if so whether the next word is its value; `None` for other flags.
pub fn takes_value(word: &str) -> Option<bool> {
    if let Some(flag) = word.strip_prefix("--") {
        let (name, inline) = flag.split_once('=').map_or((flag, false), |(n, _)| (n, true));
        let with_value =
            ["namespace", "as", "as-group", "store", "kubeconfig", "context", "request-timeout", "server", "v"]
                .contains(&name)
                || IGNORED.iter().any(|(n, _)| *n == name);
        if with_value {
            return Some(!inline);
        }
        let switch = IGNORED_SWITCHES.iter().any(|(n, _)| *n == name) || name == "help";
        return switch.then_some(false);
    }
    let letter = word.strip_prefix('-')?.chars().next()?;
    match letter {
        'n' | 's' | 'v' => Some(word.len() == 2),
        'h' => Some(false),
        _ => None,
    }
}
