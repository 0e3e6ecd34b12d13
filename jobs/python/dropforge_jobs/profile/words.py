"""Figures and texts for the page; every text from outside goes through `esc`."""

from __future__ import annotations

from html import escape
from typing import Any

from dropforge_jobs.profile.describe import day_text


def esc(text: Any) -> str:
    """A text as HTML, in an element or a quoted attribute."""
    return escape(str(text), quote=True)


def prose(text: str) -> str:
    """A sentence of ours as HTML: what is between backticks is code."""
    parts = esc(text).split("`")
    if len(parts) % 2 == 0:  # a backtick of the data's own
        return esc(text)
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def figure(value: float) -> str:
    """A number for people: four significant digits, thousands set apart."""
    if value == int(value) and abs(value) < 1e9:  # noqa: PLR2004 - from here on powers are easier to read
        return f"{int(value):,}"
    if abs(value) >= 1e9 or abs(value) < 1e-3:  # noqa: PLR2004
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"  # noqa: PLR2004


def share(part: float, whole: float = 1.0) -> str:
    """A share in percent, such as 12.3 %; the small are not told as nothing."""
    if not whole or not part:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:  # noqa: PLR2004
        return "< 0.1 %"
    return f"{percent:.0f} %" if percent >= 99.95 else f"{percent:.1f} %"  # noqa: PLR2004


def place(value: float, dates: bool) -> str:
    """A place on an axis."""
    return day_text(value) if dates else figure(value)


def counted(count: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
