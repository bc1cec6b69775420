//! From a `prometheus.yml` and what its targets answered to services. Pure.

use super::draft::{Draft, Poll, Service, inline, key, quote, table_name, unused};
use super::found::{base, foreign_poll};
use crate::decode::prometheus_yml::{Import, ImportedAuth, Job, Scraped};
use crate::io::probe::{Page, Question, Seen};
use std::path::Path;
use url::Url;

/// A service-to-be: the targets of one job that share their labels.
pub(super) struct Group<'a> {
    job: &'a Job,
    labels: Vec<(String, String)>,
    /// Does the job have other groups, so that the job's label alone does not tell this one?
    several: bool,
    urls: Vec<Url>,
}

/// Parts each job by the labels of its targets; what cannot be used is said in `warnings`.
pub(super) fn groups<'a>(import: &'a Import, warnings: &mut Vec<String>) -> Vec<Group<'a>> {
    let mut out: Vec<Group<'a>> = Vec::new();
    for job in &import.jobs {
        if !matches!(job.scheme.as_str(), "http" | "https") {
            warnings.push(format!("job {}: scheme \"{}\" is not known; left out", job.name, job.scheme));
            continue;
        }
        let first = out.len();
        for target in &job.targets {
            let Some(url) = url_of(job, target) else {
                warnings.push(format!(
                    "job {}: target \"{}\" is no host:port; left out",
                    job.name, target.address
                ));
                continue;
            };
            let labels = usable_labels(job, target, warnings);
            let known = out.iter_mut().skip(first).find(|group| group.labels == labels);
            match known {
                Some(group) if group.urls.contains(&url) => {}
                Some(group) => group.urls.push(url),
                None => out.push(Group { job, labels, several: false, urls: vec![url] }),
            }
        }
        let several = out.len() - first > 1;
        out.iter_mut().skip(first).for_each(|group| group.several = several);
    }
    out
}

fn url_of(job: &Job, target: &Scraped) -> Option<Url> {
    let url = Url::parse(&format!("{}://{}", job.scheme, target.address)).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (plain && url.fragment().is_none() && url.host_str().is_some_and(|host| !host.is_empty())).then_some(url)
}

/// The labels of a target that warroom can put on its series.
fn usable_labels(job: &Job, target: &Scraped, warnings: &mut Vec<String>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (name, value) in &target.labels {
        let identifier = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.starts_with("__") || name == "instance" || name == "job" || !identifier {
            let text = format!("job {}: label {name} is not taken over", job.name);
            if !warnings.contains(&text) {
                warnings.push(text);
            }
        } else {
            out.push((name.clone(), value.clone()));
        }
    }
    out
}

/// What to ask: the metrics of every target, and of the first of each group everything else as well.
pub(super) fn questions(groups: &[Group<'_>]) -> Vec<Question> {
    let of_group = |group: &Group<'_>| -> Vec<Question> {
        let asked = group.urls.iter().enumerate();
        let path = if group.job.path.starts_with('/') {
            group.job.path.clone()
        } else {
            format!("/{}", group.job.path)
        };
        asked
            .map(|(index, url)| Question { url: url.clone(), further: vec![path.clone()], usual: index == 0 })
            .collect()
    };
    groups.iter().flat_map(of_group).collect()
}

