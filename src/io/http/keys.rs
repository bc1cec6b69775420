//! Credentials on a request: tried in turn, the one that worked remembered, read again when they are refused.

use super::{Ask, Fetched, Http, Trouble, brief, once, redact, refused};
use crate::config::auth::{Auth, Credential, SecretRef, UserName};
use crate::io::login::{Place, Ticket};
use crate::io::secrets::{Lease, SecretError};
use crate::target::Failure;
use crate::text::Clean;
use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Which credential of a list worked the last time, for each auth table and host.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<Place, usize>>);

impl Remembered {
    fn get(&self, place: &Place) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(place).copied().unwrap_or(0)
    }

    fn set(&self, place: Place, index: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(place, index);
    }
}

/// The table and the host and port that a credential is sent to. The table counts with all that is in it, so that nothing
/// of an old one outlives a reload.
fn place(auth: &Auth, url: &url::Url) -> Place {
    let port = url.port_or_known_default().unwrap_or(0);
    let mut hasher = DefaultHasher::new();
    auth.hash(&mut hasher);
    (hasher.finish(), format!("{}:{port}", url.host_str().unwrap_or("")))
}

fn unreadable(error: &SecretError) -> Failure {
    Failure::Secret(Clean::new(&error.to_string()))
}

impl Http {
    /// Basic, bearer or a header of its own.
    pub(super) async fn with_secrets(
        &self,
        ask: &Ask<'_>,
        auth: &Auth,
        client: &Client,
    ) -> Result<Fetched, Trouble> {
        let list: &[SecretRef] = match &auth.credential {
            Credential::Basic { password: list, .. }
            | Credential::Bearer(list)
            | Credential::Token(list)
            | Credential::Header { value: list, .. } => list,
            Credential::None | Credential::Login { .. } => &[],
        };
        let user = match &auth.credential {
            Credential::Basic { user: UserName::Plain(name), .. } => {
                Some(Arc::new(SecretString::from(name.as_str())))
            }
            Credential::Basic { user: UserName::Secret(reference), .. } => {
                Some(self.vault.get(reference).await.map_err(|error| unreadable(&error))?.value)
            }
            _ => None,
        };
        let place = place(auth, ask.url);
        let first = self.remembered.get(&place).min(list.len().saturating_sub(1));
        let started = Instant::now();
        let mut tried: Vec<(usize, Lease)> = Vec::new();
        let (mut answer, mut wrong) = (None, None);
        // First the values as they are known, then those that have changed since.
        for since in [None, Some(started)] {
            for step in 0..list.len() {
                let index = (first + step) % list.len();
                let Some(reference) = list.get(index) else { continue };
                let lease = match self.vault.get_since(reference, since).await {
                    Ok(lease) => lease,
                    Err(error) => {
                        wrong.get_or_insert(error);
                        continue;
                    }
                };
                let same =
                    |(_, old): &(usize, Lease)| old.value.expose_secret() == lease.value.expose_secret();
                if tried.iter().any(same) {
                    continue;
                }
                let fetched = once(ask, client, |request| {
                    dress(request, &auth.credential, user.as_deref(), &lease.value)
                })
                .await?;
                if !refused(fetched.status) {
                    self.remembered.set(place, index);
                    return Ok(fetched);
                }
                tried.push((index, lease));
                answer = Some(fetched);
            }
        }
        match (answer, wrong) {
            (Some(fetched), _) => Err(refusal(&fetched, tried.iter().map(|(_, lease)| &*lease.value))),
            (None, Some(error)) => Err(unreadable(&error).into()),
            (None, None) => {
                let text = format!("auth \"{}\" names no secret", auth.name);
                Err(Failure::Secret(Clean::new(&text)).into())
            }
        }
    }

    /// A token from a login; once more with a new one when it is refused.
    pub(super) async fn with_login(
        &self,
        ask: &Ask<'_>,
        auth: &Auth,
        client: &Client,
    ) -> Result<Fetched, Trouble> {
        let ticket = ticket(ask, auth)?;
        let mut used = 0;
        let mut attempts = 0;
        loop {
            let (number, value) = self.logins.token(client, &self.vault, &ticket, used).await?;
            let fetched = once(ask, client, |request| request.bearer_auth(value.expose_secret())).await?;
            attempts += 1;
            // 403 with a fresh token means "not you", and another login would not change that.
            if fetched.status != 401 {
                return if fetched.status == 403 { Err(refusal(&fetched, [&*value])) } else { Ok(fetched) };
            }
            if attempts == 2 {
                return Err(refusal(&fetched, [&*value]));
            }
            used = number;
        }
    }
}

