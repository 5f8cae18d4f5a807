//! Apache, busybox' httpd and Python's server of files.

use super::{Started, apps, listen, option, refuse};
use crate::call::Call;
use crate::http::{Apache, FileServer, FileServerKind, Server};
use crate::image::Flavour;
use crate::network::Service;

/// `httpd-foreground` and `apache2-foreground`: Apache, in PHP images with pages that are not simulated.
pub(super) fn apache(call: &mut Call<'_>) -> Started {
    if call.image().names.contains(&"hpa-example") {
        return apps::hpa_example(call);
    }
    if call.name() == "apache2-foreground" {
        let (root, signature) = ("/var/www/html".to_owned(), "Apache".to_owned());
        let apache = Apache { root, signature, has_php: true };
        return listen(call, &[80], Service::Http(Box::new(Server::Apache(apache))));
    }
    let text = call.files().read("/usr/local/apache2/conf/httpd.conf");
    let text = match text {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(errno) => {
            let line = format!(
                "httpd: Could not open configuration file /usr/local/apache2/conf/httpd.conf: {}\n",
                errno.text()
            );
            call.warn(&line);
            return Ok(1);
        }
    };
    let setting = |name: &str| {
        let mut lines = text.lines().map(str::trim).filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        lines.next().map(|value| value.trim().trim_matches('"').to_owned())
    };
    let port = setting("Listen").and_then(|address| address.rsplit(':').next().and_then(|port| port.parse().ok()));
    let root = setting("DocumentRoot").unwrap_or_else(|| "/usr/local/apache2/htdocs".into());
    if setting("ServerName").is_none() {
        let address = call.container().config.address.clone();
        let line = format!(
            "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using {address}. \
             Set the 'ServerName' directive globally to suppress this message\n"
        );
        // It is printed when the configuration is read, which Apache does twice.
        call.warn(line.repeat(2));
    }
    let image = call.container().config.image.clone();
    let signature = format!("Apache/{} (Unix)", call.image().version(&image));
    listen(
        call,
        &[port.unwrap_or(80)],
        Service::Http(Box::new(Server::Apache(Apache { root, signature, has_php: false }))),
    )
}

/// `httpd`: that of busybox, or Apache's.
pub(super) fn httpd(call: &mut Call<'_>) -> Started {
    let args = call.args();
    if call.image().names.contains(&"httpd") {
        return match args.first().map(String::as_str) {
            Some("-v") => {
                let image = call.container().config.image.clone();
                let version = call.image().version(&image).to_owned();
                call.print(format!("Server version: Apache/{version} (Unix)\n"))?;
                Ok(0)
            }
            Some("-t") => {
                call.warn(b"Syntax OK\n");
                Ok(0)
            }
            Some("-D" | "-DFOREGROUND") => apache(call),
            _ => refuse(call, "runs in the foreground only"),
        };
    }
    if call.image().flavour != Flavour::Busybox {
        return super::unknown(call);
    }
    let flags: String = args.iter().filter(|arg| arg.starts_with('-')).map(|arg| &arg[1..]).collect();
    let port = option(&args, "-p").and_then(|address| address.rsplit(':').next().and_then(|port| port.parse().ok()));
    let attached =
        args.iter().find_map(|arg| arg.strip_prefix("-p")).and_then(|port| port.rsplit(':').next()?.parse().ok());
    let root = option(&args, "-h").unwrap_or_else(|| call.process.cwd.clone());
    let server = FileServer { root: absolute(call, &root), kind: FileServerKind::Busybox };
    let service = Service::Http(Box::new(Server::Files(server)));
    let port = port.or(attached).unwrap_or(80);
    if flags.contains('f') {
        return listen(call, &[port], service);
    }
    // Without -f it goes on in the background.
    super::nginx::detach(call, &[port], &service)
}

/// `python3 -m http.server [PORT] [-d DIRECTORY]`.
pub(super) fn python(call: &mut Call<'_>) -> Started {
    let args = call.args();
    let args = args.get(2..).unwrap_or_default();
    let root = option(args, "--directory").or_else(|| option(args, "-d")).unwrap_or_else(|| call.process.cwd.clone());
    let port = args.first().and_then(|port| port.parse().ok());
    let port = port.or_else(|| args.last().and_then(|port| port.parse().ok())).unwrap_or(8000);
    let image = call.container().config.image.clone();
    let version = call.image().version(&image).to_owned();
    if call.process.variable("PYTHONUNBUFFERED").is_some_and(|value| !value.is_empty()) {
        call.print(format!("Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n"))?;
    }
    let server = FileServer { root: absolute(call, &root), kind: FileServerKind::Python(version) };
    listen(call, &[port], Service::Http(Box::new(Server::Files(server))))
}

fn absolute(call: &mut Call<'_>, path: &str) -> String {
    let path = call.files().real_path(path).unwrap_or_else(|_| path.to_owned());
    path.trim_end_matches('/').to_owned()
}
