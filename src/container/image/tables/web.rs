//! Web servers and proxies.

use super::{ALPINE, DEBIAN, SCRATCH};
use crate::image::{FileKind, Image, ImageFile, Versions};
use crate::process::Signal;

const NGINX_VERSIONS: Versions = Versions {
    latest: "1.29.4",
    lines: &[
        "1.28.0", "1.27.5", "1.26.3", "1.25.5", "1.24.0", "1.23.4", "1.22.1", "1.21.6", "1.20.2", "1.19.10", "1.18.0",
        "1.17.10", "1.16.1", "1.15.12", "1.14.2", "1.13.12", "1.12.2", "1.11.13", "1.10.3", "1.9.15", "1.8.1",
        "1.7.12",
    ],
};
const HTTPD_VERSIONS: Versions = Versions { latest: "2.4.66", lines: &["2.2.34"] };

const NGINX_PROGRAMS: &[&str] = &["/docker-entrypoint.sh", "/usr/sbin/nginx", "/usr/bin/envsubst", "/usr/bin/curl"];
const NGINX_FILES: &[ImageFile] = &[
    ImageFile {
        path: "/usr/share/nginx/html/index.html",
        kind: FileKind::Text(include_str!("files/nginx-index.html")),
    },
    ImageFile { path: "/usr/share/nginx/html/50x.html", kind: FileKind::Text(include_str!("files/nginx-50x.html")) },
    ImageFile { path: "/etc/nginx/nginx.conf", kind: FileKind::Text(include_str!("files/nginx.conf")) },
    ImageFile {
        path: "/etc/nginx/conf.d/default.conf",
        kind: FileKind::Text(include_str!("files/nginx-default.conf")),
    },
    ImageFile { path: "/etc/nginx/mime.types", kind: FileKind::Text(include_str!("files/nginx-mime.types")) },
    ImageFile { path: "/etc/nginx/modules", kind: FileKind::Link("/usr/lib/nginx/modules") },
    ImageFile { path: "/usr/lib/nginx/modules", kind: FileKind::Directory(0, 0o755) },
    ImageFile { path: "/docker-entrypoint.d", kind: FileKind::Directory(0, 0o755) },
    ImageFile { path: "/var/cache/nginx", kind: FileKind::Directory(101, 0o755) },
    ImageFile { path: "/var/log/nginx/access.log", kind: FileKind::Link("/dev/stdout") },
    ImageFile { path: "/var/log/nginx/error.log", kind: FileKind::Link("/dev/stderr") },
];
const NGINX: Image = Image {
    names: &["nginx", "e2e-test-images/nginx"],
    versions: NGINX_VERSIONS,
    entrypoint: &["/docker-entrypoint.sh"],
    command: &["nginx", "-g", "daemon off;"],
    environment: &[("NGINX_VERSION", "{version}"), ("PKG_RELEASE", "1~bookworm")],
    ports: &[80],
    stop_signal: Signal::Quit,
    programs: NGINX_PROGRAMS,
    files: NGINX_FILES,
    users: &["nginx:101:/nonexistent:/bin/false"],
    ..DEBIAN
};

const HTTPD_PATH: &str = "/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const HTTPD_FILES: &[ImageFile] = &[
    ImageFile {
        path: "/usr/local/apache2/htdocs/index.html",
        kind: FileKind::Text("<html><body><h1>It works!</h1></body></html>\n"),
    },
    ImageFile { path: "/usr/local/apache2/conf/httpd.conf", kind: FileKind::Text(include_str!("files/httpd.conf")) },
    ImageFile { path: "/usr/local/apache2/logs", kind: FileKind::Directory(0, 0o755) },
];
const HTTPD: Image = Image {
    names: &["httpd", "e2e-test-images/httpd"],
    versions: HTTPD_VERSIONS,
    command: &["httpd-foreground"],
    working_dir: "/usr/local/apache2",
    path: HTTPD_PATH,
    environment: &[("HTTPD_PREFIX", "/usr/local/apache2"), ("HTTPD_VERSION", "{version}"), ("HTTPD_PATCHES", "")],
    ports: &[80],
    stop_signal: Signal::Winch,
    programs: &["/usr/local/bin/httpd-foreground", "/usr/local/apache2/bin/httpd"],
    files: HTTPD_FILES,
    ..DEBIAN
};

