//! Authentication by tokens of ServiceAccounts (`pkg/serviceaccount/jwt.go`, `claims.go`, `legacy.go`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{ISSUER, LEGACY_ISSUER, jwt};
use crate::api::{Attributes, Result, Server, User};
use kctl_base::go;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};

/// The judgement of the server about a token.
pub(in crate::api) enum Verdict {
    /// This cluster issues no such tokens.
    Foreign,
    /// A token of this cluster that does not count, with the reason.
    Refused(String),
    /// The user of a token, and those of the wanted audiences that it is for.
    Valid(User, Vec<String>),
}

impl Server {
    /// Returns the user whom a token authenticates; `None` for a token that names another issuer than this cluster.
    ///
    /// # Errors
    /// Status 401 for a token of this cluster that is forged, has expired, or whose objects are gone.
    pub fn authenticate(&mut self, token: &str, now: Time) -> Result<Option<User>> {
        match self.judge_token(token, &[ISSUER.to_string()], now)? {
            Verdict::Foreign => Ok(None),
            Verdict::Refused(_) => Err(Status::new(Reason::Unauthorized, "Unauthorized")),
            Verdict::Valid(user, _) => Ok(Some(user)),
        }
    }

    /// Rejects a user who may not act as another one in explicit groups (`WithImpersonation` of
    /// `apiserver/pkg/endpoints/filters`).
    ///
    /// # Errors
    /// Status 403 for the first of the user, the groups, the extra attributes and the UID that may not be taken on.
    pub fn authorize_impersonation(&mut self, by: &User, user: &User, groups: &[String]) -> Result<()> {
        let account = user.name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
        let of = |resource: &str, name: &str| Attributes {
            verb: "impersonate".into(),
            resource: resource.into(),
            name: name.into(),
            ..Attributes::default()
        };
        let authentication = |attributes: Attributes| Attributes { group: super::GROUP.into(), ..attributes };
        let mut wanted = vec![match account {
            Some((namespace, name)) => Attributes { namespace: namespace.into(), ..of("serviceaccounts", name) },
            None => of("users", &user.name),
        }];
        wanted.extend(groups.iter().map(|group| of("groups", group)));
        for (key, values) in &user.extra {
            let extra = |value: &String| Attributes { subresource: key.clone(), ..of("userextras", value) };
            wanted.extend(values.iter().map(|value| authentication(extra(value))));
        }
        wanted.extend((!user.uid.is_empty()).then(|| authentication(of("uids", &user.uid))));
        wanted.iter().try_for_each(|attributes| self.authorize_user(by, attributes))
    }

    /// Judges a token for one of the wanted audiences.
    pub(in crate::api) fn judge_token(&mut self, token: &str, audiences: &[String], now: Time) -> Result<Verdict> {
        let Some(issuer) = jwt::issuer(token).filter(|issuer| [ISSUER, LEGACY_ISSUER].contains(&issuer.as_str()))
        else {
            return Ok(Verdict::Foreign);
        };
        let Some(claims) = jwt::verify(self.ids, token) else {
            return Ok(Verdict::Refused("square/go-jose: error in cryptographic primitive".into()));
        };
        let is_legacy = issuer == LEGACY_ISSUER;
        let own: Vec<String> = match is_legacy {
            true => vec![ISSUER.into()],
            false => claims.list("/aud").iter().filter_map(Value::as_str).map(String::from).collect(),
        };
        let common: Vec<String> = own.iter().filter(|audience| audiences.contains(audience)).cloned().collect();
        if common.is_empty() {
            let (own, wanted) = (quoted(&own), quoted(audiences));
            return Ok(Verdict::Refused(format!("token audiences {own} is invalid for the target audiences {wanted}")));
        }
        let judged = if is_legacy { self.legacy_user(&claims, token)? } else { self.bound_user(&claims, now)? };
        Ok(judged.map_or_else(Verdict::Refused, |user| Verdict::Valid(user, common)))
    }

    /// Returns the user of a token that the `token` subresource has issued, or why it does not count.
    fn bound_user(&mut self, claims: &Value, now: Time) -> Result<std::result::Result<User, String>> {
        if claims.int("/exp").is_none_or(|expiry| now.secs() >= expiry) {
            return Ok(Err("service account token has expired".into()));
        }
        let Some(private) = claims.get("kubernetes.io") else { return Ok(Err("token has no private claims".into())) };
        let namespace = private.str("/namespace");
        for (claim, resource) in [("secret", "secrets"), ("pod", "pods"), ("node", "nodes")] {
            let Some(reference) = private.get(claim) else { continue };
            let namespace = if claim == "node" { "" } else { namespace };
            let found = self.read(resource, namespace, reference.str("/name"))?;
            if found.is_none_or(|found| found.uid() != reference.str("/uid")) {
                return Ok(Err("service account token has been invalidated".into()));
            }
        }
        let mut extra = BTreeMap::new();
        let mut add = |key: &str, value: String| {
            extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value]);
        };
        add("credential-id", format!("JTI={}", claims.str("/jti")));
        for claim in ["pod", "node"] {
            for field in ["name", "uid"] {
                let value = private.str(&format!("/{claim}/{field}"));
                if !value.is_empty() {
                    add(&format!("{claim}-{field}"), value.into());
                }
            }
        }
        let (name, uid) = (private.str("/serviceaccount/name"), private.str("/serviceaccount/uid"));
        Ok(self.account_user(namespace, name, uid)?.map(|user| user.with_extra(extra)))
    }

    /// Returns the user of the token in a Secret, or why it does not count.
    fn legacy_user(&mut self, claims: &Value, token: &str) -> Result<std::result::Result<User, String>> {
        let claim = |name: &str| {
            let value = claims.get(format!("kubernetes.io/serviceaccount/{name}").as_str());
            value.and_then(Value::as_str).unwrap_or_default().to_string()
        };
        let (namespace, secret) = (claim("namespace"), claim("secret.name"));
        let found = self.read("secrets", &namespace, &secret)?;
        let stored = found.map(|found| BASE64_STANDARD.decode(found.str("/data/token")).unwrap_or_default());
        if stored.is_none_or(|stored| stored != token.as_bytes()) {
            return Ok(Err("Token has been invalidated".into()));
        }
        self.account_user(&namespace, &claim("service-account.name"), &claim("service-account.uid"))
    }

    /// Returns the user of an account, or why it is not the one of a token.
    fn account_user(&mut self, namespace: &str, name: &str, uid: &str) -> Result<std::result::Result<User, String>> {
        let account = self.read("serviceaccounts", namespace, name)?;
        Ok(match account {
            None => Err(format!("serviceaccounts {} not found", go::quote(name))),
            Some(account) if account.uid() != uid => {
                Err(format!("service account UID ({}) does not match claim ({uid})", account.uid()))
            }
            Some(_) => {
                let user = format!("system:serviceaccount:{namespace}:{name}");
                Ok(User::new(&user, Vec::new()).with_uid(uid))
            }
        })
    }
}

/// Returns a list as Go prints it with `%q`.
fn quoted(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| go::quote(value)).collect();
    format!("[{}]", values.join(" "))
}
