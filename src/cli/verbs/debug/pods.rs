//! The pods and containers that `debug` creates.

use super::options::Options;
use super::profile::{Profile, Style};
use crate::{CliError, CliResult};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::patch::{FieldType, strategic};
use kctl_base::schema::Schema;

/// Returns the pod for a node.
pub(super) fn for_node(options: &Options, node: &str, name: &str) -> CliResult<Object> {
    let container_name = if options.container.is_empty() { "debugger" } else { &options.container };
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
        "spec": {"containers": [container(options, container_name)], "nodeName": node, "restartPolicy": "Never",
                 "tolerations": [{"operator": "Exists"}]},
    });
    customize(options, Style::Node, &mut pod, ("/spec/containers", 0))?;
    Ok(pod)
}

/// Returns a pod with another ephemeral container.
pub(super) fn with_ephemeral(options: &Options, pod: &Object, name: &str) -> CliResult<Object> {
    let mut new = pod.clone();
    let mut added = container(options, name);
    if !options.target.is_empty() {
        added.put("/targetContainerName", options.target.as_str());
    }
    let list = new.list_mut("/spec/ephemeralContainers");
    list.push(added);
    let place = ("/spec/ephemeralContainers", list.len() - 1);
    customize(options, Style::Ephemeral, &mut new, place)?;
    Ok(new)
}

/// Returns a new container as the flags describe it.
fn container(options: &Options, name: &str) -> Value {
    let mut container = json!({"name": name, "image": options.image.as_str(), "terminationMessagePolicy": "File"});
    if !options.env.is_empty() {
        container.put("/env", Value::from(options.env.clone()));
    }
    if !options.pull_policy.is_empty() {
        container.put("/imagePullPolicy", options.pull_policy.as_str());
    }
    put_command(options, &mut container);
    put_streams(options, &mut container);
    container
}

fn put_command(options: &Options, container: &mut Value) {
    if options.command.is_empty() {
        return;
    }
    let words: Value = options.command.iter().map(|word| Value::from(word.as_str())).collect();
    match options.arguments_only {
        true => container.put("/args", words),
        false => {
            container.put("/command", words);
            container.remove_at("/args");
        }
    }
}

fn put_streams(options: &Options, container: &mut Value) {
    for (field, is_on) in [("/stdin", options.stdin), ("/tty", options.tty)] {
        match is_on {
            true => container.put(field, true),
            false => drop(container.remove_at(field)),
        }
    }
}

/// Returns the copy of a pod, before its container for debugging.
pub(super) fn copy_of(options: &Options, pod: &Object) -> Object {
    let mut copy = json!({"apiVersion": "v1", "kind": "Pod",
                          "metadata": {"name": options.copy_to.as_str(), "namespace": pod.namespace()}});
    copy.put("/spec", pod.get("spec").cloned().unwrap_or(Value::Null));
    for field in ["/metadata/labels", "/metadata/annotations"] {
        if let Some(value) = pod.at(field) {
            copy.put(field, value.clone());
        }
    }
    copy.remove_at("/spec/ephemeralContainers");
    if let Some(shared) = options.share_processes {
        copy.put("/spec/shareProcessNamespace", shared);
    }
    if !options.same_node {
        copy.remove_at("/spec/nodeName");
    }
    for container in copy.items_mut("/spec/containers") {
        let image = options.set_images.get(container.str("/name")).or_else(|| options.set_images.get("*"));
        if let Some(image) = image.filter(|image| !image.is_empty()) {
            container.put("/image", image.as_str());
        }
    }
    copy
}

/// The place of a container: the list and the index in it.
type Place = (&'static str, usize);

/// Returns the place of a container of a pod; `None` if it has none of that name.
pub(super) fn place_of(pod: &Object, name: &str) -> Option<Place> {
    ["/spec/containers", "/spec/initContainers"].into_iter().find_map(|list| {
        let index = pod.list(list).iter().position(|container| container.str("/name") == name)?;
        Some((list, index))
    })
}

/// Adds the container of a name to a copy, or changes the one that it has, and returns it.
pub(super) fn change_container(options: &Options, copy: &mut Object, name: &str) -> CliResult<Value> {
    let place = place_of(copy, name).unwrap_or_else(|| {
        let list = copy.list_mut("/spec/containers");
        list.push(json!({"name": name, "terminationMessagePolicy": "File"}));
        ("/spec/containers", list.len() - 1)
    });
    let container = &mut copy.list_mut(place.0)[place.1];
    put_command(options, container);
    if !options.env.is_empty() {
        container.put("/env", Value::from(options.env.clone()));
    }
    for (field, text) in [("/image", &options.image), ("/imagePullPolicy", &options.pull_policy)] {
        if !text.is_empty() {
            container.put(field, text.as_str());
        }
    }
    put_streams(options, container);
    let changed = customize(options, Style::Copy, copy, place)?;
    match options.profile {
        Profile::Legacy => drop(copy.remove_at("/metadata/labels")),
        _ => drop_parts(options, copy),
    }
    Ok(changed)
}

/// Removes the metadata, probes and init containers that a copy does not keep.
fn drop_parts(options: &Options, copy: &mut Object) {
    for field in ["labels", "annotations"].into_iter().filter(|field| options.dropped.contains(field)) {
        copy.remove_at(&format!("/metadata/{field}"));
    }
    if options.dropped.contains(&"initContainers") {
        copy.remove_at("/spec/initContainers");
    }
    for container in copy.items_mut("/spec/containers") {
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if options.dropped.contains(&probe) {
                container.remove_at(&format!("/{probe}"));
            }
        }
    }
}

/// Applies the profile and the file of `--custom` to a container, and returns it.
fn customize(options: &Options, style: Style, pod: &mut Object, (list, index): Place) -> CliResult<Value> {
    let mut container = std::mem::take(&mut pod.list_mut(list)[index]);
    options.profile.apply(style, pod, &mut container);
    if let Some(custom) = &options.custom {
        let root = FieldType::Object("core.v1.Container".into());
        container = strategic::apply(Schema::builtin(), &root, &container, custom).map_err(|error| {
            CliError::new(format!("error creating three way patch to add debug container: {error}"))
        })?;
    }
    pod.list_mut(list)[index] = container.clone();
    Ok(container)
}
