//! Builds kustomizations for the command line and prints their warnings to standard error.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use kctl_base::go::io_error;
use kctl_base::json::Value;
use kctl_kustomize::{KustomizeError, Note, Notes, Options, OsFileSystem, Remote, RemoteFile, Repository};

use crate::fetch::{self, Url};
use crate::temporary::Temporary;
use crate::{CliError, CliResult, Ctx, git, klog};

/// Builds the kustomization in a directory or repository and prints its warnings.
///
/// # Errors
/// The error of kustomize.
pub(crate) fn build(ctx: &mut Ctx, path: &str, options: Options) -> CliResult<Vec<Value>> {
    let mut notes = Notes::default();
    let timeout = ctx.request_timeout().map(kctl_base::sim::Duration::to_std);
    let network = Network { timeout, clones: RefCell::default() };
    let built = kctl_kustomize::build(&OsFileSystem, &network, path, options, &mut notes);
    for note in notes.list {
        match note {
            Note::Warning(text) => ctx.print_error(text),
            Note::Log(text) => ctx.log(klog::KUSTOMIZE, &text)?,
        }
    }
    // Errors that end in a line break must not get a second one.
    built.map_err(|e| CliError::new(e.to_string().strip_suffix('\n').map_or(e.to_string(), String::from)))
}

/// Web servers, and the repositories that have been cloned for a build. They are removed after it.
struct Network {
    /// The time for an exchange with a web server; `None` for no limit.
    timeout: Option<Duration>,
    clones: RefCell<Vec<Temporary>>,
}

impl Remote for Network {
    fn get(&self, url: &str) -> Result<RemoteFile, KustomizeError> {
        let url = Url::parse(url).map_err(KustomizeError::Other)?;
        let answer = fetch::get(&url, self.timeout).map_err(|e| KustomizeError::Other(e.to_string()))?;
        let (status, reason) = (answer.status.as_u16(), answer.reason().to_string());
        let content = match answer.status.is_success() {
            true => answer.body.map_err(KustomizeError::Other)?,
            false => Vec::new(),
        };
        Ok(RemoteFile { status, reason, content })
    }

    fn fetch(&self, repository: &Repository) -> Result<PathBuf, KustomizeError> {
        let clone = git::clone(repository)?;
        let path = clone.path().canonicalize().map_err(|e| KustomizeError::Other(io_error(&e)))?;
        self.clones.borrow_mut().push(clone);
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;
    use std::process::Command;

    use crate::fetch::test_server::{TestServer, answer};
    use crate::testing::Session;

    const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

    /// Creates a repository with the tag `v1`. Returns false, and says so, where there is no git.
    fn create_repository(path: &Path) -> bool {
        if crate::executables::find("git").is_none() {
            // A machine without git is no reason to fail.
            writeln!(std::io::stderr(), "skipped: git is not installed").expect("standard error");
            return false;
        }
        std::fs::create_dir_all(path.join("base")).expect("a new directory");
        std::fs::write(path.join("base/kustomization.yaml"), "namePrefix: p-\nresources: [a.yaml]\n").expect("a file");
        std::fs::write(path.join("base/a.yaml"), CONFIG_MAP).expect("a file");
        let git = |args: &[&str]| {
            let mut command = Command::new("git");
            command.current_dir(path).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
            command.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(args);
            assert!(command.status().expect("git").success(), "{args:?}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message=base"]);
        git(&["tag", "v1"]);
        true
    }

    #[test]
    fn bases_are_cloned() {
        let directory = tempfile::tempdir().expect("a directory");
        if !create_repository(directory.path()) {
            return;
        }
        let url = format!("file://{}", directory.path().display());
        let mut session = Session::new(&[]);
        let mut run = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| arg.replace("$URL", &url)).collect();
            session.kubectl(&args).replace(&url, "$URL")
        };
        let built = CONFIG_MAP.replace("name: a", "name: p-a");
        assert_eq!(run(&["kustomize", "$URL//base?ref=v1"]), built);
        assert_eq!(run(&["apply", "-k", "$URL//base"]), "configmap/p-a created\n");
        let refused = run(&["kustomize", "$URL//base?ref=v2"]);
        let command = "! error: git cmd = '";
        assert!(refused.starts_with(command), "{refused}");
        assert!(refused.ends_with("git fetch --depth=1 origin v2': exit status 128\n= 1\n"), "{refused}");
        let option = run(&["kustomize", "$URL//base?ref=--upload-pack=x"]);
        assert_eq!(option, "! error: '--upload-pack=x' is not the name of a branch, tag or commit\n= 1\n");
        let missing = run(&["kustomize", "$URL//other"]);
        let (_, path) = missing.split_once("evalsymlink failure on '").expect("the clone is named");
        let clone = Path::new(path.split('\'').next().expect("a path")).parent().expect("the root of the clone");
        assert!(!clone.exists(), "{missing}");
    }

    #[test]
    fn files_are_fetched() {
        let files = [answer("200 OK", "", CONFIG_MAP), answer("500 Internal Server Error", "", "")];
        let server = TestServer::start(&files);
        let text = format!("resources: [{}]\n", server.url("/a.yaml"));
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("kustomization.yaml"), text).expect("a file");
        let args = ["kustomize".to_string(), directory.path().display().to_string()];
        let mut session = Session::new(&[]);
        assert_eq!(session.kubectl(&args), CONFIG_MAP);
        let refused = session.kubectl(&args);
        assert!(refused.ends_with(": HTTP Error: status code 500 (Internal Server Error)\n= 1\n"), "{refused}");
    }
}
