//! One operator for every verb of the program.

use super::Objects;
use crate::harness::random::Random;

/// The changes that a command may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing in the store, not even its time.
    None,
    /// Objects, or the time of the cluster.
    Any,
    /// Everything: another state becomes the present one.
    Back,
}
use Effect::{Any, Back, None as Nothing};

/// A verb with the arguments it can have.
///
/// In arguments, `{RESOURCE}` is the name of some object of a resource, `{a|b}` one of several texts and `{0-9}` a number.
pub(super) struct Operator {
    /// The words of the verb.
    pub(super) verb: &'static str,
    /// The changes that the verb may make without `--dry-run`.
    effect: Effect,
    /// The arguments, one of which is chosen.
    arguments: &'static [&'static str],
}

const fn operator(verb: &'static str, effect: Effect, arguments: &'static [&'static str]) -> Operator {
    Operator { verb, effect, arguments }
}

/// The name of new objects.
const NEW: &str = "{a|b|c|d|e|Not_Valid}";
/// The files that arguments name.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: {app: a}}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    spec: {containers: [{name: nginx, image: nginx}]}\n",
    ),
    (
        "set.yaml",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  replicas: 2\n  serviceName: s\n  selector: {matchLabels: {app: s}}\n  template:\n    metadata: {labels: {app: s}}\n    spec: {containers: [{name: nginx, image: nginx}]}\n",
    ),
    (
        "map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {key: one}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {key: two}\n",
    ),
    ("bad.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: UPPER}\nspec: {}\n"),
    (
        "role.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
    ),
    ("kustomization.yaml", "resources: [map.yaml]\nnamePrefix: k-\n"),
];
/// A file with objects, good or bad.
const FILE: &str = "{web.yaml|set.yaml|map.yaml|bad.yaml|missing.yaml}";

