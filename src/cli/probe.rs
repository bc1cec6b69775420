//! `warroom URL...` and `warroom init`: looks, writes a configuration, and shows it or hands it out.
//!
//! The looking is `io::probe`'s; what stands here is how the questions are put and what is said to the user.

#![expect(
    clippy::print_stderr,
    reason = "warnings, progress and next steps are said on standard error, so that the output can be redirected"
)]

mod draft;
mod found;
mod import;

use super::args::{Flags, Look};
use super::{exit, run};
use crate::config::Source;
use crate::decode::prometheus_yml;
use crate::io::config as files;
use crate::io::probe::{Progress, Question, Seen, look};
use crate::text::clean;
use draft::Draft;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;
use url::Url;

/// The most URLs of one command line.
const MOST_URLS: usize = 200;
/// Looking that is done within this time is not worth a line.
const SILENCE: Duration = Duration::from_millis(300);
/// What may be looked at.
const SCHEMES: [&str; 6] = ["http", "https", "redis", "rediss", "tcp", "grpc"];

/// `warroom URL...`
pub(super) fn dashboard(flags: &Flags, look: &Look, urls: &[String]) -> io::Result<u8> {
    let urls = match addresses(urls) {
        Ok(urls) => urls,
        Err(complaint) => return Ok(usage(&complaint)),
    };
    let (draft, warnings) = detected(&urls)?;
    let source = Source { name: "detected".to_owned(), text: draft.text() };
    match run::load_text(&source, flags) {
        Ok(config) => {
            say(&warnings);
            run::show(flags, look, &config, None, Vec::new())
        }
        Err(problems) => Ok(run::complain(&problems)),
    }
}

/// `warroom init`
pub(super) fn init(
    flags: &Flags,
    urls: &[String],
    prometheus: Option<&Path>,
    write: Option<&Path>,
) -> io::Result<u8> {
    let urls = match addresses(urls) {
        Ok(urls) => urls,
        Err(complaint) => return Ok(usage(&complaint)),
    };
    let (mut draft, mut warnings) = (Draft::default(), Vec::new());
    let mut of_what: Vec<String> = urls.iter().map(found::base).collect();
    if let Some(path) = prometheus {
        let text = match files::read_text(path) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("warroom: cannot read {}: {error}", path.display());
                return Ok(exit::NO_INPUT);
            }
        };
        match imported(&text, path) {
            Ok((imported, more)) => (draft, warnings) = (imported, more),
            Err(reason) => {
                eprintln!("warroom: {}: {reason}", path.display());
                return Ok(exit::DATA);
            }
        }
        of_what.insert(0, path.display().to_string());
    }
    look_and_add(&urls, &mut draft, &mut warnings)?;
    head(&mut draft, &of_what, &warnings);
    let text = draft.text();
    // Nothing is handed out that would not load.
    let source = Source { name: "the configuration that was written".to_owned(), text: text.clone() };
    if let Err(problems) =
        run::load_text(&source, flags).and_then(|config| crate::plan::Plan::compile(&config, 1).map(drop))
    {
        for problem in &problems {
            eprintln!("{problem}");
        }
        eprintln!("warroom: a fault of ours: what was found cannot be written as a configuration");
        return Ok(exit::SOFTWARE);
    }
    say(&warnings);
    hand_out(&text, write)
}

fn hand_out(text: &str, write: Option<&Path>) -> io::Result<u8> {
    let Some(path) = write else {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        drop(out);
        let folder = files::candidates(None).into_iter().next();
        let place = folder.map_or_else(|| "FILE".to_owned(), |place| place.path.display().to_string());
        eprintln!("next: add --write {place}, then start warroom");
        return Ok(0);
    };
    match files::create(path, text) {
        Ok(()) => {
            let shown = path.display();
            eprintln!("wrote {shown}");
            eprintln!("next: read it, then `warroom validate {shown}` and `warroom --config {shown}`");
            Ok(0)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            eprintln!(
                "warroom: {} exists already and is left as it is; write to another file",
                path.display()
            );
            Ok(exit::CANNOT_CREATE)
        }
        Err(error) => {
            eprintln!("warroom: cannot write {}: {error}", path.display());
            Ok(exit::CANNOT_CREATE)
        }
    }
}

/// Comments at the top: where it comes from, and what was odd.
fn head(draft: &mut Draft, of_what: &[String], warnings: &[String]) {
    let mut lines = vec![
        format!("warroom's configuration, from what was seen at {}.", of_what.join(", ")),
        "Every key is explained by `warroom config print`. Read-only as it stands: nothing here allows an action."
            .to_owned(),
    ];
    lines.append(&mut draft.head);
    lines.extend(warnings.iter().map(|warning| format!("Warning: {warning}")));
    draft.head = lines;
}

fn detected(urls: &[Url]) -> io::Result<(Draft, Vec<String>)> {
    let (mut draft, mut warnings) = (Draft::default(), Vec::new());
    look_and_add(urls, &mut draft, &mut warnings)?;
    Ok((draft, warnings))
}

