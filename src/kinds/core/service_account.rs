//! ServiceAccounts: identities for pods.

use crate::shared::describe::{describe_events, head};
use crate::{Describer, Kind, Lookup, Names, PrefixWriter};
use kctl_base::object::{Object, ValueRead};

/// The ServiceAccount kind.
pub(crate) struct ServiceAccount;

static NAMES: Names =
    Names::namespaced(("", "v1"), "ServiceAccount", "serviceaccounts", "serviceaccount").short(&["sa"]);

impl Kind for ServiceAccount {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(object, out);
    let title = "Image pull secrets:";
    let secrets = object.list("/imagePullSecrets");
    if secrets.is_empty() {
        out.line(0, format!("{title}\t<none>"));
    }
    for (position, secret) in secrets.iter().enumerate() {
        let beside = if position == 0 { title.to_string() } else { " ".repeat(title.len()) };
        out.line(0, format!("{beside}\t{}", secret.str("/name")));
    }
    describe_events(lookup, object, out);
}
