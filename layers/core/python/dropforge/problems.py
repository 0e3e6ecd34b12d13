"""What is wrong with a project.yaml: line, field, reason and fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]
SHOWN = 30


def dotted(path: Path) -> str:
    """A path as people write it: `train.metrics[0].regex`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def suggestion(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """The fix for a name that is none of `known`: the one that it looks like, or all."""
    from difflib import get_close_matches  # only when there is something to say

    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return otherwise or f"write one of: {', '.join(names[:SHOWN])}"


def with_lines(problems: list[dict[str, Any]], lines: dict[str, int]) -> list[dict[str, Any]]:
    """The problems with the line of each field, or of the part that lacks it, where they have none.

    `lines` are those of the project.yaml in force, by dotted field: what found the problem saw only its values.
    """
    return [{**p, "line": p.get("line") or _line(str(p.get("field") or ""), lines)} for p in problems]


def _line(field: str, lines: dict[str, int]) -> int | None:
    while field and field not in lines:
        field = field[: max(field.rfind("."), field.rfind("["), 0)]
    return lines.get(field)


@dataclass(frozen=True)
class Problem:
    """One thing to put right."""

    path: Path
    reason: str
    fix: str

    def as_dict(self, lines: dict[Path, int] | None = None) -> dict[str, Any]:
        """`{line, field, reason, fix}`; the line is that of the field, or of the part that lacks it, or null."""
        field = dotted(self.path)
        line = None
        if lines:
            line = next((lines[p] for n in range(len(self.path), -1, -1) if (p := self.path[:n]) in lines), None)
        return {"line": line, "field": field, "reason": self.reason, "fix": self.fix}
