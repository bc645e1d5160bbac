//! How much room a disk has.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::trouble::Trouble;

/// An error if less than `least` bytes are free where `folder` lies.
pub(super) fn require_free(folder: &Path, least: u64) -> Result<(), Trouble> {
    std::fs::create_dir_all(folder).map_err(|error| Trouble::file(folder, error))?;
    let free = free_bytes(folder).map_err(|error| Trouble::file(folder, error))?;
    if free >= least {
        return Ok(());
    }
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    Err(Trouble::new(format!("{:.0} GB are needed and {:.0} GB are free", gigabytes(least), gigabytes(free))))
}

/// What those who are not root may still write.
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    let mut found = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: the path ends with a zero byte, and the struct is one that the call may fill.
    if unsafe { libc::statvfs(path.as_ptr(), found.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeros is a valid value of it, and the call has filled it.
    let found = unsafe { found.assume_init() };
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_free_and_all_bytes_are_not() {
        let folder = tempfile::tempdir().unwrap();
        assert!(require_free(folder.path(), 1).is_ok());
        let error = require_free(folder.path(), u64::MAX).unwrap_err().to_string();
        assert!(error.contains("are needed"), "{error}");
    }
}
