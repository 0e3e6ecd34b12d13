"""What is wrong with a project.yaml: line, field, reason and fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing to put right."""

    path: Path
    reason: str
    fix: str

    def as_dict(self, lines: dict[Path, int] | None = None) -> dict[str, Any]:
        """`{line, field, reason, fix}`; the line is that of the field, or of the part that lacks it, or null."""
        field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path).lstrip(".")
        line = None
        if lines:
            line = next((lines[p] for n in range(len(self.path), -1, -1) if (p := self.path[:n]) in lines), None)
        return {"line": line, "field": field, "reason": self.reason, "fix": self.fix}
