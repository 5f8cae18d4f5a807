//! Databases, caches and message brokers.

use super::{ALPINE, DEBIAN, ENTERPRISE, UBUNTU};
use crate::image::{FileKind, Image, ImageFile, Versions};
use crate::process::Signal;

const ENTRYPOINT: &str = "/usr/local/bin/docker-entrypoint.sh";

const REDIS: Image = Image {
    names: &["redis", "e2e-test-images/redis", "valkey/valkey"],
    versions: Versions {
        latest: "8.4.0",
        lines: &[
            "8.2.3", "8.0.5", "7.4.7", "7.2.12", "7.0.15", "6.2.21", "6.0.20", "5.0.14", "4.0.14", "3.2.12", "2.8.23",
        ],
    },
    entrypoint: &["docker-entrypoint.sh"],
    command: &["redis-server"],
    working_dir: "/data",
    environment: &[("REDIS_VERSION", "{version}")],
    ports: &[6379],
    programs: &[ENTRYPOINT, "/usr/local/bin/redis-server", "/usr/local/bin/redis-cli"],
    files: &[ImageFile { path: "/data", kind: FileKind::Directory(999, 0o755) }],
    users: &["redis:999:/home/redis:/bin/sh"],
    ..DEBIAN
};
const POSTGRES: Image = Image {
    names: &["postgres"],
    stand_ins: &["psql"],
    versions: Versions {
        latest: "18.1",
        lines: &["17.7", "16.11", "15.15", "14.20", "13.23", "12.22", "11.22", "10.23", "9.6.24"],
    },
    entrypoint: &["docker-entrypoint.sh"],
    command: &["postgres"],
    path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/bin",
    environment: &[
        ("LANG", "en_US.utf8"),
        ("PG_MAJOR", "{major}"),
        ("PG_VERSION", "{version}"),
        ("PGDATA", "/var/lib/postgresql/data"),
    ],
    ports: &[5432],
    stop_signal: Signal::Int,
    programs: &[ENTRYPOINT, "/usr/lib/postgresql/bin/postgres", "/usr/bin/pg_isready"],
    files: &[ImageFile { path: "/var/lib/postgresql/data", kind: FileKind::Directory(999, 0o1777) }],
    users: &["postgres:999:/var/lib/postgresql:/bin/bash"],
    ..DEBIAN
};
const MEMCACHED: Image = Image {
    names: &["memcached"],
    versions: Versions { latest: "1.6.39", lines: &["1.5.22", "1.4.39"] },
    entrypoint: &["docker-entrypoint.sh"],
    command: &["memcached"],
    uid: 11211,
    user_name: "memcache",
    environment: &[("MEMCACHED_VERSION", "{version}")],
    ports: &[11211],
    programs: &[ENTRYPOINT, "/usr/local/bin/memcached"],
    users: &["memcache:11211:/home/memcache:/bin/sh"],
    ..DEBIAN
};
const RABBITMQ: Image = Image {
    names: &["rabbitmq"],
    versions: Versions { latest: "4.2.1", lines: &["4.1.6", "4.0.9", "3.13.7", "3.12.14", "3.11.28"] },
    entrypoint: &["docker-entrypoint.sh"],
    command: &["rabbitmq-server"],
    path: "/opt/rabbitmq/sbin:/opt/erlang/bin:/opt/openssl/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    environment: &[
        ("RABBITMQ_DATA_DIR", "/var/lib/rabbitmq"),
        ("RABBITMQ_VERSION", "{version}"),
        ("RABBITMQ_HOME", "/opt/rabbitmq"),
        ("HOME", "/var/lib/rabbitmq"),
        ("LANG", "C.UTF-8"),
    ],
    ports: &[4369, 5671, 5672, 15691, 15692, 25672],
    programs: &[ENTRYPOINT, "/opt/rabbitmq/sbin/rabbitmq-server"],
    users: &["rabbitmq:999:/var/lib/rabbitmq:/bin/bash"],
    ..UBUNTU
};

