//! `auth reconcile`: extends roles and bindings to at least the permissions and subjects of manifests.
//!
//! Upstream: `kubectl/pkg/cmd/auth/reconcile.go` and `component-helpers/auth/rbac/reconciliation`.

use clap::{ArgMatches, Command};

use super::rules::{rule_text, subject_text, uncovered};
use crate::args::groups;
use crate::args::{self, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_cluster::Propagation;
use kctl_cluster::client::{DeleteParams, ResourcePath, WriteParams};

/// The `auth reconcile` verb.
pub(super) const VERB: Verb = Verb {
    name: "reconcile",
    aliases: &[],
    about: "Reconcile rules for RBAC role, role binding, cluster role, and cluster role binding objects",
    long:
        "Reconcile the rules and subjects of RBAC roles, role bindings, cluster roles and cluster role bindings with \
    manifests.

 Missing objects are created, together with the namespaces that they need. Existing roles are extended with the \
    permissions of the manifest, and with --remove-extra-permissions lose the others. Existing bindings are extended \
    with the subjects of the manifest, and with --remove-extra-subjects lose the others.",
    examples: &[
        ("Reconcile RBAC objects with a file", "auth reconcile -f rbac.yaml"),
        ("Show what would change", "auth reconcile -f rbac.yaml --dry-run=client"),
        (
            "Reconcile and remove what the file does not grant",
            "auth reconcile -f rbac.yaml --remove-extra-subjects --remove-extra-permissions",
        ),
    ],
    usage: "-f FILENAME",
    flags,
    run,
    family: &[],
};

/// Objects with the value `false` of this annotation are not reconciled.
const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

fn flags(command: Command) -> Command {
    groups::dry_run(groups::output(groups::files(command)))
        .arg(args::switch("remove-extra-permissions", "Remove permissions of roles that the files do not grant."))
        .arg(args::switch("remove-extra-subjects", "Remove subjects of bindings that the files do not name."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection { validate: true, refuse: Some(old_version), ..Selection::from_matches(ctx, matches) };
    if !selection.has_files() {
        return Err(CliError::new("must specify one of -f and -k"));
    }
    let dry_run = DryRun::read(ctx, matches)?;
    if dry_run.is_server() {
        return Err(CliError::new("--dry-run=server for command reconcile is not supported yet"));
    }
    let mut output = Output::of_typed_report(matches)?;
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    for item in &resolved.items {
        let list = match item.kind.names().kind {
            "Role" | "ClusterRole" => RULES.exactly(matches.flag("remove-extra-permissions")),
            "RoleBinding" | "ClusterRoleBinding" => SUBJECTS.exactly(matches.flag("remove-extra-subjects")),
            // Other objects in the same file are ignored.
            _ => continue,
        };
        let result = plan(ctx, item, &list).and_then(|plan| Ok((plan.execute(ctx, item, dry_run)?, plan))).and_then(
            |(object, plan)| {
                output.report(ctx, &object, &item.label(), "reconciled", dry_run)?;
                plan.explain(ctx, &list);
                Ok(())
            },
        );
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// The error of a role or binding of a version before v1.
fn old_version(object: &Value) -> Option<CliError> {
    let (kind, version) = (object.kind(), object.api_version().strip_prefix("rbac.authorization.k8s.io/")?);
    let is_old = ["v1beta1", "v1alpha1"].contains(&version)
        && ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"].contains(&kind);
    is_old.then(|| CliError::new(format!("only rbac.authorization.k8s.io/v1 is supported: not *{version}.{kind}")))
}

/// The list that is reconciled: the rules of a role or the subjects of a binding.
#[derive(Clone, Copy)]
struct List {
    pointer: &'static str,
    /// The name of its entries in messages.
    what: &'static str,
    /// True when entries that no manifest has are removed.
    exact: bool,
    /// Returns the entries of the second list that the first does not cover.
    missing: fn(&[Value], &[Value]) -> Vec<Value>,
    text: fn(&Value) -> String,
}

const RULES: List = List { pointer: "/rules", what: "rules", exact: false, missing: uncovered, text: rule_text };
const SUBJECTS: List =
    List { pointer: "/subjects", what: "subjects", exact: false, missing: not_in, text: subject_text };

impl List {
    fn exactly(self, exact: bool) -> List {
        List { exact, ..self }
    }
}

fn not_in(owners: &[Value], entries: &[Value]) -> Vec<Value> {
    entries.iter().filter(|entry| !owners.contains(entry)).cloned().collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    None,
    Create,
    Update,
    /// The role of a binding cannot be changed.
    Recreate,
}

/// The changes that an object needs.
struct Plan {
    operation: Operation,
    object: Value,
    missing: Vec<Value>,
    extra: Vec<Value>,
    /// True when the object has opted out.
    is_protected: bool,
}

/// Compares an object with its manifest.
fn plan(ctx: &mut Ctx, item: &Item, list: &List) -> CliResult<Plan> {
    let wanted = with_defaults(item.content());
    let live = match item.fetch(ctx) {
        Ok(live) => (*live).clone(),
        Err(error) if error.is_not_found() => {
            let missing = wanted.list(list.pointer).to_vec();
            let operation = Operation::Create;
            return Ok(Plan { operation, object: wanted, missing, extra: Vec::new(), is_protected: false });
        }
        Err(error) => return Err(error),
    };
    Ok(compare(&live, wanted, list))
}

fn compare(live: &Value, wanted: Value, list: &List) -> Plan {
    let is_protected = live.annotation(AUTOUPDATE) == Some("false");
    let plan = |operation, object| Plan { operation, object, missing: Vec::new(), extra: Vec::new(), is_protected };
    if live.at("/roleRef") != wanted.at("/roleRef") {
        return plan(Operation::Recreate, wanted);
    }
    let mut object = live.clone();
    // Labels and annotations of the live object are kept.
    for (key, value) in wanted.labels().into_iter().filter(|(key, _)| live.label(key).is_none()) {
        object.set_label(&key, &value);
    }
    let annotations = wanted.strings("/metadata/annotations");
    for (key, value) in annotations.into_iter().filter(|(key, _)| live.annotation(key).is_none()) {
        object.set_annotation(&key, &value);
    }
    let (old, new) = (live.list(list.pointer), wanted.list(list.pointer));
    let (missing, extra) = ((list.missing)(old, new), (list.missing)(new, old));
    if list.exact && !(missing.is_empty() && extra.is_empty()) {
        object.put(list.pointer, new.to_vec());
    } else if !list.exact && !missing.is_empty() {
        object.list_mut(list.pointer).extend(missing.clone());
    }
    let operation = if object == *live { Operation::None } else { Operation::Update };
    Plan { missing, extra, ..plan(operation, object) }
}

/// Adds the API groups that the server would default.
fn with_defaults(mut object: Value) -> Value {
    const GROUP: &str = "rbac.authorization.k8s.io";
    for subject in object.items_mut("/subjects") {
        if subject.str("/apiGroup").is_empty() {
            match subject.str("/kind") {
                "User" | "Group" => subject.put("/apiGroup", GROUP),
                _ => drop(subject.remove_at("/apiGroup")),
            }
        }
    }
    if object.at("/roleRef").is_some() {
        object.put_default("/roleRef/apiGroup", GROUP);
    }
    object
}

impl Plan {
    /// Carries out the plan and returns the resulting object.
    fn execute(&self, ctx: &mut Ctx, item: &Item, dry_run: DryRun) -> CliResult<Value> {
        if dry_run.is_client() || self.is_protected || self.operation == Operation::None {
            return Ok(self.object.clone());
        }
        if self.operation == Operation::Update {
            let params = params(dry_run);
            let updated = ctx.api(|client| client.update(&item.path(), self.object.clone(), &params))?;
            return Ok((*updated).clone());
        }
        if self.operation == Operation::Recreate {
            let params = DeleteParams { propagation: Some(Propagation::Background), ..DeleteParams::default() };
            ctx.api(|client| client.delete(&item.path(), &params))?;
        }
        ensure_namespace(ctx, &item.namespace, dry_run)?;
        create(ctx, &item.path().collection(), self.object.clone(), dry_run)
    }

    /// Reports the changes on standard error.
    fn explain(&self, ctx: &mut Ctx, list: &List) {
        let operation = match self.operation {
            Operation::None => return,
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Recreate => "recreate",
        };
        let caveat =
            if self.is_protected { format!(", but object opted out ({AUTOUPDATE}: false)") } else { String::new() };
        ctx.print_error(format!("\treconciliation required {operation}{caveat}"));
        let removed: &[Value] = if list.exact { &self.extra } else { &[] };
        for (entries, which, done) in [(&self.missing[..], "missing", "added"), (removed, "extra", "removed")] {
            if !entries.is_empty() {
                ctx.print_error(format!("\t{which} {} {done}:", list.what));
                entries.iter().for_each(|entry| ctx.print_error(format!("\t\t{}", (list.text)(entry))));
            }
        }
    }
}

/// Creates the namespace of a role if it does not exist.
fn ensure_namespace(ctx: &mut Ctx, namespace: &str, dry_run: DryRun) -> CliResult<()> {
    if namespace.is_empty() {
        return Ok(());
    }
    if ctx.api(|client| client.get_opt(&ResourcePath::one("namespaces", "", namespace)))?.is_some() {
        return Ok(());
    }
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    create(ctx, &ResourcePath::all("namespaces", ""), object, dry_run).map(drop)
}

fn create(ctx: &mut Ctx, path: &ResourcePath, object: Value, dry_run: DryRun) -> CliResult<Value> {
    let params = params(dry_run);
    Ok((*ctx.api(|client| client.create(path, object, &params))?).clone())
}

fn params(dry_run: DryRun) -> WriteParams {
    WriteParams::manager("kubectl-auth").dry_run(dry_run.is_server())
}
