//! What a verb works with: the cluster, opened when first needed, the global flags, and output that is held back until what
//! it reports is durable.

use std::io::{IsTerminal, Read, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::ArgMatches;

use super::args::Matches;
use super::{CliError, CliResult, klog, kubeconfig, logging};
use kctl_base::sim::{ClockMode, Duration, Time};
use kctl_base::status::Status;
use kctl_cluster::client::{Client, Watch};
use kctl_cluster::console::Console;
use kctl_cluster::{Cluster, OpenOptions, User, WaitFor, WaitOutcome, WatchEvent};
use kctl_kinds::Catalog;

/// The surroundings of one command.
pub(crate) struct Ctx {
    /// The name the program was called by: `kubectl` through a link of that name.
    pub(crate) program: String,
    /// The command line with the long names of its flags, as `--record` stores it.
    pub(crate) command_line: String,
    /// Standard output, held back until [`Ctx::flush`].
    pub(crate) out: String,
    /// Standard error, held back with it.
    pub(crate) err: String,
    /// True when standard error is a terminal: hints are for people.
    pub(crate) hints: bool,
    namespace: Option<String>,
    /// The namespace of the kubeconfig's context.
    context_namespace: Option<String>,
    kubeconfig: Option<PathBuf>,
    /// Whom the command acts as; the user of the store, who may do everything, when nobody is named.
    user: Option<User>,
    store: Option<PathBuf>,
    timeout: Duration,
    timeout_given: bool,
    /// Verbosity of the request log (`-v`).
    verbosity: u8,
    client: Option<Client<Cluster>>,
    /// Tests read what would have been printed: output and errors.
    captured: Option<(String, String)>,
    warned: bool,
    warnings_are_errors: bool,
}

/// A variable of the environment that is set and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// Reads `-v`.
///
/// # Errors
/// A value that is not a number.
fn read_verbosity(matches: &ArgMatches) -> CliResult<u8> {
    let text = matches.string("v");
    if text.is_empty() {
        return Ok(0);
    }
    let number: i32 = text.parse().map_err(|_| {
        CliError::new(format!(
            "invalid argument \"{text}\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"{text}\": invalid syntax"
        ))
    })?;
    Ok(u8::try_from(number.clamp(0, 255)).unwrap_or(u8::MAX))
}

impl Ctx {
    /// A context before any flag has been read.
    pub(crate) fn from_environment(argv: Vec<String>) -> Ctx {
        let called = argv
            .first()
            .map(std::path::Path::new)
            .and_then(|p| p.file_stem())
            .map(|s| s.to_string_lossy().into_owned());
        Ctx {
            program: called.unwrap_or_else(|| "kctl".into()),
            command_line: String::new(),
            out: String::new(),
            err: String::new(),
            hints: std::io::stderr().is_terminal(),
            namespace: None,
            context_namespace: None,
            kubeconfig: None,
            user: None,
            store: None,
            timeout: Duration::from_secs(30),
            timeout_given: false,
            verbosity: 0,
            client: None,
            captured: None,
            warned: false,
            warnings_are_errors: false,
        }
    }

    /// Reads the global flags.
    pub(crate) fn globals(&mut self, matches: &ArgMatches) -> CliResult<()> {
        self.namespace = matches.value_of("namespace").filter(|n| !n.is_empty()).map(String::from);
        self.store = matches.value_of("store").map(PathBuf::from);
        self.warnings_are_errors = matches.flag("warnings-as-errors");
        self.kubeconfig = matches.value_of("kubeconfig").filter(|f| !f.is_empty()).map(PathBuf::from);
        let (name, groups) = (matches.string("as"), matches.values("as-group"));
        self.user = (!name.is_empty()).then(|| User::new(name, groups));
        self.verbosity = read_verbosity(matches)?;
        if self.captured.is_none() {
            logging::init(self.verbosity)?;
        }
        if let (Some(client), Some(user)) = (&mut self.client, &self.user) {
            client.impersonate(user.clone());
        }
        let beside_store = self.captured.is_none() && self.store_dir().is_ok();
        if self.kubeconfig().is_some() || beside_store {
            let context = matches.value_of("context").filter(|c| !c.is_empty());
            self.context_namespace = kubeconfig::namespace(self, context)?;
        }
        if let Some(text) = matches.value_of("request-timeout") {
            let seconds = text.parse().ok().map(Duration::from_secs);
            self.timeout_given = true;
            self.timeout = seconds.or_else(|| Duration::parse(text)).ok_or_else(|| {
                CliError::new("Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)")
            })?;
        }
        Ok(())
    }

    /// The namespace to work in: the flag, else the context's, else `default`.
    pub(crate) fn namespace(&self) -> String {
        self.namespace.clone().or_else(|| self.context_namespace.clone()).unwrap_or_else(|| "default".into())
    }

    /// Returns whether the namespace was given on the command line.
    pub(crate) fn namespace_given(&self) -> bool {
        self.namespace.is_some()
    }

    /// Whom the command acts as; the cluster's administrator unless `--as` names another.
    pub(crate) fn user(&self) -> User {
        self.user.clone().unwrap_or_else(User::admin)
    }

    /// The kubeconfig file that was asked for, by flag or environment. Of a list of files it is the first that exists, else
    /// the last.
    pub(crate) fn kubeconfig(&self) -> Option<PathBuf> {
        let environment = || variable("KCTL_KUBECONFIG");
        match (&self.kubeconfig, &self.captured) {
            (Some(file), _) => Some(file.clone()),
            // Tests do not depend on where they run.
            (None, Some(_)) => None,
            (None, None) => {
                let files: Vec<PathBuf> = std::env::split_paths(&environment()?).collect();
                files.iter().find(|f| f.exists()).or(files.last()).cloned()
            }
        }
    }

    /// How long a request may take, where the command line says so (`--request-timeout`; 0 is for ever).
    pub(crate) fn request_timeout(&self) -> Option<Duration> {
        self.timeout_given.then_some(self.timeout).filter(|t| *t > Duration::ZERO)
    }

    /// The error of a command line that makes no sense to a verb (`create namespace`): text and where to find help.
    pub(crate) fn usage(&self, verb: &str, text: &str) -> CliError {
        CliError::Usage {
            message: text.into(),
            hint: format!("See '{} {verb} -h' for help and examples", self.program),
        }
    }

    /// The directory of the store.
    pub(crate) fn store_dir(&self) -> CliResult<PathBuf> {
        if let Some(dir) = self.store.clone().or_else(|| variable("KCTL_HOME").map(PathBuf::from)) {
            return Ok(dir);
        }
        if let Some(data) = variable("XDG_DATA_HOME") {
            return Ok(PathBuf::from(data).join("kctl"));
        }
        let home = variable("HOME").ok_or_else(|| CliError::new("no place for the store: set KCTL_HOME or HOME"))?;
        Ok(PathBuf::from(home).join(".local/share/kctl"))
    }

    /// How a store is opened, by flags and environment.
    pub(crate) fn open_options(&self) -> CliResult<OpenOptions> {
        let bad = |name: &str, value: &str| CliError::new(format!("invalid value \"{value}\" of {name}"));
        let mut options = OpenOptions::at(self.store_dir()?);
        options.lock_timeout = self.timeout;
        if let Some(text) = variable("KCTL_CLOCK") {
            options.clock = Some(ClockMode::parse(&text).ok_or_else(|| bad("KCTL_CLOCK", &text))?);
        }
        if let Some(text) = variable("KCTL_EPOCH") {
            options.epoch = Some(Time::parse(&text).ok_or_else(|| bad("KCTL_EPOCH", &text))?);
        }
        if let Some(text) = variable("KCTL_SEED") {
            options.seed = Some(text.parse().map_err(|_| bad("KCTL_SEED", &text))?);
        }
        if let Some(text) = variable("KCTL_LATENCY") {
            let seconds = text.parse().ok().map(Duration::from_secs);
            options.latency = seconds.or_else(|| Duration::parse(&text)).ok_or_else(|| bad("KCTL_LATENCY", &text))?;
        }
        Ok(options)
    }

    /// The client, connected at the first call: lock, store, catching up.
    pub(crate) fn client(&mut self) -> CliResult<&mut Client<Cluster>> {
        if self.client.is_none() {
            let mut client = Client::new(Cluster::open(self.open_options()?)?);
            client.set_verbosity(self.verbosity);
            if let Some(user) = &self.user {
                client.impersonate(user.clone());
            }
            self.client = Some(client);
        }
        // Set above when it was not.
        self.client.as_mut().ok_or_else(|| CliError::new("the store is not open"))
    }

    /// Calls the API server; its warnings and the request log go to standard error.
    ///
    /// # Errors
    /// The status that the server reports.
    pub(crate) fn api<T>(&mut self, call: impl FnOnce(&mut Client<Cluster>) -> Result<T, Status>) -> CliResult<T> {
        let client = self.client()?;
        let result = call(client);
        let (log, warnings) = (client.take_log(), client.take_warnings());
        for entry in log {
            klog::log_request(self, &entry)?;
        }
        for warning in warnings {
            self.warn(&warning);
        }
        Ok(result?)
    }

    /// The kinds that the server serves.
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

    /// Returns whether the command acts as another user (`--as`).
    pub(crate) fn impersonates(&self) -> bool {
        self.user.is_some()
    }

    /// Prints what has been said so far and blocks until something may have changed, at most until `deadline`.
    pub(crate) fn wait(&mut self, deadline: Option<Time>, wait_for: WaitFor) -> CliResult<WaitOutcome> {
        self.flush()?;
        Ok(self.client()?.wait(deadline, wait_for)?)
    }

    /// Calls `look` again after each change until it returns a value. Returns `None` when the deadline has passed, or when
    /// nothing will change any more.
    pub(crate) fn wait_until<T>(
        &mut self,
        deadline: Option<Time>,
        wait_for: WaitFor,
        mut look: impl FnMut(&mut Ctx) -> CliResult<Option<T>>,
    ) -> CliResult<Option<T>> {
        loop {
            if let Some(value) = look(self)? {
                return Ok(Some(value));
            }
            if self.wait(deadline, wait_for)? != WaitOutcome::Progress {
                return look(self);
            }
        }
    }

    /// Calls `each` for the further events of a watch until it breaks. Returns `None` when the deadline has passed, or when
    /// nothing will change any more.
    pub(crate) fn follow<T>(
        &mut self,
        watch: &mut Watch,
        deadline: Option<Time>,
        wait_for: WaitFor,
        mut each: impl FnMut(&mut Ctx, WatchEvent) -> CliResult<ControlFlow<T>>,
    ) -> CliResult<Option<T>> {
        loop {
            let outcome = self.wait(deadline, wait_for)?;
            for event in self.api(|client| client.poll(watch))? {
                if let ControlFlow::Break(value) = each(self, event)? {
                    return Ok(Some(value));
                }
            }
            if outcome != WaitOutcome::Progress {
                return Ok(None);
            }
        }
    }

    /// Prints a warning of the server.
    pub(crate) fn warn(&mut self, text: &str) {
        self.warned = true;
        self.err.push_str(&format!("Warning: {text}\n"));
    }

    /// Prints a line.
    pub(crate) fn print_line(&mut self, line: impl AsRef<str>) {
        self.out.push_str(line.as_ref());
        self.out.push('\n');
    }

    /// Prints a line to standard error.
    pub(crate) fn print_error(&mut self, line: impl AsRef<str>) {
        self.err.push_str(line.as_ref());
        self.err.push('\n');
    }

    /// A hint for a person at a terminal that kubectl would not print.
    pub(crate) fn hint(&mut self, line: impl AsRef<str>) {
        if self.hints {
            self.print_error(line);
        }
    }

    /// The present, of the cluster.
    pub(crate) fn now(&mut self) -> CliResult<Time> {
        Ok(self.client()?.now())
    }

    /// All of standard input.
    pub(crate) fn stdin(&mut self) -> CliResult<Vec<u8>> {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|e| CliError::new(format!("reading standard input: {e}")))?;
        Ok(bytes)
    }

    /// Makes everything done so far durable and then prints what was said about it. Long-running verbs call it between
    /// their steps; at the end of a command it is done for them.
    pub(crate) fn flush(&mut self) -> CliResult<()> {
        if let Some(client) = self.client.as_mut()
            && let Err(error) = client.transport().commit()
        {
            self.out.clear();
            return Err(error.into());
        }
        self.print();
        Ok(())
    }

    /// Gives the store back until it is needed again: while an editor is open others can work.
    pub(crate) fn release(&mut self) -> CliResult<()> {
        self.flush()?;
        self.client = None;
        Ok(())
    }

    /// A context over a cluster in memory that keeps what it prints.
    #[cfg(test)]
    pub(crate) fn captured(argv: Vec<String>, cluster: Cluster) -> Ctx {
        let mut ctx = Ctx::from_environment(argv);
        ctx.hints = false;
        ctx.client = Some(Client::new(cluster));
        ctx.captured = Some((String::new(), String::new()));
        ctx
    }

    /// What was printed, and the cluster for the next command.
    #[cfg(test)]
    pub(crate) fn into_captured(self) -> (String, String, Option<Cluster>) {
        let (out, err) = self.captured.unwrap_or_default();
        (out, err, self.client.map(Client::into_transport))
    }

    /// Writes out what was held back. A closed pipe ends the command quietly, as it ends any filter.
    fn print(&mut self) {
        let out = std::mem::take(&mut self.out);
        if let Some((printed, complained)) = &mut self.captured {
            printed.push_str(&out);
            complained.push_str(&std::mem::take(&mut self.err));
            return;
        }
        let mut stdout = std::io::stdout().lock();
        if stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            std::process::exit(0);
        }
        let err = std::mem::take(&mut self.err);
        // Nothing is left to tell it to when standard error is gone.
        let _ = std::io::stderr().lock().write_all(err.as_bytes());
    }

    /// Ends the command: what succeeded is kept even when something else failed, then the error is printed.
    pub(super) fn finish(&mut self, result: CliResult<()>) -> i32 {
        let mut result = result;
        if let Err(error) = self.flush()
            && result.is_ok()
        {
            result = Err(error);
        }
        if let Err(error) = &result {
            self.err.push_str(&error.message());
            self.print();
        }
        match result {
            Err(error) => error.code(),
            Ok(()) if self.warned && self.warnings_are_errors => {
                self.print_error("error: 1 warning received");
                self.print();
                1
            }
            Ok(()) => 0,
        }
    }
}
