"""From a model's answers to labels, probabilities and numbers that can be compared with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dropforge_jobs.errors import ModelError
from dropforge_jobs.values import number

Array = np.ndarray[Any, Any]
LABEL_KEYS = ("label", "predicted_label", "prediction", "class", "value", "score")
HALF = 0.5


def numeric_answers(items: Sequence[Any]) -> Array:
    """Regression: one number per answer; ModelError for one that is none."""
    values = []
    for item in items:
        text = str(_label(item)).strip()
        value = number(text)
        if value is None:
            raise ModelError(f"the model answered {text[:40]!r} where a number is expected")
        values.append(value)
    return np.array(values)


def class_answers(items: Sequence[Any], classes: list[str]) -> tuple[Array, Array | None]:
    """Classification: the class index of each answer, and probabilities of shape (rows, classes) if given.

    Understood are labels as in the data (1 and 1.0 are the same), a list with a probability per class in sorted
    order, our own objects, indices of the sorted classes (a label encoder's), and, for two classes, the
    probability of the last. Raises ModelError for an answer that is none of these.
    """
    if all(isinstance(item, dict) and isinstance(item.get("probabilities"), dict) for item in items):
        table = np.array([[float(item["probabilities"].get(name, 0)) for name in classes] for item in items])
        return _places([item["label"] for item in items], classes), table
    if all(isinstance(item, (list, tuple)) and len(item) == len(classes) for item in items):
        numbers = [[number(str(value)) for value in item] for item in items]
        if all(value is not None for row in numbers for value in row):
            table = np.array(numbers, dtype=float)
            return table.argmax(axis=1), table
    labels = [_label(item) for item in items]
    return _labels_or_positive(labels, classes)


def _label(item: Any) -> Any:
    """The label in an answer: itself, the first field of a list, or a well-known key of an object."""
    if isinstance(item, dict):
        for key in LABEL_KEYS:
            if key in item:
                return item[key]
    if isinstance(item, (list, tuple)) and item:
        return item[0]
    return item


def _labels_or_positive(labels: list[Any], classes: list[str]) -> tuple[Array, Array | None]:
    try:
        return _places(labels, classes), None
    except ModelError:
        numbers = [number(str(label)) for label in labels]
        if any(value is None for value in numbers):
            raise
        values = np.array(numbers, dtype=float)
        if (values == np.floor(values)).all() and values.min() >= 0 and values.max() < len(classes):
            return values.astype(int), None
        if len(classes) == 2 and values.min() >= 0 and values.max() <= 1:  # noqa: PLR2004 - what binary means
            return (values >= HALF).astype(int), np.column_stack([1 - values, values])
        raise


def _canonical(label: Any) -> str | float:
    text = str(label).strip()
    value = number(text)
    return text if value is None else value


def _places(labels: Sequence[Any], classes: list[str]) -> Array:
    """The index of each label among the classes; ModelError for one that is not among them."""
    places = {_canonical(name): place for place, name in enumerate(classes)}
    found = [places.get(_canonical(label)) for label in labels]
    if None in found:
        label = labels[found.index(None)]
        raise ModelError(f"the model answered {str(label)[:40]!r}, which is none of the classes: {classes[:10]}")
    return np.array(found, dtype=int)