pub(super) const IMAGES: &[Image] = &[
    Image {
        tag: "alpine",
        flavour: ALPINE.flavour,
        system: ALPINE.system,
        environment: &[("NGINX_VERSION", "{version}"), ("PKG_RELEASE", "1")],
        ..NGINX
    },
    NGINX,
    Image {
        names: &["bprashanth/nginxhttps"],
        versions: super::NO_VERSIONS,
        entrypoint: &[],
        environment: &[],
        ports: &[80, 443],
        ..NGINX
    },
    Image {
        names: &["nginxinc/nginx-unprivileged"],
        uid: 101,
        ports: &[8080],
        files: &[
            ImageFile {
                path: "/usr/share/nginx/html/index.html",
                kind: FileKind::Text(include_str!("files/nginx-index.html")),
            },
            ImageFile {
                path: "/usr/share/nginx/html/50x.html",
                kind: FileKind::Text(include_str!("files/nginx-50x.html")),
            },
            ImageFile { path: "/etc/nginx/nginx.conf", kind: FileKind::Text(include_str!("files/nginx.conf")) },
            ImageFile {
                path: "/etc/nginx/conf.d/default.conf",
                kind: FileKind::Text(include_str!("files/nginx-8080.conf")),
            },
            ImageFile { path: "/etc/nginx/mime.types", kind: FileKind::Text(include_str!("files/nginx-mime.types")) },
            ImageFile { path: "/docker-entrypoint.d", kind: FileKind::Directory(0, 0o755) },
            ImageFile { path: "/var/log/nginx/access.log", kind: FileKind::Link("/dev/stdout") },
            ImageFile { path: "/var/log/nginx/error.log", kind: FileKind::Link("/dev/stderr") },
        ],
        ..NGINX
    },
    Image {
        names: &["nginx-slim"],
        entrypoint: &[],
        stop_signal: Signal::Term,
        environment: &[],
        versions: super::NO_VERSIONS,
        programs: &["/usr/sbin/nginx", "/usr/bin/curl"],
        ..NGINX
    },
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..HTTPD },
    HTTPD,
    Image {
        names: &["traefik/whoami", "containous/whoami"],
        entrypoint: &["/whoami"],
        ports: &[80],
        programs: &["/whoami"],
        ..SCRATCH
    },
    Image {
        names: &["hashicorp/http-echo"],
        entrypoint: &["/http-echo"],
        ports: &[5678],
        programs: &["/http-echo"],
        ..SCRATCH
    },
    Image {
        names: &["kicbase/echo-server", "jmalloc/echo-server"],
        entrypoint: &["/bin/echo-server"],
        environment: &[("PORT", "8080")],
        ports: &[8080],
        programs: &["/bin/echo-server"],
        ..SCRATCH
    },
    Image {
        names: &["alpine/curl", "appropriate/curl"],
        entrypoint: &["curl"],
        programs: &["/usr/bin/curl"],
        ..ALPINE
    },
    Image {
        names: &["curlimages/curl"],
        entrypoint: &["/entrypoint.sh"],
        command: &["curl"],
        working_dir: "/home/curl_user",
        uid: 100,
        user_name: "curl_user",
        programs: &["/entrypoint.sh", "/usr/bin/curl"],
        users: &["curl_user:100:/home/curl_user:/sbin/nologin"],
        files: &[ImageFile { path: "/home/curl_user", kind: FileKind::Directory(100, 0o755) }],
        ..ALPINE
    },
];
