//! What a metrics server would measure of pods: a part of what they request, which varies with time, and the processor time that
//! they spend on the requests of others.

use super::metrics::ResourceUsage;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::{Format, Quantity};
use kctl_base::sim::{Duration, Ids, Time};
use kctl_kinds::shared::pod_spec::resources::limit_of;

/// The time between two measurements (`--metric-resolution`), before which a pod has none.
const RESOLUTION: Duration = Duration::from_secs(15);

/// The least and the most of the requested CPU that is used, in thousandths: no autoscaler finds it too much.
const CPU_SHARE: (u64, u64) = (40, 200);

/// The least and the most of the requested memory that is used, in thousandths.
const MEMORY_SHARE: (u64, u64) = (350, 750);

/// The requests that stand for none: millicores and bytes.
const NO_CPU: i64 = 20;
const NO_MEMORY: i64 = 24 * MEBIBYTE;

const MEBIBYTE: i64 = 1024 * 1024;

/// Returns the usage of a running pod; empty before its first measurement. The same pod has the same usage at the same time,
/// which stays within a tenth of what is usual for it. `load` are the thousandths of a processor that its servers need, of which
/// they get what the limit leaves.
pub(super) fn estimate(pod: &Object, load: i64, ids: Ids, now: Time) -> ResourceUsage {
    let started = Time::parse(pod.str("/status/startTime"));
    let is_running = pod.str("/status/phase") == "Running";
    if !is_running || started.is_none_or(|started| started + RESOLUTION > now) {
        return ResourceUsage::new();
    }
    let window = (now.secs() / RESOLUTION.secs()).cast_unsigned();
    let share = |resource: &str, (least, most): (u64, u64)| {
        let usual = least + ids.below("usage", pod.uid(), resource.len() as u64, most - least);
        let now = 900 + ids.below(resource, pod.uid(), window, 201);
        (usual * now / 1000).cast_signed()
    };
    let (cpu, memory) = requests(pod);
    let (busy, held) = hogs(pod);
    let cpu = (cpu * share("cpu", CPU_SHARE) / 1000).max(1);
    let load = load.saturating_add(busy);
    let cpu = if load > 0 { cpu.saturating_add(load).min(cpu_limit(pod)).max(cpu) } else { cpu };
    let kibibytes = (memory / 1024 * share("memory", MEMORY_SHARE) / 1000).max(held / 1024);
    let memory = Quantity::new(kibibytes * 1024, Format::BinarySi);
    ResourceUsage::from([("cpu".into(), Quantity::from_milli(cpu)), ("memory".into(), memory)])
}

/// Returns the millicores and bytes of the programs of a pod that do nothing but use them.
fn hogs(pod: &Object) -> (i64, i64) {
    let of = |container: &Value| {
        let words =
            |field| container.list(field).iter().filter_map(Value::as_str).map(String::from).collect::<Vec<_>>();
        let load = kctl_container::load_of(container.str("/image"), &words("/command"), &words("/args"))?;
        Some((i64::try_from(load.processors).ok()?.checked_mul(1000)?, i64::try_from(load.memory).ok()?))
    };
    let loads = pod.list("/spec/containers").iter().filter_map(of);
    loads.fold((0, 0), |(cpu, memory), more| (cpu.saturating_add(more.0), memory.saturating_add(more.1)))
}

/// Returns the millicores that the containers of a pod may use at most.
fn cpu_limit(pod: &Object) -> i64 {
    let of = |limit: Option<&Value>| {
        limit.and_then(|cpu| Quantity::from_value(cpu).ok()).map_or(i64::MAX, |cpu| cpu.milli_value())
    };
    let limits = pod.list("/spec/containers").iter().map(|container| of(limit_of(pod, container, "cpu")));
    limits.fold(0, i64::saturating_add).min(of(pod.at("/spec/resources/limits/cpu")))
}

