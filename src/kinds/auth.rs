//! Kinds of the groups authentication.k8s.io and authorization.k8s.io: questions that are answered and not kept.

use crate::Names;
use crate::shared::simple::{CREATE_ONLY, Simple};

const AUTHENTICATION: (&str, &str) = ("authentication.k8s.io", "v1");
const AUTHORIZATION: (&str, &str) = ("authorization.k8s.io", "v1");

const fn review(
    group: (&'static str, &'static str),
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
) -> Simple {
    Simple::new(Names::builtin(group, kind, plural, singular, false)).verbs(CREATE_ONLY)
}

/// Who am I?
pub static SELF_SUBJECT_REVIEW: Simple =
    review(AUTHENTICATION, "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview");

/// Whose token is this?
pub static TOKEN_REVIEW: Simple = review(AUTHENTICATION, "TokenReview", "tokenreviews", "tokenreview");

/// May somebody do something in this namespace?
pub static LOCAL_SUBJECT_ACCESS_REVIEW: Simple = Simple::new(Names::builtin(
    AUTHORIZATION,
    "LocalSubjectAccessReview",
    "localsubjectaccessreviews",
    "localsubjectaccessreview",
    true,
))
.verbs(CREATE_ONLY);

/// May I do something?
pub static SELF_SUBJECT_ACCESS_REVIEW: Simple =
    review(AUTHORIZATION, "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview");

/// What may I do?
pub static SELF_SUBJECT_RULES_REVIEW: Simple =
    review(AUTHORIZATION, "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview");

/// May somebody do something?
pub static SUBJECT_ACCESS_REVIEW: Simple =
    review(AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview");
