//! Secrets the host makes itself: 32 random bytes as base64url in a file that only its owner can read.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::ConfigError;

/// Bytes of entropy: a 256-bit key.
const SECRET_BYTES: usize = 32;
/// Bytes of a secret file that are accepted; an operator may have put a longer secret there.
const SECRET_FILE_BYTES_MAX: u64 = 4 * 1024;
/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// The secret kept in `folder`/`file`, made and made durable first if it is not there.
pub(super) fn load_or_create(folder: &Path, file: &str) -> Result<String, ConfigError> {
    let path = folder.join(file);
    let failed = |source| ConfigError::Secret {
        path: path.clone(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    refuse_if_shared(folder)?;
    if !path.try_exists().map_err(failed)? {
        create(folder, &path).map_err(failed)?;
    }
    refuse_if_shared(&path)?;
    read(&path).map_err(failed)
}

fn refuse_if_shared(path: &Path) -> Result<(), ConfigError> {
    let metadata = fs::metadata(path).map_err(|source| ConfigError::Secret {
        path: path.to_owned(),
        source,
    })?;
    if metadata.permissions().mode() & OTHERS == 0 {
        Ok(())
    } else {
        Err(ConfigError::SecretShared(path.to_owned()))
    }
}

fn read(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > SECRET_FILE_BYTES_MAX {
        return Err(io::Error::other("the file is longer than 4 KiB"));
    }
    let text = fs::read_to_string(path)?;
    match text.trim() {
        "" => Err(io::Error::other("the file is empty")),
        secret => Ok(secret.to_owned()),
    }
}

/// Written aside, synchronised and then linked to its name, so that the name never stands for half a secret. If another
/// process was faster, its secret is the one that counts.
fn create(folder: &Path, path: &Path) -> io::Result<()> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let mut aside = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    writeln!(aside, "{}", URL_SAFE_NO_PAD.encode(bytes))?;
    aside.as_file().sync_all()?;
    match aside.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = folder.path().join("secrets");
        let first = load_or_create(&secrets, "signing.key").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(&first).unwrap().len(), SECRET_BYTES);
        assert_eq!(load_or_create(&secrets, "signing.key").unwrap(), first);
        assert_ne!(load_or_create(&secrets, "other.key").unwrap(), first);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&secrets), 0o700);
        assert_eq!(mode(&secrets.join("signing.key")), 0o600);
        assert_eq!(fs::read_dir(&secrets).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn a_shared_or_empty_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = folder.path().join("secrets");
        load_or_create(&secrets, "key").unwrap();
        fs::set_permissions(secrets.join("key"), Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            load_or_create(&secrets, "key"),
            Err(ConfigError::SecretShared(_))
        ));
        fs::set_permissions(secrets.join("key"), Permissions::from_mode(0o600)).unwrap();
        fs::write(secrets.join("key"), "\n").unwrap();
        assert!(matches!(
            load_or_create(&secrets, "key"),
            Err(ConfigError::Secret { .. })
        ));
        fs::set_permissions(&secrets, Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(
            load_or_create(&secrets, "key"),
            Err(ConfigError::SecretShared(_))
        ));
    }
}
