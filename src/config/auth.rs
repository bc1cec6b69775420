//! `auth.NAME`: who we say we are. Secrets are references; their values are read in `io::secrets` only.

use std::path::PathBuf;

/// Where a secret is to be found; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// `env:NAME`
    Env(String),
    /// `file:PATH`; refused if others may read it
    File(PathBuf),
    /// `cmd:...`, run by `sh -c`; its first output line is the secret
    Command(String),
}

impl SecretRef {
    /// Reads `env:NAME`, `file:PATH` or `cmd:COMMAND`.
    ///
    /// # Errors
    /// A sentence with the remedy. The offending text is not repeated: it may be a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("cmd", command)) if !command.trim().is_empty() => Ok(Self::Command(command.to_owned())),
            _ => {
                Err("a secret is a reference, never a value: write env:NAME, file:PATH or cmd:COMMAND"
                    .to_owned())
            }
        }
    }
}

/// Secrets to be tried in turn (keys rotate; two may be valid for a week).
pub type SecretList = Vec<SecretRef>;

/// One `auth.NAME` table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Auth {
    /// The table's name.
    pub name: String,
    /// What is sent with each request.
    pub credential: Credential,
    /// Client certificate and extra authorities.
    pub tls: Tls,
}

/// What is sent with each request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Credential {
    /// Nothing.
    #[default]
    None,
    /// `Authorization: Basic`.
    Basic {
        /// The user's name: a plain string or a reference.
        user: UserName,
        /// Passwords, tried in turn.
        password: SecretList,
    },
    /// `Authorization: Bearer`, tokens tried in turn.
    Bearer(SecretList),
    /// `Authorization: Token token=...`, as PagerDuty wants it; keys tried in turn.
    Token(SecretList),
    /// A header of its own, values tried in turn.
    Header {
        /// The header's name.
        name: String,
        /// Its values, tried in turn.
        value: SecretList,
    },
    /// A POST of JSON that answers with a token (a JWT), used as a bearer until it expires or a 401 comes back.
    Login {
        /// Path on the instance (or a whole URL).
        path: String,
        /// Fields of the JSON body.
        json: Vec<(String, SecretRef)>,
        /// JSON pointer to the token in the answer.
        token: String,
    },
}

/// A user's name may be written down or referred to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UserName {
    /// As written.
    Plain(String),
    /// From a reference.
    Secret(SecretRef),
}

/// `tls = { cert, key, ca }`: paths of PEM files, `file:` allowed in front.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// The client's certificate chain.
    pub cert: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
    /// Authorities to trust beside the system's.
    pub ca: Option<PathBuf>,
}
