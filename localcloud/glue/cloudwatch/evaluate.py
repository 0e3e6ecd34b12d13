"""An alarm's state from its data points (CloudWatch user guide, "Alarm evaluation"). Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Rule:
    """What an alarm compares. ``treat_missing``: missing, ignore, breaching or notBreaching."""

    comparison: str
    threshold: float
    datapoints: int
    treat_missing: str


@dataclass(frozen=True)
class Verdict:
    """The new state (None: keep the present one) and the reason in AWS's words."""

    state: str | None
    reason: str


def judge(rule: Rule, values: list[float | None], state: str) -> Verdict:
    """Judge the evaluation periods, newest first; None stands for a period without data."""
    compare, words = _COMPARE[rule.comparison]
    known = [value for value in values if value is not None]
    if not known and rule.treat_missing == "missing":
        return Verdict("INSUFFICIENT_DATA", f"Insufficient Data: {len(values)} datapoints were unknown.")
    if not known and rule.treat_missing == "ignore":
        return Verdict(None, "")
    missing = len(values) - len(known)
    breaching = [value for value in known if compare(value, rule.threshold)]
    count = len(breaching) + (missing if rule.treat_missing == "breaching" else 0)
    if count >= rule.datapoints:
        return Verdict("ALARM", _reason(rule, values, breaching, count, words, "was" if count == 1 else "were", state))
    # Periods without data that are neither good nor bad must not turn an alarm back while they might breach.
    unknown = missing if rule.treat_missing in ("missing", "ignore") else 0
    if unknown and state == "ALARM" and count + unknown >= rule.datapoints and not (set(known) - set(breaching)):
        return Verdict(None, "")
    fine = [value for value in known if not compare(value, rule.threshold)]
    return Verdict("OK", _reason(rule, values, fine, len(values) - count, words, "was not", state))


def _reason(rule: Rule, values: list[float | None], shown: list[float], count: int, words: str, verb: str,
            state: str) -> str:  # fmt: skip
    if not shown:
        text = f"no datapoints were received for {len(values)} period{'s' if len(values) > 1 else ''}"
        kind = "[Breaching]" if rule.treat_missing == "breaching" else "[NonBreaching]"
        return f"Threshold Crossed: {text} and {len(values)} missing datapoint was treated as {kind}."
    new = "OK" if verb == "was not" else "ALARM"
    minimum = (
        f" (minimum {rule.datapoints} datapoint{'s' if rule.datapoints > 1 else ''} for {state} -> {new} transition)"
    )
    numbers = ", ".join(str(value) for value in shown)
    return (
        f"Threshold Crossed: {count} out of the last {len(values)} datapoints [{numbers}] {verb} {words} the "
        f"threshold ({rule.threshold}){minimum}."
    )
