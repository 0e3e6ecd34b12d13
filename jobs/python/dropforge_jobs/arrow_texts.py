"""Arrow's values as the texts that a CSV would have held; `arrow` is the module, which not every job has."""

from __future__ import annotations

from typing import Any

from dropforge_jobs import limits
from dropforge_jobs.shown import shown


def value_type(arrow: Any, kind: Any) -> Any:
    """The type of the values: a dictionary's or an extension's own storage is no matter of ours."""
    while True:
        if arrow.types.is_dictionary(kind):
            kind = kind.value_type
        elif isinstance(kind, arrow.BaseExtensionType):
            kind = kind.storage_type
        else:
            return kind


def is_flat(arrow: Any, kind: Any) -> bool:
    """Whether a value is one text, and not several."""
    return not arrow.types.is_nested(kind) and not arrow.types.is_interval(kind)


def texts(arrow: Any, column: Any, name: str) -> list[str]:
    """A column's values as texts, as pandas and Spark write them to CSV; nothing for null."""
    types, kind = arrow.types, value_type(arrow, column.type)
    if isinstance(column, arrow.ExtensionArray):
        column = column.storage
    if column.type != kind:
        column = column.cast(kind)
    if types.is_float64(kind):
        return ["" if value is None else repr(value) for value in column.to_pylist()]
    if types.is_decimal(kind):
        return ["" if value is None else format(value, "f") for value in column.to_pylist()]
    zone = "Z" if types.is_timestamp(kind) and kind.tz else ""
    if zone:
        column = column.cast(arrow.timestamp(kind.unit))  # the same moment in UTC
    if types.is_duration(kind):
        column = column.cast(arrow.int64())
    found = column.cast(arrow.string() if not types.is_large_binary(kind) else arrow.large_string()).to_pylist()
    if types.is_floating(kind):  # its own shortest form: 0.1, not the double that is nearest to it
        return ["" if text is None else repr(float(text)) for text in found]
    if types.is_temporal(kind) and not types.is_duration(kind):
        return ["" if text is None else _moment(text) + zone for text in found]
    return _checked([(text or "").strip() for text in found], name)


def _moment(text: str) -> str:
    if text.startswith("<"):
        raise ValueError("a date that is out of range")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _checked(texts: list[str], name: str) -> list[str]:
    """The texts, if a CSV could hold them."""
    if "\0" in "".join(texts):
        raise ValueError(f"the column {shown(name, 80)!r} holds a NUL")
    if max(map(len, texts)) > limits.LINE_BYTES // 4:
        raise ValueError(
            f"the column {shown(name, 80)!r} holds a text of more than {limits.LINE_BYTES // 4:,} characters"
        )
    return texts
