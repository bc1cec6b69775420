//! A test that needs a program which is not installed says so where it is seen: the harness keeps what `println!` says.

use std::io::Write as _;

/// Says in one visible line that the program is missing; where `WARROOM_REQUIRE_REAL` is set, that is a failure.
#[expect(clippy::disallowed_methods, reason = "a test may be told what must be installed")]
pub(crate) fn skipped(program: &str) {
    assert!(std::env::var_os("WARROOM_REQUIRE_REAL").is_none(), "not installed: {program}");
    let _ = writeln!(std::io::stderr(), "skipped, for it is not installed: {program}");
}
