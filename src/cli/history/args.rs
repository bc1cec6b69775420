//! `warroom history`: its flags and what `--help` teaches.

use crate::cli::args::Format;
use crate::units::{parse_duration, parse_size};
use clap::{Args, Subcommand, ValueEnum};
use std::time::Duration;

const EXPORTS: &str = "\
Examples:
  The last hour of one service, for Prometheus:
    warroom history export '{job=\"checkout\"}' > hour.om
    promtool tsdb create-blocks-from openmetrics hour.om data/

  An evening as JSON lines, one a series (as VictoriaMetrics imports them):
    warroom history export --from 2026-03-01T18:00:00Z --to 2026-03-01T22:00:00Z -o jsonl | gzip > evening.jsonl.gz

  Ask it with PromQL:
    warroom history export '{__name__=~\"http_.*\"}' --from now-6h | warroom query 'rate(http_requests_total[5m])' --metrics -

Times are Unix seconds with a fraction, RFC 3339, now, now-1h or -1h. OpenMetrics has no word for the end of a series, so
stale markers are left out there; JSON lines have them as null.

Exit codes: 0 done, 64 usage, 65 the file is damaged or newer, 66 there is no history, 77 not permitted.";

/// What can be asked of history.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// Tell what is kept on disk: files, sizes, series, samples, since when, who writes
    Info {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
    /// Print samples that are kept on disk
    ///
    /// While a dashboard runs, what it took in during the last quarter of a minute is not there yet.
    #[command(after_help = "See --help for examples.", after_long_help = EXPORTS)]
    Export(ExportArgs),
    /// Drop what is older than a time, or beyond a size
    ///
    /// Whole hours go, of samples alone; objectives keep their minutes. The file is made smaller.
    Prune(PruneArgs),
}

/// Which history is meant.
#[derive(Clone, Debug, Args)]
pub struct Of {
    /// The file, as `warroom history info` names it [default: the configuration's]
    #[arg(long, value_name = "NAME")]
    pub file: Option<String>,
}

/// What is exported.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Which series: a PromQL selector [default: all]
    #[arg(value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// From this moment on
    #[arg(long, value_name = "TIME", default_value = "now-1h", allow_hyphen_values = true)]
    pub from: String,
    /// Up to this moment
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    pub to: String,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Written,
    /// Which history
    #[command(flatten)]
    pub of: Of,
}

/// What is dropped.
#[derive(Clone, Debug, Args)]
#[group(id = "what", required = true, multiple = true, args = ["older", "size"])]
pub struct PruneArgs {
    /// Samples older than this
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub older: Option<Duration>,
    /// The oldest samples, until the file takes no more than this
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub size: Option<u64>,
    /// Also while a warroom runs that writes it
    #[arg(long)]
    pub force: bool,
    /// Which history
    #[command(flatten)]
    pub of: Of,
}

/// How samples are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// OpenMetrics text, sorted by name: for Prometheus and `warroom query`
    #[default]
    Openmetrics,
    /// One JSON object a line: metric, values, timestamps in ms
    Jsonl,
}
