//! What a container sees of its node: `uname`, `hostname`, `nproc`, `uptime`, `arch`, `getconf`.

use kctl_base::sim::Time;

use crate::call::{Call, Stop};
use crate::programs::opts::{Options, Spec, is_busybox, quote};
use crate::programs::time;

/// Release of the kernel, as `status.nodeInfo` of nodes has it.
const KERNEL: &str = "6.12.0";
/// Version of the kernel.
const VERSION: &str = "#1 SMP PREEMPT_DYNAMIC";
const UNAME: Spec = Spec::new(
    "amnrspvio",
    &[
        ("all", 'a'),
        ("machine", 'm'),
        ("nodename", 'n'),
        ("kernel-release", 'r'),
        ("kernel-name", 's'),
        ("processor", 'p'),
        ("kernel-version", 'v'),
        ("operating-system", 'o'),
    ],
    "[-amnrspvio]",
);
const HOSTNAME: Spec = Spec::new(
    "sidfIF:A",
    &[("short", 's'), ("ip-address", 'i'), ("domain", 'd'), ("fqdn", 'f'), ("long", 'f'), ("all-ip-addresses", 'I')],
    "[-sidf] [HOSTNAME | -F FILE]",
);
const NPROC: Spec = Spec::new("αι:", &[("all", 'α'), ("ignore", 'ι')], "[--all] [--ignore=N]");
const UPTIME: Spec = Spec::new("ps", &[("pretty", 'p'), ("since", 's')], "");

/// `uname`.
pub(super) fn uname(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = UNAME.parse(call)?;
    if let Some(extra) = options.operands.first() {
        let message = format!("extra operand {}", quote(call, extra));
        return Err(UNAME.misuse(call, &message));
    }
    let host = call.container().config.hostname.clone();
    let fields = [
        ('s', "Linux"),
        ('n', host.as_str()),
        ('r', KERNEL),
        ('v', VERSION),
        ('m', "x86_64"),
        ('p', "unknown"),
        ('i', "unknown"),
        ('o', if is_busybox(call) { "Linux" } else { "GNU/Linux" }),
    ];
    let is_default = options.last_of("amnrspvio").is_none();
    let is_wanted = |option: char| match (is_default, options.has('a')) {
        (true, _) => option == 's',
        (_, true) => option != 'p' && option != 'i',
        _ => options.has(option),
    };
    let chosen: Vec<&str> = fields.iter().filter(|(option, _)| is_wanted(*option)).map(|(_, text)| *text).collect();
    call.print(chosen.join(" ") + "\n")?;
    Ok(0)
}

/// `arch`.
pub(super) fn arch(call: &mut Call<'_>) -> Result<i32, Stop> {
    call.print("x86_64\n")?;
    Ok(0)
}

/// `hostname`.
pub(super) fn hostname(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = HOSTNAME.parse(call)?;
    let config = &call.container().config;
    let full = config.fqdn.clone().unwrap_or_else(|| config.hostname.clone());
    let (host, address) = (config.hostname.clone(), config.address.clone());
    if !options.operands.is_empty() || options.has('F') {
        let message = match is_busybox(call) {
            true => "sethostname: Operation not permitted",
            false => "you must be root to change the host name",
        };
        call.complain(message);
        return Ok(1);
    }
    let text = match options.last_of("sidfIA") {
        None => host,
        Some('s') => host.split('.').next().unwrap_or_default().to_owned(),
        Some('i') => address,
        // The list of all addresses ends with a space.
        Some('I') => address + " ",
        Some('A') => full + " ",
        Some('d') => full.split_once('.').map(|(_, domain)| domain.to_owned()).unwrap_or_default(),
        Some(_) => full,
    };
    if text.is_empty() {
        return Ok(0);
    }
    call.print(text + "\n")?;
    Ok(0)
}

/// `nproc`.
pub(super) fn nproc(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options: Options = NPROC.parse(call)?;
    let processors = call.container().config.processors.max(1);
    let ignored = options.value('ι').and_then(|text| text.parse().ok()).unwrap_or(0);
    call.print(format!("{}\n", processors.saturating_sub(ignored).max(1)))?;
    Ok(0)
}

/// `uptime`.
pub(super) fn uptime(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = UPTIME.parse(call)?;
    let started = started(call);
    if options.has('s') {
        call.print(time::format(started, "%Y-%m-%d %H:%M:%S\n"))?;
        return Ok(0);
    }
    let line = uptime_line(call);
    call.print(line + "\n")?;
    Ok(0)
}

/// Returns when the node was started.
fn started(call: &Call<'_>) -> Time {
    let container = call.container();
    container.config.booted.unwrap_or(container.started)
}

/// Returns the line of `uptime`, with which `top` begins, too.
pub(super) fn uptime_line(call: &Call<'_>) -> String {
    let minutes = (call.now().secs() - started(call).secs()) / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let days = match days {
        0 => String::new(),
        1 => "1 day, ".to_owned(),
        days => format!("{days} days, "),
    };
    let clock = if hours > 0 { format!("{hours:2}:{minutes:02}") } else { format!("{minutes} min") };
    let users = if is_busybox(call) { " 0 users" } else { " 0 user" };
    let now = time::format(call.now(), "%H:%M:%S");
    format!(" {now} up {days}{clock}, {users},  load average: 0.00, 0.00, 0.00")
}

/// `getconf`.
pub(super) fn getconf(call: &mut Call<'_>) -> Result<i32, Stop> {
    let Some(name) = call.args().into_iter().find(|arg| !arg.starts_with('-')) else {
        call.warn(b"Usage: getconf [-v specification] variable_name [pathname]\n");
        return Ok(2);
    };
    let config = &call.container().config;
    let value = match name.as_str() {
        "PAGESIZE" | "PAGE_SIZE" => 4096,
        "_NPROCESSORS_ONLN" | "_NPROCESSORS_CONF" => u64::from(config.processors.max(1)),
        "_PHYS_PAGES" => config.memory / 4096,
        "LONG_BIT" => 64,
        "CLK_TCK" => 100,
        "NAME_MAX" => 255,
        "PATH_MAX" => 4096,
        "OPEN_MAX" => 1_048_576,
        "ARG_MAX" => 2_097_152,
        _ => {
            call.complain(&format!("Unrecognized variable `{name}'"));
            return Ok(2);
        }
    };
    call.print(format!("{value}\n"))?;
    Ok(0)
}