fn look_and_add(urls: &[Url], draft: &mut Draft, warnings: &mut Vec<String>) -> io::Result<()> {
    let ask = |url: &Url| Question { url: url.clone(), further: Vec::new(), usual: true };
    let seen = look_with_progress(urls.iter().map(ask).collect())?;
    for (url, seen) in urls.iter().zip(&seen) {
        warnings.extend(found::add(draft, url, seen));
    }
    Ok(())
}

fn imported(text: &str, path: &Path) -> Result<(Draft, Vec<String>), String> {
    let import = prometheus_yml::read(text)?;
    let mut warnings: Vec<String> = import.warnings.iter().map(ToString::to_string).collect();
    let groups = import::groups(&import, &mut warnings);
    let seen = look_with_progress(import::questions(&groups)).map_err(|error| error.to_string())?;
    // Relative paths are meant from the file's folder, and the new configuration may lie elsewhere.
    let folder = files::absolute(path.parent().unwrap_or(Path::new("")));
    let draft = import::draft(&import, &groups, &seen, &folder, &mut warnings);
    Ok((draft, warnings))
}

/// Looks, and says so on a terminal where it takes longer than a moment.
fn look_with_progress(questions: Vec<Question>) -> io::Result<Vec<Seen>> {
    let terminal = io::stderr().is_terminal();
    let mut shown = 0;
    let seen = look(questions, &mut |progress: Progress| {
        if terminal && progress.elapsed >= SILENCE {
            let line = format!("looking: {} of {} done", progress.done, progress.all);
            eprint!("\r{line:<shown$}");
            let _ = io::stderr().flush();
            shown = line.len();
        }
    })?;
    if shown > 0 {
        eprint!("\r{:shown$}\r", "");
        let _ = io::stderr().flush();
    }
    Ok(seen)
}

fn say(warnings: &[String]) {
    for warning in warnings {
        eprintln!("warning: {}", clean(warning));
    }
}

fn usage(complaint: &str) -> u8 {
    eprintln!("warroom: {complaint}");
    exit::USAGE
}

/// What was typed, as URLs, each once; `host:port` is taken for HTTP.
fn addresses(typed: &[String]) -> Result<Vec<Url>, String> {
    let mut out: Vec<Url> = Vec::new();
    for text in typed {
        let url = address(text)?;
        if !out.contains(&url) {
            out.push(url);
        }
    }
    if out.len() > MOST_URLS {
        return Err(format!("{} URLs at once; {MOST_URLS} are the most: write a configuration", out.len()));
    }
    Ok(out)
}

fn address(typed: &str) -> Result<Url, String> {
    let text = typed.trim();
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    // What is wrong may be a password: only the part before it is repeated.
    let shown = clean(text.split(['?', '#']).next().unwrap_or_default());
    let wrong = |why: &str| Err(format!("\"{shown}\" {why}; write http://HOST:PORT"));
    let url = match Url::parse(&full) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            return Err(
                "a URL holds credentials: put them into an auth table of a configuration, as references \
                        (see `warroom config print`)"
                    .to_owned(),
            );
        }
        Ok(url) => url,
        Err(_) if text.contains('@') => return Err("a URL cannot be read; write http://HOST:PORT".to_owned()),
        Err(error) if !text.contains("://") && !text.contains([':', '.']) => {
            return wrong(&format!("is neither a command nor a URL ({error})"));
        }
        Err(error) => return wrong(&format!("is no URL ({error})")),
    };
    if !SCHEMES.contains(&url.scheme()) {
        return wrong("has a scheme that cannot be looked at");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return wrong("names no host");
    }
    // A bare word is far more often a misspelt command than a host of one name on port 80.
    let word = !text.contains("://") && !text.contains([':', '.', '/']) && text != "localhost";
    if word {
        return Err(format!(
            "there is no command \"{shown}\"; see `warroom --help`, or write http://{shown} for a host of that name"
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("has a query or a fragment: name the base URL only");
    }
    if matches!(url.scheme(), "tcp" | "grpc") && url.port().is_none() {
        return wrong("names no port");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_url_or_a_sentence_that_helps() {
        for (typed, expected) in [
            ("http://h:8080", Ok("http://h:8080/")),
            ("h:8080", Ok("http://h:8080/")),
            ("10.0.0.7:5000/base/", Ok("http://10.0.0.7:5000/base/")),
            ("[::1]:80", Ok("http://[::1]/")),
            ("localhost", Ok("http://localhost/")),
            ("shop.example", Ok("http://shop.example/")),
            ("redis://h", Ok("redis://h")),
            ("statsu", Err("there is no command \"statsu\"")),
            ("ftp://h", Err("has a scheme")),
            ("http://", Err("is no URL")),
            ("h:99999", Err("is no URL")),
            ("", Err("is neither")),
            ("http://h/?q=1", Err("has a query")),
            ("tcp://h", Err("names no port")),
            ("http://me:hunter2@h", Err("holds credentials")),
            ("me:hunter2@h:99999", Err("cannot be read")),
        ] {
            match (address(typed), expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url.as_str(), expected),
                (Err(error), Err(part)) => {
                    assert!(error.contains(part), "{typed}: {error}");
                    assert!(!error.contains("hunter2"), "{error}");
                }
                (got, expected) => panic!("{typed}: {got:?} instead of {expected:?}"),
            }
        }
    }
}
