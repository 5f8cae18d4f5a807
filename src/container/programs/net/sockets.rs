//! `netstat` and `ss`: the ports on which the pod listens.

use super::script::Script;
use crate::call::{Call, Stop};
use crate::image::Flavour;
use kctl_base::order::Order as _;

/// A listening port, and the process that owns it if it is one of the container.
struct Socket {
    port: u16,
    owner: Option<(u32, String)>,
}

fn sockets(call: &Call<'_>) -> Vec<Socket> {
    let mut sockets: Vec<Socket> = Vec::new();
    for (name, container) in &call.world.containers {
        for process in container.processes.values() {
            let program = process.argv.first().map_or("", String::as_str);
            let program = program.split([':', ' ']).next().unwrap_or(program);
            let program = program.rsplit('/').next().unwrap_or(program).to_owned();
            let owner = (name == call.container).then_some((process.pid, program));
            sockets
                .extend(process.listeners.iter().map(|listener| Socket { port: listener.port, owner: owner.clone() }));
        }
    }
    sockets.order_by_key(|socket| socket.port);
    sockets.dedup_by_key(|socket| socket.port);
    sockets
}

fn flags(call: &Call<'_>) -> String {
    let args = call.args();
    args.iter().filter(|arg| arg.starts_with('-') && !arg.starts_with("--")).map(|arg| &arg[1..]).collect()
}

/// `netstat -tln`. There are no established connections: none lasts.
pub(super) fn netstat(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let flags = flags(call);
    if flags.contains('r') {
        return super::addresses::route(call, script);
    }
    let is_busybox = call.image().flavour == Flavour::Busybox;
    let kind = if flags.contains('l') {
        "(only servers)"
    } else if flags.contains('a') {
        "(servers and established)"
    } else {
        "(w/o servers)"
    };
    let shows_owner = flags.contains('p');
    // The last column is padded, wider in busybox.
    let state = |text: &str| if is_busybox { format!("{text:<12}") } else { format!("{text:<11}") };
    let owner = if shows_owner { "PID/Program name    " } else { "" };
    script.out(format!(
        "Active Internet connections {kind}\nProto Recv-Q Send-Q Local Address           Foreign Address         {}{owner}\n",
        state("State"),
    ));
    let lists = flags.contains('l') || flags.contains('a');
    let wants_tcp = flags.contains('t') || !flags.contains('u');
    for socket in sockets(call).into_iter().filter(|_| lists && wants_tcp) {
        let local = format!("0.0.0.0:{}", socket.port);
        let owner = match (&socket.owner, shows_owner) {
            (_, false) => String::new(),
            (Some((pid, name)), true) => format!("{:<20}", format!("{pid}/{name}")),
            (None, true) => format!("{:<20}", "-"),
        };
        script.out(format!("tcp        0      0 {local:<23} 0.0.0.0:*               {}{owner}\n", state("LISTEN")));
    }
    Ok(0)
}

/// `ss -tln`.
pub(super) fn ss(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let flags = flags(call);
    let rows: Vec<String> = sockets(call)
        .into_iter()
        .filter(|_| flags.contains('l') || flags.contains('a'))
        .map(|socket| {
            let owner = match socket.owner.filter(|_| flags.contains('p')) {
                Some((pid, name)) => format!("users:((\"{name}\",pid={pid},fd=6))"),
                None => String::new(),
            };
            format!("LISTEN 0      511    {:>12}:{:<4} {:>14}:*    {owner}", "0.0.0.0", socket.port, "0.0.0.0")
                .trim_end()
                .to_owned()
        })
        .collect();
    script.out("State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n");
    rows.iter().for_each(|row| script.out(format!("{row}\n")));
    Ok(0)
}
