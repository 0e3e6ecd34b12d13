"""Texts from outside, made fit to be shown: in a message, a log, a notice or a page.

A control character could move a terminal's cursor, a bidirectional override make a name read backwards. Both are
written as escapes. What is shown is never parsed again, so a formula stays the text that it is.
"""

from __future__ import annotations

import unicodedata

LONGEST = 200
#: Control, format (bidi overrides, zero width), surrogate, private use, unassigned; line and paragraph separators.
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004


def shown(text: str | bytes, longest: int = LONGEST) -> str:
    """`text` on one line, hidden characters as escapes, cut to `longest` characters."""
    if isinstance(text, bytes):
        text = text[: 4 * longest + 4].decode("utf-8", errors="backslashreplace")
    part = text[: longest + 1]
    if not (part.isascii() and part.isprintable()):
        part = "".join(_escaped(c) if unicodedata.category(c) in _HIDDEN else c for c in part)
    return part if len(part) <= longest else part[: longest - 1] + "…"


def shown_row(raw: bytes, longest: int = LONGEST) -> str:
    """A row as it was dropped, without its line end."""
    return shown(raw[: 4 * longest + 4].rstrip(b"\r\n"), longest)