pub(super) const IMAGES: &[Image] = &[
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..REDIS },
    REDIS,
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..POSTGRES },
    POSTGRES,
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..MEMCACHED },
    MEMCACHED,
    Image { tag: "alpine", flavour: ALPINE.flavour, system: ALPINE.system, ..RABBITMQ },
    RABBITMQ,
    Image {
        names: &["mysql"],
        stand_ins: &["mysql"],
        versions: Versions { latest: "9.5.0", lines: &["8.4.7", "8.0.44", "5.7.44", "5.6.51", "5.5.62"] },
        entrypoint: &["docker-entrypoint.sh"],
        command: &["mysqld"],
        environment: &[("MYSQL_MAJOR", "{minor}"), ("MYSQL_VERSION", "{version}")],
        ports: &[3306, 33060],
        programs: &[ENTRYPOINT, "/usr/sbin/mysqld", "/usr/bin/mysqladmin"],
        files: &[ImageFile { path: "/var/lib/mysql", kind: FileKind::Directory(999, 0o1777) }],
        users: &["mysql:999:/var/lib/mysql:/bin/bash"],
        ..ENTERPRISE
    },
    Image {
        names: &["mariadb"],
        versions: Versions {
            latest: "12.1.2",
            lines: &["11.8.5", "11.4.9", "10.11.15", "10.6.24", "10.5.29", "10.4.34"],
        },
        entrypoint: &["docker-entrypoint.sh"],
        command: &["mariadbd"],
        environment: &[("LANG", "C.UTF-8"), ("MARIADB_VERSION", "1:{version}+maria~ubu2404")],
        ports: &[3306],
        programs: &[ENTRYPOINT, "/usr/sbin/mariadbd", "/usr/sbin/mysqld"],
        files: &[ImageFile { path: "/var/lib/mysql", kind: FileKind::Directory(999, 0o755) }],
        users: &["mysql:999:/home/mysql:/bin/sh"],
        ..UBUNTU
    },
    Image {
        names: &["mongo"],
        stand_ins: &["mongo", "mongosh"],
        versions: Versions { latest: "8.2.2", lines: &["8.0.16", "7.0.26", "6.0.27", "5.0.32", "4.4.30"] },
        entrypoint: &["docker-entrypoint.sh"],
        command: &["mongod"],
        environment: &[
            ("MONGO_PACKAGE", "mongodb-org"),
            ("MONGO_REPO", "repo.mongodb.org"),
            ("MONGO_MAJOR", "{minor}"),
            ("MONGO_VERSION", "{version}"),
            ("HOME", "/data/db"),
        ],
        ports: &[27017],
        programs: &[ENTRYPOINT, "/usr/bin/mongod"],
        files: &[ImageFile { path: "/data/db", kind: FileKind::Directory(999, 0o755) }],
        users: &["mongodb:999:/data/db:/bin/sh"],
        ..UBUNTU
    },
    Image {
        names: &["cassandra", "google-samples/cassandra"],
        tag: "v1",
        entrypoint: &["/usr/local/bin/dumb-init"],
        // The image has bash run it, which is of no account here.
        command: &["--", "/run.sh"],
        ports: &[7000, 7001, 7199, 9042, 9160],
        programs: &[
            "/usr/local/bin/dumb-init",
            "/run.sh",
            "/ready-probe.sh",
            "/usr/local/apache-cassandra/bin/nodetool",
        ],
        path: "/usr/local/apache-cassandra/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ..DEBIAN
    },
    Image {
        names: &["cassandra"],
        versions: Versions { latest: "5.0.6", lines: &["4.1.10", "4.0.19", "3.11.19", "3.0.32"] },
        entrypoint: &["docker-entrypoint.sh"],
        command: &["cassandra", "-f"],
        environment: &[("CASSANDRA_HOME", "/opt/cassandra"), ("CASSANDRA_VERSION", "{version}")],
        ports: &[7000, 7001, 7199, 9042, 9160],
        path: "/opt/cassandra/bin:/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        programs: &[ENTRYPOINT, "/opt/cassandra/bin/cassandra", "/opt/cassandra/bin/nodetool"],
        files: &[ImageFile { path: "/var/lib/cassandra", kind: FileKind::Directory(999, 0o777) }],
        ..UBUNTU
    },
    Image {
        names: &["kubernetes-zookeeper", "google_containers/kubernetes-zookeeper"],
        command: &["/bin/bash"],
        programs: &[
            "/opt/zookeeper/bin/start-zookeeper",
            "/opt/zookeeper/bin/zkCli.sh",
            "/opt/zookeeper/bin/zkServer.sh",
            "/opt/zookeeper/bin/zookeeper-ready",
            "/usr/bin/ps",
            "/usr/bin/pkill",
            "/usr/bin/nc",
        ],
        files: &[
            ImageFile { path: "/opt/zookeeper/bin", kind: FileKind::Directory(1000, 0o755) },
            ImageFile { path: "/usr/bin/start-zookeeper", kind: FileKind::Link("/opt/zookeeper/bin/start-zookeeper") },
            ImageFile { path: "/usr/bin/zkCli.sh", kind: FileKind::Link("/opt/zookeeper/bin/zkCli.sh") },
            ImageFile { path: "/usr/bin/zkServer.sh", kind: FileKind::Link("/opt/zookeeper/bin/zkServer.sh") },
            ImageFile { path: "/usr/bin/zookeeper-ready", kind: FileKind::Link("/opt/zookeeper/bin/zookeeper-ready") },
            ImageFile { path: "/opt/zookeeper/conf", kind: FileKind::Directory(1000, 0o755) },
            ImageFile { path: "/usr/etc/zookeeper", kind: FileKind::Link("/opt/zookeeper/conf") },
            ImageFile { path: "/var/lib/zookeeper", kind: FileKind::Directory(1000, 0o755) },
            ImageFile { path: "/var/log/zookeeper", kind: FileKind::Directory(1000, 0o755) },
        ],
        users: &["zookeeper:1000:/home/zookeeper:/bin/sh"],
        ..UBUNTU
    },
    Image {
        names: &["xtrabackup", "google-samples/xtrabackup"],
        command: &["/bin/bash"],
        programs: &["/usr/bin/ncat"],
        stand_ins: &["mysql", "xtrabackup", "xbstream"],
        ..DEBIAN
    },
];
