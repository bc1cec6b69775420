//! How grave an incident is: P0, the gravest, to P4. What a severity obliges to is configuration (`incident`).

use std::fmt;
use std::str::FromStr;

/// The gravity of an alert or an incident. The order is that of gravity: `P0 > P1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Everything is down.
    P0,
    /// A core function is degraded.
    P1,
    /// A part of a function.
    P2,
    /// Slow but usable.
    P3,
    /// Cosmetic.
    P4,
}

impl Severity {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] = [Self::P0, Self::P1, Self::P2, Self::P3, Self::P4];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
        }
    }
}

impl PartialOrd for Severity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Severity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (*other as u8).cmp(&(*self as u8))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|severity| severity.word().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("\"{text}\" is not a severity: write it as P0, P1, P2, P3 or P4"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_is_the_greatest() {
        assert!(Severity::P0 > Severity::P1 && Severity::P3 > Severity::P4);
        for severity in Severity::ALL {
            assert_eq!(severity.word().parse(), Ok(severity));
        }
        assert!("P5".parse::<Severity>().is_err());
    }
}