/// A credential for a request that is sent once: a header, and which secret it holds.
pub(in crate::io) struct Dress {
    /// The header and its value, marked sensitive.
    pub(in crate::io) header: (HeaderName, HeaderValue),
    /// What must not be repeated if the server echoes it.
    pub(in crate::io) secret: Arc<SecretString>,
    /// Which one it is: a token's number, or the place in the list.
    number: u64,
}

impl Http {
    /// The credential to send with a request that may not be tried out: the one that worked the last time for this host, or
    /// the next that is not among those already `refused`. `None`: there is none (left).
    ///
    /// # Errors
    /// A secret cannot be read, or the login failed.
    pub(in crate::io) async fn credential(
        &self,
        ask: &Ask<'_>,
        refused: &[Dress],
    ) -> Result<Option<Dress>, Trouble> {
        let Some(auth) = ask.auth else { return Ok(None) };
        match &auth.credential {
            Credential::None => Ok(None),
            Credential::Login { .. } => self.token_once(ask, auth, refused).await,
            Credential::Basic { password: list, .. }
            | Credential::Bearer(list)
            | Credential::Token(list)
            | Credential::Header { value: list, .. } => self.next_secret(ask, auth, list, refused).await,
        }
    }

    /// One login more after a refusal, and no other.
    async fn token_once(
        &self,
        ask: &Ask<'_>,
        auth: &Auth,
        refused: &[Dress],
    ) -> Result<Option<Dress>, Trouble> {
        if refused.len() > 1 {
            return Ok(None);
        }
        let (_, client) = self.clients.get(ask.url, ask.auth, ask.route, false).await?;
        let ticket = ticket(ask, auth)?;
        let old = refused.last().map_or(0, |dress| dress.number);
        let (mut number, mut value) = self.logins.token(&client, &self.vault, &ticket, old).await?;
        // A token that is about to end is exchanged before anything is sent with it.
        if old == 0 && ends_soon(value.expose_secret(), ask.now) {
            (number, value) = self.logins.token(&client, &self.vault, &ticket, number).await?;
        }
        let text = SecretString::from(format!("Bearer {}", value.expose_secret()));
        Ok(Some(Dress { header: (AUTHORIZATION, sensitive(&text, auth)?), secret: value, number }))
    }

    async fn next_secret(
        &self,
        ask: &Ask<'_>,
        auth: &Auth,
        list: &[SecretRef],
        refused: &[Dress],
    ) -> Result<Option<Dress>, Trouble> {
        let first = self.remembered.get(&place(auth, ask.url)).min(list.len().saturating_sub(1));
        // After a refusal a file may hold a newer value than the one that was read.
        let since = (!refused.is_empty()).then(Instant::now);
        let mut wrong = None;
        for step in 0..list.len() {
            let index = (first + step) % list.len();
            let Some(reference) = list.get(index) else { continue };
            let lease = match self.vault.get_since(reference, since).await {
                Ok(lease) => lease,
                Err(error) => {
                    wrong.get_or_insert(error);
                    continue;
                }
            };
            let same = |old: &Dress| old.secret.expose_secret() == lease.value.expose_secret();
            if refused.iter().any(same) {
                continue;
            }
            let (name, text) = self.worded(auth, &lease.value).await?;
            let header = (name, sensitive(&text, auth)?);
            return Ok(Some(Dress { header, secret: lease.value, number: index as u64 }));
        }
        match wrong {
            Some(error) if refused.is_empty() => Err(unreadable(&error).into()),
            _ => Ok(None),
        }
    }

    /// The header that carries this secret.
    async fn worded(
        &self,
        auth: &Auth,
        secret: &SecretString,
    ) -> Result<(HeaderName, SecretString), Failure> {
        let secret = secret.expose_secret();
        Ok(match &auth.credential {
            Credential::Basic { user, .. } => {
                let user = match user {
                    UserName::Plain(name) => Arc::new(SecretString::from(name.as_str())),
                    UserName::Secret(reference) => {
                        self.vault.get(reference).await.map_err(|error| unreadable(&error))?.value
                    }
                };
                let pair = base64::engine::general_purpose::STANDARD
                    .encode(format!("{}:{secret}", user.expose_secret()));
                (AUTHORIZATION, SecretString::from(format!("Basic {pair}")))
            }
            Credential::Header { name, .. } => {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                    let text = format!("auth \"{}\" names a header that cannot be sent", auth.name);
                    Failure::Secret(Clean::new(&text))
                })?;
                (name, SecretString::from(secret))
            }
            Credential::Token(_) => (AUTHORIZATION, SecretString::from(format!("Token token={secret}"))),
            _ => (AUTHORIZATION, SecretString::from(format!("Bearer {secret}"))),
        })
    }

    /// This credential was taken: it comes first from now on.
    pub(in crate::io) fn worked(&self, ask: &Ask<'_>, dress: &Dress) {
        if let Some(auth) = ask.auth
            && !matches!(auth.credential, Credential::Login { .. })
        {
            self.remembered.set(place(auth, ask.url), dress.number as usize);
        }
    }
}

