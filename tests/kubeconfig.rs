//! The kubeconfig file: changed by one process at a time, as a whole or not at all, and never when it has another shape.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::harness::Sandbox;
use crate::harness::refusals::assert_refused;

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a readable file")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn concurrent_changes_are_all_kept() {
    let sandbox = Sandbox::new(1);
    let explicit = sandbox.path("sub/config");
    // The store has a context of its own.
    for (flags, file, count) in
        [("", sandbox.store().join("kubeconfig"), 21), ("--kubeconfig=sub/config", explicit, 20)]
    {
        let start = |number| {
            let name = format!("c{number}");
            let mut args = vec!["config", "set-context", &name, "--namespace=n"];
            args.extend(Some(flags).filter(|flags| !flags.is_empty()));
            sandbox.kctl(&args).stdout(Stdio::null()).spawn().expect("the program runs")
        };
        let running: Vec<_> = (0..20).map(start).collect();
        for mut process in running {
            assert!(process.wait().expect("an exit code").success());
        }
        let names = sandbox.must(&format!("kctl config get-contexts -o name {flags}"));
        assert_eq!(names.lines().count(), count, "{flags}: {names}");
        assert_eq!(mode(&file), 0o600);
        let beside = fs::read_dir(file.parent().expect("a directory")).expect("the directory");
        let beside: Vec<PathBuf> = beside.map(|entry| entry.expect("an entry").path()).collect();
        let left =
            beside.iter().filter(|path| path.to_string_lossy().contains("kubeconfig") || path.ends_with("config"));
        assert_eq!(left.count(), 1, "{beside:?}");
    }
}

#[test]
fn a_file_of_another_shape_is_refused_and_not_changed() {
    let sandbox = Sandbox::new(1);
    let file = sandbox.path("config");
    for (text, says) in [
        (
            "contexts: 5\n",
            "json: cannot unmarshal number into Go struct field Config.contexts of type []v1.NamedContext",
        ),
        ("[]\n", "couldn't get version/kind; json parse error: json: cannot unmarshal array"),
        ("kind: Pod\napiVersion: v1\n", "no kind \"Pod\" is registered for version \"v1\""),
        ("a: [\n", "yaml: line 1"),
    ] {
        fs::write(&file, text).expect("a file");
        for command in
            ["set-context a --namespace=x", "use-context a", "set contexts.a.namespace x", "unset users", "view"]
        {
            let got = sandbox.run(&format!("kctl config {command} --kubeconfig=config"));
            assert_refused(command, &got, &format!("error loading config file \"config\": {says}"));
        }
        assert_eq!(read(&file), text);
    }
    fs::write(&file, "").expect("an empty file");
    sandbox.must("kctl config set-context a --namespace=x --kubeconfig=config");
    assert!(read(&file).contains("namespace: x"));
}

#[test]
fn links_and_permissions_stay() {
    let sandbox = Sandbox::new(1);
    let file = sandbox.path("real");
    fs::write(&file, "contexts: []\n").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).expect("permissions");
    sandbox.must("ln -s real config && kctl config set-context a --namespace=x --kubeconfig=config");
    assert!(read(&file).contains("namespace: x"));
    assert!(sandbox.path("config").is_symlink());
    assert_eq!(mode(&file), 0o664);
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_then_an_error() {
    let sandbox = Sandbox::new(1);
    fs::write(sandbox.path("config.lock"), "").expect("a lock");
    let command = "kctl config set-context a --namespace=x --kubeconfig=config";
    let got = sandbox.run(&format!("{command} --request-timeout=50ms"));
    assert_refused("locked", &got, "open config.lock: file exists");
    assert!(!sandbox.path("config").exists() && sandbox.path("config.lock").exists());
    assert_eq!(sandbox.must(&format!("{command} & rm config.lock; wait $!")), "Context \"a\" created.\n");
}

#[test]
fn the_lock_of_a_killed_process_is_removed() {
    let sandbox = Sandbox::new(1);
    sandbox.must("touch -d '1 minute ago' config.lock");
    let command = "kctl config set-context a --namespace=x --kubeconfig=config --request-timeout=1s";
    let held = fs::File::open(sandbox.path("config.lock")).expect("a lock");
    held.lock().expect("the lock");
    assert_refused("a process that is still alive", &sandbox.run(command), "open config.lock: file exists");
    drop(held);
    sandbox.must(command);
    assert!(!sandbox.path("config.lock").exists());
}
