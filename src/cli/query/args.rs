//! `warroom query`: its flags and what `--help` teaches.

use crate::exposition::Format;
use crate::units::{parse_duration, parse_size};
use clap::{Args, ValueEnum};
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  Any /metrics, no server:
    warroom query 'topk(5, process_resident_memory_bytes)' --metrics http://10.0.0.7:9100/metrics
    curl -s http://10.0.0.7:9100/metrics | warroom query 'node_load1 > 2' --metrics -

  Rates of a living service: read it every second for ten seconds.
    warroom query 'sum by (handler) (rate(http_requests_total[30s]))' --metrics http://10.0.0.7/metrics --for 10s

  A file with timestamps (OpenMetrics, as promtool tsdb create-blocks-from openmetrics reads it):
    warroom query 'histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket[5m])))' \\
        --metrics incident.om --start 2026-03-01T13:40:00Z --end 2026-03-01T14:10:00Z --step 30s

  The configured services, polled twice; or the server that answers for them (engine.default, or by name):
    warroom query 'warroom_breaker_state == 1'
    warroom query 'sum by (job) (up)' --backend prom

  For programs: the data object of Prometheus's HTTP API, or one line a point.
    warroom query 'up' -o json | jq '.result[].metric.instance'
    warroom query 'up' -o csv > up.csv

Times are Unix seconds with a fraction (1700000000.5), RFC 3339 (2023-11-14T22:13:20Z), now, or now-1h.
Samples keep their own timestamps: text counts milliseconds, OpenMetrics seconds. Those without one get the
moment of evaluation. OpenMetrics ends in a line \"# EOF\"; a body with it is read as OpenMetrics, strictly: one
bad line and nothing is read. Of Prometheus text the good lines are used and the bad ones told.

Exit codes: 0 answered (also with nothing), 64 usage, 65 the expression or the data are wrong, 66 a file cannot be
read, 69 a URL does not answer, 78 configuration.";

/// Evaluate a PromQL expression over any /metrics, without a server
///
/// The answers are those of Prometheus 3. Without --metrics the configured services are polled twice, and every series
/// that they have is there to be asked for.
#[derive(Clone, Debug, Args)]
#[command(after_help = "See --help for examples.", after_long_help = EXAMPLES)]
pub struct QueryArgs {
    /// The expression
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    pub expr: String,
    /// Where the samples come from; may be given several times (- is standard input)
    #[arg(short, long, value_name = "URL|FILE|-")]
    pub metrics: Vec<String>,
    /// Ask this backend of the configuration, and not warroom's own engine [default: engine.default]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["metrics", "span", "left_closed"])]
    pub backend: Option<String>,
    /// Evaluate at this moment [default: now]
    #[arg(short, long, value_name = "TIME", allow_hyphen_values = true, conflicts_with_all = ["start", "end", "step"])]
    pub time: Option<String>,
    /// Evaluate over a range from this moment on [default: an hour before --end]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub start: Option<String>,
    /// The end of the range [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub end: Option<String>,
    /// The step of the range, in seconds or as 15s, 1m [default: a 250th of the range]
    #[arg(long, value_name = "SPAN", value_parser = crate::query::parse_step)]
    pub step: Option<Duration>,
    /// Keep reading for so long, so that there are rates
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration, conflicts_with_all = ["time", "start", "end", "step"])]
    pub span: Option<Duration>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Answer as Prometheus 2.42: windows closed at the left, le and quantile as written
    #[arg(long)]
    pub left_closed: bool,
    /// Put the label instance on what each source brings: host:port, or the file's name
    #[arg(long, requires = "metrics")]
    pub instance: bool,
    /// How the sources are written, where they do not tell
    #[arg(long, value_enum, value_name = "FORMAT", requires = "metrics")]
    pub format: Option<Written>,
    /// The most memory for samples
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "2GiB")]
    pub memory: u64,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    #[default]
    Table,
    /// The data object of Prometheus's HTTP API
    Json,
    /// One line a point
    Csv,
}

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// Prometheus text; timestamps in milliseconds
    Text,
    /// OpenMetrics; timestamps in seconds, ends in # EOF
    Openmetrics,
}

impl From<Written> for Format {
    fn from(written: Written) -> Self {
        match written {
            Written::Text => Self::Text,
            Written::Openmetrics => Self::OpenMetrics,
        }
    }
}
