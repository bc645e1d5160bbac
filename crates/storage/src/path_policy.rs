//! Which files a user may reach: superusers any, others only what lies below the allowed folders.

use std::path::{Component, Path, PathBuf};

use crate::Error;

/// The folders open to everybody.
#[derive(Debug, Clone, Default)]
pub struct PathPolicy {
    allowed: Vec<PathBuf>,
}

impl PathPolicy {
    /// Folders are taken as they really are, links resolved; ones that do not exist are an error.
    pub fn new(allowed: &[PathBuf]) -> Result<Self, Error> {
        let real = |path: &PathBuf| path.canonicalize().map_err(|source| Error::io(path, source));
        Ok(Self { allowed: allowed.iter().map(real).collect::<Result<_, _>>()? })
    }

    /// The real path of a location (`/a/b`, `file:///a/b`), if this user may reach it. Nothing need exist there yet, but
    /// the part that does exist is followed through links before it is judged.
    pub fn resolve(&self, location: &str, superuser: bool) -> Result<PathBuf, Error> {
        let path = local_path(location)?;
        let unusable = |reason: &str| Error::Path { path: location.to_owned(), reason: reason.to_owned() };
        if !path.is_absolute() {
            return Err(unusable("it is not absolute"));
        }
        if path.components().any(|component| component == Component::ParentDir) {
            return Err(unusable("it contains \"..\""));
        }
        let real = resolve_existing(&path)?;
        if superuser || self.allowed.iter().any(|folder| real.starts_with(folder)) {
            Ok(real)
        } else {
            Err(Error::PathDenied(location.to_owned()))
        }
    }
}

fn local_path(location: &str) -> Result<PathBuf, Error> {
    if let Some((scheme, _)) = location.split_once("://") {
        if !scheme.eq_ignore_ascii_case("file") {
            return Err(Error::Scheme(location.to_owned()));
        }
        let url = url::Url::parse(location)
            .map_err(|error| Error::Path { path: location.to_owned(), reason: error.to_string() })?;
        return url
            .to_file_path()
            .map_err(|()| Error::Path { path: location.to_owned(), reason: "it names a host".to_owned() });
    }
    Ok(PathBuf::from(location.strip_prefix("file:").unwrap_or(location)))
}

/// Follows links in the part of the path that exists, and keeps the rest as it stands.
fn resolve_existing(path: &Path) -> Result<PathBuf, Error> {
    let mut rest = Vec::new();
    let mut existing = path;
    loop {
        match existing.canonicalize() {
            Ok(real) => return Ok(rest.iter().rev().fold(real, |path, part| path.join(part))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A link that points nowhere must not be written through.
                if existing.symlink_metadata().is_ok() {
                    return Err(Error::io(existing, error));
                }
                let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else {
                    return Err(Error::io(path, error));
                };
                rest.push(name.to_owned());
                existing = parent;
            }
            Err(error) => return Err(Error::io(existing, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_an_allowed_folder_are_refused() {
        let root = std::env::temp_dir().join(format!("mead-paths-{}", uuid::Uuid::new_v4().simple()));
        let open = root.join("open");
        std::fs::create_dir_all(&open).unwrap();
        std::fs::write(root.join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(root.join("secret"), open.join("link")).unwrap();
        let policy = PathPolicy::new(std::slice::from_ref(&open)).unwrap();
        let inside = open.join("new/file.csv").display().to_string();
        assert!(policy.resolve(&inside, false).is_ok());
        assert!(matches!(policy.resolve(&open.join("link").display().to_string(), false), Err(Error::PathDenied(_))));
        assert!(policy.resolve(&open.join("link").display().to_string(), true).is_ok());
        assert!(matches!(policy.resolve(&format!("{}/../secret", open.display()), false), Err(Error::Path { .. })));
        assert!(matches!(policy.resolve("relative.csv", true), Err(Error::Path { .. })));
        assert!(matches!(policy.resolve("s3://bucket/x", true), Err(Error::Scheme(_))));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
