"""Case files: `cases/<machine>/<case>.yaml`.

input    what starts the execution
answers  AWS's answers by state, in the order of the calls (see `harness.World`)
path     the states entered, in order
error    the error's name, where the machine ends in a Fail; `cause`: a part of its text, or of
         its JSON
output   the output, whole
calls    a part of the Arguments that a state's last call had; a list: of every call, in order. Where AWS takes JSON as
         text, the expected value may be the object.
like     another case of the machine, whose input and answers hold where this one says nothing else
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "cases"
KEYS = {"input", "answers", "path", "error", "cause", "output", "calls", "like"}


@dataclass(frozen=True)
class Case:
    """One file; `answers` with those of the case that it is like."""

    path: Path
    own: dict[str, Any]
    input: Any
    answers: dict[str, list[dict[str, Any]]]

    @property
    def machine(self) -> str:
        """The machine's name."""
        return self.path.parent.name

    @property
    def id(self) -> str:
        """What pytest calls it."""
        return f"{self.machine}-{self.path.stem}"


@cache
def load(path: Path) -> Case:
    """Read a case file. Raises ValueError for a key that means nothing."""
    own = yaml.safe_load(path.read_text())
    if unknown := own.keys() - KEYS:
        raise ValueError(f"{path}: no such key: {', '.join(sorted(unknown))}")
    if "like" not in own:
        return Case(path, own, own["input"], own.get("answers", {}))
    base = load(path.with_name(f"{own['like']}.yaml"))
    given = merged(base.input, own["input"]) if "input" in own else base.input
    return Case(path, own, given, base.answers | own.get("answers", {}))


def merged(base: Any, change: Any) -> Any:
    """`base` with the members of `change` in place of its own, at every depth of objects."""
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    return base | {key: merged(base.get(key), value) for key, value in change.items()}


@cache
def cases() -> tuple[Case, ...]:
    """All cases."""
    return tuple(load(path) for path in sorted(FOLDER.glob("*/*.yaml")))
