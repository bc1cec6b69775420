//! When a certificate ends: the one field that is wanted of it, read out of its DER.
//!
//! Total on any bytes: a certificate that cannot be walked has no expiry.

/// The end of validity (`notAfter`) of an X.509 certificate, in seconds since the epoch.
///
/// RFC 5280, section 4.1: `Certificate { TBSCertificate { [0] version?, serial, algorithm, issuer, validity ...`.
pub(super) fn not_after(der: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    if let (0xA0, _, after) = element(rest)? {
        rest = after;
    }
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    seconds(tag, time)
}

/// The first element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7F);
        if !(1..=4).contains(&count) || rest.len() < count {
            return None;
        }
        let (digits, rest) = rest.split_at(count);
        (digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit)), rest)
    };
    (length <= rest.len()).then(|| (tag, &rest[..length], &rest[length..]))
}

/// `YYMMDDHHMMSSZ` (`UTCTime`, 1950 to 2049) or `YYYYMMDDHHMMSSZ` (`GeneralizedTime`).
fn seconds(tag: u8, time: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (tag, text.len()) {
        (0x17, 12) => {
            let year: i16 = text[..2].parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, &text[2..])
        }
        (0x18, 14) => (text[..4].parse().ok()?, &text[4..]),
        _ => return None,
    };
    let part = |at: usize| rest[at..at + 2].parse::<i8>().ok();
    let civil = jiff::civil::DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(year: i32) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 3, 4);
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_of_validity_is_found_in_both_notations() {
        for (year, expected) in [(2031, "2031-03-04T00:00:00Z"), (2077, "2077-03-04T00:00:00Z")] {
            let expected: jiff::Timestamp = expected.parse().unwrap();
            assert_eq!(not_after(&certificate(year)), Some(expected.as_second()), "{year}");
        }
    }

    #[test]
    fn damaged_certificates_have_none_and_do_no_harm() {
        let good = certificate(2031);
        for cut in 0..good.len().min(400) {
            let _ = not_after(&good[..cut]);
        }
        for bad in [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"\x30\x03\x30\x01\x00"] {
            assert_eq!(not_after(bad), None, "{bad:?}");
        }
        for (tag, text) in
            [(0x17, "991332250000Z"), (0x17, "9901010000Z"), (0x18, "20AB0101000000Z"), (2, "x")]
        {
            assert_eq!(seconds(tag, text.as_bytes()), None, "{text}");
        }
    }
}
