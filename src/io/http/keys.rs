//! Credentials on a request: tried in turn, the one that worked remembered, read again when they are refused.

use super::{Ask, Fetched, Http, Trouble, brief, once, redact, refused};
use crate::config::auth::{Auth, Credential, SecretRef, UserName};
use crate::io::login::{Place, Ticket};
use crate::io::secrets::{Lease, SecretError};
use crate::target::Failure;
use crate::text::Clean;
use reqwest::header::{HeaderName, HeaderValue};
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
        let Credential::Login { path, json, token } = &auth.credential else {
            return Err(Failure::Secret(Clean::new("no login is configured")).into());
        };
        let ticket = Ticket {
            place: place(auth, ask.url),
            url: ask.url.join(path).map_err(|_| Failure::Decode(Clean::new("the login's path is no URL")))?,
            json,
            token,
            timeout: ask.timeout,
            now: ask.now,
        };
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

/// All credentials were refused; what the server says about it, without the credentials.
fn refusal<'a>(fetched: &Fetched, secrets: impl IntoIterator<Item = &'a SecretString>) -> Trouble {
    let said = redact(&brief(fetched.content_type.as_deref(), &fetched.body), secrets);
    Trouble {
        failure: Failure::Credentials(fetched.status, Clean::new(&said)),
        retry_after: fetched.retry_after,
        status: Some(fetched.status),
    }
}

fn dress(
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
        Credential::Header { name, .. } => {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(secret.expose_secret());
            match (name, value) {
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(true);
                    request.header(name, value)
                }
                // Sent without: the server will refuse it, and the refusal is told.
                _ => request,
            }
        }
        Credential::None | Credential::Login { .. } => request,
    }
}
