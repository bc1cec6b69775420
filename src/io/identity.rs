//! Who uses warroom, from which host and over which connection, for the journal; and numbers that name one event.

use crate::journal::Who;
use crate::text::Clean;
use rustix::process::getuid;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who this is. The account is the one that the kernel knows; `USER` and `LOGNAME` can say anything, so they are not
/// asked. An account without a name is written as `uid 1234`.
pub fn who() -> Who {
    let user = account(getuid().as_raw());
    let host = Clean::from_bytes(rustix::system::uname().nodename().to_bytes());
    let told = from_environment(|name| std::env::var(name).ok());
    // The kernel remembers who logged in, whatever sudo and su made of it and whatever the environment leaves out.
    let login = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| logged_in(&text));
    let sudo = login.map(account).filter(|login| *login != user).or(told.sudo);
    Who { user, host, sudo, ..told }
}

/// The name of an account; one without a name is written as `uid 1234`.
pub(super) fn account(uid: u32) -> Clean {
    let name = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten();
    Clean::new(&name.map_or_else(|| format!("uid {uid}"), |user| user.name))
}

/// The account that the session was opened for (`man 5 proc`, loginuid); none where nobody logged in: a daemon, a container.
fn logged_in(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|uid| *uid != u32::MAX)
}

/// What only the environment knows: the SSH client's address (`SSH_CONNECTION`, else `SSH_CLIENT`: address, ports) and
/// the account in front of sudo.
fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Who {
    let address = ["SSH_CONNECTION", "SSH_CLIENT"].into_iter().find_map(|name| {
        let text = lookup(name)?;
        let first = text.split_ascii_whitespace().next()?;
        // A link-local address comes with its interface: fe80::1%eth0.
        let (number, _) = first.split_once('%').unwrap_or((first, ""));
        number.parse::<IpAddr>().ok().map(|_| Clean::new(first))
    });
    let sudo = lookup("SUDO_USER").map(|name| Clean::new(&name)).filter(|name| !name.is_empty());
    Who { address, sudo, ..Who::default() }
}

/// 128 bits, in hexadecimal, that no other call gives, in this process or another: for what happens once, as a
/// person's act. Unique, and no secret: it must not guard anything.
pub fn nonce() -> String {
    // `RandomState` takes its keys from the operating system, and SipHash spreads them.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let this = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed), std::time::SystemTime::now());
    format!("{:016x}{:016x}", RandomState::new().hash_one(this), RandomState::new().hash_one(this))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_from_where_and_nothing_else() {
        for (variables, address, sudo) in [
            (&[("SSH_CONNECTION", "192.0.2.7 51234 10.0.0.1 22")][..], Some("192.0.2.7"), None),
            (
                &[("SSH_CLIENT", "2001:db8::7 51234 22"), ("SUDO_USER", "ana")],
                Some("2001:db8::7"),
                Some("ana"),
            ),
            (&[("SSH_CONNECTION", "fe80::1%eth0 1 ::1 22")], Some("fe80::1%eth0"), None),
            (&[("SSH_CONNECTION", "\u{1b}[2J 1 2 3"), ("SSH_CLIENT", "")], None, None),
            (&[("SUDO_USER", "\u{1b}[31mbo\n")], None, Some("[31mbo ")),
            (&[("USER", "root"), ("LOGNAME", "root")], None, None),
        ] {
            let found = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            let who = from_environment(found);
            assert_eq!(who.address.as_ref().map(Clean::as_str), address, "{variables:?}");
            assert_eq!(who.sudo.as_ref().map(Clean::as_str), sudo, "{variables:?}");
            assert_eq!(who.user, Clean::default());
        }
        let me = who();
        assert!(!me.user.is_empty() && !me.host.is_empty(), "{me:?}");
    }

    #[test]
    fn a_session_that_nobody_logged_in_to_names_nobody() {
        for (text, uid) in
            [("1000", Some(1000)), ("0\n", Some(0)), ("4294967295", None), ("", None), ("x", None)]
        {
            assert_eq!(logged_in(text), uid, "{text:?}");
        }
        assert_eq!(account(0).as_str(), "root");
        assert_eq!(account(4_000_000_000).as_str(), "uid 4000000000");
    }

    #[test]
    fn no_nonce_comes_twice() {
        let mut all: Vec<String> = (0..10_000).map(|_| nonce()).collect();
        assert!(all.iter().all(|nonce| nonce.len() == 32));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 10_000);
    }
}
