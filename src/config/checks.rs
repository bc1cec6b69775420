//! What single strings must look like. Each check is total and says in its error what was expected.

use std::net::IpAddr;
use url::Url;

/// A check of one string.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What the string is, for the schema: `a JSON pointer`.
    pub what: &'static str,
    test: fn(&str) -> Result<(), String>,
}

impl Check {
    /// Checks `text`.
    ///
    /// # Errors
    /// What is wrong, with what was expected; repeats nothing that may be a secret.
    pub(crate) fn run(self, text: &str) -> Result<(), String> {
        if text.len() > MOST {
            return Err(format!("is {} bytes long; {MOST} are enough", text.len()));
        }
        (self.test)(text)
    }
}

/// The most bytes of one string.
const MOST: usize = 64 << 10;

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $what:literal, $test:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: Check = Check { what: $what, test: $test };)+
    };
}

checks! {
    /// Anything.
    ANY = "any text", |_| Ok(());
    /// Anything but nothing.
    WORDS = "a text that is not empty", words;
    /// Name of a table.
    NAME = "letters, digits, - _ .", name;
    /// A path in the file system.
    PATH = "a path", words;
    /// A folder, wherever warroom is started.
    FOLDER = "an absolute path", folder;
    /// PromQL; compiled by a later room.
    EXPR = "a PromQL expression", words;
    /// Name of a label.
    LABEL = "a label name", label;
    /// Name of a metric.
    METRIC = "a metric name", metric;
    /// RFC 6901.
    POINTER = "a JSON pointer: empty, or /-separated", pointer;
    /// Name of a header.
    HEADER = "a header name", header;
    /// Name of a header that holds no secret.
    PLAIN_HEADER = "a header name", plain_header;
    /// Value of a header.
    HEADER_VALUE = "printable ASCII", header_value;
    /// Base URL of an instance.
    INSTANCE = "a URL: http://HOST:PORT", instance;
    /// URL of one poll.
    POLL_URL = "a URL: http, https, redis, rediss, tcp or grpc", |text| some_url(text, POLLED).map(drop);
    /// Path, or URL of one poll.
    PATH_OR_URL = "a path that begins with /, or a whole URL", path_or_url;
    /// Path of an action's request.
    PATH_TEMPLATE = "a path that begins with /; holes are written {name}", path_template;
    /// Address that tells whether our link works.
    REFERENCE = "a URL: tcp://HOST:PORT, http:// or https://", reference;
    /// A page for people.
    LINK = "a URL: http:// or https://", link;
    /// Proxy.
    PROXY = "a URL: http://, https:// or socks5://", |text| some_url(text, &["http", "https", "socks5"]).map(drop);
    /// IP address.
    ADDRESS = "an IP address", address;
    /// A time of no changes.
    FREEZE = "DAY HH:MM - DAY HH:MM ZONE", freeze;
    /// A time to wait.
    WAIT = "a duration, or N working days", |text| super::incident::Wait::parse(text).map(drop);
    /// Working hours.
    HOURS = "HH:MM - HH:MM", |text| super::incident::parse_hours(text).map(drop);
    /// A date.
    DATE = "a date: YYYY-MM-DD", date;
    /// Over which time an objective holds.
    SLO_WINDOW = "a duration, week, month or quarter", slo_window;
    /// Name of an engine.
    ENGINE = "\"embedded\", or the name of a backend", name;
    /// Where to listen.
    LISTEN = "IP:PORT", listen;
    /// What a served store keeps.
    KEEP = "\"mentioned\", \"all\" or a metric name", metric;
    /// Base URL of a server.
    BACKEND = "a URL: http://HOST:PORT or https://", backend;
}

const POLLED: &[&str] = &["http", "https", "redis", "rediss", "tcp", "grpc"];

fn words(text: &str) -> Result<(), String> {
    match () {
        () if text.trim().is_empty() => Err("is empty".to_owned()),
        () if text.contains('\0') => Err("holds a NUL character".to_owned()),
        () => Ok(()),
    }
}

fn name(text: &str) -> Result<(), String> {
    let good = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !text.is_empty() && good && text.chars().count() <= 64 && crate::text::clean(text) == text {
        Ok(())
    } else {
        Err("is no name: use up to 64 letters, digits, - _ .".to_owned())
    }
}

