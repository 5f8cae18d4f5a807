//! The context of a command: the client, connected on first use, the global flags, and the buffered output.

mod client;
mod environment;
mod login;
pub(crate) mod nested;
mod output;
mod recorded;
mod stdin;
pub(crate) mod stdout;
mod store;
mod trial;
mod waiting;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::args::{Matches, SharedFlags};
use crate::kubeconfig::login::Login;
use crate::kubeconfig::{Kubeconfig, Source};
use crate::kuberc::Variable;
use crate::kuberc::policy::PluginPolicy;
use crate::{CliError, CliResult, logging};
pub(crate) use environment::{apply_sets_enabled, is_valid_setting};
use kctl_base::sim::{Duration, Time};
use kctl_cluster::client::{Client, Presentation};
use kctl_cluster::{Cluster, User};
use output::Captured;

/// The time that a command waits for the lock of the store without `--request-timeout`.
const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The context of one command.
pub(crate) struct Ctx {
    /// The file name of the program as it was called, for example `kubectl` through a link of that name.
    pub(crate) program: String,
    /// The arguments of the command with preferences applied, the program first.
    pub(crate) argv: Vec<OsString>,
    /// The command line with the long names of its flags, as `--record` stores it.
    pub(crate) command_line: String,
    /// True when the alpha feature of apply sets is on.
    pub(crate) apply_sets: bool,
    /// Standard output, buffered until [`Ctx::flush`].
    pub(crate) out: String,
    /// Standard error, buffered until [`Ctx::flush`]: texts, each with the length that standard output had before it.
    pub(crate) err: Vec<(usize, String)>,
    /// True when standard error is a terminal, so that [`Ctx::hint`] prints.
    hints: bool,
    /// The object to ask about after a failure, as a command line names it; `None` without a suggestion.
    asks_why: Option<String>,
    /// The value of `--namespace`.
    namespace: Option<String>,
    /// The namespace of the kubeconfig's context.
    context_namespace: Option<String>,
    /// The value of `--kubeconfig`.
    kubeconfig: Option<PathBuf>,
    /// Reads a variable of the environment; there is none in tests.
    pub(crate) variable: Variable,
    /// The global flags that the verb has replaced by flags of its own, such as `--user` of `create rolebinding`.
    pub(crate) replaced_flags: Vec<String>,
    /// Why the kubeconfig cannot be used, until a command needs the cluster.
    refusal: Option<CliError>,
    /// The user whose credential plugin has not been run yet.
    login: Option<Login>,
    /// The user and groups of `--as`; `None` for the cluster's administrator.
    user: Option<User>,
    /// The user whom a token or certificate of the cluster authenticates.
    account: Option<User>,
    /// The credential plugins that may run.
    pub(crate) plugin_policy: PluginPolicy,
    /// True when a flag reads standard input (`-f -`), so that credential plugins cannot.
    stdin_claimed: bool,
    /// The value of `--store`.
    store: Option<PathBuf>,
    /// The value of `--branch`.
    branch: Option<String>,
    /// The value of `--request-timeout`.
    request_timeout: Option<Duration>,
    /// The value of `-v`, the verbosity of the request log.
    verbosity: u8,
    /// The form in which the verb presents the objects that it reads.
    presentation: Presentation,
    /// The client; `None` until it is needed.
    client: Option<Client<Cluster>>,
    /// The flushed output in tests and of nested commands; `None` for a command with the output of the process.
    captured: Option<Captured>,
    /// True in tests, which must not depend on the environment.
    is_hermetic: bool,
    /// Runs nested commands; `None` before the command line is dispatched.
    pub(crate) dispatcher: Option<nested::Dispatcher>,
    /// True after standard input was read.
    stdin_read: bool,
    /// True after a warning of the server.
    warned: bool,
    /// The value of `--warnings-as-errors`.
    warnings_are_errors: bool,
}

impl Ctx {
    /// Creates a context whose flags have not been read yet, for a command line that begins with the program.
    pub(crate) fn new(argv: &[OsString]) -> Ctx {
        let stem = argv.first().map(Path::new).and_then(Path::file_stem);
        let program = stem.map_or_else(|| "kctl".into(), |stem| stem.to_string_lossy().into_owned());
        Ctx {
            program,
            argv: argv.to_vec(),
            command_line: String::new(),
            apply_sets: apply_sets_enabled(),
            out: String::new(),
            err: Vec::new(),
            hints: std::io::stderr().is_terminal(),
            asks_why: None,
            namespace: None,
            context_namespace: None,
            kubeconfig: None,
            variable: |name| std::env::var_os(name),
            replaced_flags: Vec::new(),
            refusal: None,
            login: None,
            user: None,
            account: None,
            plugin_policy: PluginPolicy::default(),
            stdin_claimed: false,
            store: None,
            branch: None,
            request_timeout: None,
            verbosity: 0,
            presentation: Presentation::default(),
            client: None,
            captured: None,
            is_hermetic: false,
            dispatcher: None,
            stdin_read: false,
            warned: false,
            warnings_are_errors: false,
        }
    }

