//! Where a value stands in which file, and what is wrong with it. Nothing here reads a file.

use std::fmt;
use std::sync::Arc;

/// A configuration file as it was read: what it is called and what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its path, as error texts name it; relative paths inside the file are resolved against its folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A place in a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file; empty for what no file says (a default, a flag, a detected service).
    pub file: Arc<str>,
    /// Line, counted from 1; 0 where there is no file.
    pub line: u32,
    /// Column in characters, counted from 1; 0 where there is no file.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            f.write_str(if self.file.is_empty() { "default" } else { &self.file })
        } else {
            write!(f, "{}:{}:{}", self.file, self.line, self.column)
        }
    }
}

/// A value and the place where it was written.
///
/// Two of them are equal if their values are: a reload that only moves lines changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: Place,
}

impl<T> Spanned<T> {
    /// A value that no file says (a default, a flag, a detected service).
    pub fn unplaced(value: T) -> Self {
        Self { value, at: Place::default() }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// Something wrong with the configuration, with what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The file; empty where the problem lies in a flag or the environment.
    pub file: String,
    /// Line, counted from 1; 0 where there is none.
    pub line: u32,
    /// Column in characters, counted from 1; 0 where there is none.
    pub column: u32,
    /// The key's path, `service.checkout.poll.health.kind`; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub remedy: Option<String>,
}

impl Problem {
    /// A problem with `key` at `at`.
    pub fn new(at: &Place, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: at.file.to_string(),
            line: at.line,
            column: at.column,
            key: key.into(),
            message: message.into(),
            remedy: None,
        }
    }

    /// The same problem with a remedy.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Problem {
    /// `config.toml:12:3: service.checkout.poll.health.kind: unknown kind "helth"; did you mean "health"?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            f.write_str(&self.file)?;
            if self.line > 0 {
                write!(f, ":{}:{}", self.line, self.column)?;
            }
            f.write_str(": ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if let Some(remedy) = &self.remedy {
            write!(f, "; {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
