//! The context of a command: the client, connected on first use, the global flags, and the buffered output.

mod environment;
mod login;
pub(crate) mod nested;
mod output;
mod recorded;
pub(crate) mod stdout;
mod store;
mod trial;
mod waiting;

use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::args::{Matches, SharedFlags};
use crate::klog;
use crate::kubeconfig::login::Login;
use crate::kubeconfig::{Kubeconfig, Source};
use crate::kuberc::Variable;
use crate::kuberc::policy::PluginPolicy;
use crate::{CliError, CliResult, logging};
pub(crate) use environment::{apply_sets_enabled, is_valid_setting};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_cluster::client::{Client, Presentation};
use kctl_cluster::console::Console;
use kctl_cluster::{Cluster, User};
use kctl_kinds::Catalog;
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
    /// Standard error, buffered until [`Ctx::flush`].
    pub(crate) err: String,
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
            err: String::new(),
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

    /// Returns the client. The first call locks and opens the store and runs the controllers up to the present.
    ///
    /// # Errors
    /// The kubeconfig cannot be used, or the store cannot be locked or opened.
    pub(crate) fn client(&mut self) -> CliResult<&mut Client<Cluster>> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        let login = self.login.take();
        let credentials = login.as_ref().map(|login| self.credentials_of(login)).transpose()?;
        if self.client.is_none() {
            let cluster = self.open_cluster()?;
            self.client = Some(self.new_client(cluster));
        }
        if let (Some(login), Some(credentials)) = (login, credentials) {
            self.authenticate(&login, &credentials)?;
        }
        // The branch above has set it.
        let client = self.client.as_mut().ok_or_else(|| CliError::new("the store is not open"))?;
        let user = client.user().name.clone();
        client.transport().record_as(&user);
        Ok(client)
    }

    /// Creates a client of a cluster that acts as the user.
    fn new_client(&self, cluster: Cluster) -> Client<Cluster> {
        let mut client = Client::new(cluster);
        client.set_verbosity(self.verbosity);
        client.present(self.presentation);
        match (&self.user, &self.account) {
            (Some(user), _) => client.impersonate(user.clone()),
            (None, Some(account)) => client.act_as(account.clone()),
            (None, None) => {}
        }
        client
    }

    /// Sets how the verb presents the objects that it reads.
    pub(crate) fn present(&mut self, presentation: Presentation) {
        self.presentation = presentation;
        if let Some(client) = &mut self.client {
            client.present(presentation);
        }
    }

    /// Calls the API server, and prints its warnings and the request log to standard error.
    ///
    /// # Errors
    /// The status that the server returns.
    pub(crate) fn api<T>(&mut self, call: impl FnOnce(&mut Client<Cluster>) -> Result<T, Status>) -> CliResult<T> {
        let result = call(self.client()?);
        self.report_requests()?;
        Ok(result?)
    }

    /// Prints the log, the warnings and the hint of the requests since the last call. A function of its own, because the
    /// compiler copies [`Ctx::api`] for each of its callers.
    fn report_requests(&mut self) -> CliResult<()> {
        let Some(client) = &mut self.client else { return Ok(()) };
        let (log, warnings, hint) = (client.take_log(), client.take_warnings(), client.take_hint());
        for entry in log {
            let (site, message) = klog::request_site(&entry);
            self.log(site, message)?;
        }
        for warning in warnings {
            self.warn(&warning);
        }
        if let Some(hint) = hint {
            self.hint(hint);
        }
        Ok(())
    }

    /// Returns the kinds that the server serves.
    ///
    /// # Errors
    /// As for [`Ctx::client`].
    pub(crate) fn catalog(&mut self) -> CliResult<Catalog> {
        Ok(self.client()?.catalog())
    }

    /// Opens the console of the simulation.
    ///
    /// # Errors
    /// Status 403 for a user without the permission.
    pub(crate) fn console(&mut self) -> CliResult<Console<'_>> {
        let client = self.client()?;
        let user = client.user().clone();
        Ok(client.transport().console(&user)?)
    }

    /// Opens the console of the simulation for reading.
    ///
    /// # Errors
    /// Status 403 for a user without the permission.
    pub(crate) fn console_to_read(&mut self) -> CliResult<Console<'_>> {
        let client = self.client()?;
        let user = client.user().clone();
        Ok(client.transport().console_to_read(&user)?)
    }

    /// Returns whether the command acts as another user (`--as`).
    pub(crate) fn impersonates(&self) -> bool {
        self.user.is_some()
    }

    /// Returns the current time of the cluster.
    ///
    /// # Errors
    /// As for [`Ctx::client`].
    pub(crate) fn now(&mut self) -> CliResult<Time> {
        Ok(self.client()?.now())
    }

    /// Reads all of standard input.
    ///
    /// # Errors
    /// Standard input cannot be read, or was read before.
    pub(crate) fn read_stdin(&mut self) -> CliResult<Vec<u8>> {
        if std::mem::replace(&mut self.stdin_read, true) {
            return Err(CliError::new("standard input cannot be used for multiple arguments"));
        }
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|e| CliError::new(format!("reading standard input: {e}")))?;
        Ok(bytes)
    }

    /// Closes the store until it is needed again, so that other processes can use it while an editor is open.
    ///
    /// # Errors
    /// As for [`Ctx::flush`], and in a trial, which would be over.
    pub(crate) fn release(&mut self) -> CliResult<()> {
        if self.client.as_mut().is_some_and(|client| client.transport().is_in_trial()) {
            return Err(CliError::new("plan opens no editor: write the change into a file or a patch"));
        }
        self.flush()?;
        self.client = None;
        Ok(())
    }

    /// Closes the store until it is needed again, if other processes can use it, while the command waits for what is typed.
    ///
    /// # Errors
    /// As for [`Ctx::flush`].
    pub(crate) fn pause(&mut self) -> CliResult<()> {
        self.flush()?;
        let is_in_trial = self.client.as_mut().is_some_and(|client| client.transport().is_in_trial());
        if self.captured.is_none() && !is_in_trial {
            self.client = None;
        }
        Ok(())
    }

    /// Returns whether the command has the standard input of the process.
    pub(crate) fn has_stdin(&self) -> bool {
        self.captured.is_none()
    }

    /// Returns whether a person types the standard input of the command.
    pub(crate) fn stdin_is_terminal(&self) -> bool {
        self.has_stdin() && std::io::stdin().is_terminal()
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
