//! The functions that a template can call: their names and what they take.

/// A function: one of Go's own or one that Prometheus adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) parameters: &'static [Parameter],
    /// Any number of values may follow the parameters.
    pub(super) variadic: bool,
    pub(super) origin: Source,
}

/// What a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Any,
    Text,
    Vector,
    Sample,
}

/// Who has a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Go,
    Prometheus,
}

impl Parameter {
    /// The name of its Go type.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Vector => "template.queryResult",
            Self::Sample => "*template.sample",
        }
    }
}

use Parameter::{Any, Sample, Text, Vector};
use Source::{Go, Prometheus};

const fn go(name: &'static str, parameters: &'static [Parameter], variadic: bool) -> Function {
    Function { name, parameters, variadic, origin: Go }
}

const fn own(name: &'static str, parameters: &'static [Parameter]) -> Function {
    Function { name, parameters, variadic: false, origin: Prometheus }
}

/// All functions. `now`, `toDuration` and `urlQueryEscape` came with Prometheus 3. `tmpl` is missing on purpose:
/// Prometheus has it in console templates only, and refuses it in rules.
const ALL: [Function; 46] = [
    go("and", &[Any], true),
    go("or", &[Any], true),
    go("not", &[Any], false),
    go("call", &[Any], true),
    go("html", &[], true),
    go("js", &[], true),
    go("urlquery", &[], true),
    go("index", &[Any], true),
    go("slice", &[Any], true),
    go("len", &[Any], false),
    go("print", &[], true),
    go("printf", &[Text], true),
    go("println", &[], true),
    go("eq", &[Any], true),
    go("ne", &[Any, Any], false),
    go("lt", &[Any, Any], false),
    go("le", &[Any, Any], false),
    go("gt", &[Any, Any], false),
    go("ge", &[Any, Any], false),
    own("query", &[Text]),
    own("first", &[Vector]),
    own("label", &[Text, Sample]),
    own("value", &[Sample]),
    own("strvalue", &[Sample]),
    Function { name: "args", parameters: &[], variadic: true, origin: Prometheus },
    own("reReplaceAll", &[Text, Text, Text]),
    own("safeHtml", &[Text]),
    own("match", &[Text, Text]),
    own("title", &[Text]),
    own("toUpper", &[Text]),
    own("toLower", &[Text]),
    own("graphLink", &[Text]),
    own("tableLink", &[Text]),
    own("sortByLabel", &[Text, Vector]),
    own("stripPort", &[Text]),
    own("stripDomain", &[Text]),
    own("humanize", &[Any]),
    own("humanize1024", &[Any]),
    own("humanizeDuration", &[Any]),
    own("humanizePercentage", &[Any]),
    own("humanizeTimestamp", &[Any]),
    own("toTime", &[Any]),
    own("toDuration", &[Any]),
    own("parseDuration", &[Text]),
    own("pathPrefix", &[]),
    own("externalURL", &[]),
];

/// Those of Prometheus 3.
const LATER: [Function; 2] = [own("now", &[]), own("urlQueryEscape", &[Text])];

impl Function {
    /// The function of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.iter().chain(&LATER).find(|function| function.name == name).copied()
    }
}
