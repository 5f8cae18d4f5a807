//! The client of a command, which is connected when it is needed first.

use super::Ctx;
use crate::klog;
use crate::{CliError, CliResult};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_cluster::Cluster;
use kctl_cluster::client::{Client, Presentation};
use kctl_cluster::console::Console;
use kctl_kinds::Catalog;

impl Ctx {
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
            self.client = Some(self.new_client(cluster)?);
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

    /// Creates a client of a cluster that acts as the user, or else as the administrator.
    ///
    /// # Errors
    /// The authority of the cluster cannot be set up.
    pub(super) fn new_client(&self, cluster: Cluster) -> CliResult<Client<Cluster>> {
        let mut client = client_of_administrator(cluster)?;
        client.set_verbosity(self.verbosity);
        client.present(self.presentation);
        match (&self.user, &self.account) {
            (Some(user), _) => client.impersonate(user.clone()),
            (None, Some(account)) => client.act_as(account.clone()),
            (None, None) => {}
        }
        Ok(client)
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
}

/// Creates a client of a cluster that acts as its administrator.
///
/// # Errors
/// The authority of the cluster cannot be set up.
pub(super) fn client_of_administrator(mut cluster: Cluster) -> CliResult<Client<Cluster>> {
    let administrator = cluster.administrator()?;
    let mut client = Client::new(cluster);
    client.act_as(administrator);
    Ok(client)
}
