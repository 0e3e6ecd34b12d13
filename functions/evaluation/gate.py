"""Evaluation's second decision: whether a candidate passes its gate."""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard

from dropforge.project import Evaluate, Project
from evaluation import champion
from evaluation.models import DecideGate, Gate

SECTIONS = ("binary_classification_metrics", "multiclass_classification_metrics", "regression_metrics")
CONSTANT = "_best_constant_classifier"
DIGITS = 6


def decide_gate(facts: DecideGate) -> Gate:
    """Pass or not: by the project's limits, else by whether the model beats the best constant answer.

    With `evaluate.beat_champion` it must be better than the model that serves already, too.
    """
    settings = Project.model_validate_json(facts.config).evaluate
    gate = _own(facts, settings)
    if facts.champion is None:
        return gate
    compared = champion.compare(facts.champion, facts.evaluation, gate.metric)
    gate = gate.model_copy(update={"champion": compared})
    if not settings.beat_champion:
        return gate
    better, reason = champion.beats(compared, gate.metric)
    if better:
        reasons = [*gate.reasons, reason] if gate.passed else gate.reasons
    else:
        reasons = [reason] if gate.passed else [*gate.reasons, reason]
    return gate.model_copy(update={"passed": gate.passed and better, "reasons": reasons})


def _own(facts: DecideGate, gate: Evaluate) -> Gate:
    if facts.evaluation is None:
        return _by_training_metrics(gate, _training_metrics(facts.training_metrics))
    problem, metrics = _measured(json.loads(facts.evaluation))
    if gate.min is None and gate.max is None:
        return _by_constant(problem, metrics)
    default = "r2" if problem.startswith("regression") else "accuracy"
    return _by_limits(gate, gate.metric or default, metrics)


def _measured(report: dict[str, Any]) -> tuple[str, dict[str, float]]:
    section = next((s for s in SECTIONS if s in report), None)
    if section is None:
        return "", {}
    found = {k: v.get("value") for k, v in report[section].items() if isinstance(v, dict)}
    return section, {k: round(float(v), DIGITS) for k, v in found.items() if _is_number(v)}


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _training_metrics(given: list[dict[str, Any]]) -> dict[str, float]:
    pairs = ((m.get("name", m.get("MetricName")), m.get("value", m.get("Value"))) for m in given)
    return {str(name): round(float(value), DIGITS) for name, value in pairs if _is_number(value)}


def _by_training_metrics(gate: Evaluate, metrics: dict[str, float]) -> Gate:
    if gate.metric is None:
        reason = "nothing was measured on held-out rows and no metric was asked for: judge this model yourself"
        return Gate(passed=True, reasons=[reason], metrics=metrics)
    return _by_limits(gate, gate.metric, metrics)


def _by_constant(problem: str, metrics: dict[str, float]) -> Gate:
    regression = problem.startswith("regression")
    metric = "r2" if regression else "accuracy"
    threshold = 0.0 if regression else metrics.get(metric + CONSTANT)
    value = metrics.get(metric)
    if value is None or threshold is None:
        return _unmeasured(metric if value is None else metric + CONSTANT, metrics)
    constant = "always answering the mean" if regression else "always answering the most frequent class"
    passed = value > threshold
    than = "better than" if passed else "no better than"
    reason = f"{metric} {value:g} is {than} the {threshold:g} of {constant}"
    if not passed and "auc" in metrics:
        reason += f" (auc is {metrics['auc']:g}; to judge by that, set evaluate.metric: auc and evaluate.min)"
    return Gate(passed=passed, metric=metric, value=value, threshold=threshold, reasons=[reason], metrics=metrics)


def _by_limits(gate: Evaluate, metric: str, metrics: dict[str, float]) -> Gate:
    value = metrics.get(metric)
    if value is None:
        return _unmeasured(metric, metrics)
    checks = []
    if gate.min is not None:
        word = "at least" if value >= gate.min else "below"
        checks.append((value >= gate.min, f"{metric} {value:g} is {word} the {gate.min:g} that evaluate.min asks for"))
    if gate.max is not None:
        word = "at most" if value <= gate.max else "above"
        checks.append((value <= gate.max, f"{metric} {value:g} is {word} the {gate.max:g} that evaluate.max allows"))
    passed = all(ok for ok, _ in checks)
    limit = gate.min if gate.min is not None and (gate.max is None or value < gate.min) else gate.max
    reasons = [text for ok, text in checks if ok == passed]
    return Gate(passed=passed, metric=metric, value=value, threshold=limit, reasons=reasons, metrics=metrics)


def _unmeasured(metric: str, metrics: dict[str, float]) -> Gate:
    known = ", ".join(sorted(metrics)) or "nothing"
    reason = f"{metric} was not measured, so the gate cannot pass; measured: {known}"
    return Gate(passed=False, metric=metric, reasons=[reason], metrics=metrics)
