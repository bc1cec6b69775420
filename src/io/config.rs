//! Finds and reads configuration files. Never looks into the current folder: a configuration defines actions.

#![expect(clippy::disallowed_methods, reason = "this is the room that reads files and the environment")]

mod pattern;

pub use pattern::expand;

use crate::config::{self, Config, Layer, Overrides, Place, Problem, Source};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The most bytes of one file; `config::load` refuses more than that as well.
const MOST_BYTES: u64 = 8 << 20;
/// The most files that one configuration may be made of.
const MOST_FILES: usize = 1000;

/// A place where a configuration is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// Why there: `--config`, `WARROOM_CONFIG`, `user folder`, `system folder`.
    pub why: &'static str,
    /// It was named: it must be there, and its owner may be anybody.
    pub named: bool,
}

/// Where a configuration is looked for, in order. A file that is named is the only candidate.
pub fn candidates(flag: Option<&Path>) -> Vec<Candidate> {
    let named = |path: PathBuf, why| vec![Candidate { path, why, named: true }];
    if let Some(path) = flag {
        return named(path.to_owned(), "--config");
    }
    if let Some(path) = std::env::var_os("WARROOM_CONFIG").filter(|path| !path.is_empty()) {
        return named(path.into(), "WARROOM_CONFIG");
    }
    let user = directories::ProjectDirs::from("", "", "warroom")
        .map(|folders| folders.config_dir().join("config.toml"))
        .filter(|path| path.is_absolute())
        .map(|path| Candidate { path, why: "user folder", named: false });
    let system = Candidate { path: "/etc/warroom/config.toml".into(), why: "system folder", named: false };
    user.into_iter().chain([system]).collect()
}

