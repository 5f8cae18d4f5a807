//! `nginx`: the server, and the commands that act on it.

use super::Started;
use crate::call::{Call, Stop};
use crate::http::{Nginx, NginxProblem, Server, dates};
use crate::network::{Listener, Service};
use crate::process::{Pid, Process, Signal, Wait};
use crate::programs::Task;
use crate::programs::net::State;

const CONFIGURATION: &str = "/etc/nginx/nginx.conf";
/// The number that the first worker has in the image: its start script has used those before.
const FIRST_WORKER: Pid = 29;
/// Most worker processes.
const MAX_WORKERS: u32 = 64;

/// Options of a call.
#[derive(Default)]
struct Options {
    path: String,
    directives: String,
    signal: Option<String>,
    is_test: bool,
    shows_version: bool,
}

/// Runs the program.
pub(super) fn run(call: &mut Call<'_>) -> Started {
    let options = match parse(&call.args()) {
        Ok(options) => options,
        Err(message) => return fail(call, &message),
    };
    if options.shows_version {
        let image = call.container().config.image.clone();
        let line = format!("nginx version: nginx/{}\n", call.image().version(&image));
        call.warn(&line);
        return Ok(0);
    }
    if let Some(signal) = &options.signal {
        return send_signal(call, signal, &options.path);
    }
    let nginx = match Nginx::load(call, &options.path) {
        Ok(nginx) => nginx,
        Err(problem) => return reject(call, &problem, &options),
    };
    if options.is_test {
        let path = &options.path;
        let text = format!(
            "nginx: the configuration file {path} syntax is ok\nnginx: configuration file {path} test is successful\n"
        );
        call.warn(&text);
        return Ok(0);
    }
    start(call, nginx, &options)
}

fn parse(args: &[String]) -> Result<Options, String> {
    let mut options = Options { path: CONFIGURATION.into(), ..Options::default() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().cloned().ok_or_else(|| format!("option \"{arg}\" requires parameter"));
        match arg.as_str() {
            "-v" | "-V" => options.shows_version = true,
            "-t" | "-T" => options.is_test = true,
            "-q" => {}
            "-c" => options.path = value()?,
            "-g" => options.directives = value()?,
            "-s" => {
                let signal = value()?;
                if !["stop", "quit", "reopen", "reload"].contains(&signal.as_str()) {
                    return Err(format!("invalid option: \"-s {signal}\""));
                }
                options.signal = Some(signal);
            }
            "-p" | "-e" => drop(value()?),
            _ => return Err(format!("invalid option: \"{arg}\"")),
        }
    }
    Ok(options)
}

fn fail(call: &mut Call<'_>, message: &str) -> Started {
    call.warn(format!("nginx: {message}\n"));
    Ok(1)
}

/// Reports a configuration that cannot be used, to the error log and to standard error.
fn reject(call: &mut Call<'_>, problem: &NginxProblem, options: &Options) -> Started {
    let pid = call.process.pid;
    let mut text = String::new();
    if !options.is_test {
        text.push_str(&format!("{} [emerg] {pid}#{pid}: {problem}\n", dates::error_log(call.now())));
    }
    text.push_str(&format!("nginx: [emerg] {problem}\n"));
    if options.is_test {
        text.push_str(&format!("nginx: configuration file {} test failed\n", options.path));
    }
    call.warn(&text);
    Ok(1)
}

fn start(call: &mut Call<'_>, nginx: Nginx, options: &Options) -> Started {
    let ports = nginx.ports();
    if let Some(port) = ports.iter().find(|port| call.world.listens(**port)) {
        let line = format!("nginx: [emerg] bind() to 0.0.0.0:{port} failed (98: Address already in use)\n");
        let text = line.repeat(5) + "nginx: [emerg] still could not bind()\n";
        call.warn(&text);
        return Ok(1);
    }
    let version = nginx.version().to_owned();
    let service = Service::Http(Box::new(Server::Nginx(nginx)));
    if !is_foreground(call, options) {
        return detach(call, &ports, &service);
    }
    for port in ports {
        call.listen(Listener { port, service: service.clone() });
    }
    let pid = call.process.pid;
    // Without the directory nobody can signal it by name, as there.
    let _ = call.files().write("/run/nginx.pid", format!("{pid}\n").as_bytes());
    let workers = spawn_workers(call);
    notice(call, "using the \"epoll\" event method");
    if !version.is_empty() {
        notice(call, &format!("nginx/{version}"));
    }
    notice(call, "start worker processes");
    for worker in workers {
        notice(call, &format!("start worker process {worker}"));
    }
    call.process.argv = vec![format!("nginx: master process {}", call.process.argv.join(" "))];
    Err(Stop::Wait(Wait::Forever))
}

