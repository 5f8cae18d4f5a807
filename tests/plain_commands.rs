//! `kctl test` runs plain commands in one process (`src/cli/transcript/resident.rs`), and nobody can tell, but for one that
//! asks for its parent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Output, Sandbox};

/// A sandbox with plugins in its path: their names and what they do.
fn sandbox(plugins: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new(1);
    fs::create_dir(sandbox.path("plugins")).expect("a directory");
    for (name, command) in plugins {
        let file = sandbox.path("plugins").join(format!("kubectl-{name}"));
        fs::write(&file, format!("#!/bin/sh\n{command}\n")).expect("a plugin");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    sandbox
}

/// Runs `kctl test` on the steps of a transcript, without their indentation, in a shell.
fn test(sandbox: &Sandbox, steps: &str, arguments: &str, shell: &str) -> Output {
    fs::create_dir_all(sandbox.path("t")).expect("a directory");
    let text: String = steps.lines().map(|line| format!("  {line}\n")).collect();
    fs::write(sandbox.path("t/a.t"), text).expect("a transcript");
    sandbox.run(&format!("export PATH=$PWD/plugins:$PATH KCTL_TEST_SHELL={shell}; cd t && kctl test {arguments} a.t"))
}

/// Checks that a transcript agrees.
fn must_agree(steps: &str) {
    let sandbox = sandbox(&[]);
    for shell in ["sh", "bash"] {
        let done = test(&sandbox, steps, "", shell);
        assert_eq!(done.code, 0, "{shell}: {}{}", done.out, done.err);
    }
}

/// Returns for each step that prints the process of its command whether that is the one of such a step before.
fn are_shared(steps: &str) -> Vec<bool> {
    let sandbox = sandbox(&[("parent", "echo parent $PPID")]);
    test(&sandbox, steps, "--update", "sh");
    let text = fs::read_to_string(sandbox.path("t/a.t")).expect("the transcript");
    let processes: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  parent ")).collect();
    processes.iter().enumerate().map(|(at, process)| processes[..at].contains(process)).collect()
}

#[test]
fn plain_commands_share_a_process_until_the_shell_runs_another_one() {
    assert_eq!(are_shared("$ kctl parent\n$ kubectl parent\n$ kctl parent 'a b'\n"), [false, true, true]);
    assert_eq!(are_shared("$ kctl parent\n$ true\n$ kctl parent\n$ kctl parent\n"), [false, false, true]);
    for other in ["kctl parent $x", "kctl parent *", "x=1 kctl parent", "! kctl parent", "kctl parent < a.t"] {
        assert_eq!(are_shared(&format!("$ kctl parent\n$ {other}\n$ kctl parent\n")), [false; 3], "{other}");
    }
    for change in
        ["trap 'echo a' USR1", "set -x", "set -v", "kubectl() { :; }", "alias kubectl=kctl", "PATH=/nope:$PATH"]
    {
        let is_shadow = change.starts_with("PATH");
        assert_eq!(are_shared(&format!("$ {change}\n$ kctl parent\n$ kctl parent\n")), [false, is_shadow], "{change}");
    }
}

#[test]
fn what_shadows_the_program_runs_instead() {
    must_agree(
        "$ kctl get ns default -o name\nnamespace/default\n$ kctl() { echo \"f $*\"; }\n$ kctl get 'a  b'\nf get a  b\n\
                $ unset -f kctl\n$ kctl get ns default -o name\nnamespace/default\n",
    );
    must_agree(
        "$ mkdir b; printf '#!/bin/sh\\necho other\\n' > b/kubectl; chmod +x b/kubectl\n\
                $ kubectl get ns default -o name\nnamespace/default\n$ PATH=$PWD/b:$PATH\n$ kubectl get\nother\n\
                $ kctl get ns default -o name\nnamespace/default\n",
    );
    let alias = "$ kctl get ns default -o name\nnamespace/default\n$ alias kubectl='echo a'\n$ kubectl b\na b\n";
    // Only the POSIX mode of bash knows aliases in scripts.
    assert_eq!(test(&sandbox(&[]), alias, "", "sh").code, 0);
}

#[test]
fn commands_have_the_state_of_the_shell() {
    must_agree(
        "$ kctl create configmap a\nconfigmap/a created\n$ export KCTL_HOME=$SANDBOX/other\n$ kctl get configmap a\n\
                Error from server (NotFound): configmaps \"a\" not found\n[1]\n$ unset KCTL_HOME; export KCTL_HOME=$SANDBOX/state\n\
                $ kctl get configmap a -o name\nconfigmap/a\n$ KCTL_HOME=$SANDBOX/other kctl get configmap a -o name\n\
                Error from server (NotFound): configmaps \"a\" not found\n[1]\n$ kctl get configmap a -o name\nconfigmap/a\n",
    );
    must_agree(
        "$ mkdir d; kubectl create configmap b --dry-run=client -o yaml > d/b.yaml\n$ kctl version --client\n...\n\
                $ cd d\n$ kctl create -f b.yaml\nconfigmap/b created\n$ cd ..\n$ kctl create -f b.yaml\n\
                error: the path \"b.yaml\" does not exist\n[1]\n",
    );
    must_agree(
        "$ exec 3>&1 >all 2>&1\n$ kctl get ns default -o name\n$ kctl get ns none\n[1]\n$ exec >&3 2>&3\n$ cat all\n\
                namespace/default\nError from server (NotFound): namespaces \"none\" not found\n",
    );
    must_agree(
        "$ umask 077\n$ kctl snapshot export none file\n...\n[1]\n$ kctl apply -f -\n\
                error: no objects passed to apply\n[1]\n",
    );
}

#[test]
fn the_shell_knows_how_commands_ended() {
    must_agree(
        "$ kctl get cm none\nError from server (NotFound): configmaps \"none\" not found\n[1]\n$ echo $?\n1\n\
                $ kctl get ns default -o name\nnamespace/default\n$ echo $?\n0\n",
    );
    // A trap on the end of the shell runs behind the last step, where nobody looks.
    must_agree(
        "$ set -e\n$ kctl get ns default -o name\nnamespace/default\n$ kctl get cm none\n\
                Error from server (NotFound): configmaps \"none\" not found\n[1]\n",
    );
    let done = test(&sandbox(&[]), "$ set -e\n$ kctl get cm none\n...\n[1]\n$ echo a\n", "", "sh");
    assert_eq!(done.err, "a.t:2: the command ended the shell; nothing from line 5 on was run\n");
}

#[test]
fn a_command_that_ends_its_process_or_never_ends_is_one_of_its_own() {
    let sandbox = sandbox(&[("kill", "kill -s KILL $PPID"), ("sleep", "echo a; exec sleep 1000")]);
    let steps = "$ kctl get ns default -o name\nnamespace/default\n$ kctl kill\n...\n[137]\n$ kctl get ns default -o name\n\
                 namespace/default\n$ echo $?\n0\n";
    let done = test(&sandbox, steps, "", "sh");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let done = test(&sandbox, "$ kctl version --client\n...\n$ kctl sleep\na\n$ echo b\n", "--timeout 2s", "sh");
    assert_eq!(done.err, "a.t:3: the command did not end within 2s and was killed; nothing from line 5 on was run\n");
}

#[test]
fn what_others_print_is_not_lost() {
    // The first step ends before the job prints; the pipe wakes the last one.
    must_agree(
        "$ mkfifo f\n$ (read x < f; echo $x; echo > f) &\n$ kctl get ns default -o name; echo late > f; read y < f\n\
                namespace/default\nlate\n$ kctl get ns default -o name\nnamespace/default\n",
    );
}

#[test]
fn the_shell_counts_the_lines_of_all_commands() {
    let steps = "$ kctl version --client\n$ kctl get cm none\n$ kctl get \\\n> ns\n$ echo line $LINENO\n$ kctl version --client\n\
                 $ false\n$ echo line $LINENO\n$ kctl() { command kctl \"$@\"; }\n$ kctl get\n$ echo line $LINENO\n$ kctl get\n$ echo line $LINENO\n";
    let lines = |steps: &str| {
        let sandbox = sandbox(&[]);
        test(&sandbox, steps, "--update", "bash");
        let text = fs::read_to_string(sandbox.path("t/a.t")).expect("the transcript");
        let lines = text.lines().filter_map(|line| line.strip_prefix("  line ").map(str::to_owned));
        lines.collect::<Vec<String>>()
    };
    let numbers = lines(steps);
    assert_eq!((numbers.len(), &numbers), (4, &lines(&steps.replace("$ kctl ", "$ command kctl "))));
}
