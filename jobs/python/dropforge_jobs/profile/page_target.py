"""The part of the page about the target: its values, what a model has to beat, and which columns tell about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dropforge_jobs.profile import plots
from dropforge_jobs.profile.association import strength
from dropforge_jobs.profile.cards import Column, plot
from dropforge_jobs.profile.words import esc, figure, share

RANKED = 10
CLASSES = ("binary", "multiclass")
MOST_CLASSES = 20

Content = Mapping[str, Any]


def section(content: Content, target: Column, others: Sequence[Column], previous: Content | None) -> str:
    """Two panels: the target's distribution, and the columns that tell most about it."""
    told = content["target"] or {}
    if told.get("problem") in CLASSES:
        drawing = _classes(content, previous)
    else:
        old = next((c for c in (previous or {}).get("columns", ()) if c["name"] == target["name"]), None)
        drawing = plot(target, content["rows"], old, True, plots.LARGE)
    about = drawing + _baseline(content, target) + _moved(target)
    panels = [_panel(f"Distribution of {target['name']}", about)]
    ranked = sorted((column for column in others if column.get("association")), key=_strength)
    if ranked:
        lines = "".join(_rank(column) for column in ranked[:RANKED])
        panels.append(_panel("What each column tells about it, alone", f'<div class="bars">{lines}</div>'))
    heading = f"<h2>Target <small>{esc(told.get('problem') or '')}</small></h2>"
    return f'{heading}<div class="pair">{"".join(panels)}</div>'


def _panel(title: str, body: str) -> str:
    return f'<section class="panel"><h3>{esc(title)}</h3>{body}</section>'


def _strength(column: Column) -> float:
    return -strength(column["association"])


def _classes(content: Content, previous: Content | None) -> str:
    """Bars for classes, also where they are written as numbers."""
    told, old = content["target"], (previous or {}).get("target") or {}
    before = None
    if old.get("name") == told["name"] and previous:
        total = previous["rows"] - old["missing"] or 1
        before = {each["value"]: each["count"] / total for each in old["distribution"] if "value" in each}
    total = content["rows"] - told["missing"]
    return plots.bars(told["distribution"], total, before, most=MOST_CLASSES, counts=True)


def _baseline(content: Content, target: Column) -> str:
    """What a model has to beat."""
    told = content["target"] or {}
    numbers = target.get("numbers")
    if told.get("problem") in CLASSES:
        first = told["distribution"][0]
        part = share(first["count"], content["rows"] - target["missing"])
        text = f"Always answering “{first['value']}” is right in {part} of the rows"
    elif told.get("problem") == "regression" and numbers:
        mean, deviation = figure(numbers["mean"]), figure(numbers["std"])
        text = f"Always answering the mean, {mean}, is off by {deviation} (root mean square)"
    else:
        return ""
    return f'<p class="soft small">{esc(text)}: a model has to beat that.</p>'


def _moved(column: Column) -> str:
    drift = column.get("drift")
    if not drift:
        return ""
    figures = f"{drift['measure']} {drift['value']:.3f} (threshold {drift['threshold']:.2f})"
    return f'<p class="soft small num">moved since the last data set: {figures}</p>'


def _rank(column: Column) -> str:
    found = column["association"]
    name = esc(column["name"])
    return (
        f'<a class="l" href="#c{column["index"]}" title="{name}">{name}</a><span class="bar">'
        f'<i style="width:{100 * min(strength(found), 1):.1f}%"></i></span>'
        f'<span class="v num">{found["measure"]} {found["value"]:.3f}</span>'
    )
