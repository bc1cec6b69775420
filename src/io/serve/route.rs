//! Which question goes where. Who asks is looked at first; then the method, then the path.

mod heavy;
mod page;

use super::{Ask, Reply, Shared, feed, now, reply};
use crate::api::{Fault, Kind, Params};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// What is answered, and how it may be asked for.
struct Route {
    /// Its path; an end of `*` stands for any rest.
    path: &'static str,
    /// May it be asked for with POST?
    post: bool,
    /// In a line, for the page of `/`.
    about: &'static str,
}

const fn get(path: &'static str, about: &'static str) -> Route {
    Route { path, post: false, about }
}

const fn both(path: &'static str, about: &'static str) -> Route {
    Route { path, post: true, about }
}

/// All routes. Counters know them by these names, so that nobody can make up more of them.
const ROUTES: &[Route] = &[
    get("/", "this page"),
    get("/healthz", "200 while the loop and its polls live, else 503; needs no token"),
    get("/-/healthy", "the same, where Prometheus has it"),
    get("/-/ready", "the same"),
    get("/metrics", "what warroom judges, and how it fares itself: text 0.0.4 or OpenMetrics"),
    get("/federate", "newest samples of the series that match[] takes"),
    get(
        "/api/v1/status",
        "what `warroom status -o json` prints; with format=text what `warroom status` prints",
    ),
    get("/api/v1/check", "what `warroom check` says: code and line; service=NAME for one"),
    both("/api/v1/query", "an expression at one moment: query, time"),
    both("/api/v1/query_range", "an expression over a span: query, start, end, step"),
    both("/api/v1/series", "series: match[], start, end"),
    both("/api/v1/labels", "names of labels: match[], start, end"),
    get("/api/v1/label/*", "values of a label, as /api/v1/label/NAME/values"),
    get("/api/v1/metadata", "types and meanings of the metrics that warroom makes"),
    get("/api/v1/rules", "rules and how they fare"),
    get("/api/v1/alerts", "alerts that are pending or fire"),
    get("/api/v1/targets", "polls, as Prometheus lists its scrapes"),
    get("/api/v1/alertmanagers", "nobody: warroom tells its channels itself"),
    both("/api/v1/query_exemplars", "none: warroom keeps no exemplars"),
    both("/api/v1/format_query", "an expression as it is formatted"),
    get("/api/v1/status/buildinfo", "which version answers"),
    get("/api/v1/status/runtimeinfo", "since when it runs, and how long it keeps samples"),
    get("/api/v1/status/tsdb", "how much is in memory"),
    both("/api/v1/warroom/*", "attached terminals"),
];

fn route_of(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| match route.path.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => route.path == path,
    })
}

/// Answers a request.
pub(super) async fn respond(shared: &Arc<Shared>, request: Request<Incoming>, peer: SocketAddr) -> Reply {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let route = route_of(parts.uri.path());
    let answer = async {
        if let Some(refused) = admit(shared, &parts, route) {
            return refused;
        }
        let Some(route) = route else { return reply::text(404, "page not found") };
        match Ask::read(parts, body, peer).await {
            Ok(ask) => answer(shared, route, &ask).await,
            Err((status, text)) if route.path.starts_with("/api/v1/") => {
                reply::error(status, "bad_data", &text)
            }
            Err((status, text)) => reply::text(status, &text),
        }
    };
    let answer = answer.await;
    let name = route.map_or("unknown", |route| route.path);
    shared.counters.answered(name, answer.status().as_u16(), began.elapsed());
    answer
}

/// Who asks, and how? The refusal, if it is refused.
fn admit(
    shared: &Shared,
    parts: &hyper::http::request::Parts,
    route: Option<&'static Route>,
) -> Option<Reply> {
    let gate = shared.gate();
    let health = route.is_some_and(|route| matches!(route.path, "/healthz" | "/-/healthy" | "/-/ready"));
    let authorization = parts.headers.get(hyper::header::AUTHORIZATION).map(HeaderValue::as_bytes);
    if !health && !gate.admits(authorization) {
        let mut refused = reply::text(401, "Unauthorized");
        let asked = HeaderValue::from_static("Basic realm=\"warroom\", Bearer realm=\"warroom\"");
        refused.headers_mut().insert(WWW_AUTHENTICATE, asked);
        return Some(refused);
    }
    // Where nobody is asked for a token, a page in a browser could have its own name point here.
    let host = parts.headers.get(hyper::header::HOST).and_then(|host| host.to_str().ok());
    if gate.is_open() && !host.is_none_or(is_local) {
        let text = "this host name is not answered without a token: ask by IP address or as localhost, or set serve.token";
        return Some(reply::text(421, text));
    }
    // Nor may such a page write: browsers say where a POST comes from, programs do not.
    let posted = parts.method.as_str() == "POST";
    if gate.is_open() && posted && parts.headers.contains_key(hyper::header::ORIGIN) {
        let text = "pages in a browser may not post here without a token: set serve.token";
        return Some(reply::text(403, text));
    }
    let route = route?;
    match parts.method.as_str() {
        "GET" | "HEAD" => None,
        "POST" if route.post => None,
        _ => {
            let mut refused = reply::text(405, "Method Not Allowed");
            let allowed = if route.post { "GET, HEAD, POST" } else { "GET, HEAD" };
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            Some(refused)
        }
    }
}

/// An IP address or `localhost`, with or without a port: no name that somebody else could have point here.
fn is_local(host: &str) -> bool {
    if host.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost")
}

