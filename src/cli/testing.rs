//! Sessions for tests: command lines one after the other on a virtual cluster in memory.

use super::Ctx;
use super::dispatch::run_in;
use kctl_cluster::{Cluster, OpenOptions};

/// A cluster with the commands that are run on it.
pub(super) struct Session {
    cluster: Option<Cluster>,
    /// A folder for files of the test.
    pub(super) folder: tempfile::TempDir,
}

impl Session {
    pub(super) fn new() -> Session {
        let cluster = Cluster::open(OpenOptions::memory(1)).expect("a cluster in memory");
        Session { cluster: Some(cluster), folder: tempfile::tempdir().expect("a folder") }
    }

    /// Runs a command line; words are split at blanks, `FOLDER` is the folder. Answers output, errors after `! `, and an
    /// exit code that is not 0 after `= `.
    pub(super) fn run(&mut self, line: &str) -> String {
        self.run_words(line.split(' ').map(String::from).collect())
    }

    /// Runs a command line that is split into words already.
    pub(super) fn run_words(&mut self, words: Vec<String>) -> String {
        let folder = self.folder.path().to_string_lossy().into_owned();
        let words: Vec<String> = words.iter().map(|word| word.replace("FOLDER", &folder)).collect();
        let argv: Vec<String> = std::iter::once("kubectl".to_string()).chain(words).collect();
        let mut ctx = Ctx::captured(argv.clone(), self.cluster.take().expect("given back by the last command"));
        let code = run_in(&mut ctx, &argv);
        let (out, err, cluster) = ctx.into_captured();
        self.cluster = cluster;
        let complaints: String = err.lines().map(|l| format!("! {l}\n")).collect();
        let code = if code == 0 { String::new() } else { format!("= {code}\n") };
        format!("{out}{complaints}{code}").replace(&folder, "FOLDER")
    }

    /// Writes a file into the folder.
    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a file in the folder");
    }
}

/// Runs lines and compares what each prints.
pub(super) fn check(session: &mut Session, steps: &[(&str, &str)]) {
    for (line, expected) in steps {
        assert_eq!(session.run(line), *expected, "kubectl {line}");
    }
}

#[test]
fn objects_are_created_shown_changed_and_deleted() {
    let mut session = Session::new();
    session.write("a.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {x: z}}, data: {k: v}}");
    session.write(
        "b.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {x: z}}, data: {k: w, m: '1'}}",
    );
    check(
        &mut session,
        &[
            ("apply -f FOLDER/a.yaml", "configmap/a created\n"),
            ("apply -f FOLDER/a.yaml", "configmap/a unchanged\n"),
            ("apply -f FOLDER/b.yaml --dry-run=server", "configmap/a configured (server dry run)\n"),
            ("apply -f FOLDER/b.yaml", "configmap/a configured\n"),
            ("get cm a -o jsonpath={.data}", "{\"k\":\"w\",\"m\":\"1\"}"),
            ("get cm -l x=z", "NAME   DATA   AGE\na      2      0s\n"),
            ("get cm -l x=u", "! No resources found in default namespace.\n"),
            ("get cm,ns -A -o name -l x=z", "configmap/a\n"),
            (
                "create -f FOLDER/a.yaml",
                "! Error from server (AlreadyExists): error when creating \"FOLDER/a.yaml\": configmaps \"a\" already exists\n= 1\n",
            ),
            ("delete -f FOLDER/a.yaml --dry-run=client", "configmap \"a\" deleted from default namespace (dry run)\n"),
            (
                "delete cm a b",
                "configmap \"a\" deleted from default namespace\n! Error from server (NotFound): configmaps \"b\" not found\n= 1\n",
            ),
            (
                "delete -f FOLDER/a.yaml",
                "! Error from server (NotFound): error when deleting \"FOLDER/a.yaml\": configmaps \"a\" not found\n= 1\n",
            ),
        ],
    );
}

