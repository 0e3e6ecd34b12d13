"""The evaluation as one HTML page that needs nothing else: a table of metrics and the confusion matrix."""

from __future__ import annotations

from html import escape
from typing import Any

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .75rem;border-bottom:1px solid #ddd}
td{text-align:right}th{text-align:left;font-weight:600}td.hit{background:#e3f3e3}
"""
#: Larger confusion matrices are not drawn.
MOST_CLASSES = 30


def html_report(evaluation: dict[str, Any], found: dict[str, Any]) -> str:
    """A page about evaluation.json; `found` is preparation.json. All text from the data is escaped."""
    section = next(name for name in evaluation if name.endswith("_metrics"))
    metrics = evaluation[section]
    rows = evaluation["dataset"]["rows"]
    heading = f"{found.get('problem')} model of {escape(str(found.get('target')))}"
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{heading}</title><style>{STYLE}</style>",
        f"<h1>{heading}</h1><p>Measured on {rows} rows that were not used in training.</p>",
        _metrics_table(metrics, evaluation["baseline"]),
        _confusion(metrics.get("confusion_matrix", {})),
    ]
    return "\n".join(parts) + "</html>\n"


def _metrics_table(metrics: dict[str, Any], baseline: dict[str, float]) -> str:
    lines = ["<table><tr><th>metric<th>value<th>± (bootstrap)<th>best constant answer"]
    for name, metric in metrics.items():
        if "value" in metric and not name.endswith("_best_constant_classifier"):
            deviation = metric["standard_deviation"]
            spread = "" if deviation == "NaN" else f"{deviation:.4f}"
            constant = f"{baseline[name]:.4f}" if name in baseline else ""
            lines.append(f"<tr><th>{escape(name)}<td>{metric['value']:.4f}<td>{spread}<td>{constant}")
    return "\n".join([*lines, "</table>"])


def _confusion(matrix: dict[str, dict[str, int]]) -> str:
    if not matrix or len(matrix) > MOST_CLASSES:
        return ""
    head = "".join(f"<th>{escape(name)}" for name in matrix)
    lines = [f"<h2>Confusion matrix</h2><p>Rows: true class; columns: predicted.</p><table><tr><th>{head}"]
    for name, row in matrix.items():
        cells = "".join(f"<td{' class=hit' if other == name else ''}>{count}" for other, count in row.items())
        lines.append(f"<tr><th>{escape(name)}{cells}")
    return "\n".join([*lines, "</table>"])
