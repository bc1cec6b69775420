//! Panels: what is compiled of `panel.NAME`, and what the explorer pins for a session.

use super::{Found, signals};
use crate::config::{Band, Config, PanelKind, Problem};
use crate::promql::{self, Expr, ValueKind};
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::Unit;

/// A panel, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelPlan {
    /// The table's name.
    pub name: Arc<str>,
    /// What stands above it; not cleaned.
    pub title: String,
    /// The expression.
    pub expr: Expr,
    /// What its numbers count.
    pub unit: Unit,
    /// How it is drawn.
    pub kind: PanelKind,
    /// The service on whose screen it stands; none: the page of panels.
    pub service: Option<Arc<str>>,
    /// From which value on it is worth a warning, or critical.
    pub thresholds: Option<Band<f64>>,
    /// How far back its course goes.
    pub range: Duration,
}

/// Compiles the panels; what is no expression is a problem of the configuration.
pub(super) fn compile(config: &Config, problems: &mut Found) -> Vec<PanelPlan> {
    let mut out = Vec::new();
    for panel in config.panels.values() {
        let key = format!("panel.{}.expr", panel.name);
        let expr = match promql::parse(&signals::fill_window(&panel.expr.value, config.window)) {
            Ok(expr) => expr,
            Err(error) => {
                problems.push((true, Problem::new(&panel.expr.at, key, error.to_string())));
                continue;
            }
        };
        if !matches!(expr.kind(), ValueKind::Scalar | ValueKind::Vector) {
            let problem = Problem::new(&panel.expr.at, key, "gives neither a number nor an instant vector")
                .with_remedy("put a function such as rate(...) around a range vector");
            problems.push((true, problem));
            continue;
        }
        out.push(PanelPlan {
            name: panel.name.as_str().into(),
            title: panel.title.clone().unwrap_or_else(|| panel.name.clone()),
            expr,
            unit: panel.unit,
            kind: panel.kind,
            service: panel.service.as_ref().map(|name| name.value.as_str().into()),
            thresholds: panel.thresholds,
            range: panel.range.min(config.engine.retention),
        });
    }
    out
}
