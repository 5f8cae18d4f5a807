//! Distributions and what consists of little else.

use super::{ALPINE, BUSYBOX, DEBIAN, ENTERPRISE, SCRATCH, UBUNTU};
use crate::image::{Image, System};

pub(super) const IMAGES: &[Image] = &[
    Image {
        names: &["busybox", "e2e-test-images/busybox"],
        latest_of_kubernetes: Some("1.22.1"),
        command: &["sh"],
        ..BUSYBOX
    },
    Image { names: &["radial/busyboxplus"], command: &["/bin/sh"], programs: &["/usr/bin/curl"], ..BUSYBOX },
    Image { names: &["alpine"], command: &["/bin/sh"], ..ALPINE },
    Image { names: &["debian"], command: &["bash"], ..DEBIAN },
    Image { names: &["ubuntu"], command: &["/bin/bash"], ..UBUNTU },
    Image { names: &["centos"], command: &["/bin/bash"], programs: &["/usr/bin/curl", "/usr/bin/vi"], ..ENTERPRISE },
    Image {
        names: &["fedora"],
        command: &["/bin/bash"],
        system: System::Fedora,
        programs: &["/usr/bin/curl", "/usr/bin/python3"],
        ..ENTERPRISE
    },
    Image { names: &["hello-world"], command: &["/hello"], programs: &["/hello"], ..SCRATCH },
    Image {
        names: &["bash"],
        entrypoint: &["docker-entrypoint.sh"],
        command: &["bash"],
        programs: &["/usr/local/bin/bash", "/usr/local/bin/docker-entrypoint.sh"],
        ..ALPINE
    },
];
