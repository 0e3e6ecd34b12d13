"""Every rule and pipe pattern, read from the stacks, against events that must and must not match; every schedule.

The matcher is ministack's, which follows AWS's event-ruler (wildcard, anything-but, prefix, exists…), so that the
laptop and these tests read a pattern alike.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ministack.services.eventbridge import _event_pattern_error, _matches_pattern

from tests.contract.application import ROOT, rows, rules

PIPES = {
    name: (row, resource["Properties"])
    for row, s in rows().items()
    for name, resource in s.of("AWS::Pipes::Pipe").items()
}


MATCHING = {name: found for name, found in rules().items() if "EventPattern" in found[1]}
SCHEDULED = {name: found for name, found in rules().items() if "ScheduleExpression" in found[1]}
# EventBridge user guide, "eb-scheduled-rule-pattern": one of a unit is singular, several are plural; cron has six.
RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)")
CRON = re.compile(r"cron\((?:[\w*?/,#-]+ ){5}[\w*?/,#-]+\)")


def samples(row: str, name: str) -> list[Path]:
    return sorted((ROOT / "events" / row / name).glob("*.json"))


def cases(of: dict[str, tuple[str, Any]]) -> list[tuple[str, Path]]:
    return [(name, path) for name, (row, _) in of.items() for path in samples(row, name)]


def matches(pattern: Any, event: dict[str, Any]) -> bool:
    view = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event["resources"],
        "Account": event["account"],
        "Region": event["region"],
        "Time": event["time"],
    }
    return bool(_matches_pattern(json.dumps(pattern), view))


@pytest.mark.parametrize(("name", "path"), cases(MATCHING), ids=lambda v: v.stem if isinstance(v, Path) else v)
def test_rule(name: str, path: Path) -> None:
    assert matches(rules()[name][1]["EventPattern"], json.loads(path.read_text())) == path.name.startswith("match_")


@pytest.mark.parametrize(("name", "path"), cases(PIPES), ids=lambda v: v.stem if isinstance(v, Path) else v)
def test_pipe(name: str, path: Path) -> None:
    filters = PIPES[name][1]["SourceParameters"]["FilterCriteria"]["Filters"]
    # A pipe's filter sees the whole record; put under detail it is matched by the same rules.
    record = {
        "source": "",
        "detail-type": "",
        "resources": [],
        "account": "",
        "region": "",
        "time": "2026-01-01T00:00:00Z",
    }
    event = record | {"detail": json.loads(path.read_text())}
    found = any(matches({"detail": json.loads(f["Pattern"])}, event) for f in filters)
    assert found == path.name.startswith("match_")


@pytest.mark.parametrize("name", [*MATCHING, *PIPES])
def test_both_kinds_of_samples(name: str) -> None:
    row = {**MATCHING, **PIPES}[name][0]
    kinds = {path.name.split("_")[0] for path in samples(row, name)}
    assert kinds == {"match", "nomatch"}, f"events/{row}/{name}/ needs match_*.json and nomatch_*.json"


def test_no_sample_without_a_rule() -> None:
    of = {(row, name) for name, (row, _) in {**MATCHING, **PIPES}.items()}
    assert {(p.parent.name, p.name) for p in (ROOT / "events").glob("*/*") if p.is_dir()} == of


def test_a_rule_has_a_pattern_or_a_schedule() -> None:
    assert MATCHING.keys() | SCHEDULED.keys() == rules().keys()
    assert MATCHING.keys() & SCHEDULED.keys() == set()


@pytest.mark.parametrize("name", SCHEDULED)
def test_schedule_is_one_that_eventbridge_takes(name: str) -> None:
    _, rule = SCHEDULED[name]
    expression = rule["ScheduleExpression"]
    assert RATE.fullmatch(expression) or CRON.fullmatch(expression), expression
    assert "EventBusName" not in rule, "schedules run on the default bus only"


@pytest.mark.parametrize("name", SCHEDULED)
def test_what_comes_again_by_itself_is_not_delivered_late(name: str) -> None:
    """A day later nobody needs it, but a moment without EventBridge must not lose it; the dead letter is for both."""
    (target,) = SCHEDULED[name][1]["Targets"]
    assert ":states:" in target["Arn"]
    policy = target["RetryPolicy"]
    assert 60 <= policy["MaximumEventAgeInSeconds"] <= 3600
    assert 1 <= policy["MaximumRetryAttempts"] <= 185


@pytest.mark.parametrize(
    ("expression", "valid"),
    [
        ("rate(1 minute)", True),
        ("rate(15 minutes)", True),
        ("rate(10 hours)", True),
        ("cron(0/15 * * * ? *)", True),
        ("rate(1 minutes)", False),
        ("rate(15 minute)", False),
        ("rate(0 minutes)", False),
        ("rate(30 seconds)", False),
        ("cron(0/15 * * * *)", False),
        ("15 minutes", False),
    ],
)
def test_the_check_of_schedules_sees_what_is_wrong(expression: str, valid: bool) -> None:
    assert bool(RATE.fullmatch(expression) or CRON.fullmatch(expression)) is valid


@pytest.mark.parametrize("name", MATCHING)
def test_pattern_is_valid(name: str) -> None:
    pattern = json.dumps(rules()[name][1]["EventPattern"])
    assert _event_pattern_error(pattern) is None
    assert len(pattern) <= 2048  # AWS's quota


@pytest.mark.parametrize("name", rules())
def test_every_target_keeps_what_it_could_not_deliver(name: str) -> None:
    row, rule = rules()[name]
    assert name.lower().startswith(row)
    for target in rule["Targets"]:
        assert target["DeadLetterConfig"]["Arn"]
        if name in MATCHING:
            assert target["RetryPolicy"] == {
                "MaximumEventAgeInSeconds": 86400,
                "MaximumRetryAttempts": 185,
            }  # AWS's longest
        assert (":sqs:" in target["Arn"]) != ("RoleArn" in target)