/// Returns the millicores and bytes that the containers of a pod request. One that requests CPU only, as the control plane
/// does, is taken to need a mebibyte for each millicore.
fn requests(pod: &Object) -> (i64, i64) {
    let of = |container: &Value| {
        let amount = |resource: &str| {
            let of = |kind: &str| Quantity::from_value(container.at(&format!("/resources/{kind}/{resource}"))?).ok();
            of("requests").or_else(|| of("limits"))
        };
        let cpu = amount("cpu").map(|cpu| cpu.milli_value());
        let memory = amount("memory").map(|memory| memory.value());
        let usual = cpu.map_or(NO_MEMORY, |cpu| cpu.saturating_mul(MEBIBYTE));
        (cpu.unwrap_or(NO_CPU), memory.unwrap_or(usual))
    };
    let containers = pod.list("/spec/containers").iter().map(of);
    containers.fold((0, 0), |(cpu, memory), more| (cpu.saturating_add(more.0), memory.saturating_add(more.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn pod(requests: Value) -> Object {
        json!({"metadata": {"uid": "u"}, "spec": {"containers": [{"resources": {"requests": requests}}]},
               "status": {"phase": "Running", "startTime": "1970-01-01T00:00:00Z"}})
    }

    #[test]
    fn usage_follows_requests_and_varies_a_little() {
        let pod = pod(json!({"cpu": "1", "memory": "100Mi"}));
        let at = |seconds| estimate(&pod, 0, Ids::new(1), Time::from_secs(seconds));
        let cpu: Vec<i64> = (1..40).map(|window| at(window * 15)["cpu"].milli_value()).collect();
        let (least, most) = (cpu.iter().min().expect("some"), cpu.iter().max().expect("some"));
        assert!(least < most && *least * 5 / 4 >= *most && (36..=220).contains(least), "{cpu:?}");
        assert!((30 * MEBIBYTE..=83 * MEBIBYTE).contains(&at(15)["memory"].value()));
        assert_eq!(at(15), at(29), "one measurement in 15 s");
        assert!(at(14).is_empty(), "not measured yet");
    }

    #[test]
    fn load_is_added_up_to_the_limit() {
        let of = |resources: Value, load| {
            let mut pod = pod(json!({"cpu": "200m"}));
            pod["spec"]["containers"][0]["resources"]["limits"] = resources;
            estimate(&pod, load, Ids::new(1), Time::from_secs(60))["cpu"].milli_value()
        };
        let idle = of(json!({}), 0);
        assert_eq!(of(json!({}), 800), idle + 800);
        assert_eq!(of(json!({"cpu": "500m"}), 800), 500);
        let mut whole = pod(json!({"cpu": "200m"}));
        whole["spec"]["resources"] = json!({"limits": {"cpu": "600m"}});
        assert_eq!(estimate(&whole, 800, Ids::new(1), Time::from_secs(60))["cpu"].milli_value(), 600);
    }

    #[test]
    fn programs_that_put_load_on_a_node_show() {
        let mut pod = pod(json!({"cpu": "500m", "memory": "100Mi"}));
        pod["spec"]["containers"][0]["image"] = "polinux/stress".into();
        pod["spec"]["containers"][0]["command"] = json!(["stress"]);
        pod["spec"]["containers"][0]["args"] = json!(["--cpu", "2", "--vm", "1", "--vm-bytes", "150M"]);
        pod["spec"]["containers"][0]["resources"]["limits"] = json!({"cpu": "1"});
        let usage = estimate(&pod, 0, Ids::new(1), Time::from_secs(60));
        assert_eq!((usage["cpu"].milli_value(), usage["memory"].value()), (1000, 150 * MEBIBYTE));
    }

    #[test]
    fn what_is_not_requested_is_estimated() {
        assert_eq!(requests(&pod(json!({}))), (20, 24 * MEBIBYTE));
        assert_eq!(requests(&pod(json!({"cpu": "250m"}))), (250, 250 * MEBIBYTE));
        let mut ended = pod(json!({}));
        ended["status"]["phase"] = "Succeeded".into();
        assert!(estimate(&ended, 0, Ids::new(1), Time::from_secs(60)).is_empty());
    }
}