fn label(text: &str) -> Result<(), String> {
    if !identifier(text, "_") {
        return Err("is no label name: use letters, digits and _, not beginning with a digit".to_owned());
    }
    if text.starts_with("__") || text == "instance" {
        return Err("is set by warroom itself and cannot be configured".to_owned());
    }
    Ok(())
}

fn listen(text: &str) -> Result<(), String> {
    text.parse::<std::net::SocketAddr>().map(drop).map_err(|_| {
        "is no address to listen on: write IP:PORT, such as 127.0.0.1:7090 or [::]:7090".to_owned()
    })
}

fn metric(text: &str) -> Result<(), String> {
    if identifier(text, "_:") {
        Ok(())
    } else {
        Err("is no metric name: use letters, digits, _ and :, not beginning with a digit".to_owned())
    }
}

fn identifier(text: &str, more: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || more.contains(c))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

fn pointer(text: &str) -> Result<(), String> {
    if !text.is_empty() && !text.starts_with('/') {
        return Err("is no JSON pointer: write /like/this, or \"\" for the whole answer".to_owned());
    }
    // RFC 6901: a tilde only as ~0 (itself) or ~1 (a slash).
    if text.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return Err("is no JSON pointer: a ~ is written ~0, a / within a key ~1".to_owned());
    }
    Ok(())
}

fn header(text: &str) -> Result<(), String> {
    // RFC 9110, section 5.6.2: token.
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if !text.is_empty() && text.chars().all(token) { Ok(()) } else { Err("is no header name".to_owned()) }
}

fn plain_header(text: &str) -> Result<(), String> {
    header(text)?;
    if ["authorization", "proxy-authorization", "cookie"].contains(&text.to_ascii_lowercase().as_str()) {
        return Err("holds a secret: put it into an auth table, as a reference".to_owned());
    }
    Ok(())
}

fn header_value(text: &str) -> Result<(), String> {
    if text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("is no header value: use printable ASCII characters".to_owned())
    }
}

/// A URL with a host and one of `schemes`, without credentials.
fn some_url(text: &str, schemes: &[&str]) -> Result<Url, String> {
    let expected = || format!("is no URL: write {}://HOST:PORT", schemes.join("://, "));
    let Ok(url) = Url::parse(text) else { return Err(expected()) };
    if !schemes.contains(&url.scheme()) {
        return Err(if text.contains("://") {
            format!("has a scheme that is not asked: use {}", schemes.join(", "))
        } else {
            expected()
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds credentials: put them into an auth table, as references".to_owned());
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(expected());
    }
    Ok(url)
}

fn instance(text: &str) -> Result<(), String> {
    let url = some_url(text, POLLED)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("is a base URL: leave ? and # to the polls' paths".to_owned());
    }
    Ok(())
}

fn path_or_url(text: &str) -> Result<(), String> {
    if text.starts_with('/') {
        if text.chars().any(char::is_control) { Err("holds a control character".to_owned()) } else { Ok(()) }
    } else if text.contains("://") {
        some_url(text, POLLED).map(drop)
    } else {
        Err("is no path: begin it with /, or write a whole URL".to_owned())
    }
}

fn folder(text: &str) -> Result<(), String> {
    if !text.starts_with('/') || text.chars().any(char::is_control) {
        return Err("is no folder: name it from the root on".to_owned());
    }
    Ok(())
}

/// Holes are read by a later room; here only what would make the path something else is kept out.
fn path_template(text: &str) -> Result<(), String> {
    if !text.starts_with('/') || text.starts_with("//") {
        return Err("is no path: begin it with one /".to_owned());
    }
    if text.chars().any(|c| c.is_control() || matches!(c, '#' | '\\' | ' ')) {
        return Err("is no path: a control character, a blank, # or \\ is percent-encoded".to_owned());
    }
    Ok(())
}

fn reference(text: &str) -> Result<(), String> {
    let url = some_url(text, &["tcp", "http", "https"])?;
    if url.port_or_known_default().is_none() {
        return Err("has no port: write tcp://HOST:PORT".to_owned());
    }
    Ok(())
}

fn link(text: &str) -> Result<(), String> {
    // The placeholders are no part of a URL yet.
    some_url(&text.replace(['{', '}'], ""), &["http", "https"]).map(drop)
}

fn address(text: &str) -> Result<(), String> {
    text.parse::<IpAddr>().map(drop).map_err(|_| "is no IP address".to_owned())
}

fn freeze(text: &str) -> Result<(), String> {
    let wrong = || Err("is no time span: write it as Fri 16:00 - Mon 08:00 Europe/Berlin".to_owned());
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [day1, time1, "-", day2, time2, zone] = parts[..] else { return wrong() };
    let day = |text: &str| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&text);
    let time = |text: &str| text.len() == 5 && text.parse::<jiff::civil::Time>().is_ok();
    if day(day1) && day(day2) && time(time1) && time(time2) && !zone.is_empty() { Ok(()) } else { wrong() }
}

