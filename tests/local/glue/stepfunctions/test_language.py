"""States, expressions, variables, retries, catches: the language itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import Cloud

PASS = {"Type": "Pass", "End": True}


def _pass(output: object, **fields: object) -> dict:
    return {"A": {"Type": "Pass", "Output": output, "End": True, **fields}}


def test_values_pass_through_and_are_computed(cloud: Cloud) -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": "{% $states.input.n * 2 %}", "n": None}, "Next": "B"},
        "B": {
            "Type": "Pass",
            "Output": {"x": "{% $x %}", "n": "{% $n %}", "same": ["{% $states.input %}"]},
            "End": True,
        },
    }
    assert cloud.output(states, {"n": 21}) == {"x": 42, "n": None, "same": [{"n": 21}]}


def test_output_and_assign_do_not_see_each_other(cloud: Cloud) -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": "{% $x + 1 %}", "y": "{% $x %}"}, "Output": "{% $x %}", "Next": "C"},
        "C": {"Type": "Succeed", "Output": "{% [$states.input, $x, $y] %}"},
    }
    assert cloud.output(states) == [1, 2, 1]


def test_whole_numbers_have_no_fraction(cloud: Cloud) -> None:
    assert cloud.output(_pass("{% [10 / 2, 1.5, $sum([1, 2])] %}")) == [5, 1.5, 3]


@pytest.mark.parametrize(
    "expression",
    [
        "{% $states.input.missing %}",
        "{% $nowhere %}",
        "{% 1 + 'a' %}",
        "{% $states.result %}",
        "{% function($x){$x} %}",
    ],
)
def test_an_expression_without_a_value_fails(cloud: Cloud, expression: str) -> None:
    description = cloud.run(_pass({"value": expression}))
    assert description["error"] == "States.QueryEvaluationError"
    assert "Output/value" in description["cause"]
    kinds = [event["type"] for event in cloud.history(description["executionArn"])]
    assert kinds[-2:] == ["EvaluationFailed", "ExecutionFailed"]


def test_the_context_object(cloud: Cloud) -> None:
    description = cloud.run(_pass("{% $states.context %}"), {"a": 1})
    context, arn = description["output"], description["executionArn"]
    assert context["Execution"] == {
        "Id": arn,
        "Input": {"a": 1},
        "Name": arn.rsplit(":", 1)[-1],
        "RedriveCount": 0,
        "RoleArn": context["Execution"]["RoleArn"],
        "StartTime": context["Execution"]["StartTime"],
    }
    assert context["StateMachine"] == {"Id": description["stateMachineArn"], "Name": arn.split(":")[-2]}
    assert context["State"]["Name"] == "A"
    assert datetime.fromisoformat(context["State"]["EnteredTime"]).tzinfo is not None


def test_choice_takes_the_first_rule_that_holds(cloud: Cloud) -> None:
    states = {
        "Big?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.n > 10 %}", "Next": "End", "Output": "big", "Assign": {"s": "rule"}},
                {"Condition": "{% $states.input.n > 5 %}", "Next": "End"},
            ],
            "Default": "End",
            "Assign": {"s": "default"},
            "Output": "small",
        },
        "End": {"Type": "Succeed", "Output": "{% [$states.input, $exists($s) ? $s : null] %}"},
    }
    assert cloud.output(states, {"n": 11}) == ["big", "rule"]
    assert cloud.output(states, {"n": 6}) == [{"n": 6}, None]
    assert cloud.output(states, {"n": 1}) == ["small", "default"]


def test_choice_without_a_match_or_with_no_boolean_fails(cloud: Cloud) -> None:
    rule = {"Condition": "{% $states.input.n %}", "Next": "End"}
    states = {"C": {"Type": "Choice", "Choices": [rule]}, "End": {"Type": "Succeed"}}
    assert cloud.run(states, {"n": False})["error"] == "States.NoChoiceMatched"
    assert cloud.run(states, {"n": 1})["error"] == "States.QueryEvaluationError"


def test_fail_states_compute_error_and_cause(cloud: Cloud) -> None:
    states = {"A": {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'because ' & $states.input.e %}"}}
    description = cloud.run(states, {"e": "Bad"})
    assert (description["status"], description["error"], description["cause"]) == ("FAILED", "Bad", "because Bad")


def test_parallel_and_map(cloud: Cloud) -> None:
    inner = {
        "StartAt": "I",
        "States": {
            "I": {"Type": "Pass", "Assign": {"v": "{% $v & '!' %}"}, "Next": "J"},
            "J": {
                "Type": "Pass",
                "Output": "{% $v & $string($states.input) & $string($states.context.Map.Item.Index) %}",
                "End": True,
            },
        },
    }
    states = {
        "A": {"Type": "Pass", "Assign": {"v": "v"}, "Next": "M"},
        "M": {
            "Type": "Map",
            "Items": "{% $states.input.items %}",
            "MaxConcurrency": 2,
            "ItemSelector": "{% $states.context.Map.Item.Value * 10 %}",
            "ItemProcessor": inner,
            "Assign": {"mapped": "{% $states.result %}"},
            "Next": "P",
        },
        "P": {
            "Type": "Parallel",
            "Arguments": {"k": "{% $v %}"},
            "Branches": [
                {"StartAt": "X", "States": {"X": {"Type": "Pass", "Output": "{% $states.input.k %}", "End": True}}},
                {"StartAt": "Y", "States": {"Y": {"Type": "Succeed", "Output": 2}}},
            ],
            "Output": {"mapped": "{% $mapped %}", "both": "{% $states.result %}", "v": "{% $v %}"},
            "End": True,
        },
    }
    assert cloud.output(states, {"items": [1, 2, 3]}) == {
        "mapped": ["v!100", "v!201", "v!302"],
        "both": ["v", 2],
        "v": "v",
    }
    assert cloud.output(states, {"items": []})["mapped"] == []


def test_a_failing_branch_ends_the_others_at_once(cloud: Cloud) -> None:
    states = {
        "P": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}},
                {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}},
            ],
            "Catch": [{"ErrorEquals": ["E"], "Output": "{% $states.errorOutput %}", "Next": "Z"}],
            "End": True,
        },
        "Z": {"Type": "Succeed"},
    }
    assert cloud.output(states) == {"Error": "E", "Cause": "c"}


def test_map_items_must_be_an_array(cloud: Cloud) -> None:
    inner = {"StartAt": "I", "States": {"I": PASS}}
    states = {"M": {"Type": "Map", "Items": "{% $states.input.x %}", "ItemProcessor": inner, "End": True}}
    assert cloud.run(states, {"x": "no"})["error"] == "States.QueryEvaluationError"


def test_wait_for_seconds_and_until_a_timestamp(cloud: Cloud) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat()
    states = {
        "A": {"Type": "Wait", "Seconds": "{% $states.input.s %}", "Assign": {"a": 1}, "Next": "B"},
        "B": {"Type": "Wait", "Timestamp": "{% $states.input.t %}", "Output": "{% $a %}", "End": True},
    }
    assert cloud.output(states, {"s": 0, "t": soon}) == 1
    assert cloud.run(states, {"s": -1, "t": soon})["error"] == "States.QueryEvaluationError"
    assert cloud.run(states, {"s": 0, "t": "tomorrow"})["error"] == "States.QueryEvaluationError"


def _failing(retry: list[dict]) -> dict:
    """A task that always fails with States.TaskFailed' sibling Lambda.ResourceNotFoundException."""
    function = "arn:aws:lambda:us-east-1:000000000000:function:nowhere"
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": function}}
    catch = [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Z"}]
    return {"T": {**task, "Retry": retry, "Catch": catch, "End": True}, "Z": {"Type": "Succeed"}}


def _attempts(cloud: Cloud, retry: list[dict]) -> int:
    description = cloud.run(_failing(retry))
    assert description["output"] == "Lambda.ResourceNotFoundException"
    return [event["type"] for event in cloud.history(description["executionArn"])].count("TaskScheduled")


def test_retries_are_counted_per_retrier(cloud: Cloud) -> None:
    quick = {"IntervalSeconds": 1, "MaxDelaySeconds": 1, "JitterStrategy": "FULL", "BackoffRate": 1.0}
    assert _attempts(cloud, [{"ErrorEquals": ["Other"], "MaxAttempts": 9}]) == 1
    assert _attempts(cloud, [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]) == 1
    assert _attempts(cloud, [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2, **quick}]) == 3


