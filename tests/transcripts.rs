//! Sessions recorded from a real v1.36 control plane, replayed against the binary.
//!
//! The format: `$` is a command, `|` its standard output, `!` its standard error, `=` its exit code if it is not 0, and `~` an
//! action on the cluster. Both sides are normalized before they are compared: hashes, random suffixes, uids, addresses,
//! ages, dates and runs of spaces. Steps that are known to differ are listed in `testdata/parity/differs.txt`, which may
//! only get shorter: a listed step that agrees fails the test. Every session runs twice with the same seed and must print
//! the same bytes both times.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::harness::{Output, Sandbox, copy_tree, testdata};

/// The alphabet of generated names (`k8s.io/apimachinery/pkg/util/rand`).
const SAFE: &str = "bcdfghjklmnpqrstvwxz2456789";

/// A replacement before a comparison, after [`hide_suffixes`].
struct Rule {
    pattern: Regex,
    to: &'static str,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rule = |pattern: &str, to: &'static str| Rule {
        pattern: Regex::new(&pattern.replace("SAFE", SAFE)).expect("a pattern"),
        to,
    };
    vec![
        rule(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
        rule(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| [+-]\d{4} UTC)", "<time>"),
        rule(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<date>"),
        rule(r"\b(?:10|192|172)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", "<ip>"),
        rule(r"(?m)^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \w+\.go:\d+\] ", "<log> "),
        rule(r"\b3[0-2]\d{3}(/(?:TCP|UDP))", "<nodeport>$1"),
        rule(r"(nodePort: )3[0-2]\d{3}\b", "${1}<nodeport>"),
        rule(r"\.[0-9a-f]{16}\b", ".<event>"),
        rule(r#"(resourceVersion: *"?)\d+("?)"#, "${1}<rv>$2"),
        rule(r#"("resourceVersion": *")\d+"#, "${1}<rv>"),
        rule(
            r#"(pod-template-hash|controller-revision-hash|controller.kubernetes.io/hash)([=:]\s*"?)[SAFE0-9]{6,10}"#,
            "$1$2<hash>",
        ),
        rule(r"\b\d+(?:d|h|s|ms|m)(?:\d+(?:h|m|s))?\b", "<age>"),
        rule(r"\(x\d+ over <age>\)", "(xN over <age>)"),
        rule(r"\bk8s-node\d\b", "<node>"),
        rule(r" {2,}", " "),
    ]
});

/// A command with its recorded output.
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

/// A step of a transcript.
pub(crate) enum Line {
    /// A command.
    Step(Step),
    /// An action on the cluster.
    Action(String),
}

/// Reads a transcript.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for raw in text.lines() {
        if let Some(command) = raw.strip_prefix("$ ") {
            lines.push(Line::Step(Step { command: command.into(), out: String::new(), err: String::new(), code: 0 }));
        } else if let Some(action) = raw.strip_prefix("~ ") {
            lines.push(Line::Action(action.trim().into()));
        } else if let Some(Line::Step(step)) = lines.last_mut() {
            let rest = raw.get(2..).unwrap_or("");
            match raw.chars().next() {
                Some('|') => step.out.push_str(&format!("{rest}\n")),
                Some('!') => step.err.push_str(&format!("{rest}\n")),
                Some('=') => step.code = rest.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
    }
    lines
}

/// Replaces the generated parts of names: template hashes, random suffixes, the scheduled minute of a CronJob's Job.
fn hide_suffixes(text: &str) -> String {
    static PART: LazyLock<Regex> = LazyLock::new(|| Regex::new("-([0-9A-Za-z]+)").expect("a pattern"));
    let safe = |word: &str| word.chars().all(|c| SAFE.contains(c));
    PART.replace_all(text, |found: &regex::Captures<'_>| {
        let whole = found.get(0).expect("the match");
        let (word, rest) = (&found[1], &text[whole.end()..]);
        let next: String =
            rest.strip_prefix('-').unwrap_or("").chars().take_while(char::is_ascii_alphanumeric).collect();
        let before_suffix = next.len() == 5 && safe(&next);
        let last = !rest.starts_with('-');
        match word.len() {
            7..=10 if safe(word) && (before_suffix || (last && word.contains(|c: char| c.is_ascii_digit()))) => {
                "-<hash>".to_string()
            }
            5 if safe(word) && last => "-<rand>".into(),
            8 if last && word.chars().all(|c| c.is_ascii_digit()) => "-<minute>".into(),
            _ => whole.as_str().to_string(),
        }
    })
    .into_owned()
}

/// Normalizes output to lines. Rows with random names and consecutive events are sorted, because their order is random too.
fn comparable(command: &str, text: &str) -> Vec<String> {
    let mut text = hide_suffixes(text);
    for rule in RULES.iter() {
        text = rule.pattern.replace_all(&text, rule.to).into_owned();
    }
    let mut lines: Vec<String> = text.lines().map(|l| l.trim_end().to_string()).collect();
    let structured = command.contains("-o yaml") || command.contains("-o json ") || command.ends_with("-o json");
    let random = lines.iter().any(|l| l.contains("<rand>") || l.contains("<hash>"));
    if command.contains(" get ") && random && !structured && lines.len() > 1 {
        lines[1..].sort();
    }
    let event = |line: &String| line.split_whitespace().take(8).any(|w| w == "Normal" || w == "Warning");
    let mut at = 0;
    while at < lines.len() {
        let end = at + lines[at..].iter().take_while(|l| event(l)).count();
        lines[at..end].sort();
        at = end.max(at + 1);
    }
    lines
}

/// Returns true if the output of a step equals the recorded one after normalization.
pub(crate) fn agrees(step: &Step, got: &Output) -> bool {
    comparable(&step.command, &step.out) == comparable(&step.command, &got.out)
        && comparable(&step.command, &step.err) == comparable(&step.command, &got.err)
        && step.code == got.code
}

/// Replays a session in a new sandbox and returns the output of each step.
fn replay(lines: &[Line]) -> Vec<Output> {
    let mut sandbox = Sandbox::new(7);
    copy_tree(&testdata().join("parity/manifests"), &sandbox.path("parity/manifests"));
    copy_tree(&testdata().join("seeds"), &sandbox.path("testdata/seeds"));
    sandbox.cwd = sandbox.path("parity");
    let mut outputs = Vec::new();
    for line in lines {
        match line {
            Line::Step(step) => outputs.push(sandbox.run(&step.command)),
            Line::Action(action) => {
                let command = match action.split_once('-').filter(|(_, rest)| rest.starts_with("node ")) {
                    Some((verb, rest)) => format!("kctl sim node {verb} {}", rest.trim_start_matches("node ")),
                    None => format!("kctl clock {action}"),
                };
                sandbox.run(&command);
            }
        }
    }
    outputs
}

/// The numbers of the steps of a session that are known to differ.
fn known_differences(name: &str) -> BTreeSet<usize> {
    let list = std::fs::read_to_string(testdata().join("parity/differs.txt")).unwrap_or_default();
    let rows = list.lines().filter_map(|l| l.split_whitespace().next()).filter_map(|w| w.split_once(':'));
    rows.filter(|(file, _)| *file == name).filter_map(|(_, step)| step.parse().ok()).collect()
}

/// Replays a transcript twice and compares the outputs with the recorded ones and with each other.
fn check(name: &str) {
    let file = testdata().join("parity").join(format!("{name}.parity"));
    let lines = parse(&std::fs::read_to_string(file).expect("a transcript"));
    let (first, second) = (replay(&lines), replay(&lines));
    let steps: Vec<&Step> = lines.iter().filter_map(|l| if let Line::Step(s) = l { Some(s) } else { None }).collect();
    let known = known_differences(name);
    let mut failures = Vec::new();
    for (number, ((step, got), again)) in steps.iter().zip(&first).zip(&second).enumerate().map(|(n, s)| (n + 1, s)) {
        // The names of temporary files differ from run to run.
        if got != again && !step.command.contains("mktemp") {
            failures.push(format!(
                "{name}:{number} prints something else the second time: $ {}\n{got:?}\n{again:?}",
                step.command
            ));
        }
        match (agrees(step, got), known.contains(&number)) {
            (false, false) => failures.push(format!(
                "{name}:{number} $ {}\nwant {}{}= {}\ngot  {}{}= {}",
                step.command, step.out, step.err, step.code, got.out, got.err, got.code
            )),
            (true, true) => failures.push(format!("{name}:{number} agrees now: remove it from differs.txt")),
            _ => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

macro_rules! transcripts {
    ($($test:ident => $name:literal),* $(,)?) => {
        $(#[test] fn $test() { check($name); })*

        #[test]
        fn every_transcript_is_listed() {
            let listed: BTreeSet<String> = [$($name.to_string()),*].into();
            let entries = std::fs::read_dir(testdata().join("parity")).expect("transcripts");
            let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
            let found: BTreeSet<String> =
                names.filter_map(|name| name.strip_suffix(".parity").map(str::to_string)).collect();
            assert_eq!(listed, found);
        }
    };
}

transcripts! {
    t01_deployment_tutorial => "01-deployment-tutorial",
    t02_deployment_canary => "02-deployment-canary",
    t03_deployment_failed_update => "03-deployment-failed-update",
    t04_replicaset => "04-replicaset",
    t05_statefulset_web => "05-statefulset-web",
    t06_statefulset_nfs => "06-statefulset-nfs",
    t07_statefulset_orphan => "07-statefulset-orphan",
    t08_daemonset => "08-daemonset",
    t09_namespaces_and_errors => "09-namespaces-and-errors",
    t10_jobs => "10-jobs",
    t11_create_generators => "11-create-generators",
    t12_output_formats => "12-output-formats",
    t13_selectors => "13-selectors",
    t14_apply => "14-apply",
    t15_server_side_apply => "15-server-side-apply",
    t16_patch => "16-patch",
    t17_services => "17-services",
    t18_volumes => "18-volumes",
    t19_scheduling => "19-scheduling",
    t20_pod_lifecycle => "20-pod-lifecycle",
    t21_cascading_deletion => "21-cascading-deletion",
    t22_statefulset_options => "22-statefulset-options",
    t23_daemonset_options => "23-daemonset-options",
    t24_jobs_options => "24-jobs-options",
    t25_cronjobs => "25-cronjobs",
    t26_configmaps_secrets => "26-configmaps-secrets",
    t27_rbac => "27-rbac",
    t28_quota_limits_pdb_priority => "28-quota-limits-pdb-priority",
    t29_autoscalers => "29-autoscalers",
    t30_custom_resources => "30-custom-resources",
    t31_deployment_strategies => "31-deployment-strategies",
    t32_set => "32-set",
    t33_label_annotate_taint => "33-label-annotate-taint",
    t34_wait_events => "34-wait-events",
    t35_delete => "35-delete",
    t36_replace_edit_diff => "36-replace-edit-diff",
    t38_describe => "38-describe",
    t39_kustomize => "39-kustomize",
    t40_rc_and_adoption => "40-rc-and-adoption",
    t41_validation_errors => "41-validation-errors",
    t42_containers_probes_qos => "42-containers-probes-qos",
    t43_history => "43-history",
    t44_node_failure => "44-node-failure",
    t45_apply_more => "45-apply-more",
    t46_drain => "46-drain",
    t47_statefulset_claims => "47-statefulset-claims",
    t48_namespaces_contexts => "48-namespaces-contexts",
    t49_rollout_kinds => "49-rollout-kinds",
    t50_create => "50-create",
    t51_scale => "51-scale",
}
