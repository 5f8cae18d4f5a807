//! The store of a command: its directory, its branch, and how it is opened.

use std::path::PathBuf;

use super::{Ctx, DEFAULT_LOCK_TIMEOUT, environment, output, recorded};
use crate::CliResult;
use crate::kubeconfig::Kubeconfig;
use kctl_cluster::profile::{ClusterPlan, Profile};
use kctl_cluster::{Cluster, OpenOptions, branches};

impl Ctx {
    /// Returns the directory of the store of the branch.
    ///
    /// # Errors
    /// Neither flags nor environment name a directory, or there is no such branch.
    pub(crate) fn store_dir(&self) -> CliResult<PathBuf> {
        let branch = environment::branch(self.branch.as_deref())?;
        Ok(branches::directory(&self.base_dir()?, branch.as_deref())?)
    }

    /// Returns the directory of the store, in which the branches are.
    ///
    /// # Errors
    /// Neither flags nor environment name a directory.
    pub(crate) fn base_dir(&self) -> CliResult<PathBuf> {
        environment::store_dir(self.store.as_deref())
    }

    /// Returns what a new cluster is like, from the environment.
    ///
    /// # Errors
    /// An environment variable that cannot be parsed.
    pub(crate) fn plan(&self) -> CliResult<ClusterPlan> {
        if self.is_hermetic { Ok(ClusterPlan::default()) } else { environment::plan() }
    }

    /// Makes the kubeconfig of the store that of a new cluster, with the certificate of its authority if an installer has made it.
    ///
    /// # Errors
    /// As for [`Ctx::use_profile`], or the authority cannot be set up.
    pub(crate) fn use_cluster(&mut self, cluster: &Cluster) -> CliResult<()> {
        let profile = cluster.profile();
        let is_installed = profile != Profile::Bare;
        let certificate = is_installed.then(|| cluster.certificate()).transpose()?;
        self.use_profile(profile, certificate.as_deref())
    }

    /// Adds the names of the clusters of a profile to the kubeconfig of the store and selects them. One that the user has named is
    /// left alone.
    ///
    /// # Errors
    /// As for [`Ctx::change_kubeconfig`].
    pub(crate) fn use_profile(&mut self, profile: Profile, certificate: Option<&str>) -> CliResult<()> {
        let source = self.kubeconfig_source()?;
        match source.is_of_store() {
            true => Kubeconfig::change(source, self.lock_timeout(), |config| {
                config.select_profile(profile, certificate);
                Ok(())
            }),
            false => Ok(()),
        }
    }

    /// Opens the cluster, and makes the kubeconfig of the store that of a new one.
    pub(super) fn open_cluster(&mut self) -> CliResult<Cluster> {
        let cluster = Cluster::open(self.open_options()?)?;
        if cluster.is_new() {
            self.use_cluster(&cluster)?;
        }
        Ok(cluster)
    }

    /// Returns true if the cluster is in memory.
    pub(crate) fn has_no_directory(&self) -> bool {
        self.captured.is_some()
    }

    /// Returns the command line that the history records.
    pub(crate) fn recorded_command(&self) -> String {
        recorded::command_line(&self.argv, &self.program)
    }

    /// Returns the options to open the store with, from flags and environment.
    ///
    /// # Errors
    /// As for [`Ctx::store_dir`], or an environment variable that cannot be parsed.
    pub(crate) fn open_options(&self) -> CliResult<OpenOptions> {
        let mut options =
            environment::open_options(self.store_dir()?, self.request_timeout.unwrap_or(DEFAULT_LOCK_TIMEOUT))?;
        options.command = self.recorded_command();
        if self.hints {
            options.on_wait = || output::hint_now("waiting for another process that uses the store");
            options.on_progress = |time| output::hint_now(format_args!("the cluster has reached {}", time.rfc3339()));
        }
        Ok(options)
    }
}