fn date(text: &str) -> Result<(), String> {
    let good = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    if good { Ok(()) } else { Err("is no date: write it as 2025-12-25".to_owned()) }
}

fn slo_window(text: &str) -> Result<(), String> {
    if matches!(text, "week" | "month" | "quarter") {
        return Ok(());
    }
    let wrong = "is neither a duration nor week, month or quarter: write it as 30d or month";
    let length = crate::units::parse_duration(text).map_err(|_| wrong.to_owned())?;
    let (hour, most) = (3_600, 100 * 86_400);
    if !(hour..=most).contains(&length.as_secs()) {
        return Err("must lie between 1h and 100d".to_owned());
    }
    if length.as_secs() % 60 != 0 || length.subsec_millis() != 0 {
        return Err("must be whole minutes".to_owned());
    }
    Ok(())
}

fn backend(text: &str) -> Result<(), String> {
    let url = some_url(text, &["http", "https"])?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("is a base URL: leave ? and # out".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_taken_or_refused() {
        for (check, good, bad) in [
            (NAME, &["a", "stock-ai", "é.1"][..], &["", "a b", "a/b", "a\u{202e}b"][..]),
            (LABEL, &["job", "_x"], &["", "9x", "a-b", "__name__", "instance"]),
            (METRIC, &["a:b", "_x9"], &["", "9x", "a-b"]),
            (POINTER, &["", "/", "/a~1b/~0"], &["a", "/a~b", "/~"]),
            (HEADER, &["X-API-Key"], &["", "a b", "a:b"]),
            (PLAIN_HEADER, &["Accept"], &["authorization", "Cookie"]),
            (HEADER_VALUE, &["", "a b"], &["a\r\nb", "é"]),
            (
                INSTANCE,
                &["http://h:1", "https://h/base", "http://[::1]:80", "grpc://h:50051"],
                &["h:80", "http://", "ftp://h", "http://u:p@h", "http://h/?q", "10.0.0.1"],
            ),
            (PATH_OR_URL, &["/", "/a?b=c", "redis://h/0"], &["", "a", "ftp://h/", "/a\nb"]),
            (PATH_TEMPLATE, &["/", "/a/{b}?c={d}"], &["", "a", "//h", "/a#b", "/a b", "http://h/"]),
            (REFERENCE, &["tcp://10.0.0.1:53", "https://h"], &["tcp://10.0.0.1", "10.0.0.1:53"]),
            (LINK, &["https://l/?from={from}&to={to}"], &["javascript:alert(1)", "l"]),
            (PROXY, &["socks5://h:1080"], &["h:3128"]),
            (ADDRESS, &["10.0.0.7", "::1"], &["host", "10.0.0"]),
            (
                FREEZE,
                &["Fri 16:00 - Mon 08:00 Europe/Berlin"],
                &["", "Fri 16:00 Mon 08:00 UTC", "Fri 25:00 - Mon 08:00 UTC", "Fri 16:00 - Mon 08:00"],
            ),
            (DATE, &["2025-12-25"], &["", "25.12.2025", "2025-13-01", "2025-12-25T00:00"]),
            (ENGINE, &["embedded", "prom"], &["", "a b"]),
            (
                BACKEND,
                &["http://h:9090", "https://h/prometheus"],
                &["h:9090", "tcp://h:1", "http://h/?q", "http://u:p@h"],
            ),
            (WORDS, &["a"], &["", "  ", "\0"]),
        ] {
            for text in good {
                assert_eq!(check.run(text), Ok(()), "{text:?} as {}", check.what);
            }
            for text in bad {
                assert!(check.run(text).is_err(), "{text:?} as {}", check.what);
            }
        }
    }

    #[test]
    fn credentials_in_a_url_are_not_repeated() {
        let error = INSTANCE.run("http://me:hunter2@h").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
