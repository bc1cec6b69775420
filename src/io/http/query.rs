//! The POST that is a read: an expression is sent to a query route of a Prometheus API, as a form, since it may be longer
//! than a URL may be. No other route can be posted to from here.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use url::Url;

/// The routes that evaluate and change nothing.
const ROUTES: [&str; 2] = ["/api/v1/query", "/api/v1/query_range"];

/// The request; none if the URL is of no query route.
pub(super) fn post(client: &Client, url: &Url, form: &str) -> Option<RequestBuilder> {
    let known = ROUTES.iter().any(|route| url.path().ends_with(route));
    let request = || client.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    known.then(|| request().body(form.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_queries_are_posted() {
        let client = Client::builder().tls_certs_only([]).build().unwrap();
        for (path, may) in [
            ("/api/v1/query", true),
            ("/select/0/prometheus/api/v1/query_range", true),
            ("/api/v1/admin/tsdb/delete_series", false),
            ("/api/v1/query/", false),
            ("/-/quit", false),
            ("/api/v1/write", false),
        ] {
            let url = Url::parse(&format!("http://h{path}")).unwrap();
            assert_eq!(post(&client, &url, "query=up").is_some(), may, "{path}");
        }
    }
}
