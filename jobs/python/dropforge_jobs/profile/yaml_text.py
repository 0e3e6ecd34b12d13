"""Texts written into YAML so that they come out again as they are, and as nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dropforge_jobs.shown import shown

#: What needs no quotes: begins with a letter and is no word that YAML, old or new, takes for something else.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*", re.ASCII)
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])
LINE = 110
COMMENT = 300


def quoted(text: str) -> str:
    """The text as a YAML scalar: plain where that is safe, else in double quotes, odd characters as escapes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004


def comment(text: str) -> str:
    """The text as a comment: whatever it holds, it ends with its line."""
    return "# " + shown(text, COMMENT)


def flow(key: str, items: Sequence[str]) -> list[str]:
    """`key: [a, b, …]` over as many lines as it takes."""
    lines, line = [], f"{key}: ["
    for index, item in enumerate(items):
        part = quoted(item) + (", " if index < len(items) - 1 else "]")
        if len(line) + len(part) > LINE:
            lines.append(line.rstrip())
            line = "  "
        line += part
    return [*lines, line]
