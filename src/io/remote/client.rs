//! One exchange with a server of the Prometheus API, and what its answer means: an answer, a question that the server
//! refuses, or a server that does not answer. The server's own words are kept, cleaned and cut.

use crate::answers::{self, Reply, Unread};
use crate::config::{Asking, Flavour};
use crate::io::http::{Ask, Fetched, Http, Trouble, brief};
use crate::target::{Failure, Target};
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use std::time::Duration;
use url::Url;
use url::form_urlencoded::Serializer;

/// Answers above this are read on a thread of their own: other polls must not wait for them.
const LARGE: usize = 256 << 10;
/// The most characters of a server's words.
const MOST_SAID: usize = 300;

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server does not answer, whatever it is asked.
    Server(Trouble),
    /// The server answers, but not this.
    Question(Clean),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Server(failure.into())
    }
}

/// When a value is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// At one moment.
    At(Timestamp),
    /// From, to, step.
    Course(Timestamp, Timestamp, Duration),
}

/// Who is asked.
#[derive(Clone, Copy)]
pub(super) struct Server<'a> {
    pub(super) http: &'a Http,
    pub(super) target: &'a Target,
    pub(super) asking: &'a Asking,
    pub(super) now: Timestamp,
}

/// Seconds since the epoch to the millisecond, as the API reads them.
fn seconds(at: Timestamp) -> String {
    format!("{:.3}", at.seconds())
}

/// A route below the base URL, whose prefix stays.
pub(super) fn route(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    url
}

impl Server<'_> {
    /// Evaluates an expression there, within `limit`.
    pub(super) async fn evaluate(
        self,
        text: &str,
        when: When,
        limit: Duration,
    ) -> Result<(Reply, usize), Fault> {
        let (path, mut pairs) = match when {
            When::At(at) => ("api/v1/query", vec![("time", seconds(at))]),
            When::Course(from, to, step) => (
                "api/v1/query_range",
                vec![
                    ("start", seconds(from)),
                    ("end", seconds(to)),
                    ("step", format!("{:.3}", step.as_secs_f64())),
                ],
            ),
        };
        // The server gives up a little before we do, so that it is its words that are heard.
        pairs.push(("timeout", format!("{:.3}", limit.mul_f64(0.9).as_secs_f64())));
        let form = form(self.asking, text, &pairs);
        let fetched = self.fetch(path, Some(&form), limit).await?;
        let thanos = self.asking.querying.flavour == Flavour::Thanos;
        let size = fetched.body.len();
        if size < LARGE {
            return read(&fetched, thanos).map(|reply| (reply, size));
        }
        let read = tokio::task::spawn_blocking(move || read(&fetched, thanos)).await;
        let lost =
            || Failure::Decode(Clean::new("warroom failed to read the answer: please report this fault"));
        read.unwrap_or_else(|_| Err(lost().into())).map(|reply| (reply, size))
    }

    /// Reads a page of the server.
    pub(super) async fn page(self, path: &str, limit: Duration) -> Result<Fetched, Fault> {
        let fetched = self.fetch(path, None, limit).await?;
        if (200..300).contains(&fetched.status) { Ok(fetched) } else { Err(refused(&fetched, None)) }
    }

    async fn fetch(self, path: &str, form: Option<&str>, limit: Duration) -> Result<Fetched, Fault> {
        let url = route(&self.target.url, path);
        let ask = Ask {
            url: &url,
            form,
            accept: "application/json",
            headers: &self.target.headers,
            auth: self.target.auth.as_deref(),
            route: &self.target.route,
            timeout: limit,
            reused: true,
            release: false,
            size_hint: 0,
            now: self.now,
            sink: None,
        };
        self.http.fetch(&ask).await.map_err(|trouble| match trouble.failure {
            // One answer that is too long says nothing about the others.
            Failure::TooLarge(limit) => Fault::Question(Clean::new(&format!(
                "the answer is over {limit} bytes: ask for less, or raise body_limit of the backend"
            ))),
            Failure::Timeout(limit) => {
                Fault::Question(Clean::new(&format!("no answer within {}", format_duration(limit))))
            }
            _ => Fault::Server(tenant_hint(trouble, self.asking)),
        })
    }
}

