"""Experiment's second decision: does the new version do no worse than the live one?"""

from __future__ import annotations

from typing import Any

from dropforge.project_experiments import AB, Shadow
from experiment.measures import Traffic, traffic
from experiment.models import AnswersCompared, Comparison, DecideComparison

# So few calls tell that something is wrong, if many of them fail.
FEW = 20
# At most so many looks: an execution has 25,000 events.
LOOKS = 200
MINUTE = 60


def decide_comparison(facts: DecideComparison) -> Comparison:
    """Wait for `bake`, then for enough calls, `longest` at most; what was not shown to be good is removed."""
    settings: AB | Shadow = (AB if facts.kind == "ab" else Shadow).model_validate(facts.settings)
    champion, challenger = traffic(facts.metrics, "champion"), traffic(facts.metrics, "challenger")
    figures = _figures(facts, champion, challenger)
    gone = "" if facts.approval == "Approved" else f"version {facts.challenger.version} was rejected meanwhile"
    if isinstance(settings, AB):
        fault = _errors(settings, challenger)
        seen = f"{champion.calls} and {challenger.calls} calls"
        enough = min(champion.calls, challenger.calls) >= settings.requests
    else:
        fault = None
        seen = f"{figures['pairs']} pairs of answers"
        enough = figures["pairs"] >= settings.requests
    if gone or (fault and challenger.calls >= min(FEW, settings.requests)):
        return Comparison(decision="remove", reason=gone or str(fault), figures=figures)
    left = settings.longest - facts.waited
    # Looked at all the while, not at the end alone: errors, or a rejection, end it at once.
    pause = max(MINUTE, max(settings.longest, settings.bake) // LOOKS)
    if facts.waited < settings.bake:
        reason = f"{seen} so far; the comparison lasts {settings.bake} s"
        return _wait(min(pause, settings.bake - facts.waited), reason, figures)
    if not enough and left > 0:
        return _wait(min(pause, left), f"{seen} so far; {settings.requests} are needed", figures)
    if not enough:
        reason = f"only {seen} in {facts.waited} s, and {settings.requests} are needed to tell the versions apart"
        return Comparison(decision="remove", reason=reason, figures=figures)
    if isinstance(settings, AB):
        return _compare_traffic(settings, champion, challenger, figures)
    return _compare_answers(settings, figures)


def _wait(seconds: int, reason: str, figures: dict[str, Any]) -> Comparison:
    return Comparison(decision="wait", seconds=seconds, reason=reason, figures=figures)


def _errors(settings: AB, challenger: Traffic) -> str | None:
    if challenger.errors_percent <= settings.max_errors:
        return None
    return (
        f"the new version answered {challenger.errors_percent:g} % of {challenger.calls} calls with an error; "
        f"{settings.max_errors:g} % are allowed"
    )


def _compare_traffic(settings: AB, champion: Traffic, challenger: Traffic, figures: dict[str, Any]) -> Comparison:
    if fault := _errors(settings, challenger):
        return Comparison(decision="remove", reason=fault, figures=figures)
    old, new = champion.latency_ms or 0.0, challenger.latency_ms or 0.0
    if new > old * settings.max_latency_ratio and old > 0:
        reason = (
            f"nine of ten answers of the new version take {new:g} ms and of the live one {old:g} ms; "
            f"{settings.max_latency_ratio:g} times as long is allowed"
        )
        return Comparison(decision="remove", reason=reason, figures=figures)
    reason = (
        f"the new version did no worse in {challenger.calls} calls: {challenger.errors_percent:g} % errors "
        f"(live: {champion.errors_percent:g} %), {new:g} ms (live: {old:g} ms)"
    )
    return Comparison(decision="promote", reason=reason, figures=figures)


def _compare_answers(settings: Shadow, figures: dict[str, Any]) -> Comparison:
    agreement, pairs = figures["agreement"], figures["pairs"]
    said = f"the new version answered {100 * agreement:.4g} % of {pairs} calls like the live one"
    if agreement < settings.agreement:
        reason = f"{said}; {100 * settings.agreement:g} % are needed"
        return Comparison(decision="remove", reason=reason, figures=figures)
    return Comparison(decision="promote", reason=said, figures=figures)


def _figures(facts: DecideComparison, champion: Traffic, challenger: Traffic) -> dict[str, Any]:
    """What a notice can show. A copy that the shadow answered with an error counts as answered otherwise."""
    figures: dict[str, Any] = {
        "waited": facts.waited,
        "champion": facts.champion.model_dump() | champion.model_dump(),
        "challenger": facts.challenger.model_dump() | challenger.model_dump(),
    }
    if facts.kind == "shadow":
        found = facts.answers or AnswersCompared()
        share = found.alike / found.rows if found.rows else 0.0
        figures |= found.model_dump() | {
            "agreement": round(share * (1 - min(100.0, challenger.errors_percent) / 100), 4)
        }
    return figures
