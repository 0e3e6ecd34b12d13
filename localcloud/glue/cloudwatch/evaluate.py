"""An alarm's state from its data points (CloudWatch user guide, "Alarm evaluation"). Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
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
    compare, words = COMPARE[rule.comparison]
    known = [value for value in values if value is not None]
    if not known and rule.treat_missing == "missing":
        return Verdict("INSUFFICIENT_DATA", f"Insufficient Data: {len(values)} datapoints were unknown.")
    if not known and rule.treat_missing == "ignore":
        return Verdict(None, "")
    missing = len(values) - len(known)
    breaching = [value for value in known if compare(value, rule.threshold)]
    count = len(breaching) + (missing if rule.treat_missing == "breaching" else 0)
    if count >= rule.datapoints:
        told = (
            f"{count} out of the last {len(values)}",
            f"{'was' if count == 1 else 'were'} {words}",
            f"{state} -> ALARM",
        )
        return Verdict("ALARM", _reason(rule, len(values), breaching, *told))
    # Periods without data that are neither good nor bad must not turn an alarm back while they might breach.
    unknown = missing if rule.treat_missing in ("missing", "ignore") else 0
    if unknown and state == "ALARM" and count + unknown >= rule.datapoints and len(known) == len(breaching):
        return Verdict(None, "")
    fine = [value for value in known if not compare(value, rule.threshold)]
    told = f"{len(values) - count} out of the last {len(values)}", f"was not {words}", f"{state} -> OK"
    return Verdict("OK", _reason(rule, len(values), fine, *told))


def _reason(rule: Rule, periods: int, shown: list[float], *told: str) -> str:
    """AWS's sentence; ``told``: how many data points, the comparison in words, the transition."""
    if not shown:
        kind = "[Breaching]" if rule.treat_missing == "breaching" else "[NonBreaching]"
        plural = "s" if periods > 1 else ""
        return (
            f"Threshold Crossed: no datapoints were received for {periods} period{plural} and {periods} missing "
            f"datapoint{plural} was treated as {kind}."
        )
    count, compared, transition = told
    numbers = ", ".join(str(value) for value in shown)
    plural = "s" if rule.datapoints > 1 else ""
    return (
        f"Threshold Crossed: {count} datapoints [{numbers}] {compared} the threshold ({rule.threshold}) "
        f"(minimum {rule.datapoints} datapoint{plural} for {transition} transition)."
    )
