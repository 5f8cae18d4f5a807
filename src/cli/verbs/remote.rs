//! Verbs of kubectl that reach into containers or serve a network: `attach`, `exec`, `cp`, `port-forward` and `proxy`.
//!
//! Their flags are those of kubectl, and the arguments are checked, but containers are simulated and there is no network,
//! and each verb says so.
//! Upstream: `kubectl/pkg/cmd/{attach,exec,cp,portforward,proxy}`.

use clap::{Arg, ArgAction, Command};

use super::refused::refuse;
use super::streams;
use crate::Verb;
use crate::args::{self, ArgProperties, groups};

const POD_TIMEOUT: &str = "Time to wait until a pod of the object runs.";

/// `attach`.
pub(super) const ATTACH: Verb = Verb {
    name: "attach",
    aliases: &[],
    about: "Not supported: attach to a running container",
    long: "Attach to a process that runs in a container.

 This command is not supported: containers are simulated, and nothing runs in them. Use 'run --attach' to see the \
    output of a pod, and 'logs --follow' for that of an existing one.",
    examples: &[
        ("Attach to the default container of a pod", "attach web-0"),
        ("Attach to a container with standard input and a terminal", "attach web-0 -c shell -i -t"),
        ("Attach to the first pod of a replica set", "attach rs/web"),
    ],
    usage: "(POD | TYPE/NAME) -c CONTAINER",
    flags: |command| session_flags(groups::args(command)),
    run: streams::attach,
    family: &[],
};

/// `exec`.
pub(super) const EXEC: Verb = Verb {
    name: "exec",
    aliases: &[],
    about: "Not supported: execute a command in a container",
    long: "Execute a command in a container.

 This command is not supported: containers are simulated, and nothing runs in them.",
    examples: &[
        ("Run 'date' in the default container of a pod", "exec web-0 -- date"),
        ("Run a shell with standard input and a terminal", "exec web-0 -c shell -i -t -- bash -il"),
        ("Run 'date' in the first pod of a deployment", "exec deploy/web -- date"),
    ],
    usage: "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
    flags: |command| {
        groups::file_names(session_flags(groups::args(command)))
            .arg(Arg::new("command-words").action(ArgAction::Append).num_args(0..).last(true).hide(true))
    },
    run: streams::exec,
    family: &[],
};

/// `cp`.
pub(super) const CP: Verb = Verb {
    name: "cp",
    aliases: &[],
    about: "Not supported: copy files and directories to and from containers",
    long: "Copy files and directories to and from containers.

 This command is not supported: containers are simulated and have no files.",
    examples: &[
        ("Copy a local directory into a pod", "cp site web-0:/srv/site"),
        ("Copy a file into a container of a pod", "cp settings.ini web-0:/etc/settings.ini -c shell"),
        ("Copy a file of a pod in another namespace to the local directory", "cp staging/web-0:/tmp/report report"),
    ],
    usage: "<file-spec-src> <file-spec-dest>",
    flags: |command| {
        groups::args(command)
            .arg(container())
            .arg(args::switch("no-preserve", "Do not keep the owner and the permissions of what is copied."))
            .arg(args::number(
                "retries",
                "Number of times that a copy from a container is tried again; a negative number is no limit.",
            ))
    },
    run: streams::cp,
    family: &[],
};

/// `port-forward`.
pub(super) const PORT_FORWARD: Verb = Verb {
    name: "port-forward",
    aliases: &[],
    about: "Not supported: forward local ports to a pod",
    long: "Forward one or more local ports to a pod.

 This command is not supported: pods are simulated, and nothing listens on their ports.",
    examples: &[
        ("Forward the local ports 5000 and 6000 to the same ports of a pod", "port-forward pod/web-0 5000 6000"),
        ("Forward a local port to a named port of a service", "port-forward service/web 8443:https"),
        ("Forward a free local port to a pod of a deployment", "port-forward deployment/web :5000"),
        ("Listen on all addresses", "port-forward --address 0.0.0.0 pod/web-0 8888:5000"),
    ],
    usage: "TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
    flags: |command| {
        let address = args::list("address", "Addresses to listen on, IP addresses or localhost; can be repeated.");
        groups::pod_timeout(groups::args(command), POD_TIMEOUT, "1m0s").arg(address.help_default("[localhost]"))
    },
    run: streams::port_forward,
    family: &[],
};

/// `proxy`.
pub(super) const PROXY: Verb = Verb {
    name: "proxy",
    aliases: &[],
    about: "Not supported: run a proxy to the API server",
    long: "Run a proxy between localhost and the API server.

 This command is not supported: the API server runs inside of this program and has no network address.",
    examples: &[
        ("Serve the API on the default port", "proxy"),
        ("Serve the API on a free port", "proxy --port=0"),
        ("Serve files together with a part of the API", "proxy --www=files --www-prefix=/static/ --api-prefix=/api/"),
        ("Serve the API below another path", "proxy --api-prefix=/custom/"),
    ],
    usage: "[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]",
    flags: proxy_flags,
    run: |_, _| refuse("proxy", "there is no server and no network to reach it by"),
    family: &[],
};

/// Adds the flags of `attach` and `exec`.
fn session_flags(command: Command) -> Command {
    groups::pod_timeout(command, POD_TIMEOUT, "1m0s")
        .arg(container())
        .arg(args::switch("quiet", "Print only what comes from the container.").short('q'))
        .arg(args::switch("stdin", "Pass standard input to the container.").short('i'))
        .arg(args::switch("tty", "Standard input is a terminal.").short('t'))
}

fn container() -> Arg {
    args::text("container", "Name of the container. Defaults to the one in the annotation kubectl.kubernetes.io/default-container, then to the first.")
        .short('c')
}

fn proxy_flags(command: Command) -> Command {
    let text = |name, help, default: &'static str| args::text(name, help).help_default(default);
    groups::args(command)
        .arg(text(
            "accept-hosts",
            "Regular expressions for the hosts that are accepted.",
            "'^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$'",
        ))
        .arg(text("accept-paths", "Regular expressions for the paths that are accepted.", "'^.*'"))
        .arg(text("address", "IP address to serve on.", "'127.0.0.1'"))
        .arg(text("api-prefix", "Path below which the API is served.", "'/'"))
        .arg(args::switch(
            "append-server-path",
            "Append the path of the server in the kubeconfig to that of each request.",
        ))
        .arg(args::switch("disable-filter", "Accept all requests. This is dangerous on an address that others reach."))
        .arg(args::duration("keepalive", "Keep-alive period of connections; 0 disables it."))
        .arg(args::number("port", "Port to serve on; 0 is a free one.").help_default("8001").short('p'))
        .arg(text("reject-methods", "Regular expressions for the HTTP methods that are refused.", "'^$'"))
        .arg(text(
            "reject-paths",
            "Regular expressions for the paths that are refused, even if they are accepted by --accept-paths.",
            "'^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach'",
        ))
        .arg(args::path("unix-socket", "Unix socket to serve on.").short('u'))
        .arg(args::path("www", "Directory of files to serve, too.").short('w'))
        .arg(text("www-prefix", "Path below which these files are served.", "'/static/'").short('P'))
}
