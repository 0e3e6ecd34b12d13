"""DynamoDB as the drops table uses it: sparse indexes, batches of 100, transactions with conditions."""

from __future__ import annotations

import uuid
from typing import Any

import botocore.exceptions
import pytest

from tests.local.glue.conftest import Cloud


class Table:
    """pk and sk, with an index of windows by stage."""

    def __init__(self, cloud: Cloud) -> None:
        self.client, self.name = cloud.client("dynamodb"), f"t-{uuid.uuid4().hex[:8]}"
        names = ("pk", "sk", "stage", "touched_at")
        keys = [{"AttributeName": "stage", "KeyType": "HASH"}, {"AttributeName": "touched_at", "KeyType": "RANGE"}]
        self.client.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {"IndexName": "by-stage", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
            ],
        )

    def put(self, sk: str, **attributes: str) -> None:
        item = {"pk": {"S": "p"}, "sk": {"S": sk}, **{name: {"S": value} for name, value in attributes.items()}}
        self.client.put_item(TableName=self.name, Item=item)

    def staged(self, **options: Any) -> list[str]:
        found = self.client.query(
            TableName=self.name,
            IndexName="by-stage",
            KeyConditionExpression="stage = :s",
            ExpressionAttributeValues={":s": {"S": "open"}},
            **options,
        )
        return [item["sk"]["S"] for item in found["Items"]]

    def key(self, sk: str) -> dict[str, Any]:
        return {"pk": {"S": "p"}, "sk": {"S": sk}}


@pytest.fixture
def table(cloud: Cloud) -> Table:
    return Table(cloud)


def test_an_index_holds_what_has_its_keys(table: Table) -> None:
    table.put("window#1", stage="open", touched_at="1")
    table.put("window#2", stage="open", touched_at="2")
    table.put("object#1")
    table.put("half", stage="open")
    assert table.staged() == ["window#1", "window#2"]
    assert table.staged(ScanIndexForward=False, Limit=1) == ["window#2"]
    table.client.update_item(TableName=table.name, Key=table.key("window#1"), UpdateExpression="REMOVE stage")
    assert table.staged() == ["window#2"]
    table.client.delete_item(TableName=table.name, Key=table.key("window#2"))
    assert table.staged() == []


def test_a_hundred_keys_are_read_at_once_and_no_more(table: Table) -> None:
    for number in range(60):
        table.put(f"object#{number:03d}")
    keys = [table.key(f"object#{number:03d}") for number in range(100)]
    answer = table.client.batch_get_item(RequestItems={table.name: {"Keys": keys, "ConsistentRead": True}})
    assert len(answer["Responses"][table.name]) == 60
    assert not answer["UnprocessedKeys"]
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        table.client.batch_get_item(RequestItems={table.name: {"Keys": [*keys, table.key("one too many")]}})


def test_a_transaction_happens_as_a_whole_and_names_the_condition_that_failed(table: Table) -> None:
    table.put("current", drop="a")

    def point_to(drop: str, before: str) -> None:
        put = {"TableName": table.name, "Item": {**table.key(f"window#{drop}")}}
        update = {
            "TableName": table.name,
            "Key": table.key("current"),
            "UpdateExpression": "SET #d = :new",
            "ConditionExpression": "#d = :old",
            "ExpressionAttributeNames": {"#d": "drop"},
            "ExpressionAttributeValues": {":new": {"S": drop}, ":old": {"S": before}},
        }
        table.client.transact_write_items(
            TransactItems=[
                {"Put": {**put, "ConditionExpression": "attribute_not_exists(pk)"}},
                {"Update": update},
            ]
        )

    point_to("b", before="a")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        point_to("c", before="a")
    reasons = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert "Item" not in table.client.get_item(TableName=table.name, Key=table.key("window#c"), ConsistentRead=True)
    current = table.client.get_item(TableName=table.name, Key=table.key("current"), ConsistentRead=True)["Item"]
    assert current["drop"] == {"S": "b"}


def test_a_ttl_is_accepted_and_described(table: Table) -> None:
    wanted = {"AttributeName": "expires_at", "Enabled": True}
    table.client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=wanted)
    described = table.client.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