/// All verbs.
pub(super) const VERBS: &[Operator] = &[
    operator("alpha", Nothing, &[""]),
    operator(
        "annotate",
        Any,
        &[
            "{pods|deployments|nodes} --all {note=x|note-|note=y --overwrite|bad}",
            "deployment {deployments.apps} note=z --overwrite{| --dry-run=server}",
        ],
    ),
    operator("api-resources", Nothing, &["", "-o {name|wide} --namespaced={true|false}"]),
    operator("api-versions", Nothing, &[""]),
    operator(
        "apply",
        Any,
        &["-f FILE{| --server-side| --dry-run=server| --dry-run=client| --server-side --force-conflicts}"],
    ),
    operator("apply edit-last-applied", Any, &["deployment {deployments.apps}"]),
    operator("apply set-last-applied", Any, &["-f FILE{| --create-annotation=true}"]),
    operator("apply view-last-applied", Nothing, &["deployment {deployments.apps}"]),
    operator("attach", Any, &["{pods}"]),
    operator("auth can-i", Nothing, &["{get|delete|use} {pods|nodes|nothing}"]),
    operator("auth reconcile", Any, &["-f {role.yaml|web.yaml}{| --dry-run=client}"]),
    operator("auth whoami", Nothing, &[""]),
    operator(
        "autoscale",
        Any,
        &["deployment {deployments.apps} --max={0-9}{| --min=2| --cpu=50%}{| --dry-run=server}"],
    ),
    operator("branch", Nothing, &["{|x|y|Not_Valid}"]),
    operator("branch delete", Nothing, &["{x|y|main}"]),
    operator("branch list", Nothing, &["{|-o name}"]),
    operator("branch switch", Nothing, &["{main|odd}"]),
    operator("certificate", Nothing, &[""]),
    operator("certificate approve", Any, &["{a|missing}{| --force}"]),
    operator("certificate deny", Any, &["{a|missing}"]),
    operator("clock", Nothing, &[""]),
    operator("clock advance", Any, &["{0-9}{s|m|0s|x}"]),
    operator("clock set", Any, &["virtual"]),
    operator("clock settle", Any, &["{|--timeout=30s}"]),
    operator("clock show", Nothing, &[""]),
    operator("cluster-info", Nothing, &[""]),
    operator("cluster-info dump", Nothing, &[""]),
    operator("completion", Nothing, &["{bash|zsh|fish|powershell|csh}"]),
    operator("config current-context", Nothing, &[""]),
    operator("config delete-cluster", Any, &["{x|y}"]),
    operator("config delete-context", Any, &["{x|y}"]),
    operator("config delete-user", Any, &["{x|y}"]),
    operator("config get-clusters", Nothing, &[""]),
    operator("config get-contexts", Nothing, &["{|-o name}"]),
    operator("config get-users", Nothing, &[""]),
    operator("config rename-context", Any, &["{x|y} {x|y}"]),
    operator("config set", Any, &["contexts.x.namespace default", "nothing"]),
    operator("config set-cluster", Any, &["{x|y} --server=https://10.0.0.{0-9}"]),
    operator("config set-context", Any, &["{x|y} --namespace=default"]),
    operator("config set-credentials", Any, &["{x|y} --username=u --password=p"]),
    operator("config unset", Any, &["contexts.{x|y}"]),
    operator("config use-context", Any, &["{missing|kctl}"]),
    operator("config view", Nothing, &["{|--minify|-o json}"]),
    operator("cordon", Any, &["{nodes}{| --dry-run=server}"]),
    operator("cp", Nothing, &["a b"]),
    operator("create", Any, &["-f FILE{| --dry-run=client| --dry-run=server| --save-config}"]),
    operator("create clusterrole", Any, &["NEW --verb=get --resource={pods|nothing}"]),
    operator("create clusterrolebinding", Any, &["NEW --clusterrole=view --user=u"]),
    operator(
        "create configmap",
        Any,
        &["NEW --from-literal=key={0-9}{| --dry-run=server}", "NEW --from-file=map.yaml"],
    ),
    operator("create cronjob", Any, &["NEW --image=busybox --schedule={@hourly|@daily|odd} -- true"]),
    operator(
        "create deployment",
        Any,
        &["NEW --image={nginx|nginx:does-not-exist} --replicas={0-9}{| --dry-run=server| --port=80}"],
    ),
    operator("create ingress", Any, &["NEW --rule={host/path=a:80|bad}"]),
    operator("create job", Any, &["NEW --image=busybox -- {true|false}", "NEW --from=cronjob/{cronjobs.batch}"]),
    operator("create namespace", Any, &["NEW{| --dry-run=server}"]),
    operator("create poddisruptionbudget", Any, &["NEW --selector=app={a|b} --min-available={1|50%|x}"]),
    operator("create priorityclass", Any, &["NEW --value={0-9}00"]),
    operator("create quota", Any, &["NEW --hard=pods={0-9}0,services={0-9},configmaps=1{0-9}"]),
    operator("create role", Any, &["NEW --verb=get --resource={pods|nothing}"]),
    operator("create rolebinding", Any, &["NEW --role=r --serviceaccount=default:default"]),
    operator("create secret docker-registry", Any, &["NEW --docker-server=s --docker-username=u --docker-password=p"]),
    operator("create secret generic", Any, &["NEW --from-literal=key=x{| --dry-run=client}"]),
    operator("create secret tls", Any, &["NEW --cert=missing --key=missing"]),
    operator("create service clusterip", Any, &["NEW --tcp={80|80:81|x}{| --dry-run=server}"]),
    operator("create service externalname", Any, &["NEW --external-name=example.com"]),
    operator("create service loadbalancer", Any, &["NEW --tcp=80"]),
    operator("create service nodeport", Any, &["NEW --tcp=80{| --node-port=3000{0-9}}"]),
    operator("create serviceaccount", Any, &["NEW"]),
    operator("create token", Any, &["{serviceaccounts}"]),
    operator(
        "debug",
        Any,
        &[
            "{pods}",
            "{pods} --image=busybox --profile={general|restricted|nope}",
            "{pods} --image=busybox --copy-to={a|b}",
            "node/{nodes} --image=busybox",
        ],
    ),
    operator(
        "delete",
        Any,
        &[
            "deployment {deployments.apps} --cascade={background|foreground|orphan|odd}",
            "pod {pods} --now",
            "{service|statefulset|quota|pdb|hpa|job|cronjob} --all{| --dry-run=server}",
            "pod {pods} --grace-period=0 --force",
            "-f FILE --wait=false",
        ],
    ),
    operator("describe", Nothing, &["{pods|deployments|nodes|services|events|quota|pdb|namespaces|odd}", "pod {pods}"]),
    operator("diff", Nothing, &["-f FILE{| --server-side}"]),
    operator(
        "drain",
        Any,
        &["{nodes} --ignore-daemonsets --force{| --dry-run=server| --delete-emptydir-data} --timeout=60s"],
    ),
    operator("edit", Any, &["deployment {deployments.apps}", "configmap {configmaps}"]),
    operator("events", Nothing, &["{|-A|--types=Warning|--for=pod/{pods}}"]),
    operator("exec", Any, &["{pods} -- {true|false|sleep 3|sh -c exit}"]),
    operator("explain", Nothing, &["{pod.spec|deployments|service.spec.ports|pods.odd}{| --recursive}"]),
    operator(
        "expose",
        Any,
        &["deployment {deployments.apps} --port={80|x}{| --type=NodePort| --dry-run=client}{| --name=e}"],
    ),
    operator(
        "get",
        Nothing,
        &[
            "{all|pods|nodes|events|deploy,svc|odd|quota} {|-A|-o wide|-o yaml|-o json|-o name|--show-labels}",
            "pod {pods} -o jsonpath={.status.phase}",
        ],
    ),
    operator("help", Nothing, &["{get|rollout|odd}"]),
    operator("kuberc", Nothing, &[""]),
    operator("kuberc set", Nothing, &["--section aliases --name {g|h} --command get{| --overwrite}", "--section nope"]),
    operator("kuberc view", Nothing, &["", "-o json"]),
    operator("kustomize", Nothing, &["{.|missing}"]),
    operator(
        "plan",
        Nothing,
        &[
            "{|-o json|-o wide|--diff|--until=1m} -- {scale deployment {deployments.apps} --replicas={0-9}|delete pod {pods}|get pods}",
            "-- {drain {nodes} --ignore-daemonsets --force|set image deployment {deployments.apps} nginx=nginx:{1|bad}}",
            "-f FILE{| --timeout=1m}",
        ],
    ),
    operator("plugin list", Nothing, &["", "--name-only"]),
    operator(
        "label",
        Any,
        &[
            "{pods|deployments|nodes} --all {tier=x|tier-|tier=y --overwrite|bad|a/b/c=d}{| --dry-run=client}",
            "pod {pods} app-",
        ],
    ),
    operator("logs", Nothing, &["{pods}{| --tail=3| --previous| --timestamps}", "deployment/{deployments.apps}"]),
    operator("op keep", Nothing, &["{|--operations=500 --size=64Mi|--size=odd}"]),
    operator("op log", Nothing, &["{|--limit=3|-o name}"]),
    operator("op restore", Back, &["{{0-9}|{0-9}{0-9}}"]),
    operator("op show", Nothing, &["{{0-9}|{0-9}{0-9}|odd}"]),
    operator("options", Nothing, &[""]),
    operator(
        "patch",
        Any,
        &[
            "deployment {deployments.apps} -p {\"spec\":{\"replicas\":4}} --type={strategic|merge|json|odd}",
            "deployment {deployments.apps} --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":1}]{| --dry-run=server}",
            "node {nodes} -p {\"metadata\":{\"labels\":{\"x\":\"y\"}}}",
        ],
    ),
    operator("plugin", Nothing, &[""]),
    operator("port-forward", Nothing, &["{pods}", "none 80"]),
    operator("proxy", Nothing, &[""]),
    operator("redo", Back, &[""]),
    operator("replace", Any, &["-f FILE{| --force| --dry-run=server}"]),
    operator("resolve", Nothing, &["{kubernetes|a|e|10.96.0.1|odd..name}"]),
    operator("rollout history", Nothing, &["deployment/{deployments.apps}{| --revision=1}"]),
    operator("rollout pause", Any, &["deployment/{deployments.apps}"]),
    operator("rollout restart", Any, &["{deployment/{deployments.apps}|statefulset/{statefulsets.apps}}"]),
    operator("rollout resume", Any, &["deployment/{deployments.apps}"]),
    operator("rollout status", Any, &["deployment/{deployments.apps} --timeout=60s{| --watch=false}"]),
    operator("rollout undo", Any, &["deployment/{deployments.apps}{| --to-revision=1| --dry-run=server}"]),
    operator(
        "run",
        Any,
        &["NEW --image={nginx|busybox}{| --restart=Never| --dry-run=server| --labels=app=a| --port=80 --expose}"],
    ),
    operator(
        "scale",
        Any,
        &[
            "deployment {deployments.apps} --replicas={0-9}{| --current-replicas=2| --dry-run=server}",
            "statefulset {statefulsets.apps} --replicas={0-9}",
        ],
    ),
    operator("snapshot delete", Nothing, &["{a|b|c}"]),
    operator("snapshot diff", Nothing, &["{a|b|c} --names", "{a|b} {c|main|x} --names"]),
    operator("snapshot export", Nothing, &["{a|b} exported.kctl"]),
    operator("snapshot import", Nothing, &["exported.kctl c", "web.yaml c"]),
    operator("snapshot list", Nothing, &["{|-o name}"]),
    operator("snapshot restore", Back, &["{a|b|c}"]),
    operator("snapshot save", Nothing, &["{a|b|Not_Valid}"]),
    operator("set env", Any, &["deployment/{deployments.apps} {KEY={0-9}|KEY-|--list}{| --dry-run=server}"]),
    operator(
        "set image",
        Any,
        &["deployment/{deployments.apps} {*|nginx|odd}={nginx:1.2{0-9}|httpd}{| --dry-run=client}"],
    ),
    operator(
        "set resources",
        Any,
        &["deployment {deployments.apps} --requests=cpu={0-9}0m{| --limits=cpu=1| --dry-run=server}"],
    ),
    operator("set selector", Any, &["service {services} app={a|b}"]),
    operator("set serviceaccount", Any, &["deployment {deployments.apps} {default|odd}"]),
    operator("set subject", Any, &["rolebinding {rolebindings.rbac.authorization.k8s.io} --user=v"]),
    operator("sim image", Any, &["{missing|present} nginx:1.2{0-9}"]),
    operator("sim metrics", Any, &["{pods} cpu={0-9}0m"]),
    operator("sim node", Any, &["{stop|start} {nodes}"]),
    operator("sim pod", Any, &["{crash|unready|ready|odd} {pods}"]),
    operator("sim show", Nothing, &[""]),
    operator("store check", Nothing, &[""]),
    operator("store compact", Any, &[""]),
    operator("store create", Nothing, &["{|--nodes=0|--profile=kind}"]),
    operator("store path", Nothing, &[""]),
    operator("store reset", Any, &["--odd"]),
    operator("taint", Any, &["node {nodes} {k=v:NoSchedule|k=v:NoExecute|k-|bad}{| --overwrite| --dry-run=server}"]),
    operator("test", Nothing, &["missing.t", "web.yaml"]),
    operator("test record", Nothing, &["session.txt web.yaml"]),
    operator(
        "timeline",
        Nothing,
        &["{|-A|--ascii|--since=1m|-o json}", "{deployment {deployments.apps}|pod {pods}}{| -o svg| -o html}"],
    ),
    operator("top node", Nothing, &[""]),
    operator("top pod", Nothing, &["{|-A|--containers}"]),
    operator("undo", Back, &["{||||{0-9}|{0-9}{0-9}}"]),
    operator("uncordon", Any, &["{nodes}{| --dry-run=client}"]),
    operator("version", Nothing, &["{|-o yaml|--client}"]),
    operator(
        "why",
        Nothing,
        &["pod {pods}{| -o json}", "{deployment/{deployments.apps}|statefulset/{statefulsets.apps}|node/{nodes}}"],
    ),
    operator(
        "wait",
        Any,
        &[
            "pod {pods} --for=condition=Ready --timeout={5|30}s",
            "deployment {deployments.apps} --for=jsonpath={.status.replicas}=2 --timeout=5s",
        ],
    ),
];