def test_backoff_grows_up_to_its_limit(cloud: Cloud) -> None:
    began = time.monotonic()
    retry = [
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 1,
            "BackoffRate": 100,
            "MaxDelaySeconds": 1,
            "MaxAttempts": 2,
        }
    ]
    assert _attempts(cloud, retry) == 3
    assert 2 <= time.monotonic() - began < 8


def test_a_result_that_is_too_large_ends_the_execution(cloud: Cloud) -> None:
    states = _pass("{% $join($map([1..3000], function($i){ $pad('', 100, '#') })) %}")
    description = cloud.run(states)
    assert (description["status"], description["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_the_machine_times_out(cloud: Cloud) -> None:
    description = cloud.run({"A": {"Type": "Wait", "Seconds": 600, "End": True}}, TimeoutSeconds=1)
    assert description["status"] == "TIMED_OUT"
    assert cloud.history(description["executionArn"])[-1]["type"] == "ExecutionTimedOut"


def test_stopping_ends_a_wait(cloud: Cloud) -> None:
    execution = cloud.start_execution(cloud.machine({"A": {"Type": "Wait", "Seconds": 600, "End": True}}))
    cloud.client("stepfunctions").stop_execution(executionArn=execution, error="Enough", cause="c")
    description = cloud.finished(execution)
    assert (description["status"], description["error"]) == ("ABORTED", "Enough")


def test_the_history_tells_what_happened(cloud: Cloud) -> None:
    description = cloud.run(_failing([]), {"in": 1})
    events = cloud.history(description["executionArn"])
    kinds = [event["type"] for event in events]
    assert kinds == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskFailed",
        "TaskStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["previousEventId"] for event in events[1:]] == list(range(1, 9))
    assert events[1]["stateEnteredEventDetails"]["input"] == '{"in":1}'
    failed = events[4]["taskFailedEventDetails"]
    assert failed["error"] == "Lambda.ResourceNotFoundException"
    assert (failed["resourceType"], failed["resource"]) == ("lambda", "invoke")
    assert isinstance(events[1]["timestamp"], datetime)


def test_an_execution_starts_without_delay(cloud: Cloud) -> None:
    machine = cloud.machine({"A": PASS})
    cloud.finished(cloud.start_execution(machine))
    began = time.monotonic()
    for _ in range(5):
        cloud.finished(cloud.start_execution(machine))
    assert (time.monotonic() - began) / 5 < 0.14  # ministack alone sleeps 0.15 s
