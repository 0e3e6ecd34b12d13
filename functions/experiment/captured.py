"""Captured calls of two variants, joined: the live answer and the shadow's to the same call."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from experiment.answers import read_answer
from experiment.models import AnswersCompared

EXAMPLES = 5
LONGEST_TEXT = 300
LABELS = ("label", "predicted_label", "prediction")
HALF, TENTH, ROUNDED = 0.5, 0.1, 1e-3
Record = dict[str, Any]


def records(lines: Iterable[str], since: str) -> Iterator[Record]:
    """Captured calls from then on that have an answer; what is no record is left out."""
    for line in lines:
        try:
            found = json.loads(line)
            moment = found["eventMetadata"]["inferenceTime"]
            answer = found["captureData"]["endpointOutput"]
        except (ValueError, KeyError, TypeError):
            continue
        if moment[:19] >= since[:19]:  # to the second
            yield {"ids": _ids(found), "sent": _text(found["captureData"].get("endpointInput")), "text": _text(answer)}


def compare(champions: Iterable[Record], shadows: Iterable[Record], problem: str | None) -> AnswersCompared:
    """Each shadow's answer beside the live one to the same call: the same id, or else the same bytes sent."""
    known: dict[str, Record] = {}
    for record in champions:
        for name in record["ids"]:
            known.setdefault(name, record)
    found = AnswersCompared()
    for shadow in shadows:
        champion = next((known[name] for name in shadow["ids"] if name in known), None)
        if champion is not None:
            _add(found, champion, shadow, problem)
    return found


def _add(found: AnswersCompared, champion: Record, shadow: Record, problem: str | None) -> None:
    old, new = read_answer(champion["text"]), read_answer(shadow["text"])
    same_length = len(old) == len(new)
    hits = [same_length and alike(one, other, problem) for one, other in zip(old, new, strict=False)]
    found.pairs += 1
    found.rows += max(len(old), len(new))
    found.alike += sum(hits)
    if not all(hits) and len(found.examples) < EXAMPLES:
        row = hits.index(False)
        texts = {"champion": json.dumps(old[row]), "challenger": json.dumps(new[row]), "sent": champion["sent"] or ""}
        found.examples.append({"row": row + 1, **{name: text[:LONGEST_TEXT] for name, text in texts.items()}})


def alike(old: Any, new: Any, problem: str | None) -> bool:
    """Whether two models say the same: the same class, or numbers that differ by a tenth at most."""
    if isinstance(old, dict) and isinstance(new, dict):
        label = next((name for name in LABELS if name in old and name in new), None)
        keys = [label] if label else list(old)
        return bool(label or old.keys() == new.keys()) and all(alike(old[k], new[k], problem) for k in keys)
    if isinstance(old, list) and isinstance(new, list):
        return _alike_lists(old, new, problem)
    one, other = _number(old), _number(new)
    if one is None or other is None:
        return bool(old == new)
    if problem == "binary" and min(one, other) >= 0 and max(one, other) <= 1:
        return (one >= HALF) == (other >= HALF)
    share = 0.0 if problem in ("binary", "multiclass") else TENTH
    return abs(one - other) <= share * max(abs(one), abs(other))


def _alike_lists(old: list[Any], new: list[Any], problem: str | None) -> bool:
    """The probabilities of the classes: the largest counts; a label and its probability: the label; else everything."""
    if len(old) != len(new):
        return False
    ones, others = _probabilities(old), _probabilities(new)
    if ones and others:
        return ones.index(max(ones)) == others.index(max(others))
    some = 1 if old and isinstance(old[0], str) and problem != "regression" else len(old)
    return all(alike(one, other, problem) for one, other in zip(old[:some], new[:some], strict=True))


def _probabilities(values: list[Any]) -> list[float]:
    """The numbers if they are of several classes and add up to one, or nothing."""
    found = [number for value in values if (number := _number(value)) is not None and 0 <= number <= 1]
    return found if 1 < len(found) == len(values) and abs(sum(found) - 1) < ROUNDED else []


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool | list | dict) or value is None else float(value)
    except (ValueError, OverflowError):
        return None


def _ids(found: Record) -> list[str]:
    """How a call may be known to both: AWS does not say that a shadow's copy has its original's event id."""
    metadata, sent = found["eventMetadata"], _text(found["captureData"].get("endpointInput"))
    named = [f"{name}:{metadata[name]}" for name in ("eventId", "inferenceId") if metadata.get(name)]
    return [*named, f"sent:{sent}"] if sent is not None else named


def _text(side: Record | None) -> str | None:
    if not side or side.get("data") is None:
        return None
    if side.get("encoding") == "BASE64":
        return base64.b64decode(side["data"]).decode("utf-8", errors="replace")
    return str(side["data"])
