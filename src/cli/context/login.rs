//! The kubeconfig of a command, and what the global flags select from it.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ArgMatches;

use super::{Ctx, environment};
use crate::CliResult;
use crate::args::Matches;
use crate::kubeconfig::login::{self, Login, Overrides};
use crate::kubeconfig::{self, Source};
use crate::kubeconfig::{client_certificate, credential_plugin};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;
use kctl_base::status::{Reason, Status};
use kctl_cluster::profile::Profile;
use kctl_cluster::{User, maintenance};

/// The proofs of a user's identity. They cannot be printed for debugging.
pub(super) struct Credentials {
    token: Option<String>,
    /// The client certificate (DER).
    certificate: Option<Vec<u8>>,
}

impl Ctx {
    /// Selects the user and the namespace of the kubeconfig. What is wrong with it is reported when the cluster is needed.
    pub(super) fn log_in(&mut self, matches: &ArgMatches) {
        let own = |flag: &str| self.replaced_flags.iter().any(|name| name == flag);
        let given = |flag: &str| matches.value_of(flag).filter(|value: &&str| !value.is_empty() && !own(flag));
        let mut flags = Overrides {
            context: given("context"),
            cluster: given("cluster"),
            user: given("user"),
            server: given("server"),
            fields: Vec::new(),
        };
        for (flag, field) in
            [("as", "as"), ("as-uid", "as-uid"), ("token", "token"), ("username", "username"), ("password", "password")]
        {
            flags.fields.extend(given(flag).map(|value| (field, value.into())));
        }
        for (flag, data) in [("client-certificate", "client-certificate-data"), ("client-key", "client-key-data")] {
            if let Some(path) = matches.path(flag).filter(|_| !own(flag)) {
                let path = std::env::current_dir().map_or(path.clone(), |folder| folder.join(path));
                // The file counts, whatever the kubeconfig holds.
                flags.fields.extend([(flag, path.to_string_lossy().into_owned().into()), (data, "".into())]);
            }
        }
        let groups = matches.values("as-group");
        flags.fields.extend((!groups.is_empty()).then(|| ("as-groups", json!(groups))));
        let extra = matches.values("as-user-extra");
        if !extra.is_empty() {
            flags.fields.push(("as-user-extra", extra_fields(&extra)));
        }
        let selected = self.read_kubeconfig().and_then(|config| {
            self.context_namespace = login::namespace(&config, flags.context);
            login::select(&config, &flags)
        });
        match selected {
            Ok(login) => {
                let user = &login.user;
                let groups = groups_of(user);
                let name = user.str("/as");
                let impersonated = || User::new(name, groups).with_uid(user.str("/as-uid")).with_extra(extra_of(user));
                self.user = (!name.is_empty()).then(impersonated);
                self.login = Some(login);
            }
            Err(error) => self.refusal = Some(error),
        }
    }

    /// Returns the credentials of a user, whose token may be that of a credential plugin.
    ///
    /// # Errors
    /// Those of [`client_certificate::read`] and [`credential_plugin::run`].
    pub(super) fn credentials_of(&self, login: &Login) -> CliResult<Credentials> {
        let certificate = client_certificate::read(&login.user)?;
        let token = match login.user.str("/token") {
            "" => credential_plugin::run(login, &self.plugin_policy, self.stdin_claimed)?,
            token => Some(token.into()),
        };
        Ok(Credentials { token, certificate })
    }

    /// Acts as the user of a certificate or, without a valid one, of a token that the cluster has issued. Other tokens leave
    /// the command to the administrator, who owns the store.
    ///
    /// # Errors
    /// Status 401 for a token of the cluster that is not valid, and for a certificate that is not of the cluster or not valid,
    /// or 403 for a user who may not impersonate the one of `--as`.
    pub(super) fn authenticate(&mut self, login: &Login, credentials: &Credentials) -> CliResult<()> {
        let Some(client) = self.client.as_mut() else { return Ok(()) };
        let Credentials { token, certificate } = credentials;
        let mut account = None;
        if let Some(certificate) = certificate {
            account = client.transport().authenticate_certificate(certificate)?;
        }
        if let (None, Some(token)) = (&account, token) {
            account = client.transport().authenticate(token)?;
        }
        let Some(account) = account else {
            let refused = certificate.as_ref().map(|_| Status::new(Reason::Unauthorized, "Unauthorized").into());
            return refused.map_or(Ok(()), Err);
        };
        match &self.user {
            Some(user) => client.transport().authorize_impersonation(&account, user, &groups_of(&login.user))?,
            None => client.act_as(account.clone()),
        }
        self.account = Some(account);
        Ok(())
    }

    /// Returns the place of the kubeconfig: what the flag or the environment names, or else the file beside the store's data.
    pub(super) fn kubeconfig_source(&self) -> CliResult<Source> {
        match (&self.kubeconfig, self.is_hermetic) {
            (Some(file), _) => Ok(Source::Named(file.clone())),
            // Tests must not depend on the environment, and have no directory of a store.
            (None, true) => Ok(Source::BuiltIn),
            (None, false) => match (environment::kubeconfig(), self.base_dir()) {
                (Some(files), _) => Ok(Source::List(files)),
                (None, Ok(dir)) => Ok(Source::Store(dir.join(kubeconfig::FILE), profile_without_file(&dir))),
                (None, Err(_)) => Ok(Source::BuiltIn),
            },
        }
    }
}

/// Returns the profile whose names count for a store without a kubeconfig: before there is a cluster, that of the next one.
fn profile_without_file(dir: &Path) -> Profile {
    // What is wrong with the variable is reported when the cluster is needed.
    let next = environment::plan().map(|plan| plan.profile).unwrap_or_default();
    let is_next = next != Profile::Bare && !maintenance::is_store(dir).unwrap_or(true);
    if is_next { next } else { Profile::Bare }
}

/// The groups that a kubeconfig user impersonates.
fn groups_of(user: &Value) -> Vec<String> {
    user.list("/as-groups").iter().filter_map(Value::as_str).map(String::from).collect()
}

/// The extra attributes of a kubeconfig user.
fn extra_of(user: &Value) -> BTreeMap<String, Vec<String>> {
    let extra = user.map("/as-user-extra").into_iter().flat_map(|extra| extra.iter());
    let values =
        |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect();
    extra.map(|(key, value)| (key.to_lowercase(), values(value))).collect()
}

/// The extra attributes of `KEY=VALUE` flags: a list of values for each key. Keys are sent as names of headers, in which case
/// does not count.
fn extra_fields(flags: &[String]) -> Value {
    let mut fields = BTreeMap::<String, Vec<String>>::new();
    for (key, value) in flags.iter().filter_map(|flag| flag.split_once('=')) {
        fields.entry(key.to_lowercase()).or_default().push(value.to_string());
    }
    json!(fields)
}
