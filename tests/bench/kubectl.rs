//! The real kubectl, for comparison.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::program::Program;

/// The variable with the path of the real kubectl.
const KUBECTL: &str = "KCTL_BENCH_KUBECTL";
/// The variable with the kubeconfig of its control plane.
const KUBECONFIG: &str = "KUBECONFIG";

/// A namespace of a real control plane; it is deleted at the end.
pub(crate) struct Kubectl {
    path: PathBuf,
    kubeconfig: OsString,
    namespace: String,
    directory: PathBuf,
}

impl Kubectl {
    /// Creates a namespace; `None` unless both variables are set and the control plane answers.
    pub(crate) fn from_environment(directory: &Path) -> Option<Kubectl> {
        static CREATED: AtomicUsize = AtomicUsize::new(0);
        let path = PathBuf::from(std::env::var_os(KUBECTL)?);
        let kubeconfig = std::env::var_os(KUBECONFIG)?;
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("kctl-bench-{}-{number}", std::process::id());
        let kubectl = Kubectl { path, kubeconfig, namespace, directory: directory.into() };
        kubectl.time(&format!("create namespace {}", kubectl.namespace)).map(|_| kubectl)
    }

    /// Runs commands in the namespace and returns their wall time; `None`, with a message on standard error, if one fails.
    pub(crate) fn time(&self, commands: &str) -> Option<Duration> {
        let mut wall = Duration::ZERO;
        for command in super::bench::split(commands) {
            match self.program(command).run() {
                Ok(time) => wall += time,
                Err(error) => {
                    eprintln!("the real kubectl: {error}");
                    return None;
                }
            }
        }
        Some(wall)
    }

    fn program(&self, args: &str) -> Program {
        let namespace = (!args.starts_with("__complete")).then(|| format!("--namespace={}", self.namespace));
        let args = args.split_whitespace().map(OsString::from);
        Program {
            line: std::iter::once(self.path.clone().into()).chain(args).chain(namespace.map(Into::into)).collect(),
            variables: vec![
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("HOME".into(), self.directory.clone().into()),
                (KUBECONFIG.into(), self.kubeconfig.clone()),
            ],
            directory: self.directory.clone(),
        }
    }
}

impl Drop for Kubectl {
    fn drop(&mut self) {
        self.time(&format!("delete namespace {} --wait=false", self.namespace));
    }
}
