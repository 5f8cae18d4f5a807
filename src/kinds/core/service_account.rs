//! ServiceAccount: the identity of pods.

use crate::shared::describe::{describe_events, head};
use crate::{Describer, Kind, Lookup, Names};
use kctl_base::object::{Object, ValueRead};

/// The kind.
pub struct ServiceAccount;

static NAMES: Names =
    Names::builtin(("", "v1"), "ServiceAccount", "serviceaccounts", "serviceaccount", true).short(&["sa"]);

impl Kind for ServiceAccount {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
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
        describe_events(look, object, out);
        true
    }
}
