"""profile.html: one page that needs nothing else, and runs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from dropforge_jobs.profile.cards import card, interest, table
from dropforge_jobs.profile.page_target import section
from dropforge_jobs.profile.settings import DETAILED_COLUMNS, ProfileSettings
from dropforge_jobs.profile.style import STYLE
from dropforge_jobs.profile.words import counted, esc, prose, share

#: With more cards than this the bars have no tips, to keep the page small.
TIPPED = 120
FORMATS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SEVERITY = {"refuse": ("bad", "refused"), "skip": ("warn", "left out"), "warn": ("warn", "warning")}

Content = Mapping[str, Any]


def page(content: Content, settings: ProfileSettings, previous: Content | None) -> str:
    """The page of a profile; `previous` is the last data set's, to draw over."""
    columns = content["columns"]
    before = {column["name"]: column for column in (previous or {}).get("columns", ())}
    target = next((column for column in columns if column.get("role") == "target"), None)
    others = sorted((column for column in columns if column is not target), key=interest)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{esc(_headline(content))}</title><style>{STYLE}</style></head><body><main>",
        _head(content, settings),
        _tiles(content, target),
        _findings(content, settings),
        "" if target is None else section(content, target, others, previous),
        _columns(content, others, before),
        _foot(content),
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _headline(content: Content) -> str:
    return f"{counted(content['rows'], 'row')} × {counted(content['columns_count'], 'column')}"


def _head(content: Content, settings: ProfileSettings) -> str:
    files = content["files"]
    named = files[0] if content["files_count"] == 1 else f"{files[0]} and {content['files_count'] - 1:,} more files"
    told = [named, content["format"].upper() + (" (gzip)" if content["compression"] == "gzip" else "")]
    if content["format"] in ("csv", "tsv"):
        told += [f"{FORMATS.get(content['delimiter'], 'other')}-separated", content["encoding"]]
        told.append("with header" if content["header"] else "no header")
    kind, text = _verdict(content, settings)
    return (
        f'<div class="soft small">Data profile</div><h1>{esc(_headline(content))}</h1>'
        f'<span class="verdict {kind}">{esc(text)}</span>'
        f'<p class="soft small">{esc(" · ".join(told))}</p>'
    )


def _verdict(content: Content, settings: ProfileSettings) -> tuple[str, str]:
    """Colour and words for what the findings lead to."""
    policies = Counter(settings.policy(finding["check"]) for finding in content["findings"])
    if policies["refuse"]:
        return "bad", f"Refused for {counted(policies['refuse'], 'reason')}"
    other = sum(policies.values())
    return ("warn", f"Accepted with {counted(other, 'warning')}") if other else ("good", "Nothing to object to")


def _tiles(content: Content, target: Content | None) -> str:
    cells = content["rows"] * content["columns_count"]
    missing = sum(column["missing"] for column in content["columns"])
    duplicates = content["duplicates"]
    tiles = []
    if target is not None:
        problem = (content["target"] or {}).get("problem") or "cannot be learnt"
        tiles.append((target["name"], f"target · {problem}"))
    tiles.append((share(missing, cells), "of all values missing"))
    about = "" if duplicates["exact"] else "≈ "
    tiles.append((f"{about}{duplicates['count']:,}", "rows repeat another"))
    kinds = Counter(column["kind"] for column in content["columns"] if column is not target)
    common = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(3))
    tiles.append((f"{sum(kinds.values()):,}", f"features: {common}" if common else "features"))
    if content["compared_with"]:
        moved = sum(bool((column.get("drift") or {}).get("over")) for column in content["columns"])
        tiles.append((str(moved), f"of {content['columns_count']:,} columns moved since the last data set"))
    boxes = "".join(
        f'<div class="tile"><b title="{esc(big)}">{esc(big)}</b><span>{esc(small)}</span></div>' for big, small in tiles
    )
    return f'<div class="tiles num">{boxes}</div>'


def _findings(content: Content, settings: ProfileSettings) -> str:
    if not content["findings"]:
        return ""
    boxes = []
    for finding in content["findings"]:
        policy = settings.policy(finding["check"])
        kind, word = SEVERITY.get(policy, ("warn", policy))
        rows = "".join(
            f"<tr><td class=mono>{esc(row['file'])}:{esc(row['line'])}<td class=mono>{esc(row['text'])}"
            for row in finding["rows"]
        )
        table_html = f'<div class="rows"><table>{rows}</table></div>' if rows else ""
        boxes.append(
            f'<div class="finding f-{esc(policy)}"><span class="tag {kind}">{esc(word)}</span> '
            f'<code class="soft">{esc(finding["check"])}</code><p><b>{prose(finding["message"])}</b></p>'
            f'<p class="fix small">{prose(finding["fix"])}</p>{table_html}</div>'
        )
    return f"<h2>Findings</h2>{''.join(boxes)}"


def _columns(content: Content, others: list[Content], before: Mapping[str, Content]) -> str:
    if not others:
        return ""
    first, rest = others[:DETAILED_COLUMNS], others[DETAILED_COLUMNS:]
    tips = len(first) <= TIPPED
    boxes = "".join(card(column, content["rows"], before.get(column["name"]), tips) for column in first)
    legend = ""
    if before:
        rows = (content["compared_with"] or {}).get("rows") or 0
        legend = (
            '<p class="legend"><span><i></i>this data set</span>'
            f'<span><i class="was"></i>the last one ({counted(int(rows), "row")})</span></p>'
        )
    more = f"<h2>Other columns <small>{len(rest):,}</small></h2>{table(rest, content['rows'])}" if rest else ""
    heading = "<h2>Columns <small>most telling first</small></h2>"
    return f'{heading}{legend}<div class="grid">{boxes}</div>{more}'


def _foot(content: Content) -> str:
    sample = content["sample"]
    exact = "All figures are exact."
    if not sample["exact"] or not all(column["distinct_exact"] for column in content["columns"]):
        exact = (
            "Counts, means and extremes are exact. Quantiles and plots of columns with very many different values, and "
            f"what columns tell of the target, rest on {sample['rows']:,} rows, chosen by their content. ≈: estimated."
        )
    return (
        f"<footer><p>{exact} “Tells target”: AUC (two classes; 0.5 is chance), skill (several classes: the part of the "
        "errors of always guessing the most frequent one that is avoided) or R² (numbers), measured on rows that were "
        "not learnt from. “Moved”: PSI for numbers and dates, Jensen–Shannon distance for words; see docs/profile.md."
        "</p></footer>"
    )
