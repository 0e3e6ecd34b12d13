"""The service model's patterns are Java regular expressions that must match the whole value."""

from __future__ import annotations

from functools import cache
from typing import Any

import regex  # type: ignore[import-untyped]

# Java spells a range beyond the basic plane as two surrogates each, and the absolute end as \z.
_TRANSLATIONS = ((r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"), (r"\z", r"\Z"))


@cache
def compiled(pattern: str) -> Any:
    """The pattern of a shape, ready for `fullmatch`."""
    for java, python in _TRANSLATIONS:
        pattern = pattern.replace(java, python)
    return regex.compile(pattern)


def matches(pattern: str, value: str) -> bool:
    """Whether the value satisfies the pattern as SageMaker sees it."""
    found: bool = compiled(pattern).fullmatch(value) is not None
    return found