fn sensitive(text: &SecretString, auth: &Auth) -> Result<HeaderValue, Failure> {
    let Ok(mut value) = HeaderValue::from_str(text.expose_secret()) else {
        let text = format!("a secret of auth \"{}\" holds what a header cannot", auth.name);
        return Err(Failure::Secret(Clean::new(&text)));
    };
    value.set_sensitive(true);
    Ok(value)
}

/// Does this token say of itself that it ends within half a minute (`exp`, RFC 7519, section 4.1.4)? Tokens that say nothing
/// are believed until they are refused.
fn ends_soon(token: &str, now: crate::units::Timestamp) -> bool {
    let claims = token.split('.').nth(1).and_then(|part| {
        let bytes =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice::<serde_json::Value>(&bytes).ok()
    });
    let end = claims.and_then(|claims| claims.get("exp")?.as_f64());
    end.is_some_and(|end| end < now.seconds() + 30.0)
}

fn ticket<'a>(ask: &Ask<'a>, auth: &'a Auth) -> Result<Ticket<'a>, Failure> {
    let Credential::Login { path, json, token } = &auth.credential else {
        return Err(Failure::Secret(Clean::new("no login is configured")));
    };
    Ok(Ticket {
        place: place(auth, ask.url),
        url: ask.url.join(path).map_err(|_| Failure::Decode(Clean::new("the login's path is no URL")))?,
        json,
        token,
        timeout: ask.timeout,
        now: ask.now,
    })
}

/// All credentials were refused; what the server says about it, without the credentials.
fn refusal<'a>(fetched: &Fetched, secrets: impl IntoIterator<Item = &'a SecretString>) -> Trouble {
    let said = redact(&brief(fetched.content_type.as_deref(), &fetched.body), secrets);
    Trouble {
        failure: Failure::Credentials(fetched.status, Clean::new(&said)),
        retry_after: fetched.retry_after,
        status: Some(fetched.status),
    }
}

/// Puts a credential on a request.
pub(in crate::io) fn dress(
    request: RequestBuilder,
    credential: &Credential,
    user: Option<&SecretString>,
    secret: &SecretString,
) -> RequestBuilder {
    match credential {
        Credential::Basic { .. } => {
            request.basic_auth(user.map_or("", |user| user.expose_secret()), Some(secret.expose_secret()))
        }
        Credential::Bearer(_) => request.bearer_auth(secret.expose_secret()),
        Credential::Token(_) => {
            let text = SecretString::from(format!("Token token={}", secret.expose_secret()));
            with_header(request, AUTHORIZATION.as_str(), &text)
        }
        Credential::Header { name, .. } => with_header(request, name, secret),
        Credential::None | Credential::Login { .. } => request,
    }
}

fn with_header(request: RequestBuilder, name: &str, text: &SecretString) -> RequestBuilder {
    match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(text.expose_secret())) {
        (Ok(name), Ok(mut value)) => {
            value.set_sensitive(true);
            request.header(name, value)
        }
        // Sent without: the server will refuse it, and the refusal is told.
        _ => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Timestamp;

    #[test]
    fn a_token_that_ends_within_half_a_minute_is_exchanged_first() {
        let now = Timestamp::from_seconds(1_000_000.0);
        let token = |claims: &str| {
            format!("e30.{}.sig", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims))
        };
        for (token, soon) in [
            (token(r#"{"exp":999999}"#), true),
            (token(r#"{"exp":1000029}"#), true),
            (token(r#"{"exp":1000031}"#), false),
            (token(r#"{"sub":"me"}"#), false),
            (token(r#"{"exp":"soon"}"#), false),
            ("opaque".to_owned(), false),
            ("a.%%%.c".to_owned(), false),
        ] {
            assert_eq!(ends_soon(&token, now), soon, "{token}");
        }
    }
}
