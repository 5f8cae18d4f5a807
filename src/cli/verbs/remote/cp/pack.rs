//! Packs local files into an archive (`makeTar`).

use std::fs::{self, File, Metadata};
use std::path::Path;

use tar::{Builder, EntryType, Header};

use super::spec;
use crate::{CliError, CliResult};
use kctl_base::order::Order as _;

/// Packs a local file or directory. In the archive it has the name `name`. Symbolic links are packed as such; directories only
/// if they are empty, the others come with their files.
///
/// # Errors
/// A file cannot be read, or is neither a file, a directory nor a link.
pub(super) fn pack(path: &str, name: &str) -> CliResult<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    add(&mut archive, &spec::clean(path), name)?;
    archive.into_inner().map_err(|error| CliError::io("write tar", error))
}

fn add(archive: &mut Builder<Vec<u8>>, path: &str, name: &str) -> CliResult<()> {
    let failed = |operation: &str| format!("{operation} {path}");
    let metadata = fs::symlink_metadata(path).map_err(|error| CliError::io(failed("lstat"), error))?;
    let kind = metadata.file_type();
    let mut header = header_of(&metadata);
    if kind.is_dir() {
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(|error| CliError::io(failed("open"), error))? {
            let entry = entry.map_err(|error| CliError::io(failed("readdirent"), error))?;
            let name = entry.file_name().into_string();
            names.push(name.map_err(|name| CliError::new(format!("the name of {} is not UTF-8", name.display())))?);
        }
        names.order();
        if names.is_empty() {
            header.set_entry_type(EntryType::Directory);
            header.set_size(0);
            return append(archive, &mut header, name, std::io::empty());
        }
        return names.iter().try_for_each(|file| add(archive, &spec::join(path, file), &spec::join(name, file)));
    }
    if kind.is_symlink() {
        let target = fs::read_link(path).map_err(|error| CliError::io(failed("readlink"), error))?;
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        return archive
            .append_link(&mut header, name, target)
            .map_err(|error| CliError::io(failed("write tar"), error));
    }
    if !kind.is_file() {
        return Err(CliError::new(format!("{path} is neither a file nor a directory nor a link")));
    }
    let file = File::open(path).map_err(|error| CliError::io(failed("open"), error))?;
    append(archive, &mut header, name, file)
}

fn append(archive: &mut Builder<Vec<u8>>, header: &mut Header, name: &str, data: impl std::io::Read) -> CliResult<()> {
    // A name in the root of the container has no directory in the archive.
    let name = Path::new(name.trim_start_matches('/'));
    archive.append_data(header, name, data).map_err(|error| CliError::io("write tar", error))
}

fn header_of(metadata: &Metadata) -> Header {
    let mut header = Header::new_gnu();
    header.set_metadata(metadata);
    header
}
