//! What is known of images, one file for each group of them.

mod databases;
mod distributions;
mod kubernetes;
mod languages;
mod tutorials;
mod web;

use super::reference::Reference;
use super::{Flavour, Image, System, Versions};
use crate::process::Signal;

const NO_VERSIONS: Versions = Versions { latest: "", lines: &[] };

const DEBIAN: Image = Image {
    names: &[],
    tag: "",
    flavour: Flavour::Gnu,
    system: System::Debian,
    latest_of_kubernetes: None,
    versions: NO_VERSIONS,
    entrypoint: &[],
    command: &[],
    working_dir: "/",
    uid: 0,
    user_name: "",
    path: Image::DEFAULT_PATH,
    environment: &[],
    ports: &[],
    stop_signal: Signal::Term,
    programs: &[],
    stand_ins: &[],
    files: &[],
    users: &[],
    groups: &[],
};
const UBUNTU: Image = Image { system: System::Ubuntu, ..DEBIAN };
const ENTERPRISE: Image = Image { system: System::EnterpriseLinux, ..DEBIAN };
const ALPINE: Image = Image { flavour: Flavour::Busybox, system: System::Alpine, ..DEBIAN };
const BUSYBOX: Image = Image { flavour: Flavour::Busybox, system: System::Busybox, ..DEBIAN };
const SCRATCH: Image = Image { flavour: Flavour::Distroless, system: System::Scratch, ..DEBIAN };

/// An image of Bitnami, none of which runs as root.
const BITNAMI: Image = Image { uid: 1001, ..DEBIAN };
/// The variant of an image of <https://github.com/GoogleContainerTools/distroless> that does not run as root.
const DISTROLESS_NONROOT: Image = Image { uid: 65532, ..SCRATCH };

/// Returns what is known of an image without an entry: what all of its publisher have in common, or else that it is built on
/// Debian's slim image.
pub(super) fn of_publisher(reference: Reference<'_>) -> &'static Image {
    match reference.repository.split_once('/') {
        Some(("bitnami" | "bitnamilegacy" | "bitnamisecure", _)) => &BITNAMI,
        Some(("distroless", _)) if reference.tag == "nonroot" => &DISTROLESS_NONROOT,
        _ => &DEBIAN,
    }
}

/// Returns all entries. An entry for some tags comes before the one for any tag.
pub(super) fn all() -> impl Iterator<Item = &'static Image> {
    let tables = [
        distributions::IMAGES,
        web::IMAGES,
        databases::IMAGES,
        languages::IMAGES,
        kubernetes::IMAGES,
        tutorials::IMAGES,
    ];
    tables.into_iter().flatten()
}