/// A server that tells tenants apart says so only in words.
fn tenant_hint(trouble: Trouble, asking: &Asking) -> Trouble {
    match &trouble.failure {
        Failure::Credentials(status, said)
            if asking.querying.tenant.is_empty() && said.as_str().contains("no org id") =>
        {
            let text = format!("{said}: it tells tenants apart, set tenant");
            Trouble { failure: Failure::Credentials(*status, Clean::new(&text)), ..trouble }
        }
        _ => trouble,
    }
}

/// The parameters: those of the configuration go before our own.
fn form(asking: &Asking, text: &str, pairs: &[(&str, String)]) -> String {
    let querying = &asking.querying;
    let flag = |flag: bool| if flag { "true" } else { "false" }.to_owned();
    let own = match querying.flavour {
        Flavour::Thanos => {
            vec![("dedup", flag(querying.dedup)), ("partial_response", flag(querying.partial))]
        }
        // What it keeps of earlier answers is cut to multiples of the step, and may be short of late samples.
        Flavour::VictoriaMetrics => vec![("nocache", "1".to_owned())],
        Flavour::Prometheus | Flavour::Mimir | Flavour::Warroom => Vec::new(),
    };
    let mut form = Serializer::new(String::new());
    form.append_pair("query", text);
    form.extend_pairs(&querying.params);
    let said = |name: &str| querying.params.iter().any(|(known, _)| known == name);
    form.extend_pairs(pairs.iter().chain(&own).filter(|(name, _)| !said(name)));
    form.finish()
}

fn read(fetched: &Fetched, thanos: bool) -> Result<Reply, Fault> {
    let good = (200..300).contains(&fetched.status);
    match answers::read(&fetched.body, thanos) {
        Ok(reply) if good => Ok(reply),
        Err(Unread::Alien(text)) if good => Err(Failure::Decode(text).into()),
        Err(Unread::Refused(said)) => Err(refused(fetched, Some(&said))),
        Ok(_) | Err(Unread::Alien(_)) => Err(refused(fetched, None)),
    }
}

/// What an answer means that is none.
fn refused(fetched: &Fetched, said: Option<&answers::Refused>) -> Fault {
    let status = fetched.status;
    let of_question = match said {
        // An expression that took too long, or is wrong, or is refused by a limit: others may do.
        Some(said) => said.is_timeout() || !matches!(status, 401 | 403 | 404 | 429 | 500 | 502..=504),
        None => matches!(status, 400 | 413 | 422),
    };
    let text = match said {
        Some(said) => said.to_string(),
        None => words(fetched),
    };
    if of_question {
        let shown = if said.is_some() { text } else { format!("HTTP {status}: {text}") };
        return Fault::Question(Clean::new(&shown));
    }
    let text = if status == 404 {
        let text = if text.is_empty() { "not found".to_owned() } else { text };
        format!("{text}: is the URL the server's own, with its prefix?")
    } else {
        text
    };
    Fault::Server(Trouble {
        failure: Failure::Status(status, Clean::new(&text)),
        retry_after: fetched.retry_after,
        status: Some(status),
    })
}

