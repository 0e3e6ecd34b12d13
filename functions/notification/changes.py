"""What changed in the data since the champion learnt: the profiles of both drops, in words."""

from __future__ import annotations

from notification.words import Detail, count, lines, number, part, things, word


def data_changes(d: Detail) -> str:
    """A title and a line for each thing that changed; nothing without a champion."""
    champion = part(d, "champion")
    data = part(champion, "data")
    if not data:
        return ""
    version = word(champion, "version")
    if "reason" in data:
        return f"What changed in the data since version {version} is not known: {word(data, 'reason')}."
    rows, width = (_pair(data, key) for key in ("rows", "columns"))
    size = f"{rows[0]:,.0f} rows then, {rows[1]:,.0f} now" if rows else "nobody knows how many rows"
    if width and width[0] != width[1]:
        size += f"; {width[0]:,.0f} columns then, {width[1]:,.0f} now"
    found = [*_columns(data), *_moved(data)]
    if not found:
        return f"The data are like those of version {version}: {size}; the same columns, none moved far."
    return "\n".join(
        [f"What changed in the data since version {version} ({size}):", *(f"  - {line}" for line in found)]
    )


def _pair(data: Detail, key: str) -> tuple[float, float] | None:
    """[then, now]."""
    values = [number(value) for value in data[key]] if isinstance(data.get(key), list) else []
    return (values[0], values[1]) if len(values) == 2 and None not in values else None  # type: ignore[return-value]  # noqa: PLR2004


def _columns(data: Detail) -> list[str]:
    """Columns that came, went, or hold something else."""
    found = []
    for key, verb in (("missing", "gone"), ("new", "new")):
        names = lines(data, key)
        if names:
            found.append(f"{verb}: {', '.join(names)}{_more(data, key, len(names))}")
    renamed = [f"{word(pair, 'from')} → {word(pair, 'to')}" for pair in things(data, "renamed")]
    if renamed:
        found.append(f"renamed, as it seems: {', '.join(renamed)}{_more(data, 'renamed', len(renamed))}")
    kinds = [f"{word(k, 'name')} was {word(k, 'before')}, is {word(k, 'now')}" for k in things(data, "kinds")]
    if kinds:
        found.append(f"of another kind: {'; '.join(kinds)}{_more(data, 'kinds', len(kinds))}")
    return found


def _moved(data: Detail) -> list[str]:
    """Columns whose values are spread otherwise."""
    moved = things(data, "moved")
    found = [
        f"{'the target ' if one.get('target') is True else ''}{word(one, 'name')}: {word(one, 'text')}" for one in moved
    ]
    left = (number(part(data, "counts").get("moved")) or 0) - len(moved)
    return [*found, f"and {count(int(left), 'more column')} that moved"] if moved and left > 0 else found


def _more(data: Detail, key: str, told: int) -> str:
    left = (number(part(data, "counts").get(key)) or 0) - told
    return f" and {left:,.0f} more" if left > 0 else ""
