"""The checks see what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.glue.stepfunctions.resources import parse
from tests.machines import answers_check, calls_check
from tests.machines.case_files import load, merged
from tests.machines.harness import Call, cause_text
from tests.machines.test_cases import contains

DETAIL = {"version": "1", "id": "x", "project": "p", "run": None, "drop": None, "cause": "c"}
ENTRY = {"EventBusName": "b", "Source": "s", "DetailType": "t", "Detail": DETAIL}
PUT = {"TableName": "table", "Item": {"pk": {"S": "a"}, "n": {"N": "1"}}}


def resource(integration: str) -> Any:
    return parse(f"arn:aws:states:::{integration}")


@pytest.mark.parametrize(
    ("integration", "arguments", "said"),
    [
        ("dynamodb:putItem", PUT | {"Itm": {}}, "Itm"),
        ("dynamodb:putItem", PUT | {"ConditionExpression": "a = :a"}, ":a is not defined"),
        ("dynamodb:putItem", PUT | {"ExpressionAttributeNames": {"#a": "a"}}, "#a is not used"),
        ("dynamodb:putItem", PUT | {"ConditionExpression": "size(pk) > status"}, "status is a reserved word"),
        ("dynamodb:putItem", PUT | {"Item": {"pk": {"S": ""}}}, "the key pk is empty"),
        ("dynamodb:putItem", PUT | {"Item": {"pk": {"S": "a"}, "n": {"N": "one"}}}, "is no number"),
        ("dynamodb:getItem", {"TableName": "table", "Key": {"pk": {"S": None}}}, "Invalid type"),
        ("events:putEvents", {"Entries": [{**ENTRY, "Detail": {}}]}, "Detail has no cause"),
        ("events:putEvents", {"Entries": [{**ENTRY, "Detail": DETAIL | {"cause": None}}]}, "cause is not a text"),
        ("events:putEvents", {"Entries": [ENTRY] * 11}, "more than 10"),
        ("aws-sdk:s3:putObject", {"Bucket": "b-b", "Key": "k", "Body": "{}"}, "quotation marks"),
        ("states:startExecution", {"StateMachineArn": "a", "Name": "a b", "Input": {}}, "cannot name"),
        ("sns:publish", {"TopicArn": "t", "Subject": "größe", "Message": "{}"}, "Message has no default"),
        ("sns:publish", {"TopicArn": "t", "Subject": "größe", "Message": '{"default": ""}'}, "ASCII"),
        ("sagemaker:createModel", {"ModelName": "a_b", "ExecutionRoleArn": "role"}, "does not match"),
    ],
)
def test_a_call_that_aws_would_refuse(integration: str, arguments: dict[str, Any], said: str) -> None:
    assert said in " ".join(calls_check.wrong(Call("State", resource(integration), arguments)))


@pytest.mark.parametrize(
    ("integration", "arguments"),
    [
        ("dynamodb:putItem", PUT),
        ("events:putEvents", {"Entries": [ENTRY]}),
        ("aws-sdk:s3:putObject", {"Bucket": "b-b", "Key": "k", "Body": {"a": None}}),
        ("states:startExecution", {"StateMachineArn": "arn", "Name": "a-1", "Input": {"a": None}}),
        ("sns:publish", {"TopicArn": "t", "Subject": "s", "Message": '{"default": "größe"}'}),
    ],
)
def test_a_call_that_aws_takes(integration: str, arguments: dict[str, Any]) -> None:
    assert calls_check.wrong(Call("State", resource(integration), arguments)) == []


@pytest.mark.parametrize(
    ("integration", "answer", "said"),
    [
        ("dynamodb:getItem", {"return": {"item": {}}}, "item: unknown"),
        ("dynamodb:getItem", {"return": {"Item": {"a": {"S": 1}}}}, "1 is no string"),
        ("dynamodb:getItem", {"throw": {"Error": "DynamoDb.InternalServerErrorException"}}, "is no error"),
        ("aws-sdk:sagemaker:describeEndpoint", {"return": {}}, "EndpointStatus: missing"),
        ("aws-sdk:s3:getObject", {"return": {"LastModified": 1}}, "1 is no time"),
        ("states:startExecution", {"return": {"ExecutionArn": "a", "StartDate": "2026-01-01T00:00:00Z"}}, "is no time"),
        ("sagemaker:createProcessingJob.sync", {"throw": {"Error": "States.TaskFailed", "Cause": "x"}}, "description"),
        ("sagemaker:createModel", {"wake": {}}, "waits for its token"),
        ("lambda:invoke", {"return": {"a": 1}}, "Payload"),
        ("lambda:invoke", {"retrun": {}}, "an answer is"),
    ],
)
def test_an_answer_that_aws_never_gives(integration: str, answer: dict[str, Any], said: str) -> None:
    state = {"Resource": f"arn:aws:states:::{integration}"}
    assert said in " ".join(answers_check.odd(state, answer))


def test_a_status_that_the_api_does_not_know() -> None:
    answer = {"return": {"ExecutionArn": "a", "StateMachineArn": "s", "Status": "DONE", "StartDate": 1, "Output": {}}}
    found = answers_check.odd({"Resource": "arn:aws:states:::states:startExecution.sync:2"}, answer)
    assert [text for text in found if "'DONE' is none of" in text] == found != []


def test_json_within_text_is_compared() -> None:
    contains({"a": '{"b": [1, 2]}', "c": 3}, {"a": {"b": [1, 2]}}, "")
    with pytest.raises(AssertionError):
        contains({"a": '{"b": [1, 2]}'}, {"a": {"b": [1]}}, "")
    with pytest.raises(AssertionError, match="no d"):
        contains({"a": {}}, {"a": {"d": None}}, "")


def test_a_cause_within_a_cause_is_text() -> None:
    assert cause_text({"Cause": {"Cause": {"a": 1}}}) == '{"Cause": "{\\"Cause\\": \\"{\\\\\\"a\\\\\\": 1}\\"}"}'


def test_a_case_says_only_what_differs() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": None}}) == {"a": {"b": 1, "c": None}, "d": 3}


def test_a_case_with_an_unknown_key_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("input: {}\npath: []\nansers: {}\n")
    with pytest.raises(ValueError, match="ansers"):
        load(path)
