//! Verbs of kubectl that reach into containers or serve a network: `attach`, `exec`, `cp`, `port-forward` and `proxy`.
//!
//! A container is simulated (crate `kctl-container`): nothing is executed on this machine. Only `port-forward` has a part
//! outside of the simulation, the sockets that it listens on.
//! Upstream: `kubectl/pkg/cmd/{attach,exec,cp,portforward,proxy}`.

mod attach;
mod cp;
mod exec;
mod input;
mod port_forward;
mod session;
mod streams;
mod target;
mod terminal;

use clap::{Arg, ArgAction, Command};

use super::refused::refuse;
use crate::Verb;
use crate::args::{self, ArgProperties, groups};

pub(super) use attach::attach;
pub(super) use streams::Streams;

const POD_TIMEOUT: &str = "Time to wait until a pod of the object runs.";

/// `attach`.
pub(super) const ATTACH: Verb = Verb {
    name: "attach",
    aliases: &[],
    about: "Attach to a running container",
    long: "Attach to the main process of a container: print what it prints from now on, and with --stdin pass on what is typed.",
    examples: &[
        ("Attach to the default container of a pod", "attach web-0"),
        ("Attach to a container with standard input and a terminal", "attach web-0 -c shell -i -t"),
        ("Attach to the first pod of a replica set", "attach rs/web"),
    ],
    usage: "(POD | TYPE/NAME) -c CONTAINER",
    flags: |command| session_flags(groups::args(command)),
    run: attach::run,
    family: &[],
};

/// `exec`.
pub(super) const EXEC: Verb = Verb {
    name: "exec",
    aliases: &[],
    about: "Execute a command in a container",
    long: "Execute a command in a container, and exit with its exit code.

 Containers are simulated: the command sees the files, the processes and the network of the container, and nothing of \
    this machine. Programs that are not simulated are not found there.",
    examples: &[
        ("Run 'date' in the default container of a pod", "exec web-0 -- date"),
        ("Run a shell with standard input and a terminal", "exec web-0 -c shell -i -t -- bash -il"),
        ("Run 'date' in the first pod of a deployment", "exec deploy/web -- date"),
        ("Run the commands of a script", "exec web-0 -i -- sh < script.sh"),
    ],
    usage: "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
    flags: |command| {
        groups::file_names(session_flags(groups::args(command)))
            .arg(Arg::new("command-words").action(ArgAction::Append).num_args(0..).last(true).hide(true))
    },
    run: exec::run,
    family: &[],
};

/// `cp`.
pub(super) const CP: Verb = Verb {
    name: "cp",
    aliases: &[],
    about: "Copy files and directories to and from containers",
    long: "Copy files and directories to and from containers.

 The image of the container needs 'tar'. Symbolic links are not copied from a container, and nothing is written outside \
    of the destination.",
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
                "Accepted for compatibility; a copy from a container is not interrupted.",
            ))
    },
    run: cp::run,
    family: &[],
};

/// `port-forward`.
pub(super) const PORT_FORWARD: Verb = Verb {
    name: "port-forward",
    aliases: &[],
    about: "Forward local ports to a pod",
    long: "Listen on one or more local ports, and pass the HTTP requests that arrive there to a pod, until Ctrl-C.

 The object decides which pod: of several the first one that is ready. A port of a service leads to its target port. \
    Pods are simulated, and what answers is known for HTTP only: other connections are closed.",
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
    run: port_forward::run,
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