fn is_foreground(call: &mut Call<'_>, options: &Options) -> bool {
    let is_off = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").contains("daemon off;");
    let text = call.files().read(&options.path).unwrap_or_default();
    is_off(&options.directives) || is_off(&String::from_utf8_lossy(&text))
}

fn notice(call: &mut Call<'_>, text: &str) {
    let pid = call.process.pid;
    let line = format!("{} [notice] {pid}#{pid}: {text}\n", dates::error_log(call.now()));
    call.warn(&line);
}

/// Starts the worker processes, one for each processor.
fn spawn_workers(call: &mut Call<'_>) -> Vec<Pid> {
    let count = call.container().config.processors.clamp(1, MAX_WORKERS);
    if call.process.pid == 1 {
        let container = call.container_mut();
        container.last_pid = container.last_pid.max(FIRST_WORKER - 1);
    }
    let worker = State::Service(super::Service { is_started: true, stops: super::Stops::Cleanly });
    let mut credentials = call.process.credentials.clone();
    if credentials.uid == 0 {
        credentials = crate::process::Credentials { uid: 101, gid: 101, groups: vec![101] };
    }
    let child = Process {
        argv: vec!["nginx: worker process".into()],
        task: Task::Net(Box::new(worker)),
        credentials,
        pending: Vec::new(),
        listeners: Vec::new(),
        ..call.process.clone()
    };
    (0..count).map(|_| call.spawn(child.clone())).collect()
}

/// Goes on in the background: a child listens, and the process ends.
pub(super) fn detach(call: &mut Call<'_>, ports: &[u16], service: &Service) -> Started {
    let listeners = ports.iter().map(|port| Listener { port: *port, service: service.clone() }).collect();
    let state = State::Service(super::Service { is_started: true, stops: super::Stops::Cleanly });
    let child = Process { task: Task::Net(Box::new(state)), pending: Vec::new(), listeners, ..call.process.clone() };
    call.spawn(child);
    Ok(0)
}

/// Acts on the running server like `nginx -s`.
fn send_signal(call: &mut Call<'_>, signal: &str, path: &str) -> Started {
    let is_master = |process: &&Process| {
        process
            .listeners
            .iter()
            .any(|listener| matches!(&listener.service, Service::Http(server) if matches!(**server, Server::Nginx(_))))
    };
    let Some(master) = call.container().processes.values().find(is_master).map(|process| process.pid) else {
        return fail(call, "[error] open() \"/run/nginx.pid\" failed (2: No such file or directory)");
    };
    match signal {
        "reload" => {
            let nginx = match Nginx::load(call, path) {
                Ok(nginx) => nginx,
                Err(problem) => {
                    return reject(call, &problem, &Options { path: path.to_owned(), ..Options::default() });
                }
            };
            notice(call, "signal process started");
            let ports = nginx.ports();
            let service = Service::Http(Box::new(Server::Nginx(nginx)));
            let listeners = ports.into_iter().map(|port| Listener { port, service: service.clone() }).collect();
            if let Some(process) = call.container_mut().processes.get_mut(&master) {
                process.listeners = listeners;
            }
            return Ok(0);
        }
        "reopen" => notice(call, "signal process started"),
        _ => {
            notice(call, "signal process started");
            let signal = if signal == "quit" { Signal::Quit } else { Signal::Term };
            if call.kill(master, signal).is_err() {
                return fail(
                    call,
                    &format!("[alert] kill({master}, {}) failed (1: Operation not permitted)", signal as u8),
                );
            }
        }
    }
    Ok(0)
}
