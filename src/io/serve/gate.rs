//! Whose questions are answered: those that bring a token. Compared in constant time; never told, never logged.

use crate::config::auth::SecretList;
use crate::io::secrets;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use std::hint::black_box;

/// Tokens, each of which is valid.
#[derive(Debug, Default)]
pub struct Gate {
    tokens: Vec<SecretString>,
}

/// A shorter token could be guessed.
const SHORTEST: usize = 8;

impl Gate {
    /// Reads the tokens. Of a list, those that cannot be read yet may be missing, as long as one is there.
    ///
    /// # Errors
    /// None of them can be read, or one is too short to keep anybody out; names the reference, never the value.
    pub async fn read(references: &SecretList) -> Result<Self, String> {
        let (mut tokens, mut wrong) = (Vec::new(), Vec::new());
        for reference in references {
            match secrets::read(reference).await {
                Ok(token) if token.expose_secret().len() < SHORTEST => {
                    let name = secrets::name_of(reference);
                    wrong.push(format!("{name} is shorter than {SHORTEST} characters: it could be guessed"));
                }
                Ok(token) => tokens.push(token),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        for line in &wrong {
            tracing::warn!("serve.token: {line}");
        }
        if tokens.is_empty() && !references.is_empty() { Err(wrong.join("; ")) } else { Ok(Self { tokens }) }
    }

    /// Is nobody asked for a token?
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty()
    }

    /// May this `Authorization` header pass? `Bearer TOKEN`, or `Basic` with the token as password of any user.
    pub fn admits(&self, authorization: Option<&[u8]>) -> bool {
        if self.is_open() {
            return true;
        }
        let Some((scheme, rest)) = authorization.and_then(split) else { return false };
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return self.knows(rest);
        }
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return false;
        }
        let Ok(pair) = BASE64_STANDARD.decode(rest) else { return false };
        let Some(colon) = pair.iter().position(|byte| *byte == b':') else { return false };
        pair.get(colon + 1..).is_some_and(|password| self.knows(password))
    }

    /// All tokens are looked at, whichever is the right one.
    fn knows(&self, given: &[u8]) -> bool {
        self.tokens.iter().fold(false, |known, token| known | same(token.expose_secret().as_bytes(), given))
    }
}

fn split(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let header = header.trim_ascii();
    let blank = header.iter().position(|byte| *byte == b' ')?;
    Some((header.get(..blank)?, header.get(blank..)?.trim_ascii_start()))
}

/// Are they equal? Takes as long for a wrong first byte as for a wrong last one; only the length given shows.
fn same(known: &[u8], given: &[u8]) -> bool {
    let mut differ = u8::from(known.len() != given.len());
    for (at, byte) in given.iter().enumerate() {
        // A token is never empty.
        let other = known.get(at % known.len().max(1)).copied().unwrap_or_default();
        differ = black_box(differ | (byte ^ other));
    }
    differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_pass_as_bearer_and_as_password() {
        let tokens = ["s3cret-one", "s3cret-two"].map(SecretString::from).to_vec();
        let gate = Gate { tokens };
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        for (header, passes) in [
            ("Bearer s3cret-one".to_owned(), true),
            ("bearer   s3cret-two".to_owned(), true),
            (basic("grafana:s3cret-two"), true),
            (basic(":s3cret-one"), true),
            (basic("s3cret-one"), false),
            (basic("a:b:s3cret-one"), false),
            ("Bearer s3cret-on".to_owned(), false),
            ("Bearer s3cret-one1".to_owned(), false),
            ("Bearer s3cret-ones3cret-one".to_owned(), false),
            ("Bearer".to_owned(), false),
            ("Bearer ".to_owned(), false),
            ("Basic !!!".to_owned(), false),
            ("Digest s3cret-one".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(gate.admits(Some(header.as_bytes())), passes, "{header}");
        }
        assert!(!gate.admits(None) && !gate.admits(Some(b"Bearer \xff\xfe")));
        assert!(Gate::default().admits(None), "nobody asks");
        assert!(!format!("{gate:?}").contains("s3cret"));
    }
}
