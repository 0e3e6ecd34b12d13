"""The conditional writes of the machines mean what they are for: each claim is had by one, and its owner may repeat it.

The writes are those that the machines make in a case; the table is moto's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore import xform_name
from moto import mock_aws

from tests.machines import harness
from tests.machines.case_files import cases

Table = Any
Write = harness.Call


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name=harness.REGION)
        for table in ("runstable", "dropstable", "projectstable", "deploymentstable", "noticestable"):
            names = ["pk"] if table == "noticestable" else ["pk", "sk"]
            client.create_table(
                TableName=f"dropforge-{table}",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
                KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in zip(names, ["HASH", "RANGE"], strict=False)],
            )
        yield client


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The (last) write of a state in a case."""

    def find(case_id: str, state: str) -> Write:
        case = next(case for case in cases() if case.id == case_id)
        outcome = harness.run(case.machine, case.input, case.answers, monkeypatch)
        return [call for call in outcome.calls if call.state == state][-1]

    return find


def takes(dynamodb: Table, write: Write, **instead: str) -> bool:
    """Whether the table takes a write, with some texts in place of others (`OLD="new"` by their names below)."""
    text = json.dumps(write.arguments)
    for name, new in instead.items():
        old = OLD[name]
        assert old in text, f"{write.state} has no {old}"
        text = text.replace(old, new)
    try:
        getattr(dynamodb, xform_name(write.resource.operation))(**json.loads(text))
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


CLAIM_RUN = ("training_run-succeeds", "Claim Run")
OLD = {
    "execution": ":case",  # the end of its ARN
    "stopped": "run:0a1b",
    "attempt": '{"N": "1"}',
    "run": '{"S": "k3j9x0a1b2"}',
    "sequencer": "00617f08299329d189",
    "touched": "07:55:00",
}


@pytest.mark.parametrize(
    ("case", "state", "end"),
    [
        ("training_run-gate_not_passed", "Claim Run", "Record Rejection"),
        ("deployment-creates_endpoint", "Claim Deployment", "Record Deployment"),
    ],
)
def test_a_run_or_an_approval_is_one_execution_s_for_each_attempt(
    dynamodb: Table, made: Any, case: str, state: str, end: str
) -> None:
    claim, second = made(case, state), '{"N": "2"}'
    assert takes(dynamodb, claim)
    assert takes(dynamodb, claim), "a retry of the same call"
    assert not takes(dynamodb, claim, execution=":other")
    assert takes(dynamodb, claim, execution=":other", attempt=second)
    assert not takes(dynamodb, claim), "the first attempt has lost it"
    assert not takes(dynamodb, claim, attempt=second), "a duplicate of the second attempt"
    assert takes(dynamodb, made(case, end))
    assert not takes(dynamodb, claim, execution=":other", attempt=second), "it is over"


def test_a_data_set_is_one_run_s_until_that_fails(dynamodb: Table, made: Any) -> None:
    claim, release = (made("training_run-torn_row", state) for state in ("Claim Data Set", "Release Data Set"))
    other = '{"S": "aaaaaaaaaa"}'
    assert takes(dynamodb, claim)
    assert takes(dynamodb, claim), "its next attempt"
    assert not takes(dynamodb, claim, run=other)
    assert not takes(dynamodb, release, run=other), "only its own run releases it"
    assert takes(dynamodb, release)
    assert takes(dynamodb, claim, run=other)
    assert not takes(dynamodb, claim)


def test_a_window_is_closed_once_and_only_as_it_was_judged(dynamodb: Table, made: Any) -> None:
    close = made("intake-quiet_period", "Close Window")
    window(dynamodb)
    assert not takes(dynamodb, close, touched="07:54:59"), "something came since"
    assert takes(dynamodb, close)
    assert takes(dynamodb, close), "a retry of the same call"
    assert not takes(dynamodb, close, execution=":other")


def window(dynamodb: Table, **more: Any) -> Any:
    """The window of the plain case in the table, with other attributes; what reads it back."""
    case = next(c for c in cases() if c.id == "intake-quiet_period")
    item = case.answers["Read Window"][0]["return"]["Item"] | more
    dynamodb.put_item(TableName="dropforge-dropstable", Item=item)
    key = {name: item[name] for name in ("pk", "sk")}
    return lambda: dynamodb.get_item(TableName="dropforge-dropstable", Key=key)["Item"]


@pytest.mark.parametrize("state", ["OPEN", "LISTED", "COMPLETE"])
def test_what_accepts_objects_can_be_closed(dynamodb: Table, made: Any, state: str) -> None:
    close, read = made("intake-quiet_period", "Close Window"), window(dynamodb, state={"S": state}, resumes={"N": "5"})
    assert takes(dynamodb, close)
    assert (read()["state"], read()["closing"], read()["resumes"]) == ({"S": "CLOSED"}, {"S": "close"}, {"N": "0"})


def test_the_first_outcome_stands_but_that_a_drop_is_held_may_change(dynamodb: Table, made: Any) -> None:
    held, accepted = (
        made(f"intake-{name}", "Record Outcome") for name in ("held_without_project", "held_drop_taken_up")
    )
    refused, read = made("intake-refused_by_policy", "Record Outcome"), window(dynamodb)
    assert takes(dynamodb, held)
    assert (read()["state"], read()["outcome"], read()["stage"]) == ({"S": "CLOSED"}, {"S": "HELD"}, {"S": "RECORDED"})
    assert takes(dynamodb, accepted, execution=":other")
    assert takes(dynamodb, accepted, execution=":other"), "a retry of the same call"
    assert not takes(dynamodb, refused)
    assert not takes(dynamodb, held)
    assert (read()["state"], read()["outcome"]) == ({"S": "SETTLED"}, {"S": "ACCEPTED"})