    /// Reads the global flags, and the namespace of the kubeconfig's context.
    ///
    /// # Errors
    /// A flag with an invalid value, or a kubeconfig file that cannot be read or lacks the context.
    pub(crate) fn read_global_flags(&mut self, matches: &ArgMatches) -> CliResult<()> {
        self.namespace = matches.value_of("namespace").filter(|n| !n.is_empty()).map(String::from);
        self.store = matches.path("store");
        if self.store.is_none() && matches.is_set("store") {
            // Another store than the intended one must not be used, for example because of a variable that is not set.
            return Err(CliError::new("--store needs the path of a directory"));
        }
        self.branch = matches.value_of("branch").filter(|name| !name.is_empty()).map(String::from);
        self.warnings_are_errors = matches.flag("warnings-as-errors");
        self.kubeconfig = matches.path("kubeconfig");
        self.verbosity = environment::read_verbosity(matches);
        if self.captured.is_none() {
            logging::init(self.verbosity)?;
        }
        self.stdin_claimed = SharedFlags(matches).paths("filename").iter().any(|name| name == "-");
        self.log_in(matches);
        if let Some(client) = &mut self.client {
            client.set_verbosity(self.verbosity);
            if let Some(user) = &self.user {
                client.impersonate(user.clone());
            }
        }
        self.request_timeout =
            matches.value_of("request-timeout").map(environment::parse_request_timeout).transpose()?;
        Ok(())
    }

    /// Returns the namespace of the command: `--namespace`, else the context's, else `default`.
    pub(crate) fn namespace(&self) -> String {
        self.namespace.clone().or_else(|| self.context_namespace.clone()).unwrap_or_else(|| "default".into())
    }

    /// Returns whether the namespace was given on the command line.
    pub(crate) fn namespace_given(&self) -> bool {
        self.namespace.is_some()
    }

    /// Reads the kubeconfig file.
    ///
    /// # Errors
    /// The file cannot be read, is not YAML or has another shape.
    pub(crate) fn read_kubeconfig(&self) -> CliResult<Kubeconfig> {
        Kubeconfig::read(self.kubeconfig_source()?)
    }

    /// Changes the kubeconfig file, while no other process does.
    ///
    /// # Errors
    /// Those of `change` and of [`Ctx::read_kubeconfig`], the store cannot be created, or the file cannot be written.
    pub(crate) fn change_kubeconfig<T>(
        &mut self,
        change: impl FnOnce(&mut Kubeconfig) -> CliResult<T>,
    ) -> CliResult<T> {
        let source = self.kubeconfig_source()?;
        if matches!(source, Source::Store(..) | Source::BuiltIn) {
            // The directory must be a store before it holds another file, whatever the file says.
            (self.refusal, self.login) = (None, None);
            self.client()?;
            self.flush()?;
        }
        Kubeconfig::change(source, self.lock_timeout(), change)
    }

    /// Returns the time to wait for the lock of a file; `None` for no limit.
    pub(crate) fn lock_timeout(&self) -> Option<Duration> {
        Some(self.request_timeout.unwrap_or(DEFAULT_LOCK_TIMEOUT)).filter(|time| *time > Duration::ZERO)
    }

    /// Returns the value of `--request-timeout`; `None` without the flag and for 0, which is no limit.
    pub(crate) fn request_timeout(&self) -> Option<Duration> {
        self.request_timeout.filter(|timeout| *timeout > Duration::ZERO)
    }

    /// Returns the time at which a request for a stream ends that is sent now; `None` without a limit.
    ///
    /// # Errors
    /// As for [`Ctx::client`].
    pub(crate) fn request_deadline(&mut self) -> CliResult<Option<Time>> {
        match self.request_timeout() {
            Some(timeout) => Ok(Some(self.now()? + timeout)),
            None => Ok(None),
        }
    }

    /// Returns the error of a command line that a verb, such as `create namespace`, does not accept: a message and a
    /// reference to the help of the verb (`UsageErrorf` in `kubectl/pkg/cmd/util/helpers.go`).
    pub(crate) fn usage(&self, verb: &str, message: &str) -> CliError {
        CliError::Usage {
            message: message.into(),
            hint: format!("See '{} {verb} -h' for help and examples", self.program),
        }
    }

    /// Creates a context that captures its output, for a cluster in memory.
    #[cfg(test)]
    pub(crate) fn captured(argv: &[OsString], cluster: Cluster) -> Ctx {
        let mut ctx = Ctx::new(argv);
        (ctx.hints, ctx.apply_sets, ctx.is_hermetic) = (false, false, true);
        ctx.variable = |_| None;
        ctx.client = Some(Client::new(cluster));
        ctx.captured = Some(Captured::default());
        ctx
    }

    /// Returns the captured standard output and standard error, and the cluster for the next command.
    #[cfg(test)]
    pub(crate) fn into_captured(self) -> (String, String, Option<Cluster>) {
        let Captured { out, err } = self.captured.unwrap_or_default();
        (out, err, self.client.map(Client::into_transport))
    }
}
