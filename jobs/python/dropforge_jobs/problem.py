"""What is to be learnt: one of two classes, one of several, or a number; inferred from the target's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dropforge_jobs.errors import SettingsError, TargetError
from dropforge_jobs.values import number

if TYPE_CHECKING:
    import numpy as np

PROBLEMS = ("binary", "multiclass", "regression")
#: Whole numbers with at most so many different values, each more than once, are classes.
FEW = 20
MOST_CLASSES = 1000
SHOWN = 5


def infer_problem(counts: Mapping[str, int], wanted: str | None, target: str, comma: bool = False) -> str:
    """The problem of a target whose present values occur `counts` times; `wanted` is what the project says.

    `comma` tells that numbers may have a decimal comma. Raises TargetError if there is nothing to learn or the
    project's word does not fit the values.
    """
    if not counts:
        raise TargetError(f"target {target!r}: no row has a value")
    if len(counts) == 1:
        only = next(iter(counts))
        raise TargetError(f"target {target!r}: every row has the same value {only!r}: there is nothing to learn")
    if wanted is None:
        wanted = _inferred(counts, comma)
    elif wanted == "classification":
        wanted = "binary" if len(counts) == 2 else "multiclass"  # noqa: PLR2004 - what binary means
    if wanted == "regression":
        _need_numbers(counts, target, comma)
    elif wanted in PROBLEMS:
        _need_classes(counts, wanted, target)
    else:
        raise SettingsError(f"problem {wanted!r}: one of {', '.join(PROBLEMS)} is expected")
    return wanted


def _inferred(counts: Mapping[str, int], comma: bool) -> str:
    values = [number(text, comma) for text in counts]
    if len(counts) == 2:  # noqa: PLR2004 - what binary means
        return "binary"
    if None in values:
        return "multiclass"
    whole = all(value is not None and value == int(value) for value in values)
    if whole and len(counts) <= FEW and min(counts.values()) > 1:
        return "multiclass"
    return "regression"


def _need_numbers(counts: Mapping[str, int], target: str, comma: bool) -> None:
    words = sorted(text for text in counts if number(text, comma) is None)
    if words:
        shown = ", ".join(map(repr, words[:SHOWN]))
        raise TargetError(f"target {target!r}: regression needs numbers, but there is {shown}")


def _need_classes(counts: Mapping[str, int], problem: str, target: str) -> None:
    if problem == "binary" and len(counts) != 2:  # noqa: PLR2004 - what binary means
        shown = ", ".join(map(repr, sorted(counts)[:SHOWN]))
        raise TargetError(f"target {target!r}: binary needs two values, there are {len(counts)}: {shown} …")
    if len(counts) > MOST_CLASSES:
        raise TargetError(
            f"target {target!r}: {len(counts)} different values are too many for classes (at most {MOST_CLASSES}); "
            "is it the right column? For a number, mend the values that are none, or say `problem: regression`"
        )


def sorted_classes(counts: Mapping[str, int], comma: bool = False) -> list[str]:
    """The classes in their order: by number if all are numbers, else by text. The last of two is positive."""
    values = {text: number(text, comma) for text in counts}
    if None in values.values():
        return sorted(counts)
    return sorted(counts, key=lambda text: (values[text], text))


def label_values(
    problem: str, texts: list[str], classes: list[str] | None, comma: bool = False
) -> np.ndarray[Any, Any]:
    """The label of each of `texts` (the target's distinct values): class index or number, as float64.

    A text that is no class (or, in regression, no number) becomes NaN.
    """
    import numpy as np  # here, because the profile infers problems where there is no numpy

    if problem == "regression":
        found = (number(text, comma) for text in texts)
        return np.array([np.nan if value is None else value for value in found], dtype=np.float64)
    places = {text: place for place, text in enumerate(classes or [])}
    return np.array([places.get(text, np.nan) for text in texts], dtype=np.float64)
