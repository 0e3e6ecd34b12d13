"""What a machine announces reads well: no notice says None, whatever ended the run or the deployment."""

from __future__ import annotations

import pytest

from tests.machines import harness
from tests.machines.case_files import Case, cases

ANNOUNCING = [
    case
    for case in cases()
    if any(harness.states(case.machine)[s].get("Resource", "").endswith("events:putEvents") for s in case.own["path"])
]


@pytest.mark.parametrize("case", ANNOUNCING, ids=lambda case: case.id)
def test_an_announcement_can_be_told(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = harness.run(case.machine, case.input, case.answers, monkeypatch)
    entries = [e for call in outcome.calls if call.resource.service == "events" for e in call.arguments["Entries"]]
    assert entries
    for entry in entries:
        event = {
            "id": "e",
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "region": harness.REGION,
            "detail": entry["Detail"],
        }
        notice = harness.invoke("NotificationComposeNotice", event, monkeypatch)
        texts = [notice["subject"], *(notice["message"].get(kind, "") for kind in ("email", "sms"))]
        assert not [text for text in texts if "None" in text]
        assert notice["id"] == entry["Detail"]["id"]
