//! The groups authentication.k8s.io and authorization.k8s.io: reviews, which are answered and never stored.

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

/// A SelfSubjectReview: returns the attributes of the requesting user.
pub(crate) static SELF_SUBJECT_REVIEW: TableKind =
    review(AUTHENTICATION, "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview");

/// A TokenReview: returns the user that a token authenticates.
pub(crate) static TOKEN_REVIEW: TableKind = review(AUTHENTICATION, "TokenReview", "tokenreviews", "tokenreview");

/// A LocalSubjectAccessReview: returns whether a user may do something in a namespace.
pub(crate) static LOCAL_SUBJECT_ACCESS_REVIEW: TableKind = TableKind::new(Names::namespaced(
    AUTHORIZATION,
    "LocalSubjectAccessReview",
    "localsubjectaccessreviews",
    "localsubjectaccessreview",
))
.verbs(CREATE_ONLY);

/// A SelfSubjectAccessReview: returns whether the requesting user may do something.
pub(crate) static SELF_SUBJECT_ACCESS_REVIEW: TableKind =
    review(AUTHORIZATION, "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview");

/// A SelfSubjectRulesReview: returns everything that the requesting user may do.
pub(crate) static SELF_SUBJECT_RULES_REVIEW: TableKind =
    review(AUTHORIZATION, "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview");

/// A SubjectAccessReview: returns whether a user may do something.
pub(crate) static SUBJECT_ACCESS_REVIEW: TableKind =
    review(AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview");
