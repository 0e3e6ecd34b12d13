"""What a deployment measured, as its reader would say it: the evaluated rows asked again, two versions side by side."""

from __future__ import annotations

from notification import passages
from notification.words import Detail, number, part, word


def verified(d: Detail) -> str:
    """How the live endpoint answered the rows that were held out; nothing where nobody asked."""
    found = part(d, "verified")
    rows, different, taken = (number(found.get(k)) for k in ("rows", "different", "milliseconds"))
    if not rows:
        return ""
    like = f"answered {different:,.0f} of them otherwise than" if different else "answered each as"
    return f"It was asked {rows:,.0f} of the held-out rows, and {like} the evaluated model did{_took(taken)}."


def _took(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f" ({milliseconds:,.0f} ms in all)"


def compared(d: Detail, title: str) -> str:
    """Both versions' calls, errors and latency; of a shadow, how many answers were alike."""
    found = part(d, "experiment")
    sides = [part(found, "champion"), part(found, "challenger")]
    if not found or not all(sides):
        return ""
    lasted = number(found.get("waited"))
    time = f", for {passages.duration(lasted)}" if lasted else ""
    names = ("", *(f"version {word(side, 'version')}" for side in sides))
    table = [names, *(row for row in (_calls(sides), _errors(sides), _latency(sides)) if row)]
    return "\n".join([f"{title}{time}:", passages.table(table, "  "), _alike(found)]).rstrip()


def _calls(sides: list[Detail]) -> tuple[str, ...]:
    return _row("calls", [number(side.get("calls")) for side in sides], "{:,.0f}")


def _errors(sides: list[Detail]) -> tuple[str, ...]:
    return _row("answered with an error", [number(side.get("errors_percent")) for side in sides], "{:g} %")


def _latency(sides: list[Detail]) -> tuple[str, ...]:
    return _row("nine of ten answers within", [number(side.get("latency_ms")) for side in sides], "{:,.1f} ms")


def _row(name: str, values: list[float | None], form: str) -> tuple[str, ...]:
    """A line of the table; none where no side was measured."""
    if all(value is None for value in values):
        return ()
    return (name, *("unknown" if value is None else form.format(value) for value in values))


def _alike(found: Detail) -> str:
    rows, alike = number(found.get("rows")), number(found.get("alike"))
    return f"  {alike:,.0f} of {rows:,.0f} answers to the same calls were alike." if rows and alike is not None else ""
