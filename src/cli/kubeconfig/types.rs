//! The types of a kubeconfig file: their fields in the order in which Go prints them.
//!
//! Upstream: `client-go/tools/clientcmd/api/v1/types.go`.

/// The type of a value.
pub(super) enum Type {
    Text,
    Switch,
    Bytes,
    Any,
    List(&'static Type),
    /// A list of structs that is sorted by their names.
    Named(&'static Struct),
    Map(&'static Type),
    Struct(&'static Struct),
    /// A struct that may be missing.
    Pointer(&'static Struct),
}

/// A Go struct: its name and its fields.
pub(super) struct Struct {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

/// A field of a struct.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    /// True for a field that is written even when it is empty.
    pub(super) always: bool,
}

const fn field(name: &'static str, kind: Type) -> Field {
    Field { name, kind, always: false }
}

const fn always(name: &'static str, kind: Type) -> Field {
    Field { name, kind, always: true }
}

const EXTENSIONS: Field = field("extensions", Type::Named(&NAMED_EXTENSION));

/// The type of the whole file.
pub(super) const CONFIG: Struct = Struct {
    name: "Config",
    fields: &[
        field("kind", Type::Text),
        field("apiVersion", Type::Text),
        field("preferences", Type::Struct(&PREFERENCES)),
        always("clusters", Type::Named(&NAMED_CLUSTER)),
        always("users", Type::Named(&NAMED_AUTH_INFO)),
        always("contexts", Type::Named(&NAMED_CONTEXT)),
        always("current-context", Type::Text),
        EXTENSIONS,
    ],
};
const PREFERENCES: Struct = Struct { name: "Preferences", fields: &[field("colors", Type::Switch), EXTENSIONS] };
const NAMED_EXTENSION: Struct =
    Struct { name: "NamedExtension", fields: &[always("name", Type::Text), always("extension", Type::Any)] };
const NAMED_CLUSTER: Struct =
    Struct { name: "NamedCluster", fields: &[always("name", Type::Text), always("cluster", Type::Struct(&CLUSTER))] };
const CLUSTER: Struct = Struct {
    name: "Cluster",
    fields: &[
        always("server", Type::Text),
        field("tls-server-name", Type::Text),
        field("insecure-skip-tls-verify", Type::Switch),
        field("certificate-authority", Type::Text),
        field("certificate-authority-data", Type::Bytes),
        field("proxy-url", Type::Text),
        field("disable-compression", Type::Switch),
        EXTENSIONS,
    ],
};
const NAMED_CONTEXT: Struct =
    Struct { name: "NamedContext", fields: &[always("name", Type::Text), always("context", Type::Struct(&CONTEXT))] };
const CONTEXT: Struct = Struct {
    name: "Context",
    fields: &[always("cluster", Type::Text), always("user", Type::Text), field("namespace", Type::Text), EXTENSIONS],
};
const NAMED_AUTH_INFO: Struct =
    Struct { name: "NamedAuthInfo", fields: &[always("name", Type::Text), always("user", Type::Struct(&AUTH_INFO))] };
const AUTH_INFO: Struct = Struct {
    name: "AuthInfo",
    fields: &[
        field("client-certificate", Type::Text),
        field("client-certificate-data", Type::Bytes),
        field("client-key", Type::Text),
        field("client-key-data", Type::Bytes),
        field("token", Type::Text),
        field("tokenFile", Type::Text),
        field("as", Type::Text),
        field("as-uid", Type::Text),
        field("as-groups", Type::List(&Type::Text)),
        field("as-user-extra", Type::Map(&Type::List(&Type::Text))),
        field("username", Type::Text),
        field("password", Type::Text),
        field("auth-provider", Type::Pointer(&AUTH_PROVIDER)),
        field("exec", Type::Pointer(&EXEC)),
        EXTENSIONS,
    ],
};
const AUTH_PROVIDER: Struct = Struct {
    name: "AuthProviderConfig",
    fields: &[always("name", Type::Text), always("config", Type::Map(&Type::Text))],
};
const EXEC: Struct = Struct {
    name: "ExecConfig",
    fields: &[
        always("command", Type::Text),
        always("args", Type::List(&Type::Text)),
        always("env", Type::List(&Type::Struct(&EXEC_VARIABLE))),
        field("apiVersion", Type::Text),
        field("installHint", Type::Text),
        always("provideClusterInfo", Type::Switch),
        field("interactiveMode", Type::Text),
    ],
};
const EXEC_VARIABLE: Struct =
    Struct { name: "ExecEnvVar", fields: &[always("name", Type::Text), always("value", Type::Text)] };

impl Type {
    /// The name of the type in Go.
    pub(super) fn go_name(&self) -> String {
        match self {
            Type::Text => "string".into(),
            Type::Switch => "bool".into(),
            Type::Bytes => "[]uint8".into(),
            Type::Any => "runtime.RawExtension".into(),
            Type::List(item) => format!("[]{}", item.go_name()),
            Type::Named(of) => format!("[]v1.{}", of.name),
            Type::Map(item) => format!("map[string]{}", item.go_name()),
            Type::Struct(of) | Type::Pointer(of) => format!("v1.{}", of.name),
        }
    }
}
