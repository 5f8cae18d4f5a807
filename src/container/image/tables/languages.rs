//! Languages with their run-time environments, and applications in them.

use super::{ALPINE, DEBIAN, ENTERPRISE};
use crate::image::{Image, Versions};

const PYTHON: Image = Image {
    names: &["python"],
    versions: Versions {
        latest: "3.14.2",
        lines: &["3.13.11", "3.12.12", "3.11.14", "3.10.19", "3.9.25", "3.8.20", "2.7.18"],
    },
    command: &["python3"],
    environment: &[("PYTHON_VERSION", "{version}")],
    programs: &["/usr/local/bin/python3", "/usr/local/bin/python"],
    ..DEBIAN
};
const NODE: Image = Image {
    names: &["node"],
    versions: Versions { latest: "25.2.1", lines: &["24.11.1", "22.21.1", "20.19.6", "18.20.8", "16.20.2", "14.21.3"] },
    entrypoint: &["docker-entrypoint.sh"],
    command: &["node"],
    environment: &[("NODE_VERSION", "{version}")],
    programs: &["/usr/local/bin/docker-entrypoint.sh", "/usr/local/bin/node"],
    users: &["node:1000:/home/node:/bin/bash"],
    ..DEBIAN
};
const GOLANG: Image = Image {
    names: &["golang"],
    versions: Versions { latest: "1.25.5", lines: &["1.24.11", "1.23.12", "1.22.12", "1.21.13", "1.20.14"] },
    command: &["bash"],
    working_dir: "/go",
    path: "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    environment: &[("GOLANG_VERSION", "{version}"), ("GOTOOLCHAIN", "local"), ("GOPATH", "/go")],
    programs: &["/usr/bin/curl", "/usr/bin/wget"],
    ..DEBIAN
};
const PHP: Image = Image {
    names: &["php"],
    versions: Versions {
        latest: "8.5.0",
        lines: &["8.4.15", "8.3.28", "8.2.29", "8.1.33", "8.0.30", "7.4.33", "5.6.40"],
    },
    entrypoint: &["docker-php-entrypoint"],
    command: &["php", "-a"],
    environment: &[("PHP_INI_DIR", "/usr/local/etc/php"), ("PHP_VERSION", "{version}")],
    programs: &["/usr/local/bin/docker-php-entrypoint", "/usr/bin/curl"],
    ..DEBIAN
};
const WORDPRESS: Image = Image {
    names: &["wordpress"],
    tag: "",
    entrypoint: &["docker-entrypoint.sh"],
    command: &["apache2-foreground"],
    working_dir: "/var/www/html",
    ports: &[80],
    stop_signal: crate::process::Signal::Winch,
    programs: &["/usr/local/bin/docker-entrypoint.sh", "/usr/local/bin/apache2-foreground", "/usr/bin/curl"],
    ..PHP
};

pub(super) const IMAGES: &[Image] = &[
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..PYTHON },
    Image { tag: "slim", ..PYTHON },
    Image {
        programs: &["/usr/local/bin/python3", "/usr/local/bin/python", "/usr/bin/curl", "/usr/bin/wget", "/usr/bin/ps"],
        ..PYTHON
    },
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..NODE },
    NODE,
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..GOLANG },
    GOLANG,
    Image {
        tag: "apache",
        command: &["apache2-foreground"],
        working_dir: "/var/www/html",
        ports: &[80],
        stop_signal: crate::process::Signal::Winch,
        programs: &["/usr/local/bin/docker-php-entrypoint", "/usr/local/bin/apache2-foreground", "/usr/bin/curl"],
        ..PHP
    },
    Image {
        tag: "fpm",
        command: &["php-fpm"],
        working_dir: "/var/www/html",
        ports: &[9000],
        stop_signal: crate::process::Signal::Quit,
        programs: &["/usr/local/bin/docker-php-entrypoint", "/usr/local/sbin/php-fpm"],
        ..PHP
    },
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..PHP },
    PHP,
    Image {
        tag: "fpm",
        command: &["php-fpm"],
        ports: &[9000],
        stop_signal: crate::process::Signal::Quit,
        programs: &["/usr/local/bin/docker-entrypoint.sh", "/usr/local/sbin/php-fpm"],
        ..WORDPRESS
    },
    WORDPRESS,
    Image {
        names: &["openjdk", "java"],
        command: &["jshell"],
        path: "/usr/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        environment: &[("JAVA_HOME", "/usr/java/openjdk"), ("LANG", "C.UTF-8"), ("JAVA_VERSION", "{version}")],
        ..ENTERPRISE
    },
    Image {
        names: &["perl"],
        versions: Versions { latest: "5.42.0", lines: &["5.40.3", "5.38.5", "5.36.3", "5.34.3"] },
        command: &["perl5.42.0", "-de0"],
        working_dir: "/usr/src/app",
        environment: &[("PERL_VERSION", "{version}")],
        programs: &["/usr/local/bin/perl", "/usr/bin/curl", "/usr/bin/wget", "/usr/bin/ps"],
        ..DEBIAN
    },
    Image { names: &["ruby"], command: &["irb"], ..DEBIAN },
];
