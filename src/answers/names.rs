//! `/api/v1/label/__name__/values`: which metrics a server has.

use super::envelope;
use crate::text::Clean;
use std::borrow::Cow;
use std::sync::Arc;

/// The most names that are kept of a server.
const MOST: usize = 50_000;
/// The longest name that is kept, in bytes.
const LONGEST: usize = 200;

/// Reads the answer: names in order, each once. What is no name that can be typed without quotes is left out, and so is
/// what is beyond the most that are kept.
///
/// # Errors
/// As the envelope.
pub fn names(body: &[u8]) -> Result<Arc<[Box<str>]>, Clean> {
    let (raw, _) =
        envelope::open::<Vec<Cow<'_, str>>>(body).map_err(|error| Clean::new(&error.to_string()))?;
    let mut names: Vec<Box<str>> =
        raw.into_iter().filter(|name| is_name(name)).take(MOST).map(Into::into).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.into())
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`, as the Prometheus data model says.
fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    text.len() <= LONGEST && text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_what_is_none_is_left_out() {
        let long = "a".repeat(LONGEST + 1);
        let body = format!(
            r#"{{"status":"success","data":["up","a:b","up","","9x","a\u001b[2Jb","with space","n\u00e4h","{long}","go_gc"]}}"#
        );
        let found = names(body.as_bytes()).unwrap();
        assert_eq!(found.iter().map(|name| &**name).collect::<Vec<_>>(), ["a:b", "go_gc", "up"]);
    }

    #[test]
    fn what_is_no_answer_is_said_in_words() {
        for (body, part) in [
            ("", "empty"),
            ("<html>", "web page"),
            (r#"{"status":"error","errorType":"bad_data","error":"no"}"#, "bad_data: no"),
        ] {
            let said = names(body.as_bytes()).unwrap_err();
            assert!(said.as_str().contains(part), "{body}: {said}");
        }
        assert!(names(br#"{"status":"success","data":[1,2]}"#).is_err());
        assert_eq!(names(br#"{"status":"success","data":[]}"#).unwrap().len(), 0);
    }

    #[test]
    fn there_is_an_end_to_them() {
        let many: Vec<String> = (0..MOST + 10).map(|n| format!("\"m{n}\"")).collect();
        let body = format!(r#"{{"status":"success","data":[{}]}}"#, many.join(","));
        assert_eq!(names(body.as_bytes()).unwrap().len(), MOST);
    }
}