async fn answer(shared: &Arc<Shared>, route: &'static Route, ask: &Ask) -> Reply {
    match route.path {
        "/" => page::index(),
        "/healthz" | "/-/healthy" | "/-/ready" => page::health(shared),
        "/api/v1/warroom/*" => feed::answer(ask, shared).await,
        path => match told(shared, path, ask).await {
            Ok(reply) => reply,
            Err(fault) => reply::bytes(fault.status(), JSON, fault.body()),
        },
    }
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// What the API tells.
async fn told(shared: &Arc<Shared>, path: &'static str, ask: &Ask) -> Result<Reply, Fault> {
    let form: &[u8] = if ask.is_form() { &ask.body } else { b"" };
    let params = Params::read(&ask.query, form)?;
    let data = match path {
        "/metrics" => return heavy::metrics(shared, ask).await,
        "/federate" => return heavy::federate(shared, ask, params).await,
        "/api/v1/query" => return heavy::query(shared, ask, &params, false).await,
        "/api/v1/query_range" => return heavy::query(shared, ask, &params, true).await,
        "/api/v1/series" => heavy::found(shared, params, |it, params| it.series(params, now())).await?,
        "/api/v1/labels" => heavy::found(shared, params, |it, params| it.labels(params, now())).await?,
        "/api/v1/label/*" => {
            let name = label(&ask.path)?;
            heavy::found(shared, params, move |it, params| it.values(&name, params, now())).await?
        }
        "/api/v1/metadata" => {
            heavy::found(shared, params, |it, params| it.metadata(params).map(|data| (data, Vec::new())))
                .await?
        }
        "/api/v1/rules" => (rules(shared).await?.rules(&params)?, Vec::new()),
        "/api/v1/alerts" => (rules(shared).await?.alerts(), Vec::new()),
        "/api/v1/targets" => (status(shared).await?.targets(&params)?, Vec::new()),
        "/api/v1/status" => {
            let status = status(shared).await?;
            if params.get("format") == Some("text") {
                return Ok(reply::packed(ask, 200, TEXT, status.text.clone().into_bytes()));
            }
            return Ok(reply::packed(ask, 200, JSON, format!("{:#}\n", status.status).into_bytes()));
        }
        "/api/v1/check" => {
            let checks = shared.slots.checks.fresh().await.ok_or_else(silent)?;
            return Ok(reply::packed(ask, 200, JSON, checks.told(&params)?.to_string().into_bytes()));
        }
        "/api/v1/alertmanagers" => {
            (json!({ "activeAlertmanagers": [], "droppedAlertmanagers": [] }), Vec::new())
        }
        "/api/v1/query_exemplars" => (json!([]), Vec::new()),
        "/api/v1/format_query" => (json!(crate::api::format_query(&params)?), Vec::new()),
        "/api/v1/status/buildinfo" => (page::build(), Vec::new()),
        "/api/v1/status/runtimeinfo" => (page::runtime(&*samples(shared).await?), Vec::new()),
        "/api/v1/status/tsdb" => (page::tsdb(&*samples(shared).await?), Vec::new()),
        _ => return Ok(reply::text(404, "page not found")),
    };
    Ok(reply::packed(ask, 200, JSON, success(&data)))
}

/// `{"status":"success","data":...}`, with what there is to say.
fn success((data, said): &(Value, Vec<String>)) -> Vec<u8> {
    let mut out = json!({ "status": "success", "data": data });
    if let Some(out) = out.as_object_mut().filter(|_| !said.is_empty()) {
        out.insert("warnings".to_owned(), json!(said));
    }
    out.to_string().into_bytes()
}

/// The name in `/api/v1/label/NAME/values`.
fn label(path: &str) -> Result<String, Fault> {
    let name = path.strip_prefix("/api/v1/label/").and_then(|rest| rest.strip_suffix("/values"));
    let name = name.filter(|name| !name.contains('/'));
    let name = name.ok_or_else(|| Fault::new(Kind::NotFound, "page not found"))?;
    // Prometheus 3 writes names that are no identifiers as U__...; here they are percent-encoded.
    // A form is decoded like a path, but for these three.
    let escaped = name.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let decoded = url::form_urlencoded::parse(escaped.as_bytes()).next();
    Ok(decoded.map(|(name, _)| name.into_owned()).unwrap_or_default())
}

/// The loop does not answer: it ends, or it hangs.
fn silent() -> Fault {
    Fault::new(Kind::Unavailable, "the loop does not answer: warroom begins, ends or hangs")
}

async fn samples(shared: &Shared) -> Result<Arc<crate::api::Samples>, Fault> {
    shared.slots.samples.fresh().await.ok_or_else(silent)
}

async fn rules(shared: &Shared) -> Result<Arc<crate::api::Rules>, Fault> {
    shared.slots.rules.fresh().await.ok_or_else(silent)
}

async fn status(shared: &Shared) -> Result<Arc<crate::api::Status>, Fault> {
    shared.slots.status.fresh().await.ok_or_else(silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_nobody_else_can_point_here_are_local() {
        for (host, local) in [
            ("127.0.0.1:7090", true),
            ("127.0.0.1", true),
            ("10.1.2.3:80", true),
            ("[::1]:7090", true),
            ("[::1]", true),
            ("::1", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("evil.example", false),
            ("localhost.evil.example:7090", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_local(host), local, "{host}");
        }
    }

    #[test]
    fn labels_are_read_from_the_path() {
        for (path, name) in [
            ("/api/v1/label/job/values", Some("job")),
            ("/api/v1/label/a%2Fb/values", Some("a/b")),
            ("/api/v1/label/a+b/values", Some("a+b")),
            ("/api/v1/label//values", Some("")),
            ("/api/v1/label/a/b/values", None),
            ("/api/v1/label/job", None),
            ("/api/v1/label/values", None),
        ] {
            assert_eq!(label(path).ok().as_deref(), name, "{path}");
        }
    }
}
