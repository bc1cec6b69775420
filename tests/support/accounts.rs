//! Several accounts on one machine: only root can be them all.
#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a helper of tests may fail, and starts programs"
)]

use nix::unistd::{Uid, User};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Numbers will do: an account needs neither a name nor a home.
pub const ONE: u32 = 65_101;
/// Another.
pub const TWO: u32 = 65_102;
/// And one more.
pub const THREE: u32 = 65_103;

/// May this process be somebody else? Where it may not, the test is skipped, and says so; under `WARROOM_REQUIRE_REAL` it
/// fails instead.
pub fn can_be_others() -> bool {
    let root = Uid::effective().is_root();
    if !root {
        let required = std::env::var_os("WARROOM_REQUIRE_REAL").is_some();
        assert!(!required, "only root can be two accounts: run this test as root");
        let _ = writeln!(std::io::stderr(), "skipped: only root can be two accounts");
    }
    root
}

/// How warroom names an account.
pub fn name(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid)).unwrap().map_or_else(|| format!("uid {uid}"), |user| user.name)
}

/// Lets `command` run as that account, and as no other.
pub fn run_as(command: &mut Command, uid: u32) -> &mut Command {
    command.uid(uid).gid(uid)
}

/// Sets a mode.
pub fn mode(path: &Path, bits: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
}
