from __future__ import annotations

import json
from typing import Any

from evaluation.decide_gate import handler

from tests.unit.training.facts import BUILT_IN, SCRIPT, config

BINARY = {
    "accuracy": {"value": 0.85, "standard_deviation": 0.01},
    "accuracy_best_constant_classifier": {"value": 0.76, "standard_deviation": "NaN"},
    "auc": {"value": 0.91, "standard_deviation": "NaN"},
    "precision": {"value": "NaN", "standard_deviation": "NaN"},
    "confusion_matrix": {"a": {"a": 1}},
}
METRIC = "train: {metrics: [{name: f1, regex: 'f1=(.*)'}]}\n"


def gate(
    text: str = BUILT_IN, section: str | None = "binary_classification_metrics", figures: Any = BINARY, **more: Any
) -> dict[str, Any]:
    evaluation = None if section is None else json.dumps({section: figures, "dataset": {"rows": 200}})
    event = {"project": "adult", "run": "abcdefghij", "config": config(text), "evaluation": evaluation, "context": {}}
    return handler(event | {"training_metrics": []} | more, None)


def test_by_default_it_must_beat_the_best_constant_answer() -> None:
    decided = gate()
    assert decided["passed"]
    assert (decided["metric"], decided["value"], decided["threshold"]) == ("accuracy", 0.85, 0.76)
    assert decided["reasons"] == ["accuracy 0.85 is better than the 0.76 of always answering the most frequent class"]
    assert decided["metrics"] == {"accuracy": 0.85, "accuracy_best_constant_classifier": 0.76, "auc": 0.91}


def test_a_tie_is_no_better() -> None:
    decided = gate(figures=BINARY | {"accuracy": {"value": 0.76}})
    assert not decided["passed"]
    assert "no better than" in decided["reasons"][0]
    assert "evaluate.metric: auc" in decided["reasons"][0]


def test_a_number_must_be_predicted_better_than_by_the_mean() -> None:
    assert gate(section="regression_metrics", figures={"r2": {"value": 0.1}})["passed"]
    decided = gate(section="regression_metrics", figures={"r2": {"value": -0.1}})
    assert (decided["passed"], decided["threshold"]) == (False, 0)


def test_the_projects_own_limits() -> None:
    assert gate(BUILT_IN + "evaluate: {metric: auc, min: 0.9}\n")["passed"]
    decided = gate(BUILT_IN + "evaluate: {metric: auc, min: 0.95}\n")
    assert (decided["passed"], decided["threshold"]) == (False, 0.95)
    assert decided["reasons"] == ["auc 0.91 is below the 0.95 that evaluate.min asks for"]


def test_a_limit_without_a_metric_is_for_the_default_one() -> None:
    assert gate(BUILT_IN + "evaluate: {min: 0.9}\n")["metric"] == "accuracy"


def test_an_upper_limit() -> None:
    text = BUILT_IN + "evaluate: {metric: rmse, max: 2.0}\n"
    assert gate(text, "regression_metrics", {"rmse": {"value": 2}})["passed"]
    decided = gate(text, "regression_metrics", {"rmse": {"value": 2.1}})
    assert (decided["passed"], decided["threshold"]) == (False, 2)


def test_what_was_not_measured_never_passes() -> None:
    decided = gate(BUILT_IN + "evaluate: {metric: precision, min: 0.5}\n")
    assert not decided["passed"]
    assert "measured: accuracy" in decided["reasons"][0]
    assert not gate(figures={})["passed"]
    assert not gate(section="odd")["passed"]


def test_a_script_without_split_is_judged_by_what_it_printed() -> None:
    text = SCRIPT + METRIC + "evaluate: {metric: f1, min: 0.5}\n"
    assert gate(text, None, training_metrics=[{"name": "f1", "value": 0.6}])["passed"]
    assert not gate(text, None, training_metrics=[{"MetricName": "f1", "Value": 0.4}])["passed"]
    assert not gate(text, None)["passed"]


def test_a_script_that_was_never_measured_is_left_to_a_person() -> None:
    decided = gate(SCRIPT, None)
    assert decided["passed"]
    assert "judge this model yourself" in decided["reasons"][0]
