from __future__ import annotations

from typing import Any

import pytest
from dropforge.project_read import field_lines, project_warnings, read_project
from dropforge.project_warnings import LATER

TABLE = "algorithm: xgboost\ntarget: y\n"
LATER_TEXTS = {
    "tune": "tune: {}",
    "monitor": "deploy: {capture: {}}\nmonitor: {data_quality: {}}",
    "debug": "debug: {rules: {Overfit: stop}}",
    "features": "features: {record_id: a, event_time: t}",
    "label": "label: {task: bounding_box, labels: [a]}",
    "notify": "notify: {email: [ada@example.com]}",
    "train.spot": "train: {spot: true}",
    "train.checkpoints": "train: {checkpoints: true}",
    "train.fallback": "train: {fallback: [ml.c5.xlarge]}",
    "evaluate.bias": "evaluate: {bias: {facets: [{column: a, above: 1}]}}",
    "evaluate.explain": "evaluate: {explain: {}}",
    "budget.month_usd": "budget: {month_usd: 9}",
}


def warnings(text: str, before: str = TABLE) -> list[dict[str, Any]]:
    return project_warnings(read_project(before + text), field_lines(before + text))


def test_everything_of_later_versions_is_tried() -> None:
    assert set(LATER_TEXTS) == set(LATER)


@pytest.mark.parametrize(("field", "text"), LATER_TEXTS.items())
def test_what_a_later_version_acts_on_is_kept_with_a_warning(field: str, text: str) -> None:
    (found,) = [w for w in warnings(text) if w["field"] == field]
    assert found["line"] == 2 + len(text.splitlines())
    assert found["reason"] == f"`{field}` is checked and kept; this version does not act on it yet"
    assert "remove it" in found["fix"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tune: {enabled: false}",
        "deploy: {scaling: {min: 2, max: 4}}",
        "deploy: {initial_instance_count: 4, scaling: {min: 2, max: 4}}",
        "monitor: {enabled: false, data_quality: {}}",
        "debug: {enabled: false}",
        "deploy: {capture: {enabled: false}, scaling: {enabled: false}, rollout: {enabled: false, size: 5}}",
        "train: {spot: false, checkpoints: false, fallback: []}",
        "data: {mode: append, complete_on: success, format: parquet, checks: {drift: refuse}}",
        "budget: {run_usd: 1, on_idle: notify}",
        "split: {test: 0.3}\nevaluate: {metric: auc, min: 0.5}",
    ],
)
def test_what_acts_or_is_switched_off_is_silent(text: str) -> None:
    assert warnings(text) == []


@pytest.mark.parametrize(
    ("text", "field", "reason", "fix"),
    [
        ("data: {complete_on: success, quiet_period: 9}", "data.quiet_period", "no drop waits for quiet", "any"),
        ("data: {complete_on: quiet, manifest_wait: 9}", "data.manifest_wait", "no manifest is waited for", "any"),
        (
            "deploy: {mode: batch, instance_type: ml.t2.medium}",
            "deploy.instance_type",
            "no transform jobs",
            "another type",
        ),
        ("deploy: {mode: batch}\nbudget: {idle_hours: 9}", "budget.idle_hours", "nothing is idle", "remove"),
        (
            "deploy: {instance_type: ml.inf1.xlarge, initial_instance_count: 2, strategy: canary}",
            "deploy.strategy",
            "Inf1",
            "another",
        ),
        (
            "deploy: {initial_instance_count: 5, scaling: {min: 2, max: 4}}",
            "deploy.initial_instance_count",
            "between 2 and 4 at once",
            "write 2 to 4",
        ),
        ("tune: {parallel: 11}", "tune.parallel", "10 at once", "ask AWS"),
        ("split: {validation: 0}\ntune: {}", "split.validation", "on validation rows", "0.1"),
        ("deploy: {capture: {}}\nmonitor: {}", "monitor", "watches nothing", "data_quality"),
        (
            "deploy: {capture: {}}\nmonitor: {data_quality: {}, retraining: {}}",
            "monitor.retraining",
            "no violation retrains",
            "retrain",
        ),
        (
            "deploy: {capture: {}}\nmonitor: {engine: managed, data_quality: {}}",
            "monitor.engine",
            "AWS closed Model Monitor",
            "builtin",
        ),
        ("debug: {}", "debug", "watches nothing", "LossNotDecreasing"),
        ("debug: {engine: managed, rules: {Overfit: stop}}", "debug.engine", "AWS closed Debugger", "builtin"),
        ("notify: {}", "notify", "names nobody", "email"),
        ("deploy: {capture: {sampling: 0}}", "deploy.capture.sampling", "captures nothing", "1 to 100"),
    ],
)
def test_what_has_no_effect_is_told(text: str, field: str, reason: str, fix: str) -> None:
    (found,) = [w for w in warnings(text) if w["field"] == field and "checked and kept" not in w["reason"]]
    assert reason in found["reason"]
    assert fix in found["fix"]
    assert found["line"]


def test_a_script_that_is_interrupted_begins_again() -> None:
    script = "algorithm: sklearn\n"
    found = [w["reason"] for w in warnings("train: {spot: true}", script)]
    assert any("begins again" in reason for reason in found)
    assert not any("begins again" in w["reason"] for w in warnings("train: {spot: true, checkpoints: true}", script))


def test_warnings_come_in_the_order_of_lines() -> None:
    found = warnings("notify: {email: [a@b.de]}\ntune: {}\ntrain:\n  spot: true\nbudget: {month_usd: 1}\n")
    assert [w["line"] for w in found] == [3, 4, 6, 7]


def test_lines_that_are_not_known_are_null() -> None:
    assert project_warnings(read_project(TABLE + "tune: {}"), {})[0]["line"] is None
