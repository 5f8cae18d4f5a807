//! The global flags, which every verb accepts.
//!
//! Flags about connections and the certificates of servers have no effect, because the control plane runs in this process; they
//! are accepted so that existing scripts run unchanged.

use clap::Arg;

use super::{ArgProperties, each, number32, path, switch, text};

const NO_CONNECTION: &str = "Accepted for compatibility; no connection is opened.";
const NO_LOGIN: &str = "Accepted for compatibility; there is no login. See --as.";
const NO_LOG: &str = "Accepted for compatibility; nothing is logged.";
const NO_PROFILE: &str = "Accepted for compatibility; no profile is recorded.";

/// The global flags.
pub(crate) fn args() -> Vec<Arg> {
    let args = vec![
        text(
            "as",
            "Username to impersonate for the operation; its roles and bindings decide what is allowed. Without it every operation is allowed.",
        ),
        each("as-group", "Group to impersonate together with --as; can be repeated."),
        text("as-uid", "UID of the user that --as names."),
        each("as-user-extra", "Extra attribute KEY=VALUE of the user that --as names; can be repeated."),
        text(
            "branch",
            "Branch of the cluster to use. Defaults to $KCTL_BRANCH, then to the branch that 'branch switch' has chosen.",
        ),
        path("cache-dir", "Accepted for compatibility; there is no discovery cache.")
            .help_default("'$HOME/.kube/cache'"),
        path("certificate-authority", NO_CONNECTION),
        path("client-certificate", "Path to a client certificate that the cluster has issued, to act as its user."),
        path("client-key", "Path to the key of the client certificate."),
        text("cluster", "Name of the kubeconfig cluster to use."),
        text("context", "Name of the kubeconfig context whose namespace is used."),
        switch("disable-compression", NO_CONNECTION),
        switch("insecure-skip-tls-verify", NO_CONNECTION),
        path("kubeconfig", "Path to the kubeconfig file; the namespace of its current context is used."),
        path("kuberc", "Path to the file with preferences. KUBECTL_KUBERC=false or KUBERC=off turns preferences off."),
        text("log-flush-frequency", NO_LOG).help_default("5s"),
        switch("match-server-version", "Accepted for compatibility; client and server have the same version."),
        text("namespace", "Namespace in which the command works.").short('n'),
        text("password", NO_LOGIN),
        text("profile", NO_PROFILE).help_default("'none'"),
        path("profile-output", NO_PROFILE).help_default("'profile.pprof'"),
        text(
            "request-timeout",
            "Time to wait for another process that holds the store, or for a file of a web server, such as 1s, 2m or 3h; 0 waits without limit.",
        )
        .help_default("'30s'"),
        text("server", NO_CONNECTION).short('s'),
        path("store", "Directory of the store. Defaults to $KCTL_HOME, then to kctl in the user's data directory."),
        text("tls-server-name", NO_CONNECTION),
        text("token", "Token of a service account of the cluster to act as; other tokens have no effect."),
        text("user", "Name of the kubeconfig user to use."),
        text("username", NO_LOGIN),
        number32("v", "Verbosity of the log on standard error: 1 for errors of the control plane, 6 to 9 for the requests of the command with growing detail.")
            .short('v'),
        text("vmodule", NO_LOG).help_default(""),
        switch("warnings-as-errors", "Exit with status 1 if the server returns a warning."),
    ];
    args.into_iter().map(|arg| arg.global(true).hide(true)).collect()
}

/// For a global flag as typed (`-n`, `--namespace=x`): true when its value is the next argument, false when it is complete.
/// `None` for other flags.
pub(crate) fn takes_next(word: &str) -> Option<bool> {
    if !word.starts_with('-') {
        return None;
    }
    let args = args();
    let takes_value = |arg: &Arg| arg.get_num_args().is_some_and(|count| count.min_values() > 0);
    if let Some(flag) = word.strip_prefix("--") {
        let (name, inline) = flag.split_once('=').map_or((flag, false), |(name, _)| (name, true));
        if name == "help" {
            return Some(false);
        }
        return args.iter().find(|arg| arg.get_long() == Some(name)).map(|arg| takes_value(arg) && !inline);
    }
    let letter = word.strip_prefix('-')?.chars().next()?;
    if letter == 'h' {
        return Some(false);
    }
    let arg = args.iter().find(|arg| arg.get_short() == Some(letter))?;
    Some(takes_value(arg) && word.len() == 2)
}
