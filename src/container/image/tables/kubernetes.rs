//! Images of Kubernetes: its documentation, tests and add-ons.

use super::{ALPINE, DEBIAN, SCRATCH};
use crate::image::{FileKind, Image, ImageFile, Versions};

/// Programs of `dnsutils` images.
const DNS_TOOLS: &[&str] = &["/usr/bin/dig", "/usr/bin/nslookup", "/usr/bin/host"];

/// The configuration of the documentation's front end, which passes everything on to the service `hello`.
const HELLO_FRONTEND_SITE: &str = "upstream hello {
    server hello;
}

server {
    listen 80;

    location / {
        proxy_pass http://hello;
    }
}
";
const HELLO_FRONTEND_FILES: &[ImageFile] = &[
    ImageFile { path: "/etc/nginx/nginx.conf", kind: FileKind::Text(include_str!("files/nginx.conf")) },
    ImageFile { path: "/etc/nginx/mime.types", kind: FileKind::Text(include_str!("files/nginx-mime.types")) },
    ImageFile { path: "/etc/nginx/conf.d/frontend.conf", kind: FileKind::Text(HELLO_FRONTEND_SITE) },
    ImageFile { path: "/var/log/nginx/access.log", kind: FileKind::Link("/dev/stdout") },
    ImageFile { path: "/var/log/nginx/error.log", kind: FileKind::Link("/dev/stderr") },
];

pub(super) const IMAGES: &[Image] = &[
    Image { names: &["pause", "pause-amd64"], entrypoint: &["/pause"], uid: 65535, programs: &["/pause"], ..SCRATCH },
    Image {
        names: &["e2e-test-images/agnhost"],
        entrypoint: &["/agnhost"],
        command: &["pause"],
        ports: &[80, 8080, 8081, 9376],
        programs: &["/agnhost", "/usr/bin/nslookup", "/usr/bin/dig", "/usr/bin/curl", "/usr/bin/host"],
        users: &["user-defined-in-image:1000:/home/user-defined-in-image:/bin/sh"],
        groups: &["group-defined-in-image:50000:user-defined-in-image"],
        files: &[ImageFile { path: "/home/user-defined-in-image", kind: FileKind::Directory(1000, 0o755) }],
        ..ALPINE
    },
    Image {
        names: &["e2e-test-images/jessie-dnsutils", "e2e-test-images/dnsutils", "dnsutils"],
        command: &["sleep", "3600"],
        programs: DNS_TOOLS,
        ..DEBIAN
    },
    Image {
        names: &["echoserver", "e2e-test-images/echoserver"],
        versions: Versions { latest: "1.10", lines: &[] },
        command: &["/usr/local/bin/run.sh"],
        ports: &[8080, 8443],
        programs: &["/usr/local/bin/run.sh", "/usr/bin/curl"],
        ..DEBIAN
    },
    Image {
        names: &["hpa-example"],
        entrypoint: &["docker-php-entrypoint"],
        command: &["apache2-foreground"],
        working_dir: "/var/www/html",
        ports: &[80],
        programs: &["/usr/local/bin/docker-php-entrypoint", "/usr/local/bin/apache2-foreground", "/usr/bin/curl"],
        ..DEBIAN
    },
    Image {
        names: &["serve_hostname", "serve-hostname"],
        entrypoint: &["/serve_hostname"],
        ports: &[9376],
        programs: &["/serve_hostname"],
        ..SCRATCH
    },
    Image { names: &["liveness"], entrypoint: &["/server"], ports: &[8080], programs: &["/server"], ..SCRATCH },
    Image {
        names: &["hello-app", "google-samples/hello-app", "google-samples/containers/gke/hello-app"],
        entrypoint: &[],
        command: &["./hello-app"],
        ports: &[8080],
        programs: &["/hello-app"],
        ..ALPINE
    },
    Image {
        names: &["node-hello", "google-samples/node-hello", "aronchick/hello-node"],
        command: &["/bin/sh", "-c", "node server.js"],
        ports: &[8080],
        programs: &["/usr/local/bin/node", "/usr/bin/curl"],
        ..DEBIAN
    },
    Image {
        names: &["kubernetes-bootcamp", "google-samples/kubernetes-bootcamp", "jocatalin/kubernetes-bootcamp"],
        command: &["/bin/sh", "-c", "node server.js"],
        ports: &[8080],
        programs: &["/usr/local/bin/node", "/usr/bin/curl"],
        ..DEBIAN
    },
    Image {
        names: &["gb-frontend", "google-samples/gb-frontend", "google-samples/containers/gke/gb-frontend"],
        command: &["apache2-foreground"],
        working_dir: "/var/www/html",
        ports: &[80],
        programs: &["/usr/local/bin/apache2-foreground", "/usr/bin/curl"],
        ..DEBIAN
    },
    Image {
        names: &["hello-frontend", "google-samples/hello-frontend"],
        command: &["nginx", "-g", "daemon off;"],
        ports: &[80],
        programs: &["/usr/sbin/nginx"],
        files: HELLO_FRONTEND_FILES,
        users: &["nginx:104:/nonexistent:/bin/false"],
        ..DEBIAN
    },
    Image {
        names: &["etcd", "coreos/etcd"],
        command: &["etcd"],
        path: "/usr/local/bin:/bin:/usr/bin",
        ports: &[2379, 2380, 4001, 7001],
        programs: &["/usr/local/bin/etcd"],
        stand_ins: &["etcdctl"],
        ..DEBIAN
    },
    Image {
        names: &["google-samples/hello-go-gke"],
        command: &["/usr/bin/hello-go"],
        ports: &[80],
        programs: &["/usr/bin/hello-go"],
        ..SCRATCH
    },
    Image {
        names: &["coredns", "coredns/coredns"],
        entrypoint: &["/coredns"],
        ports: &[53],
        programs: &["/coredns"],
        ..SCRATCH
    },
];
