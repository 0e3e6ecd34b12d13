"""Deployment's notices: what is live, why not, what to paste; never more than the event says."""

from __future__ import annotations

from typing import Any

import pytest
from notification.compose_notice import handler

ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package/adult/3"
ONE = [{"name": "AllTraffic", "model_version": 3, "weight": 1.0, "instance": {"type": "ml.m5.large", "count": 2}}]
LIVE = {
    "endpoint": "adult",
    "endpoint_config": "df-abcdefghij-v3-0123abcd",
    "endpoint_status": "InService",
    "model_version": 3,
    "model_package_arn": ARN,
    "mode": "real_time",
    "strategy": "canary",
    "after": "approval",
    "variants": ONE,
}
BACK = LIVE | {
    "endpoint_config": "df-zzzzzzzzzz-v2-0123abcd",
    "live_version": 2,
    "stage": "alarm",
    "rolled_back": True,
    "reason": "SageMaker rolled back, because alarm df-adult-5xx rang. It serves df-zzzzzzzzzz-v2-0123abcd",
    "alarms": [
        {
            "name": "df-adult-5xx",
            "metric": "Invocation5XXErrors",
            "threshold": 0.05,
            "reason": "Threshold Crossed: 1 datapoint [0.62 (27/11/26 08:01:00)] is over 0.05.",
        }
    ],
    "log": "Traceback\nValueError: no such column",
    "log_command": "aws logs filter-log-events --log-group-name /aws/sagemaker/Endpoints/adult",
}


def notice(kind: str, /, **detail: Any) -> dict[str, Any]:
    event = {"id": "e", "detail-type": kind, "detail": {"id": "x", "project": "adult", "run": "abcdefghij", **detail}}
    return handler(event, None)


def letter(kind: str, /, **detail: Any) -> str:
    text: str = notice(kind, **detail)["message"]["email"]
    return text


def test_a_deployment_says_what_it_replaced_and_how_to_go_back() -> None:
    text = letter("Model Deployed", **LIVE, previous_version=2)
    assert text.startswith("Endpoint adult serves version 3 (run abcdefghij) on 2 × ml.m5.large.\n")
    assert "It took over from version 2, as a canary: a part of the traffic first, then all." in text
    assert f"--model-package-arn {ARN} --model-approval-status Rejected" in text
    assert "The traffic is shared" not in text


def test_a_first_deployment_offers_no_way_back() -> None:
    text = letter("Model Deployed", **LIVE, previous_version=None)
    assert "took over" not in text
    assert "Rejected" not in text


def test_versions_that_share_the_traffic_are_told_with_their_shares() -> None:
    two = [ONE[0] | {"name": "a", "weight": 3}, ONE[0] | {"name": "b", "model_version": 2, "weight": 1.0}]
    text = letter("Model Deployed", **LIVE | {"variants": two})
    assert "The traffic is shared:\n  a  version 3  75 %\n  b  version 2  25 %" in text
    none = [variant | {"weight": 0} for variant in two]
    assert "no traffic" in letter("Model Deployed", **LIVE | {"variants": none})


@pytest.mark.parametrize(
    ("mode", "said", "unsaid"),
    [
        ("serverless", "no instances of its own (serverless, 2048 MB)", "billed until"),
        ("asynchronous", "invoke-endpoint-async --endpoint-name adult", "/dev/stdout"),
    ],
)
def test_each_mode_is_asked_in_its_way(mode: str, said: str, unsaid: str) -> None:
    serverless = {"MemorySizeInMB": 2048} if mode == "serverless" else None
    variant = ONE[0] | {"serverless": serverless, "instance": None if serverless else ONE[0]["instance"]}
    text = letter("Model Deployed", **LIVE | {"mode": mode, "variants": [variant]})
    assert said in text
    assert unsaid not in text


def test_what_was_taken_back_says_which_alarm_and_what_is_live() -> None:
    text = letter("Deployment Failed", **BACK)
    assert "Why: SageMaker rolled back, because alarm df-adult-5xx rang" in text
    assert "  - df-adult-5xx (Invocation5XXErrors over 0.05): Threshold Crossed: 1 datapoint [0.62" in text
    assert "  | ValueError: no such column" in text
    assert "Live now: version 2. The endpoint serves df-zzzzzzzzzz-v2-0123abcd (InService)." in text
    assert "delete-endpoint" not in text


def test_an_endpoint_that_failed_serves_nothing() -> None:
    text = letter("Deployment Failed", **BACK | {"endpoint_status": "Failed", "alarms": []})
    assert "serves nothing" in text
    assert "Live now" not in text
    assert "aws sagemaker delete-endpoint --endpoint-name adult" in text


