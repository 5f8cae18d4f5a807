//! The errors of strategic merge patches.

/// The reason why a strategic merge patch cannot be created or applied, with the message of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// The patch or the document is not an object.
    #[error("invalid JSON document")]
    NotAnObject,
    /// The items of a list are lists.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// The items of a list have different types.
    #[error("list element types are not identical: {0}")]
    MixedList(String),
    /// An item lacks the merge key.
    #[error("map: {map} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item.
        map: String,
        /// The merge key.
        key: String,
    },
    /// A list of objects has no declared merge key.
    #[error("cannot merge lists without merge key for type {0}")]
    NoKeyDeclared(String),
    /// A value has the wrong type.
    #[error("expected a {expected}, but received a {found}")]
    WrongType {
        /// The Go type that was expected.
        expected: &'static str,
        /// The Go type that was found.
        found: &'static str,
    },
    /// A directive is unknown.
    #[error("unknown patch type: {directive} in map: {map}")]
    UnknownDirective {
        /// The directive.
        directive: String,
        /// The object that contains it.
        map: String,
    },
    /// The directive of a list is `merge`.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    /// The key of a deletion directive does not name a list.
    #[error("invalid patch format of primitive list")]
    PrimitiveListFormat,
    /// The keys to retain are not a list, or the patch sets others.
    #[error("invalid patch format of retainKeys")]
    RetainKeysFormat,
    /// The order directive is not a list, does not name a list, or differs between two patches.
    #[error("invalid patch format of setElementOrder list")]
    ElementOrderFormat,
    /// The items of the patch are not in the requested order.
    #[error("The order in patch list:\n{items}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch {
        /// The items of the patch.
        items: String,
        /// The requested order.
        order: String,
    },
}
