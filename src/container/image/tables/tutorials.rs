//! Images that tutorials use: tools for looking around, small web servers, log collectors.

use super::{ALPINE, DEBIAN, SCRATCH};
use crate::image::{FileKind, Image, ImageFile, Versions};

/// The site of `ikubernetes/myapp`, of which each version has another page.
const MYAPP_SITE: &str = "server {
    listen       80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }
    location = /hostname.html {
        alias /etc/hostname;
    }
}
";
const fn myapp(tag: &'static str, files: &'static [ImageFile]) -> Image {
    Image {
        names: &["ikubernetes/myapp"],
        tag,
        versions: Versions { latest: "1.12.2", lines: &[] },
        command: &["nginx", "-g", "daemon off;"],
        ports: &[80],
        programs: &["/usr/sbin/nginx"],
        files,
        users: &["nginx:100:/var/cache/nginx:/sbin/nologin"],
        ..ALPINE
    }
}

/// Lists the files of a version.
macro_rules! myapp_files {
    ($version:literal) => {
        &[
            ImageFile {
                path: "/usr/share/nginx/html/index.html",
                kind: FileKind::Text(concat!(
                    "Hello MyApp | Version: ",
                    $version,
                    " | <a href=\"hostname.html\">Pod Name</a>\n"
                )),
            },
            ImageFile { path: "/etc/nginx/nginx.conf", kind: FileKind::Text(include_str!("files/nginx.conf")) },
            ImageFile { path: "/etc/nginx/mime.types", kind: FileKind::Text(include_str!("files/nginx-mime.types")) },
            ImageFile { path: "/etc/nginx/conf.d/default.conf", kind: FileKind::Text(MYAPP_SITE) },
            ImageFile { path: "/var/log/nginx/access.log", kind: FileKind::Link("/dev/stdout") },
            ImageFile { path: "/var/log/nginx/error.log", kind: FileKind::Link("/dev/stderr") },
        ]
    };
}

/// Programs of `nicolaka/netshoot` beside those of Alpine.
const NETSHOOT: &[&str] =
    &["/usr/bin/curl", "/usr/bin/dig", "/usr/bin/nslookup", "/usr/bin/host", "/bin/bash", "/bin/zsh", "/usr/bin/ncat"];

pub(super) const IMAGES: &[Image] = &[
    myapp("v2", myapp_files!("v2")),
    myapp("v3", myapp_files!("v3")),
    myapp("v4", myapp_files!("v4")),
    myapp("", myapp_files!("v1")),
    Image { names: &["dotbalo/canary"], ports: &[80], programs: &["/usr/sbin/nginx"], ..DEBIAN },
    Image { names: &["nicolaka/netshoot"], command: &["zsh"], programs: NETSHOOT, ..ALPINE },
    Image {
        names: &["infoblox/dnstools"],
        command: &["/bin/sh"],
        programs: &["/usr/bin/curl", "/usr/bin/dig", "/usr/bin/nslookup", "/usr/bin/host", "/bin/bash"],
        ..ALPINE
    },
    Image {
        names: &["tutum/dnsutils"],
        command: &["bash"],
        programs: &["/usr/bin/dig", "/usr/bin/nslookup", "/usr/bin/host"],
        ..DEBIAN
    },
    Image {
        names: &["polinux/stress"],
        command: &["stress", "--verbose", "--help"],
        programs: &["/usr/local/bin/stress"],
        ..ALPINE
    },
    Image { names: &["vish/stress"], entrypoint: &["/stress", "-logtostderr"], programs: &["/stress"], ..SCRATCH },
    Image {
        names: &["fluentd", "fluent/fluentd"],
        entrypoint: &["tini", "--", "/bin/entrypoint.sh"],
        command: &["fluentd"],
        ports: &[5140, 24224],
        programs: &["/usr/bin/tini", "/bin/entrypoint.sh", "/usr/bin/fluentd"],
        ..ALPINE
    },
    Image {
        names: &["fluent/fluentd-kubernetes-daemonset"],
        entrypoint: &["tini", "--", "/fluentd/entrypoint.sh"],
        ports: &[5140, 24224],
        programs: &["/usr/bin/tini", "/fluentd/entrypoint.sh"],
        ..DEBIAN
    },
    Image {
        names: &["fluentd-elasticsearch", "stakater/fluentd-elasticsearch"],
        entrypoint: &["/entrypoint.sh"],
        programs: &["/entrypoint.sh"],
        ..DEBIAN
    },
];