def test_a_first_endpoint_that_answers_otherwise_is_not_called_live() -> None:
    config = LIVE["endpoint_config"]
    asked = {"endpoint_config": config, "requested_endpoint_config": config}
    wrong = {"stage": "verification", "alarms": [], **asked}
    text = letter("Deployment Failed", **BACK | wrong, verified={"rows": 0}, clean_up=True)
    assert "nothing is live" in text
    assert "Live now" not in text
    assert "taken back" not in text
    assert "aws sagemaker delete-endpoint --endpoint-name adult" in text
    assert "It was asked" not in letter("Model Deployed", **LIVE, verified={"rows": 0, "answered": 0})


def test_a_roll_back_that_failed_is_not_called_an_approval() -> None:
    text = letter("Deployment Failed", **BACK | {"after": "rejection", "rejected_version": 4})
    assert text.startswith("Version 4 of project adult was rejected, but version 3 did not come back.")
    assert "approve it once more" not in text


def test_what_nobody_looked_at_is_not_claimed() -> None:
    text = letter("Deployment Failed", model_version=3, reason="it was stopped three times")
    assert "Live now" not in text
    assert "There is no endpoint" not in text


def test_a_rejection_says_what_came_back() -> None:
    given = notice("Model Rolled Back", **LIVE, rejected_version=4, reason="version 4 was rejected")
    assert given["message"]["sms"] == "Dropforge adult: v4 was rejected, v3 is live again"
    assert given["attributes"]["severity"]["StringValue"] == "warning"
    assert "Endpoint adult serves version 3 (run abcdefghij) again, on 2 × ml.m5.large." in given["message"]["email"]


@pytest.mark.parametrize(("live", "severity"), [(True, "error"), (False, "warning"), (None, "warning")])
def test_nothing_to_go_back_to(live: bool | None, severity: str) -> None:
    given = notice("Rollback Impossible", endpoint="adult", rejected_version=1, still_live=live, reason="none before")
    assert ("it is still live" in given["message"]["email"]) is (live is True)
    assert given["attributes"]["severity"]["StringValue"] == severity
    assert "list-model-packages --model-package-group-name adult" in given["message"]["email"]


def test_a_retired_endpoint_says_why_and_how_it_returns() -> None:
    text = letter("Endpoint Retired", endpoint="adult", reason="no request for 48 hours", after="idle")
    assert "Endpoint adult of project adult was deleted." in text
    assert "Why: no request for 48 hours" in text
    assert "it never came up" in letter("Endpoint Retired", endpoint="adult", after="failed start")


@pytest.mark.parametrize(
    ("kind", "said"), [("ab", "It answers 10 percent of the traffic."), ("shadow", "answers are given to nobody")]
)
def test_a_comparison_says_how_long_and_how_it_ends(kind: str, said: str) -> None:
    experiment = {"kind": kind, "weight": 10, "bake": 3600, "longest": 86_400, "challenger": 3, "champion": 2}
    text = letter("Experiment Started", **experiment, model_package_arn=ARN)
    assert said in text
    assert "After 1 hour it is compared, after 1 day at the latest: then it takes over or goes" in text
    assert "Version 3 of project adult runs beside version 2, which stays live." in text


def test_what_was_superseded_is_nobody_s_news() -> None:
    assert notice("Deployment Superseded", by_version=4)["notice"] is False


def test_what_was_measured_is_told_in_sentences() -> None:
    asked = {"rows": 38, "answered": 38, "different": 0, "milliseconds": 82, "version": 3, "variant": None}
    side = {"variant": "AllTraffic", "errors": 0, "errors_percent": 0.0}
    both = {"champion": side | {"version": 2, "calls": 1240, "latency_ms": 9.84},
            "challenger": side | {"version": 3, "calls": 60, "latency_ms": None}}  # fmt: skip
    shadow = {"waited": 600, "pairs": 66, "rows": 66, "alike": 65, "agreement": 0.98, **both}
    text = letter(
        "Model Deployed", **LIVE | {"strategy": "shadow"}, previous_version=2, verified=asked, experiment=shadow
    )
    assert "It took over from version 2, after it had answered a copy of the traffic." in text
    assert "It was asked 38 of the held-out rows, and answered each as the evaluated model did (82 ms in all)." in text
    assert "Beside the version before, for 10 minutes:\n" in text
    assert "  calls                       1,240      60\n" in text
    assert "  nine of ten answers within  9.8 ms     unknown\n" in text
    assert "  65 of 66 answers to the same calls were alike." in text


