//! Fills the Secrets that hold the token of a ServiceAccount, and deletes those whose account is gone
//! (`pkg/controller/serviceaccount/tokens_controller.go`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch, root_ca};
use crate::api::secret_token;
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The annotations with the account of a Secret.
const NAME: &str = "kubernetes.io/service-account.name";
const UID: &str = "kubernetes.io/service-account.uid";

/// The controller; its keys are Secrets.
pub(super) const CONTROLLER: Controller = Controller {
    name: "tokens-controller",
    watches: &[Watch::mapped("secrets", token_secret), Watch::mapped("serviceaccounts", secrets_of)],
    reconcile,
};

fn is_token(secret: &Object) -> bool {
    secret.str("/type") == "kubernetes.io/service-account-token"
}

/// Maps a Secret with a token to itself.
fn token_secret(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let is_present = change.kind != ChangeKind::Deleted && is_token(&change.object);
    Ok(is_present.then(|| Key::of(&change.object)).into_iter().collect())
}

/// Maps an account to the Secrets with its tokens.
fn secrets_of(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let secrets = ctx.list("secrets", Some(change.object.namespace()))?;
    let own = secrets.iter().filter(|secret| is_token(secret) && secret.annotation(NAME) == Some(change.object.name()));
    Ok(own.map(|secret| Key::of(secret)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(secret) = ctx.get_key("secrets", key)?.filter(|secret| is_token(secret) && !secret.is_deleting()) else {
        return Ok(Action::AwaitChange);
    };
    let account = ctx.get("serviceaccounts", &key.namespace, secret.annotation(NAME).unwrap_or_default())?;
    let uid = secret.annotation(UID).unwrap_or_default();
    match account.filter(|account| uid.is_empty() || uid == account.uid()) {
        None => ctx.delete("secrets", &secret)?,
        Some(account) => {
            let mut filled = (*secret).clone();
            let token = secret_token(ctx.ids(), &account, &secret)?;
            fill(&mut filled, &account, token, &root_ca::certificate(ctx)?);
            if filled != *secret {
                ctx.update("secrets", filled)?;
            }
        }
    }
    Ok(Action::AwaitChange)
}

/// Adds what a Secret with a token lacks. A token that is there already stays.
fn fill(secret: &mut Object, account: &Object, token: String, certificate: &str) {
    secret.set_annotation(UID, account.uid());
    let data = secret.map_mut("/data");
    data.insert("ca.crt", BASE64_STANDARD.encode(certificate).into());
    data.insert("namespace", BASE64_STANDARD.encode(account.namespace()).into());
    if data.get("token").is_none_or(|token| token.as_str().is_none_or(str::is_empty)) {
        data.insert("token", BASE64_STANDARD.encode(token).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Propagation;
    use crate::controllers::shared::testing::Bench;
    use kctl_base::json::json;

    #[test]
    fn a_secret_gets_a_token_and_goes_with_its_account() {
        let mut bench = Bench::open();
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}});
        bench.create("serviceaccounts", account);
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
                            "metadata": {"name": "t", "annotations": {NAME: "robot"}}});
        bench.create("secrets", secret.clone());
        let found = bench.get("secrets", "t");
        let decoded = |key: &str| {
            let bytes = BASE64_STANDARD.decode(found.str(&format!("/data/{key}"))).expect("Base64");
            String::from_utf8(bytes).expect("text")
        };
        assert_eq!(decoded("namespace"), "default");
        let published = bench.get("configmaps", "kube-root-ca.crt");
        assert_eq!(Some(decoded("ca.crt").as_str()), published["data"]["ca.crt"].as_str());
        let (token, now) = (decoded("token"), bench.cluster.now());
        let user = bench.cluster.server().authenticate(&token, now).expect("valid").expect("ours");
        assert_eq!(user.name, "system:serviceaccount:default:robot");
        bench.delete("serviceaccounts", "robot", Propagation::Background);
        assert!(bench.find("secrets", "t").is_none());
        assert!(bench.cluster.server().authenticate(&token, now).is_err());
        bench.create("secrets", secret);
        assert!(bench.find("secrets", "t").is_none(), "an account must exist");
    }
}
