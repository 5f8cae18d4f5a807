//! Start scripts of images: they prepare the container, and run their arguments.

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::image::FileKind;
use crate::process::Wait;
use crate::programs;

/// `docker-entrypoint.sh` and its like.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let mut argv = call.args();
    let image = call.image();
    let takes_words = image.names.iter().any(|name| ["curlimages/curl", "node"].contains(name));
    let is_for_program = |first: &String| first.starts_with('-') || takes_words && !is_program(call, first);
    if argv.first().is_none_or(is_for_program) {
        // Options alone are for the program of the image; two images take other words for its arguments, too.
        argv.splice(0..0, image.command.iter().take(1).map(|word| (*word).to_owned()));
    }
    if image.entrypoint == ["/docker-entrypoint.sh"]
        && matches!(argv.first().map(String::as_str), Some("nginx" | "nginx-debug"))
    {
        configure_nginx(call)?;
    }
    exec(call, argv)
}

/// `tini` and `dumb-init`: they run their arguments behind `--`.
pub(super) fn init(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let argv = args.into_iter().skip_while(|arg| arg.starts_with('-')).collect();
    exec(call, argv)
}

/// Reports whether a word names a program on the search path.
fn is_program(call: &mut Call<'_>, word: &str) -> bool {
    let path = call.process.variable("PATH").unwrap_or_default().to_owned();
    word.contains('/') && call.files().stat(word).is_ok()
        || path.split(':').any(|directory| call.files().stat(&format!("{directory}/{word}")).is_ok())
}

/// Replaces the program of the process.
fn exec(call: &mut Call<'_>, argv: Vec<String>) -> Result<i32, Stop> {
    let own = std::mem::replace(&mut call.process.argv, argv);
    match programs::load(call) {
        Ok(task) => {
            call.process.next = Some(task);
            Err(Stop::Wait(Wait::Until(call.now())))
        }
        Err(errno) => {
            let argv = std::mem::replace(&mut call.process.argv, own);
            let name = argv.first().map_or("", String::as_str);
            let (script, reason) =
                (call.process.argv[0].clone(), if errno == Errno::ENOENT { "not found" } else { errno.text() });
            call.warn(format!("{script}: exec: {name}: {reason}\n"));
            Ok(if errno == Errno::ENOENT { 127 } else { 126 })
        }
    }
}

const DEFAULT_SITE: &str = "/etc/nginx/conf.d/default.conf";
const TEMPLATES: &str = "/etc/nginx/templates";

/// Does and reports what the scripts below `/docker-entrypoint.d` of nginx's image do; scripts that a user has put there are not
/// run.
fn configure_nginx(call: &mut Call<'_>) -> Result<(), Stop> {
    const NAME: &str = "/docker-entrypoint.sh";
    let say = |call: &mut Call<'_>, text: &str| call.print(format!("{text}\n"));
    say(call, &format!("{NAME}: /docker-entrypoint.d/ is not empty, will attempt to perform configuration"))?;
    say(call, &format!("{NAME}: Looking for shell scripts in /docker-entrypoint.d/"))?;
    say(call, &format!("{NAME}: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh"))?;
    listen_on_ipv6(call)?;
    say(call, &format!("{NAME}: Sourcing /docker-entrypoint.d/15-local-resolvers.envsh"))?;
    say(call, &format!("{NAME}: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh"))?;
    substitute_templates(call)?;
    say(call, &format!("{NAME}: Launching /docker-entrypoint.d/30-tune-worker-processes.sh"))?;
    say(call, &format!("{NAME}: Configuration complete; ready for start up"))
}

fn listen_on_ipv6(call: &mut Call<'_>) -> Result<(), Stop> {
    let info = |call: &mut Call<'_>, text: &str| call.print(format!("10-listen-on-ipv6-by-default.sh: info: {text}\n"));
    let Ok(text) = call.files().read(DEFAULT_SITE) else {
        return info(call, &format!("{DEFAULT_SITE} is not a file or does not exist"));
    };
    let is_writable = call.files().access(DEFAULT_SITE, 0o2).is_ok();
    if !is_writable {
        return info(call, &format!("can not modify {DEFAULT_SITE} (read-only file system?)"));
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    if text.contains("listen  [::]:80;") {
        return info(call, "IPv6 listen already enabled");
    }
    info(call, &format!("Getting the checksum of {DEFAULT_SITE}"))?;
    let packaged = call.image().files.iter().find(|file| file.path == DEFAULT_SITE).map(|file| &file.kind);
    if !matches!(packaged, Some(FileKind::Text(original)) if *original == text) {
        return info(call, &format!("{DEFAULT_SITE} differs from the packaged version"));
    }
    let changed = text.replacen("listen       80;\n", "listen       80;\n    listen  [::]:80;\n", 1);
    match call.files().write(DEFAULT_SITE, changed.as_bytes()) {
        Ok(()) => info(call, &format!("Enabled listen on IPv6 in {DEFAULT_SITE}")),
        Err(_) => Err(Stop::Exit(1)),
    }
}

/// Writes the templates with the values of variables to the configuration.
fn substitute_templates(call: &mut Call<'_>) -> Result<(), Stop> {
    let names = call.files().list(TEMPLATES).unwrap_or_default();
    for name in names {
        let Some(target) = name.strip_suffix(".template").map(|name| format!("/etc/nginx/conf.d/{name}")) else {
            continue;
        };
        let Ok(text) = call.files().read(&format!("{TEMPLATES}/{name}")) else { continue };
        let mut text = String::from_utf8_lossy(&text).into_owned();
        for (variable, value) in call.process.environment.clone() {
            // Longer names that begin alike are not meant.
            text = text.replace(&format!("${{{variable}}}"), &value);
            text = replace_bare(&text, &variable, &value);
        }
        call.print(format!("20-envsubst-on-templates.sh: Running envsubst on {TEMPLATES}/{name} to {target}\n"))?;
        if call.files().write(&target, text.as_bytes()).is_err() {
            call.complain(&format!("{target}: cannot be written"));
            return Err(Stop::Exit(1));
        }
    }
    Ok(())
}

/// Replaces `$NAME` where no further letter of a name follows.
fn replace_bare(text: &str, name: &str, value: &str) -> String {
    let variable = format!("${name}");
    let mut parts = text.split(&variable);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        replaced.push_str(if goes_on { "$" } else { value });
        replaced.push_str(if goes_on { name } else { "" });
        replaced.push_str(part);
    }
    replaced
}