def test_no_outcome_makes_a_window(dynamodb: Table, made: Any) -> None:
    assert not takes(dynamodb, made("intake-quiet_period", "Record Outcome"))
    assert not takes(dynamodb, made("intake-quiet_period", "Number Inspection"))
    assert not takes(dynamodb, made("intake_reconcile-one_of_each", "Count Resume"))


def test_inspections_are_numbered_from_one(dynamodb: Table, made: Any) -> None:
    number = made("intake-quiet_period", "Number Inspection")
    window(dynamodb)
    counted = [dynamodb.update_item(**number.arguments)["Attributes"] for _ in range(2)]
    assert counted == [{"inspections": {"N": "1"}}, {"inspections": {"N": "2"}}]


def test_an_announcement_is_noted_once_and_never_brings_a_window_back(dynamodb: Table, made: Any) -> None:
    record, note = (made("intake-quiet_period", state) for state in ("Record Outcome", "Note Announcement"))
    clear, read = made("intake_reconcile-all_kinds", "Clear Stage"), window(dynamodb)
    clear = replace(clear, arguments=clear.arguments | {"Key": note.arguments["Key"]})
    assert not takes(dynamodb, clear), "it has no outcome yet"
    assert takes(dynamodb, record)
    assert takes(dynamodb, note)
    assert read()["stage"] == {"S": "ANNOUNCED"}
    assert takes(dynamodb, clear)
    assert not takes(dynamodb, note), "nobody looks at it any more"
    assert "stage" not in read()


def test_force_takes_a_data_set_that_another_run_has(dynamodb: Table, made: Any) -> None:
    claim, forced = (made(f"training_run-{name}", "Claim Data Set") for name in ("succeeds", "forced"))
    other = '{"S": "aaaaaaaaaa"}'
    assert takes(dynamodb, claim, run=other)
    assert not takes(dynamodb, claim)
    assert takes(dynamodb, forced)
    assert not takes(dynamodb, claim, run=other), "it is the forced run's by now"


@pytest.mark.parametrize("state", ["Store Project", "Record Upload"])
def test_the_newest_project_yaml_wins(dynamodb: Table, made: Any, state: str) -> None:
    store = made("intake_project-valid_with_held_drops", state)
    assert takes(dynamodb, store)
    assert takes(dynamodb, store), "the same upload again"
    assert not takes(dynamodb, store, sequencer="00617f08299329d188")
    found = made("intake_project-found_by_the_reconciler", state)
    text = json.dumps(found.arguments).replace("00617f08299329d188", "00617f08299329d189")
    assert takes(dynamodb, replace(found, arguments=json.loads(text))), "a later one, of which no event told"
    assert takes(dynamodb, store, sequencer="00617f08299329d18a")
    assert not takes(dynamodb, store)


def test_a_notice_is_told_by_one_execution_unless_it_gives_it_back(dynamodb: Table, made: Any) -> None:
    claim, release = (made("notification-publish_fails", state) for state in ("Claim Notice", "Release Notice"))
    assert takes(dynamodb, claim)
    assert takes(dynamodb, claim), "a retry of the same call"
    assert not takes(dynamodb, claim, execution=":other")
    assert takes(dynamodb, release)
    assert takes(dynamodb, claim, execution=":other")


def test_only_a_run_that_runs_is_given_up(dynamodb: Table, made: Any) -> None:
    given_up, claim = made("training_recover-stopped_by_hand", "Record Failure"), made(*CLAIM_RUN)
    assert takes(dynamodb, claim)
    assert not takes(dynamodb, given_up), "another execution has it"
    assert takes(dynamodb, given_up, stopped="training-run:case"), "the one that stopped"
    assert not takes(dynamodb, given_up, stopped="training-run:case"), "told already"


def test_a_run_that_never_claimed_is_given_up_with_an_item_unless_it_is_claimed_meanwhile(
    dynamodb: Table, made: Any
) -> None:
    given_up, claim = made("training_recover-never_claimed", "Record Failure"), made(*CLAIM_RUN)
    assert takes(dynamodb, given_up)
    assert not takes(dynamodb, claim), "it is over"
    dynamodb.delete_item(TableName="dropforge-runstable", Key=given_up.arguments["Key"])
    assert takes(dynamodb, claim)
    assert not takes(dynamodb, given_up)


def test_a_recovered_run_keeps_the_data_set_that_it_named(dynamodb: Table, made: Any) -> None:
    claim, named = made(*CLAIM_RUN), made("training_run-succeeds", "Record Data Set")
    assert takes(dynamodb, claim)
    assert takes(dynamodb, named)
    assert takes(dynamodb, claim, execution=":other", attempt='{"N": "2"}')
    item = dynamodb.get_item(TableName="dropforge-runstable", Key=named.arguments["Key"])["Item"]
    assert item["fingerprint"] == named.arguments["ExpressionAttributeValues"][":fingerprint"]
    assert (item["status"], item["attempt"]) == ({"S": "RUNNING"}, {"N": "2"})


def test_a_run_that_is_given_up_releases_its_own_claim_only(dynamodb: Table, made: Any) -> None:
    claim, release = (
        made("training_run-succeeds", "Claim Data Set"),
        made("training_recover-give_up", "Release Data Set"),
    )
    other = '{"S": "aaaaaaaaaa"}'
    assert takes(dynamodb, claim, run=other)
    assert not takes(dynamodb, release)
    assert takes(dynamodb, release, run=other)
    assert takes(dynamodb, claim), "the same data again"