/// What a body says: a known field of JSON, a plain text, the title of a web page.
fn words(fetched: &Fetched) -> String {
    let said = brief(fetched.content_type.as_deref(), &fetched.body);
    if !said.is_empty() {
        return said;
    }
    let head = String::from_utf8_lossy(fetched.body.get(..16 << 10).unwrap_or(&fetched.body));
    let lower = head.to_ascii_lowercase();
    for tag in ["title", "h1"] {
        let text = lower.find(&format!("<{tag}")).and_then(|at| {
            let from = at + head.get(at..)?.find('>')? + 1;
            let rest = head.get(from..)?;
            Some(rest.get(..rest.find('<')?)?.trim().chars().take(MOST_SAID).collect::<String>())
        });
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            return text;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Querying;

    fn asking(flavour: Flavour, params: &[(&str, &str)]) -> Asking {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Asking {
            backend: "b".into(),
            querying: Querying {
                flavour,
                tenant: String::new(),
                params: params.iter().map(own).collect(),
                labels: Vec::new(),
                parallel: 4,
                alerts: true,
                records: true,
                dedup: true,
                partial: false,
            },
            questions: Vec::new(),
            names: false,
        }
    }

    #[test]
    fn each_product_gets_its_own_parameters() {
        for (flavour, params, form_text) in [
            (Flavour::Prometheus, &[][..], "query=a%2Bb&time=1.000"),
            (Flavour::Thanos, &[], "query=a%2Bb&time=1.000&dedup=true&partial_response=false"),
            (
                Flavour::Thanos,
                &[("dedup", "false")],
                "query=a%2Bb&dedup=false&time=1.000&partial_response=false",
            ),
            (
                Flavour::VictoriaMetrics,
                &[("extra_label", "a=b")],
                "query=a%2Bb&extra_label=a%3Db&time=1.000&nocache=1",
            ),
        ] {
            assert_eq!(form(&asking(flavour, params), "a+b", &[("time", "1.000".to_owned())]), form_text);
        }
    }

    #[test]
    fn routes_stand_below_the_prefix() {
        for (base, url) in [
            ("http://h:9090", "http://h:9090/api/v1/query"),
            ("http://h/prometheus/", "http://h/prometheus/api/v1/query"),
            ("http://h/a%20b?x#y", "http://h/a%20b/api/v1/query"),
        ] {
            assert_eq!(route(&Url::parse(base).unwrap(), "api/v1/query").as_str(), url);
        }
    }

    #[test]
    fn whose_fault_it_is_and_in_whose_words() {
        let json = "application/json";
        for (status, kind, body, of_question, text) in [
            (
                400,
                json,
                r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
                true,
                "bad_data: parse error",
            ),
            (
                422,
                json,
                r#"{"status":"error","errorType":"422","error":"too many series"}"#,
                true,
                "422: too many series",
            ),
            (
                503,
                json,
                r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#,
                true,
                "timeout: query timed out",
            ),
            (
                429,
                json,
                r#"{"status":"error","errorType":"too_many_requests","error":"slow down"}"#,
                false,
                "HTTP 429: too_many_requests: slow down",
            ),
            (413, "", "request body too large", true, "HTTP 413: request body too large"),
            (503, "text/plain", "Service Unavailable", false, "HTTP 503: Service Unavailable"),
            (
                502,
                "text/html",
                "<html><head><title>502 Bad\u{202e} Gateway</title></head>",
                false,
                "HTTP 502: 502 Bad Gateway",
            ),
            (
                404,
                "text/plain",
                "404 page not found",
                false,
                "HTTP 404: 404 page not found: is the URL the server's own, with its prefix?",
            ),
            (
                200,
                "text/html",
                "<html>sign in",
                false,
                "the answer is a web page: is the URL the server's own, with its prefix?",
            ),
            (200, "", "", false, "the answer is empty"),
        ] {
            let fetched = Fetched {
                status,
                content_type: Some(kind.to_owned()),
                body: body.as_bytes().to_vec(),
                ..Fetched::default()
            };
            match read(&fetched, false).unwrap_err() {
                Fault::Question(said) => assert_eq!((of_question, said.as_str()), (true, text), "{body}"),
                Fault::Server(trouble) => {
                    assert_eq!((of_question, trouble.failure.to_string().as_str()), (false, text), "{body}");
                }
            }
        }
    }
}