/// Verbs that make most of the content of a cluster, and so are chosen more often.
const OFTEN: &[&str] = &["create deployment", "apply", "clock advance", "scale", "set image", "run", "expose"];

/// Chooses an operator.
pub(super) fn choose(random: &mut Random) -> &'static Operator {
    let often = random.once_in(4).then(|| *random.pick(OFTEN));
    VERBS.iter().find(|operator| Some(operator.verb) == often).unwrap_or_else(|| random.pick(VERBS))
}

impl Operator {
    /// Chooses arguments and returns the command line.
    pub(super) fn line(&self, random: &mut Random, objects: &Objects) -> String {
        let arguments = random.pick(self.arguments).replace("FILE", FILE).replace("NEW", NEW);
        format!("{} {}", self.verb, expand(&arguments, random, objects)).trim_end().to_string()
    }

    /// The changes that a command line of the verb may make.
    pub(super) fn effect_of(&self, line: &str) -> Effect {
        let is_rehearsed = line.contains("--dry-run=") && !line.contains("--dry-run=none");
        if is_rehearsed { Nothing } else { self.effect }
    }
}

/// Replaces every group in braces, the inner ones after the choice of an outer one. JSON and JSONPath are left as they are.
fn expand(text: &str, random: &mut Random, objects: &Objects) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let end = start + closing(&rest[start..]);
        let inner = &rest[start + 1..end];
        expanded.push_str(&rest[..start]);
        if inner.starts_with(['"', '.']) {
            expanded.push_str(&rest[start..=end]);
        } else if inner == "0-9" {
            expanded.push_str(&random.below(10).to_string());
        } else if let [_, _, ..] = alternatives(inner)[..] {
            let chosen = *random.pick(&alternatives(inner));
            expanded.push_str(&expand(chosen, random, objects));
        } else {
            expanded.push_str(&any_name(inner, random, objects));
        }
        rest = &rest[end + 1..];
    }
    expanded + rest
}

/// The position of the brace that closes the first one of a text.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let end = text.find(|c: char| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth == 0
    });
    end.expect("a balanced text")
}

/// Splits a text at the bars that are not within braces.
fn alternatives(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c: char| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        c == '|' && depth == 0
    })
    .collect()
}

/// The name of an object of a resource in the namespace default or in none; now and then one that does not exist.
fn any_name(resource: &str, random: &mut Random, objects: &Objects) -> String {
    let keys =
        objects.keys().filter(|key| key.resource == resource && ["", "default"].contains(&key.namespace.as_str()));
    let names: Vec<&str> = keys.map(|key| key.name.as_str()).collect();
    match names.is_empty() || random.once_in(10) {
        true => "missing".into(),
        false => (*random.pick(&names)).to_string(),
    }
}
