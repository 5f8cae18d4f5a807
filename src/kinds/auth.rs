//! Kinds of the groups authentication.k8s.io and authorization.k8s.io: questions that are answered and not kept.

use crate::Names;
use crate::shared::table_kind::{CREATE_ONLY, TableKind};

const AUTHENTICATION: (&str, &str) = ("authentication.k8s.io", "v1");
const AUTHORIZATION: (&str, &str) = ("authorization.k8s.io", "v1");

const fn review(
    group: (&'static str, &'static str),
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
) -> TableKind {
    TableKind::new(Names::cluster_scoped(group, kind, plural, singular)).verbs(CREATE_ONLY)
}

/// Who am I?
pub static SELF_SUBJECT_REVIEW: TableKind =
    review(AUTHENTICATION, "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview");

/// Whose token is this?
pub static TOKEN_REVIEW: TableKind = review(AUTHENTICATION, "TokenReview", "tokenreviews", "tokenreview");

/// May somebody do something in this namespace?
pub static LOCAL_SUBJECT_ACCESS_REVIEW: TableKind = TableKind::new(Names::namespaced(
    AUTHORIZATION,
    "LocalSubjectAccessReview",
    "localsubjectaccessreviews",
    "localsubjectaccessreview",
))
.verbs(CREATE_ONLY);

/// May I do something?
pub static SELF_SUBJECT_ACCESS_REVIEW: TableKind =
    review(AUTHORIZATION, "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview");

/// What may I do?
pub static SELF_SUBJECT_RULES_REVIEW: TableKind =
    review(AUTHORIZATION, "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview");

/// May somebody do something?
pub static SUBJECT_ACCESS_REVIEW: TableKind =
    review(AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview");
