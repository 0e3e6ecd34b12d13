"""How the command writes times, durations, sizes and tables: one form for all of its listings."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

MINUTE, HOUR, DAY = 60, 3600, 86_400
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
STEP = 1024
LONGEST_CELL = 44


def moment(value: Any) -> datetime | None:
    """A stored time (ISO-8601 text, or a datetime of boto3's) in UTC; None for none or for what is no time."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00")) if value else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC) if found else None


def clock(value: Any) -> str:
    """`2026-11-27 10:26:04`, in UTC; empty for no time."""
    found = moment(value)
    return found.strftime("%Y-%m-%d %H:%M:%S") if found else ""


def took(began: Any, ended: Any) -> str:
    """How long it was from one stored time to another; empty if either is missing."""
    first, last = moment(began), moment(ended)
    return seconds((last - first).total_seconds()) if first and last else ""


def seconds(number: float) -> str:
    """`0.4 s`, `41 s`, `1 min 05 s`, `2 h 03 min`, `3 d 4 h`."""
    whole = int(number)
    if number < 10:  # noqa: PLR2004 (short ones keep a decimal, unless it says nothing)
        return f"{number:.1f} s".replace(".0 s", " s")
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02d} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02d} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def size(number: float) -> str:
    """`0 bytes`, `12.3 KiB`, `4.0 GiB`."""
    value, unit = float(number), 0
    while value >= STEP and unit < len(UNITS) - 1:
        value, unit = value / STEP, unit + 1
    return f"{value:.1f} {UNITS[unit]}" if unit else f"{int(value)} bytes"


def plural(number: int, thing: str, things: str | None = None) -> str:
    """`1 object`, `10,000 objects`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def package_name(arn: Any) -> str:
    """`churn/7` of a model package's ARN; empty for none."""
    return str(arn or "").rsplit(":model-package/", maxsplit=1)[-1]


def as_json(value: Any) -> str:
    """JSON for people and machines alike; times as ISO-8601."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def decoded(text: Any) -> Any:
    """The value of a JSON text; any other value as it is."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)


def print_table(
    console: Console,
    headers: Sequence[str],
    rows: Sequence[tuple[Sequence[str], str | None]],
    right: Sequence[int] = (),
) -> None:
    """Print rows under headers, two spaces between columns; a row's note comes below it, indented.

    Args:
        console: where to print.
        headers: the columns' names.
        rows: the cells of each row and its note (None: none).
        right: the columns of numbers, which are set to the right.
    """
    table = [list(headers), *([_short(cell) for cell in cells] for cells, _ in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(headers))]
    notes = [None, *(note for _, note in rows)]
    for cells, note in zip(table, notes, strict=True):
        aligned = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
        console.print("  ".join(aligned).rstrip(), soft_wrap=True, markup=False)
        if note:
            indented(console, note, 4)


def _short(cell: str) -> str:
    one_line = " ".join(cell.split())
    return one_line if len(one_line) <= LONGEST_CELL else one_line[: LONGEST_CELL - 1] + "…"


def indented(console: Console, text: str, indent: int, style: str = "") -> None:
    """Print a text, wrapped to the console's width, every line of it indented."""
    for line in wrapped(text, console.width - indent):
        console.print(f"{' ' * indent}{line}", style=style, markup=False, soft_wrap=True)


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text; a word that is longer than a line is cut."""
    paragraphs = text.splitlines() or [""]
    return [line for p in paragraphs for line in textwrap.wrap(p, max(width, 20), break_on_hyphens=False) or [""]]