/// The configuration that counts; none where nothing is named and no folder has one.
///
/// # Errors
/// A file that was named is not there. What cannot be looked at is an error as well: the next folder's file would
/// silently take its place.
pub fn find(candidates: &[Candidate]) -> Result<Option<Candidate>, Problem> {
    for candidate in candidates {
        match fs::metadata(&candidate.path) {
            Ok(_) => return Ok(Some(candidate.clone())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !candidate.named => {}
            Err(error) => {
                let message = format!("cannot find the configuration ({}): {error}", candidate.why);
                return Err(whole(&candidate.path, message));
            }
        }
    }
    Ok(None)
}

/// What was looked for where, for the message that says that nothing was found.
pub fn looked_for(candidates: &[Candidate]) -> String {
    let places: Vec<String> =
        candidates.iter().map(|c| format!("{} ({})", c.path.display(), c.why)).collect();
    format!("  looked for {}", places.join(", "))
}

/// Reads the file and what it includes, the main one first, the others by pattern and then by name.
///
/// # Errors
/// Every file that cannot be read or must not be trusted.
pub fn read(main: &Candidate) -> Result<Vec<Source>, Vec<Problem>> {
    let source = read_one(&main.path, main.named).map_err(|problem| vec![problem])?;
    // `load` tells what is wrong with the list together with everything else that is wrong with the file.
    let Ok(patterns) = config::includes(&source) else { return Ok(vec![source]) };
    let (mut sources, mut problems, mut paths) = (vec![source], Vec::new(), Vec::<PathBuf>::new());
    for pattern in patterns {
        let path = config::beside(&pattern.at.file, Path::new(&pattern.value));
        let mut found = expand(&path);
        found.retain(|path| !paths.contains(path) && !same_file(path, &main.path));
        let wild = pattern.value.contains(['*', '?']);
        if found.is_empty() && !wild && !paths.contains(&path) {
            let problem =
                Problem::new(&pattern.at, "include", format!("there is no file {}", path.display()));
            problems.push(problem.with_remedy("remove it, or write a pattern with *"));
        }
        paths.append(&mut found);
    }
    if paths.len() > MOST_FILES {
        problems
            .push(whole(&main.path, format!("includes {} files; {MOST_FILES} are the most", paths.len())));
        paths.clear();
    }
    for path in paths {
        match read_one(&path, false) {
            Ok(source) => sources.push(source),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}

/// Finds, reads and checks the configuration, and puts the environment and `flags` over it. Where there is none, the
/// defaults hold: `None` says so.
///
/// # Errors
/// Every problem.
pub fn load(flag: Option<&Path>, flags: &Overrides) -> Result<(Config, Option<Candidate>), Vec<Problem>> {
    let env = overrides();
    let found = find(&candidates(flag)).map_err(|problem| vec![problem])?;
    let sources = found.as_ref().map_or(Ok(Vec::new()), read)?;
    match (config::load(&sources), env) {
        (Ok(mut config), Ok(env)) => {
            slo_files(&mut config)?;
            rule_files(&mut config);
            config.apply(&env, Layer::Env);
            config.apply(flags, Layer::Flag);
            themes(&mut config, found.as_ref().map(|found| found.path.as_path()))?;
            Ok((config, found))
        }
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => Err(problems),
        (Err(mut problems), Err(more)) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// Reads the files of `slo_files` into the configuration, which is reloaded when they change.
fn slo_files(config: &mut Config) -> Result<(), Vec<Problem>> {
    let (mut problems, mut paths) = (Vec::new(), Vec::<PathBuf>::new());
    for pattern in &config.slo_files {
        let mut found = expand(&config::beside(&pattern.at.file, Path::new(&pattern.value)));
        if found.is_empty() && !pattern.value.contains(['*', '?']) {
            let message = format!("there is no file {}", crate::text::clean(&pattern.value));
            let problem = Problem::new(&pattern.at, "slo_files", message);
            problems.push(problem.with_remedy("remove it, or write a pattern with *"));
        }
        found.retain(|path| !paths.contains(path));
        paths.append(&mut found);
    }
    if paths.len() > MOST_FILES {
        let message = format!("are {} files; {MOST_FILES} are the most", paths.len());
        problems.push(Problem { key: "slo_files".to_owned(), message, ..Problem::default() });
        paths.clear();
    }
    for path in paths {
        match read_one(&path, false) {
            Ok(source) => {
                config.files.push(source.name.as_str().into());
                config.slo_sources.push(source);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Reads the theme file that is named, if one is, and those of the folder `themes` beside the configuration. All count
/// among the configuration's files, so that a change is seen at once.
///
/// # Errors
/// The file that is named cannot be read. One of the folder that cannot is left out.
pub fn themes(config: &mut Config, main: Option<&Path>) -> Result<(), Vec<Problem>> {
    let wanted = config.ui.theme.clone();
    let mut found = Vec::new();
    let named = Path::new(&wanted.value);
    if named.extension().is_some_and(|end| end == "toml") || wanted.value.contains(std::path::is_separator) {
        let path = config::beside(&wanted.at.file, named);
        let text = read_text(&path).map_err(|error| {
            let message = format!("cannot read the theme file {}: {error}", path.display());
            let problem = Problem::new(&wanted.at, "ui.theme", message);
            vec![problem.with_remedy("write its path, or the name of a theme that comes with warroom")]
        })?;
        found.push((wanted.value.clone(), path, text));
    }
    let folder = main.and_then(Path::parent).map(|folder| folder.join("themes"));
    for path in folder.map(|folder| expand(&folder.join("*.toml"))).unwrap_or_default() {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        if let (Some(name), Ok(text)) = (name, read_text(&path)) {
            found.push((name, path, text));
        }
    }
    for (name, path, text) in found {
        let file = path.display().to_string();
        config.files.push(file.as_str().into());
        config.themes.push((name, Source { name: file, text }));
    }
    Ok(())
}

/// Reads the rule files that the configuration names. One that cannot be read is no reason not to start: it is told,
/// and the others run. All that were found count among the configuration's files, so that they are watched.
fn rule_files(config: &mut Config) {
    let mut found = Vec::new();
    for set in config.rules.values_mut() {
        let mut paths = Vec::<PathBuf>::new();
        for pattern in &set.files {
            let path = config::beside(&pattern.at.file, Path::new(&pattern.value));
            let mut some = expand(&path);
            some.retain(|path| !paths.contains(path));
            if some.is_empty() && !paths.contains(&path) {
                let wild = pattern.value.contains(['*', '?']);
                let message = if wild { "no file matches" } else { "there is no file" };
                let message = format!("{message} {}", path.display());
                let problem = Problem::new(&pattern.at, format!("rules.{}.files", set.name), message);
                set.unread.push(problem.with_remedy("its rules do not run until it is there"));
                // Its folder is watched for the day when it comes.
                found.push(path);
            }
            paths.append(&mut some);
        }
        paths.truncate(MOST_FILES);
        for path in paths {
            match read_text(&path) {
                Ok(text) => set.sources.push(Source { name: path.display().to_string(), text }),
                Err(error) => set.unread.push(whole(&path, format!("cannot read the rule file: {error}"))),
            }
            found.push(path);
        }
    }
    config.files.extend(found.into_iter().map(|path| path.display().to_string().into()));
}

/// What the environment says over the file.
///
/// # Errors
/// Variables that cannot be understood.
pub fn overrides() -> Result<Overrides, Vec<Problem>> {
    Overrides::from_env(|name| std::env::var(name).ok())
}

/// The text of a file that somebody named and that defines nothing yet (a `prometheus.yml` to import).
///
/// # Errors
/// It cannot be read, is no regular file, is over 8 MiB or not UTF-8.
pub fn read_text(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, ErrorKind};
    // Looked at before it is opened: to open a pipe could wait for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut text = String::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Error::new(ErrorKind::InvalidData, "it is over 8 MiB"));
    }
    Ok(text)
}

/// Makes a new configuration file that only its owner can read and write; never over an existing one.
///
/// # Errors
/// It exists (`AlreadyExists`, also if it is a link to nowhere), or cannot be written.
pub fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The path from the root on, as far as the current folder is known.
pub fn absolute(path: &Path) -> PathBuf {
    let here = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(here).unwrap_or_else(|_| here.to_owned())
}

fn whole(path: &Path, message: impl Into<String>) -> Problem {
    let at = Place { file: path.display().to_string().into(), line: 0, column: 0 };
    Problem::new(&at, "", message)
}

fn read_one(path: &Path, named: bool) -> Result<Source, Problem> {
    let failed = |error: std::io::Error| whole(path, format!("cannot read the file: {error}"));
    // Looked at before it is opened: to open a pipe could wait for ever.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(whole(path, "is not a regular file"));
    }
    let file = File::open(path).map_err(failed)?;
    trusted(path, &file.metadata().map_err(failed)?, named)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
        whole(path, format!("is not UTF-8: see line {line}"))
    })?;
    Ok(Source { name: path.display().to_string(), text })
}

/// A configuration defines what is sent where, with which secrets: others must not be able to write it.
#[cfg(unix)]
fn trusted(path: &Path, meta: &fs::Metadata, named: bool) -> Result<(), Problem> {
    use std::os::unix::fs::MetadataExt;
    if meta.mode() & 0o002 != 0 {
        let problem = whole(path, "everybody may write this file, so it is not trusted");
        return Err(problem.with_remedy(format!("chmod o-w {}", path.display())));
    }
    let me = rustix::process::getuid().as_raw();
    if !named && meta.uid() != me && meta.uid() != 0 {
        let problem = whole(path, format!("belongs to user {}, neither you nor root", meta.uid()));
        return Err(problem.with_remedy("change its owner, or name it with --config"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn trusted(_: &Path, _: &fs::Metadata, _: bool) -> Result<(), Problem> {
    Ok(())
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn candidate(path: PathBuf) -> Candidate {
        Candidate { path, why: "user folder", named: false }
    }

    fn told(result: Result<Vec<Source>, Vec<Problem>>) -> String {
        result.unwrap_err().iter().fold(String::new(), |mut out, problem| {
            let _ = writeln!(out, "{problem}");
            out
        })
    }

    #[test]
    fn included_files_come_in_order_and_the_same_name_twice_names_both_places() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir_all(folder.path().join("config.d")).unwrap();
        write("config.toml", "include = [\"config.d/*.toml\"]\n[service.a]\ninstances = [\"http://h:1\"]\n");
        write(
            "config.d/20.toml",
            "schema = 1\ndefaults.window = \"1m\"\nservice.c.instances = [\"http://h:3\"]\n",
        );
        write("config.d/10.toml", "service.b.instances = [\"http://h:2\"]\n");
        write("config.d/.hidden.toml", "nonsense");
        let main = candidate(folder.path().join("config.toml"));
        let sources = read(&main).unwrap();
        let names: Vec<&str> = sources.iter().map(|s| s.name.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["config.toml", "10.toml", "20.toml"]);
        let config = config::load(&sources).unwrap();
        assert_eq!(config.services.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(config.window.as_secs(), 60);

        write("config.d/30.toml", "include = []\n[service.a]\ndefaults = 1\n[defaults]\nwindow = \"2m\"\n");
        let problems = config::load(&read(&main).unwrap()).unwrap_err();
        let told: Vec<String> = problems
            .iter()
            .map(|p| format!("{}: {}", p.key, p.message.replace(folder.path().to_str().unwrap(), "")))
            .collect();
        assert_eq!(
            told,
            [
                "include: only the main file may include others",
                "service.a: is said twice; first at /config.toml:2:10",
                "defaults.window: is said twice; first at /config.d/20.toml:2:10",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_read_or_trusted_is_refused_in_words() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("open.toml"), "").unwrap();
        fs::set_permissions(path("open.toml"), fs::Permissions::from_mode(0o666)).unwrap();
        fs::write(path("latin.toml"), b"# ok\n# \xe9\n").unwrap();
        fs::write(path("includes.toml"), "include = [\"missing.toml\", \"none/*.toml\"]\n").unwrap();
        fs::create_dir_all(path("folder.toml")).unwrap();
        for (name, text) in [
            ("open.toml", "everybody may write this file, so it is not trusted; chmod o-w "),
            ("latin.toml", "is not UTF-8: see line 2"),
            ("folder.toml", "is not a regular file"),
            ("nowhere.toml", "cannot read the file: "),
            ("includes.toml", "includes.toml:1:12: include: there is no file "),
        ] {
            let told = told(read(&candidate(path(name))));
            assert!(told.contains(text) && told.lines().count() == 1, "{told}");
        }
    }

    #[test]
    fn a_file_that_is_named_must_be_there_and_is_the_only_candidate() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.toml");
        let named = candidates(Some(&missing));
        assert_eq!(named.len(), 1);
        let problem = find(&named).unwrap_err();
        assert!(problem.message.starts_with("cannot find the configuration (--config): "), "{problem}");
        let folders = [candidate(missing), candidate(folder.path().join("other.toml"))];
        assert_eq!(find(&folders), Ok(None));
        let said = looked_for(&folders);
        assert!(said.contains("missing.toml (user folder), ") && said.contains("other.toml"), "{said}");
    }
}
