"""What a machine announces reads well: no notice says None, whatever ended the run or the deployment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.machines import harness
from tests.machines.case_files import Case, cases


def _announces(machine: str, state: str) -> bool:
    return str(harness.states(machine).get(state, {}).get("Resource", "")).endswith("events:putEvents")


ANNOUNCING = [case for case in cases() if any(_announces(case.machine, state) for state in case.own["path"])]


def notices(case: Case, monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every entry that a case puts on the bus, with the notice made of it."""
    outcome = harness.run(case.machine, case.input, case.answers, monkeypatch)
    entries = [e for call in outcome.calls if call.resource.service == "events" for e in call.arguments["Entries"]]
    events = [{"id": "e", "detail-type": entry["DetailType"], "detail": entry["Detail"]} for entry in entries]
    told = [harness.invoke("NotificationComposeNotice", event, monkeypatch) for event in events]
    return list(zip(entries, told, strict=True))


@pytest.mark.parametrize("case", ANNOUNCING, ids=lambda case: case.id)
def test_an_announcement_can_be_told(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    found = notices(case, monkeypatch)
    assert found
    for entry, notice in found:
        texts = [notice["subject"], *(notice["message"].get(kind, "") for kind in ("email", "sms"))]
        assert not [text for text in texts if "None" in text]
        assert notice["id"] == entry["Detail"]["id"]


@pytest.mark.parametrize(
    ("case_id", "said", "unsaid"),
    [
        ("training_run-target_missing", "then drop the data again", "stays in force"),
        ("intake_project-invalid_yaml", "stays in force", "drop the data again"),
        ("intake_project-wrong_place", "upload it as churn/project.yaml", "aws s3 cp"),
        ("deployment-endpoint_fails", "delete-endpoint --endpoint-name churn", "The endpoint serves"),
        ("deployment-rolled_back", "The endpoint serves df-aaaaaaaaaa-v0", "delete-endpoint"),
        ("deployment-model_refused", "There is no endpoint.", "The endpoint serves"),
        ("deployment-updates_endpoint", "on 3 × ml.m5.large", "on 1 ×"),
        ("deployment_recover-give_up", "version 1", "There is no endpoint."),
        ("batch_recover-give_up", "the batch stopped 3 times", "by version"),
        ("training_run-training_fails", "| ValueError: label must be", "None"),
        ("intake-refused_by_policy", "If such data is right for you, say so in project.yaml", "then the manifest"),
        ("intake-manifest_objects_never_arrive", "then the manifest once more", "If such data is right for you"),
        ("intake-held_without_project", "aws s3 cp project.yaml s3://", "was refused"),
        ("training_run-same_data_again", "# force: true", "reason to refuse"),
    ],
)
def test_a_notice_claims_only_what_is_known(
    case_id: str, said: str, unsaid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((_, notice),) = notices(next(case for case in ANNOUNCING if case.id == case_id), monkeypatch)
    assert said in notice["message"]["email"]
    assert unsaid not in notice["message"]["email"]
