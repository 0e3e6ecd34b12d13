"""How what an event says is put into words. Pure.

A detail may lack anything, and hold what somebody dropped: whatever it is, it becomes one harmless line of text.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

Detail = dict[str, Any]
UNKNOWN = "unknown"
SHOWN = 20
LONGEST = 600
#: Sequences that move a terminal's cursor, colour it or set its title (ECMA-48: CSI, OSC and the like, two-byte ones).
_ESCAPE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?")
#: Control, format (bidirectional overrides, zero width), surrogate, private, unassigned; line and paragraph separators.
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])


@dataclass(frozen=True)
class Text:
    """A notice before it is formatted; `commands` can be pasted as they are."""

    subject: str
    headline: str
    severity: str
    sms: str
    paragraphs: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


def said(value: Any, longest: int = LONGEST) -> str:
    """A value on one line, without anything that a terminal would obey; nothing for null."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text[: 4 * longest]
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPE.sub("", text)
    if not (text.isascii() and text.isprintable()):
        text = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in _HIDDEN)
    text = text.strip()
    return text if len(text) <= longest else text[: longest - 1] + "…"


def word(d: Detail, key: str, otherwise: str = UNKNOWN, longest: int = LONGEST) -> str:
    """One value of a detail."""
    return said(d.get(key), longest) or otherwise


def block(value: Any, longest: int = 8_000) -> str:
    """A text of several lines, each of them as `said`."""
    lines = value[:longest].splitlines() if isinstance(value, str) else []
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + said(line) for line in lines)


def part(d: Detail, key: str) -> Detail:
    """A detail's own detail; empty where there is none."""
    found = d.get(key)
    return found if isinstance(found, dict) else {}


def things(d: Detail, key: str) -> list[Detail]:
    """A list of details."""
    found = d.get(key)
    return [thing for thing in found if isinstance(thing, dict)] if isinstance(found, list) else []


def lines(d: Detail, key: str) -> list[str]:
    """A list of texts."""
    found = d.get(key)
    return [text for item in found if (text := said(item))] if isinstance(found, list) else []


def number(value: Any) -> float | None:
    """A number that can be shown."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def count(number_of: int, what: str) -> str:
    """`1 problem`, `2,000 problems`."""
    return f"{number_of:,} {what}{'' if number_of == 1 else 's'}"
