//! Programs that start others or look at the environment: `env`, `printenv`, `pwd`, `which`, `nohup`, `nice`, `busybox`.

use crate::call::{Call, Stop};
use crate::fs::NodeKind;
use crate::image::Image;
use crate::programs::child;
use crate::programs::opts::{BUSYBOX_VERSION, Spec, is_busybox};

const ENV: Spec = Spec::new(
    "+iu:0C:S:v",
    &[("ignore-environment", 'i'), ("unset", 'u'), ("null", '0'), ("chdir", 'C')],
    "[-iu0] [NAME=VALUE]... [PROG [ARGS]]",
)
.code(125);
const PRINTENV: Spec = Spec::new("+0", &[("null", '0')], "[VARIABLE]...").code(2);
const PWD: Spec = Spec::new("LP", &[("logical", 'L'), ("physical", 'P')], "");
const WHICH: Spec = Spec::new("as", &[], "[-a] COMMAND...");
const NICE: Spec = Spec::new("+n:", &[("adjustment", 'n')], "[-n ADJUST] [PROG ARGS]").code(125);

/// `env`.
pub(super) fn env(call: &mut Call<'_>) -> Result<i32, Stop> {
    let spec = if is_busybox(call) { ENV.code(1) } else { ENV };
    let mut options = spec.parse(call)?;
    let mut environment = call.process.environment.clone();
    if options.operands.first().is_some_and(|first| first == "-") {
        options.operands.remove(0);
        environment.clear();
    }
    if options.has('i') {
        environment.clear();
    }
    for (_, name) in options.given().filter(|(option, _)| *option == 'u') {
        environment.retain(|(n, _)| n != name);
    }
    let mut words = options.operands.iter().peekable();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        match environment.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => value.clone_into(old),
            None => environment.push((name.to_owned(), value.to_owned())),
        }
        words.next();
    }
    let argv: Vec<String> = words.cloned().collect();
    if argv.is_empty() {
        let end = if options.has('0') { '\0' } else { '\n' };
        let text: String = environment.iter().map(|(name, value)| format!("{name}={value}{end}")).collect();
        call.print(text)?;
        return Ok(0);
    }
    if let Some(directory) = options.value('C') {
        match call.files().real_path(directory) {
            Ok(path) => call.process.cwd = path,
            Err(errno) => {
                call.complain(&format!("cannot change directory to '{directory}': {}", errno.text()));
                return Ok(125);
            }
        }
    }
    call.process.environment = environment;
    Err(child::exec(call, argv))
}

/// `printenv`.
pub(super) fn printenv(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = PRINTENV.parse(call)?;
    let end = if options.has('0') { '\0' } else { '\n' };
    if options.operands.is_empty() {
        let variables = call.process.environment.iter();
        let text: String = variables.map(|(name, value)| format!("{name}={value}{end}")).collect();
        call.print(text)?;
        return Ok(0);
    }
    let mut code = 0;
    for name in &options.operands {
        match call.process.variable(name).map(String::from) {
            Some(value) => call.print(format!("{value}{end}"))?,
            None => code = 1,
        }
    }
    Ok(code)
}

/// `pwd`.
pub(super) fn pwd(call: &mut Call<'_>) -> Result<i32, Stop> {
    PWD.parse(call)?;
    let path = match call.process.cwd.as_str() {
        "" => "/".to_owned(),
        path => path.to_owned(),
    };
    call.print(path + "\n")?;
    Ok(0)
}

/// `which`.
pub(super) fn which(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = WHICH.parse(call)?;
    let search = call.process.variable("PATH").unwrap_or(Image::DEFAULT_PATH).to_owned();
    let mut code = 0;
    for name in &options.operands {
        let candidates: Vec<String> = match name.contains('/') {
            true => vec![name.clone()],
            false => search.split(':').map(|directory| format!("{directory}/{name}")).collect(),
        };
        let mut is_found = false;
        for path in candidates {
            let is_file = call.files().stat(&path).is_ok_and(|stat| matches!(stat.node.kind, NodeKind::File(_)));
            if is_file && call.files().access(&path, 0o1).is_ok() && (!is_found || options.has('a')) {
                call.print(format!("{path}\n"))?;
                is_found = true;
            }
        }
        code |= i32::from(!is_found);
    }
    Ok(code)
}

/// `nohup` and `setsid`: a hangup never comes here, so that nothing has to be ignored but the signal.
pub(super) fn nohup(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let argv: Vec<String> = args.into_iter().skip_while(|arg| arg.starts_with('-')).collect();
    if argv.is_empty() {
        return Err(Spec::new("", &[], "PROG ARGS").code(125).misuse(call, "missing operand"));
    }
    if call.name() == "nohup" {
        call.process.ignored.push(crate::process::Signal::Hup);
    }
    Err(child::exec(call, argv))
}

/// `nice`.
pub(super) fn nice(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    // The old form `-5` of `-n 5`.
    let is_old = |arg: &String| arg.strip_prefix('-').is_some_and(|rest| rest.parse::<i32>().is_ok());
    let args = if args.first().is_some_and(is_old) { args[1..].to_vec() } else { args };
    let options = NICE.parse_args(call, args)?;
    if options.operands.is_empty() {
        call.print("0\n")?;
        return Ok(0);
    }
    Err(child::exec(call, options.operands))
}

/// `busybox`, followed by the name of a program.
pub(super) fn busybox(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let Some(first) = args.first() else {
        let text = "Usage: busybox [function [arguments]...]\n   or: busybox --list[-full]\n";
        call.print(format!("{BUSYBOX_VERSION} multi-call binary.\n\n{text}"))?;
        return Ok(0);
    };
    if first == "--list" {
        let mut names: Vec<&str> = crate::programs::names().collect();
        names.sort_unstable();
        call.print(names.iter().flat_map(|name| [name, "\n"]).collect::<String>())?;
        return Ok(0);
    }
    if crate::programs::find(first, &args).is_none() {
        let first = first.clone();
        call.process.argv[0] = first;
        call.complain("applet not found");
        return Ok(127);
    }
    Err(child::exec(call, args))
}
