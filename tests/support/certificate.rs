use std::path::{Path, PathBuf};

use tokio::process::Command;

/// A certificate of the loopback address that is its own authority, and its key, both PEM.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate's file.
    pub file: PathBuf,
    /// The key's file.
    pub key_file: PathBuf,
}

impl Certificate {
    /// Makes one in this folder.
    pub async fn new(folder: &Path) -> Self {
        let (file, key_file) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"])
            .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
            .arg("-keyout")
            .arg(&key_file)
            .arg("-out")
            .arg(&file)
            .output()
            .await
            .expect("openssl runs");
        assert!(made.status.success(), "{made:?}");
        Self { file, key_file }
    }
}
