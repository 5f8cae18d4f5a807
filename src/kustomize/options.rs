//! The options of a build (`api/krusty/options.go`).

/// The permissions of a build.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Files must lie in or below the directory of the kustomization that names them (`LoadRestrictionsRootOnly`).
    pub restrict_to_root: bool,
    /// `--enable-helm`. Charts are refused either way; this only changes the message.
    pub enable_helm: bool,
    /// `--enable-alpha-plugins`. External plugins are refused either way; this only changes the message.
    pub enable_plugins: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { restrict_to_root: true, enable_helm: false, enable_plugins: false }
    }
}