@pytest.mark.parametrize(
    ("mode", "asked", "said", "billed"),
    [
        ("real_time", {"min": 1, "max": 3}, "The number of its instances follows the load: 1 to 3.", True),
        ("asynchronous", {"min": 0, "max": 2}, "The number of its instances follows the load: 0 to 2.", False),
        ("serverless", {"min": 1, "max": 2}, "What it keeps warm follows the load: 1 to 2.", False),
        (
            "real_time",
            {"min": 2, "max": 3, "night": {"min": 1, "from": "22:00", "until": "06:00", "timezone": "UTC"}},
            "follows the load: 2 to 3; from 22:00 to 06:00 (UTC) 1 at least.",
            True,
        ),
    ],
)
def test_scaling_is_told_with_its_bounds(mode: str, asked: dict[str, Any], said: str, billed: bool) -> None:
    more = {"mode": mode, "scaling": {"registered": ["AllTraffic"]}, "scaling_asked": asked}
    text = letter("Model Deployed", **LIVE | more)
    assert said in text
    assert ("billed until it is deleted" in text) == billed
    failed = letter("Model Deployed", **LIVE | more | {"scaling": {"registered": [], "failed": "AccessDenied"}})
    assert "is not scaled as project.yaml wants it: AccessDenied" in failed


def test_where_nothing_ran_no_log_is_named() -> None:
    refused = BACK | {"stage": "refused", "log": None, "alarms": [], "reason": "an alarm rings already: mine"}
    assert "aws logs" not in letter("Deployment Failed", **refused)
    assert "aws logs" in letter("Deployment Failed", **refused | {"stage": "health"})


def test_a_comparison_can_be_ended_with_the_line_below() -> None:
    text = letter(
        "Experiment Started", kind="ab", challenger={"version": 3}, champion={"version": 2}, model_package_arn=ARN
    )
    assert "To end it sooner, reject the version: it goes soon, and the live one stays." in text
    assert f"--model-package-arn {ARN} --model-approval-status Rejected" in text


def test_what_answers_otherwise_and_serves_on_is_called_live() -> None:
    """From serverless to instances there is no way back."""
    config = LIVE["endpoint_config"]
    wrong = {"stage": "verification", "endpoint_config": config, "requested_endpoint_config": config, "alarms": []}
    text = letter("Deployment Failed", **BACK | wrong | {"live_version": 3}, verified={"rows": 9}, clean_up=False)
    assert "Live now: version 3" in text
    assert "nothing is live" not in text
    assert "delete-endpoint" not in text


def test_a_challenger_that_could_not_be_removed_is_told_with_the_way_out() -> None:
    text = letter("Deployment Failed", **BACK, still_compared=True, compared_version=3)
    assert "Version 3 still gets its part of the traffic, or a copy. Rejecting it ends that" in text
    assert "still gets" not in letter("Deployment Failed", **BACK, still_compared=False)
    assert "it is there still" in letter(
        "Deployment Failed", model_version=3, reason="the deployment was stopped by hand"
    )


def test_figures_of_alarms_have_their_unit() -> None:
    alarm = {"name": "a-latency", "metric": "ModelLatency", "threshold": 500_000.0, "unit": "microseconds"}
    assert "a-latency (ModelLatency over 500000 microseconds)" in letter(
        "Deployment Failed", **BACK | {"alarms": [alarm]}
    )


def test_a_rejection_that_failed_says_what_is_so() -> None:
    failed = BACK | {"after": "rejection", "rejected_version": 4}
    stays = letter("Deployment Failed", **failed, stays=True, still_compared=True, compared_version=4)
    assert stays.startswith("Version 4 of project adult was rejected, but it is still there beside version 3.")
    assert "Version 4 still gets its part of the traffic, or a copy." in stays
    assert "Rejecting it ends that" not in stays
    assert "approve version 4 and reject it." in stays
    own = failed | {"rejected_version": 3}
    assert "was rejected, but no other took its place." in letter("Deployment Failed", **own)
    assert "was rejected, but it still serves." in letter("Deployment Failed", **own | {"live_version": 3})


def test_what_never_stopped_serving_is_not_called_live_again() -> None:
    text = notice("Model Rolled Back", **LIVE, rejected_version=4, stays=True)
    assert "version 4 was rejected, version 3 serves on without it" in text["subject"]
    assert "again" not in text["message"]["email"].split("\n")[0]