/// The configuration; `seen` holds the answers to [`questions`], in that order. `folder` is where the file lies.
pub(super) fn draft(
    import: &Import,
    groups: &[Group<'_>],
    seen: &[Seen],
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Draft {
    let mut draft = Draft::default();
    if !import.rule_files.is_empty() {
        draft.head.push(format!(
            "It names rule files: {}. This version does not evaluate rules yet, so they are not imported.",
            import.rule_files.join(", ")
        ));
        warnings.push(format!("rule files are not imported yet: {}", import.rule_files.join(", ")));
    }
    if !import.external_labels.is_empty() {
        let names: Vec<&str> = import.external_labels.iter().map(|(name, _)| name.as_str()).collect();
        draft.head.push(format!(
            "Its external labels ({}) are not put on series here, as Prometheus itself does not do locally.",
            names.join(", ")
        ));
    }
    let mut rest = seen;
    for group in groups {
        let (mine, others) = rest.split_at(group.urls.len().min(rest.len()));
        rest = others;
        let service = service(group, mine, &mut draft, folder, warnings);
        draft.services.push(service);
    }
    draft
}

fn service(
    group: &Group<'_>,
    seen: &[Seen],
    draft: &mut Draft,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Service {
    let job = group.job;
    let values = group.labels.iter().filter(|_| group.several).map(|(_, value)| value.as_str());
    let parts: Vec<&str> = std::iter::once(job.name.as_str()).chain(values).collect();
    let wanted = table_name(&parts.join("-"));
    let mut labels = vec![("job".to_owned(), job.name.clone())];
    labels.extend(group.labels.iter().cloned());
    let matcher = |(name, value): &(String, String)| format!("{name}={value:?}");
    let mut service = Service {
        name: unused(&wanted, |name| draft.services.iter().any(|service| service.name == name)),
        comments: vec![format!("Scrape job {}.", job.name)],
        instances: group.urls.iter().map(base).collect(),
        select: group
            .several
            .then(|| format!("{{{}}}", labels.iter().map(matcher).collect::<Vec<_>>().join(","))),
        labels,
        ..Service::default()
    };
    service.auth = auth(job, draft, folder);
    polls(&mut service, group, seen, warnings);
    service
}

fn polls(service: &mut Service, group: &Group<'_>, seen: &[Seen], warnings: &mut Vec<String>) {
    let job = group.job;
    let timeout = job.timeout.filter(|timeout| job.interval.is_none_or(|interval| *timeout <= interval));
    let exports = |seen: &Seen| seen.pages.iter().any(|page| page.fits);
    let any = seen.iter().any(exports);
    let (url, first) = (group.urls.first(), seen.first());
    // What speaks no HTTP is no exporter. A name that cannot be resolved from here is judged by its port.
    if !any
        && let Some(url) = url
        && let Some((what, poll)) = foreign_poll(service, url, first)
    {
        warnings.push(format!("job {}: {} is {what}, no exporter", job.name, base(url)));
        service.polls.push(poll.span("interval", job.interval));
        return;
    }
    if let Some(seen) = first
        && let Some(health) = seen.detected.polls.iter().find(|poll| poll.kind.word() == "health")
    {
        service.polls.push(
            Poll::new("health", "health")
                .text("path", &health.path)
                .span("interval", job.interval)
                .says(format!("{}: found beside the metrics.", health.path)),
        );
    }
    service.preset = first.and_then(|seen| seen.detected.preset).map(|preset| preset.name.to_owned());
    let mut metrics = Poll::new("metrics", "metrics").text("path", &path_of(job));
    metrics = metrics.span("interval", job.interval).span("timeout", timeout);
    for (url, seen) in group.urls.iter().zip(seen) {
        let host = base(url);
        let page = seen.pages.iter().find(|page| page.path == path_of(job));
        let (text, fine) = outcome(seen, page);
        if group.urls.len() <= 20 || !fine {
            metrics = metrics.says(format!("{host}: {text}"));
        }
        if !fine {
            warnings.push(format!("job {}: {host}: {text}", job.name));
        }
    }
    service.polls.push(metrics);
}

fn path_of(job: &Job) -> String {
    if job.path.starts_with('/') { job.path.clone() } else { format!("/{}", job.path) }
}

/// What a target answered when its metrics were asked for, and whether that is as it should be.
fn outcome(seen: &Seen, page: Option<&Page>) -> (String, bool) {
    match (page, &seen.failure) {
        (Some(Page { fits: true, status, series, .. }), _) => {
            (format!("HTTP {status}, {} series", series.unwrap_or(0)), true)
        }
        (Some(Page { status: status @ (401 | 403), .. }), _) => {
            (format!("HTTP {status}: wants credentials, which were not sent while looking"), false)
        }
        (Some(page), _) => (format!("HTTP {}, but no metrics: no exporter there", page.status), false),
        (None, _) if seen.skipped => ("not looked at: there was no time left".to_owned(), false),
        (None, _) if seen.http => ("HTTP 404, no metrics: no exporter there".to_owned(), false),
        (None, Some(failure)) if seen.connected => (format!("{failure}: no exporter there"), false),
        (None, Some(failure)) => (format!("could not be asked now: {failure}"), false),
        (None, None) => ("says nothing that is HTTP: no exporter there".to_owned(), false),
    }
}

/// An `auth` table for a job; the name of it. Secrets stay where they are, or become a variable to be set.
fn auth(job: &Job, draft: &mut Draft, folder: &Path) -> Option<String> {
    let name = unused(&table_name(&job.name), |name| draft.auth.iter().any(|(known, _, _)| known == name));
    let variable: String = job
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    let reference = |file: &Option<String>, what: &str| match file {
        Some(file) => quote(&format!("file:{}", folder.join(file).display())),
        None => quote(&format!("env:{variable}_{what}")),
    };
    let (value, file) = match &job.auth {
        ImportedAuth::None => return None,
        ImportedAuth::Basic { user, password_file } => {
            let password = reference(password_file, "PASSWORD");
            let basic = inline([("user", quote(user)), ("password", password)]);
            (inline([("basic", basic)]), password_file)
        }
        ImportedAuth::Bearer { file } => {
            (inline([("bearer", format!("[{}]", reference(file, "TOKEN")))]), file)
        }
    };
    let why = if file.is_some() {
        format!("Of job {}. The file must be readable by you alone (chmod 600).", job.name)
    } else {
        format!(
            "Of job {}: its secret is not copied; set the variable, or name another reference.",
            key(&job.name)
        )
    };
    draft.auth.push((name.clone(), value, why));
    Some(name)
}
