//! Parameters of a question: from the URL and from a form, in their order.

use super::{Fault, Kind};

/// Names and values, those of the form before those of the URL, as Go's `FormValue` finds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// The most parameters of one question.
const MOST: usize = 1_000;

impl Params {
    /// Reads both; `form` is empty where there is none.
    ///
    /// # Errors
    /// There are too many.
    pub fn read(query: &str, form: &[u8]) -> Result<Self, Fault> {
        let pairs = url::form_urlencoded::parse(form).chain(url::form_urlencoded::parse(query.as_bytes()));
        let mut out = Vec::new();
        for (name, value) in pairs {
            if out.len() >= MOST {
                return Err(Fault::new(Kind::BadData, format!("more than {MOST} parameters")));
            }
            out.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(out))
    }

    /// The first value of that name; an empty one is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value).filter(|v| !v.is_empty())
    }

    /// All values of that name.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_go_before_urls() {
        let params = Params::read("query=1&match[]=a&empty=", b"query=2%2B2&match%5B%5D=b+c").unwrap();
        assert_eq!(params.get("query"), Some("2+2"));
        assert_eq!(params.all("match[]").collect::<Vec<_>>(), ["b c", "a"]);
        assert_eq!((params.get("empty"), params.get("missing")), (None, None));
        assert!(Params::read(&"a&".repeat(1_001), b"").is_err());
        assert!(Params::read("%ff=%zz&%", b"\xff\xfe=%00").is_ok(), "anything can be read");
    }
}