#[test]
fn what_is_mistyped_is_said() {
    let mut session = Session::new();
    check(
        &mut session,
        &[
            ("get foo", "! error: the server doesn't have a resource type \"foo\"\n= 1\n"),
            ("get cm --badflag", "! error: unknown flag: --badflag\n! See 'kubectl get --help' for usage.\n= 1\n"),
            ("top nope", "! error: unknown command \"nope\"\n! See 'kubectl top -h' for help and examples\n= 1\n"),
            ("create", "! error: must specify one of -f and -k\n= 1\n"),
            (
                "create ns a b",
                "! error: exactly one NAME is required, got 2\n! See 'kubectl create namespace -h' for help and examples\n= 1\n",
            ),
            ("delete cm x --all", "! error: name cannot be provided when a selector is specified\n= 1\n"),
            (
                "delete cm --all --field-selector=metadata.name=x",
                "! error: setting 'all' parameter but found a non empty selector. \n= 1\n",
            ),
            ("help nope", "! Unknown help topic [`nope`]\n= 1\n"),
            ("describe cm nope", "! Error from server (NotFound): configmaps \"nope\" not found\n= 1\n"),
        ],
    );
}

#[test]
fn wrong_flags_and_words_are_refused_as_kubectl_does() {
    let mut session = Session::new();
    check(
        &mut session,
        &[
            ("get cm -l", "! error: flag needs an argument: 'l' in -l\n! See 'kubectl get --help' for usage.\n= 1\n"),
            (
                "get cm --watch=x",
                "! error: invalid argument \"x\" for \"-w, --watch\" flag: strconv.ParseBool: parsing \"x\": invalid syntax\n! See 'kubectl get --help' for usage.\n= 1\n",
            ),
            (
                "wait --for=delete cm/a --timeout=5",
                "! error: invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"\n! See 'kubectl wait --help' for usage.\n= 1\n",
            ),
            ("create cronjob", "! error: required flag(s) \"image\", \"schedule\" not set\n= 1\n"),
            (
                "set volume deploy web",
                "! error: unknown command \"volume deploy web\"\n! See 'kubectl set -h' for help and examples\n= 1\n",
            ),
            (
                "get -f FOLDER/a -f FOLDER/b",
                "! the path \"FOLDER/a\" does not exist\n! the path \"FOLDER/b\" does not exist\n= 1\n",
            ),
            ("get cm,", "! error: the server doesn't have a resource type \"\"\n= 1\n"),
            ("cordon a b", "! Error from server (NotFound): nodes \"a\" not found\n= 1\n"),
            (
                "taint nodes --all a:NoSchedule a-",
                "! error: can not both modify and remove the following taint(s) in the same command: a=\n= 1\n",
            ),
            ("create role r --verb=use --resource=pods", "! error: can not perform 'use' on 'pods' in group ''\n= 1\n"),
            (
                "create role r --verb=get --resource=nope.apps",
                "! the server doesn't have a resource type \"nope\" in group \"apps\"\n= 1\n",
            ),
            (
                "create pdb p --selector=a=b --min-available=x",
                "! error: invalid format specified for min-available\n= 1\n",
            ),
            (
                "rollout history ns/default",
                "! error: error retrieving history for \"Namespace\", no visitor method exists for { Namespace}\n= 1\n",
            ),
        ],
    );
}

#[test]
fn creation_minds_versions_and_ports_before_names() {
    let mut session = Session::new();
    session.write("v.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: v, resourceVersion: '7'}}");
    session.write(
        "s.yaml",
        "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}}",
    );
    check(
        &mut session,
        &[
            ("create -f FOLDER/v.yaml --dry-run=server", "configmap/v created (server dry run)\n"),
            (
                "create -f FOLDER/v.yaml",
                "! Error from server: error when creating \"FOLDER/v.yaml\": resourceVersion should not be set on objects to be created\n= 1\n",
            ),
            ("create -f FOLDER/s.yaml", "service/s created\n"),
            (
                "create -f FOLDER/s.yaml",
                "! The Service \"s\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated\n= 1\n",
            ),
            ("create priorityclass a --value=1 --global-default", "priorityclass.scheduling.k8s.io/a created\n"),
            (
                "create priorityclass b --value=1 --global-default",
                "! error: failed to create priorityclass: priorityclasses.scheduling.k8s.io \"b\" is forbidden: PriorityClass a is already marked as default. Only one default can exist\n= 1\n",
            ),
            (
                "delete priorityclass system-node-critical",
                "! Error from server (Forbidden): priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and cannot be deleted\n= 1\n",
            ),
        ],
    );
}

#[test]
fn a_watch_in_virtual_time_ends_when_nothing_is_due() {
    let mut session = Session::new();
    let seen = session.run("get ns default -w --output-watch-events");
    assert_eq!(seen, "EVENT   NAME      STATUS   AGE\nADDED   default   Active   0s\n");
}
