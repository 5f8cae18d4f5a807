//! The files that the engine on disk consists of, and the directory that holds them.
//!
//! They are traits, so that tests can put a disk in their place that fails, fills up or loses its cache.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that is read and written at offsets.
pub(crate) trait DiskFile: fmt::Debug + Send + Sync {
    /// The length in bytes.
    ///
    /// # Errors
    /// As every method: those of the operating system.
    fn len(&self) -> io::Result<u64>;

    /// Fills a buffer from an offset; an error if the file ends before.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes bytes at an offset.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off at a length.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Returns once everything written to this file, and its length, survive a power failure.
    fn sync(&self) -> io::Result<()>;
}

/// A directory of files.
pub(crate) trait Disk: Send {
    /// Opens an existing file.
    ///
    /// # Errors
    /// As every method: those of the operating system.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Creates an empty file in place of one of that name.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames a file, replacing one of the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names of all files.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Returns once the names of all files survive a power failure.
    fn sync(&self) -> io::Result<()>;
}

/// A directory of the file system.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(path: &Path) -> Directory {
        Directory(path.to_path_buf())
    }

    fn options() -> fs::OpenOptions {
        let mut options = File::options();
        options.read(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
    }
}

impl Disk for Directory {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.0.join(name);
        let denied = match Directory::options().open(&path) {
            Ok(file) => return Ok(Arc::new(OpenFile { file, denied: None })),
            Err(error) => error,
        };
        // A store that may only be read can still be read.
        match denied.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Ok(Arc::new(OpenFile { file: File::open(&path)?, denied: Some(denied) }))
            }
            _ => Err(denied),
        }
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = Directory::options().create(true).truncate(true).open(self.0.join(name))?;
        Ok(Arc::new(OpenFile { file, denied: None }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.0)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

/// An open file of the file system.
#[derive(Debug)]
struct OpenFile {
    file: File,
    /// Why the file could not be opened for writing; `None` if it could.
    denied: Option<io::Error>,
}

impl OpenFile {
    fn writable(&self) -> io::Result<&File> {
        match &self.denied {
            Some(denied) => {
                Err(denied.raw_os_error().map_or_else(|| denied.kind().into(), io::Error::from_raw_os_error))
            }
            None => Ok(&self.file),
        }
    }
}

impl DiskFile for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            let read = std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            (offset, buffer) = (offset + read as u64, &mut buffer[read..]);
        }
        Ok(())
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self.writable()?, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(self.writable()?, bytes, offset)?;
            (offset, bytes) = (offset + written as u64, &bytes[written..]);
        }
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.writable()?.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.writable()?.sync_data()
    }
}
