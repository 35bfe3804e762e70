//! What a server needs to be spoken to under encryption.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

/// A certificate for `localhost`, with its key, of an authority that nobody knows.
///
/// Clones are the same one. Its files are there as long as one of them is.
#[derive(Clone, Debug)]
pub struct Certificate {
    folder: Arc<TempDir>,
}

impl Certificate {
    /// A new one, of a new authority.
    ///
    /// # Panics
    /// If there is no place for its files.
    pub fn new() -> Self {
        let issued = "what is said here can be issued";
        let key = || KeyPair::generate().expect("the system has entropy");
        let mut authority = CertificateParams::new(Vec::new()).expect(issued);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key()).expect(issued);
        let server = CertificateParams::new(["localhost".to_owned()]).expect(issued);
        let own = key();
        let server = server.signed_by(&own, &authority).expect(issued);
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let certificate = Self { folder: Arc::new(folder) };
        // A server may run as a user of its own, who has to read its key.
        certificate.allow("", 0o755);
        certificate.write(AUTHORITY, &authority.pem());
        certificate.write(SERVER, &server.pem());
        certificate.write(KEY, &own.serialize_pem());
        certificate
    }

    /// The file with the certificate of the authority: whoever trusts that trusts the server.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join(AUTHORITY)
    }

    /// The file with the certificate of the server.
    pub fn server(&self) -> PathBuf {
        self.folder.path().join(SERVER)
    }

    /// The file with the server's private key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join(KEY)
    }

    /// Writes a file for the server beside the others.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, text).expect("the folder can be written");
        self.allow(name, 0o644);
        file
    }

    fn allow(&self, name: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

const AUTHORITY: &str = "authority.pem";
const SERVER: &str = "server.pem";
const KEY: &str = "key.pem";
