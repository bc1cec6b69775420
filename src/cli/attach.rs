//! `--attach`: what the flags say of another warroom that polls in our place.

use super::args::{Command, Flags};
use crate::config::Attach;
use crate::config::auth::SecretRef;
use crate::io::attach::{TOKEN, token_given};

/// What the flags say; none: nothing.
pub(super) fn of(flags: &Flags) -> Option<Attach> {
    let url = flags.attach.clone()?;
    let token =
        flags.attach_token.clone().or_else(|| token_given().then(|| SecretRef::Env(TOKEN.to_owned())));
    Some(Attach { url, token, ca: flags.attach_ca.clone() })
}

/// Does this command show what another warroom polls?
pub(super) fn can(command: Option<&Command>, urls: &[String]) -> bool {
    match command {
        None => urls.is_empty(),
        Some(Command::Status { .. } | Command::Check { .. }) => true,
        Some(_) => false,
    }
}
